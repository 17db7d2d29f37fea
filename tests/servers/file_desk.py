"""OpenAI's files on a real socket, for what a provider does with them afterwards."""

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass
class FileDesk:
    """What the provider holds, and how it misbehaves.

    Attributes:
        purpose: What the only files that it takes are for.
        files: Contents by id.
        refuse: Status with which an address is refused, by `METHOD path`, once each.
        deaf: Addresses whose reply is an error although the work was done, once each.
        nameless: Whether files are taken without being given an id.
        asked: Every `METHOD path`, in order.
    """

    purpose: str
    files: dict[str, bytes] = field(default_factory=dict)
    refuse: dict[str, int] = field(default_factory=dict)
    deaf: set[str] = field(default_factory=set)
    nameless: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def route(self) -> Route:
        """Where files are left."""
        return Route("/v1/files", self._upload, methods=["POST"])

    def refused(self, what: str) -> Response | None:
        """The error with which an address is refused; None when it is not."""
        self.asked.append(what)
        code = self.refuse.pop(what, None)
        return None if code is None else error(code)

    def unheard(self, what: str) -> Response | None:
        """The error that is heard although the work was done; None when the reply is."""
        if what not in self.deaf:
            return None
        self.deaf.remove(what)
        return error(500)

    async def _upload(self, request: Request) -> Response:
        if refused := self.refused("POST files"):
            return refused
        form = await request.form()
        assert form["purpose"] == self.purpose
        name = f"file-in{len(self.files)}"
        self.files[name] = await form["file"].read()  # type: ignore[union-attr]
        await form.close()
        told = {} if self.nameless else {"id": name}
        return JSONResponse({**told, "object": "file", "purpose": self.purpose})


def page_of_two(newest: list[dict[str, object]], request: Request) -> Response:
    """A page of a list, as OpenAI hands out lists."""
    after = request.query_params.get("after")
    start = [one["id"] for one in newest].index(after) + 1 if after else 0
    return JSONResponse(
        {"object": "list", "data": newest[start : start + 2], "has_more": start + 2 < len(newest)}
    )


def error(code: int) -> Response:
    """An error as OpenAI tells it; the library tries again at once."""
    return JSONResponse(
        {"error": {"message": "went wrong", "type": "error", "code": None}},
        status_code=code,
        headers={"retry-after-ms": "1"},
    )
