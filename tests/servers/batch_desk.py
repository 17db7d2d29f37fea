"""OpenAI's Batch API on a real socket: files and batches beside `OpenAIServer`'s chat.

    desk = BatchDesk()
    with OpenAIServer(behaviour, routes=desk.routes) as server:
        desk.server = server
        ...
        desk.finish()

A batch is answered by the server's own behaviour when it is finished, line by line.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.servers.openai_server import Call, OpenAIServer

Lines = list[dict[str, Any]]


@dataclass
class BatchDesk:
    """What the provider holds, and how it misbehaves.

    Attributes:
        files: Contents by id.
        batches: By id, in the order they were made.
        tamper: Changes the lines of answers before they are handed out.
        refuse: Status with which an address is refused, by `METHOD path`, once each.
        nameless: Whether files are taken without being given an id.
        deaf: Addresses whose reply is an error although the work was done, once each.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    tamper: Callable[[Lines], Lines] = lambda lines: lines
    refuse: dict[str, int] = field(default_factory=dict)
    nameless: bool = False
    deaf: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    server: OpenAIServer | None = None

    @property
    def routes(self) -> Sequence[Route]:
        return (
            Route("/v1/files", self._upload, methods=["POST"]),
            Route("/v1/files/{id}/content", self._content, methods=["GET"]),
            Route("/v1/batches", self._create, methods=["POST"]),
            Route("/v1/batches", self._list, methods=["GET"]),
            Route("/v1/batches/{id}", self._get, methods=["GET"]),
        )

    def requests(self) -> list[dict[str, Any]]:
        """Every request of every batch, in order."""
        return [line for batch in self.batches.values() for line in self._lines(batch)]

    def finish(self, status: str = "completed", *, answers: int | None = None) -> None:
        """Ends every open batch.

        Args:
            status: How.
            answers: How many of its requests are answered; None for all.
        """
        for batch in self.batches.values():
            if batch["status"] in ("validating", "in_progress"):
                self._end(batch, status, answers)

    def _end(self, batch: dict[str, Any], status: str, answers: int | None) -> None:
        lines = self._lines(batch)
        done = lines if answers is None else lines[:answers]
        batch["status"] = status
        good, bad = [], []
        for line in done:
            answer = self._answer(line)
            (good if answer["response"]["status_code"] == 200 else bad).append(answer)
        expired = {"code": "batch_expired", "message": "This request could not be executed in time"}
        if status == "expired":
            bad += [
                {"custom_id": line["custom_id"], "response": None, "error": expired}
                for line in lines[len(done) :]
            ]
        if status == "failed":
            batch["errors"] = {
                "object": "list",
                "data": [{"code": "token_limit_exceeded", "message": "too much is enqueued"}],
            }
            return
        batch["request_counts"] = {
            "total": len(lines), "completed": len(good), "failed": len(bad),
        }  # fmt: skip
        batch["output_file_id"] = self._keep(self.tamper(good))
        batch["error_file_id"] = self._keep(bad) if bad else None

    def _answer(self, line: dict[str, Any]) -> dict[str, Any]:
        assert self.server is not None
        reaction = self.server.behaviour(Call(number=-1, body=line["body"], headers={}))
        return {
            "id": "batch_req_1",
            "custom_id": line["custom_id"],
            "response": {
                "status_code": reaction.status,
                "request_id": "r",
                "body": json.loads(reaction.body),
            },
            "error": None,
        }

    def _lines(self, batch: dict[str, Any]) -> Lines:
        return [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]

    def _keep(self, lines: Lines) -> str:
        name = f"file-out{len(self.files)}"
        self.files[name] = b"".join(
            line["raw"] if "raw" in line else json.dumps(line).encode() + b"\n" for line in lines
        )
        return name

    def _refused(self, what: str) -> Response | None:
        self.asked.append(what)
        code = self.refuse.pop(what, None)
        return None if code is None else _error(code)

    async def _upload(self, request: Request) -> Response:
        if refused := self._refused("POST files"):
            return refused
        form = await request.form()
        assert form["purpose"] == "batch"
        name = f"file-in{len(self.files)}"
        self.files[name] = await form["file"].read()  # type: ignore[union-attr]
        await form.close()
        told = {} if self.nameless else {"id": name}
        return JSONResponse({**told, "object": "file", "purpose": "batch"})

    async def _content(self, request: Request) -> Response:
        if refused := self._refused("GET content"):
            return refused
        return PlainTextResponse(self.files[request.path_params["id"]])

    async def _create(self, request: Request) -> Response:
        if refused := self._refused("POST batches"):
            return refused
        body = await request.json()
        assert body["completion_window"] == "24h"
        assert body["endpoint"] == "/v1/chat/completions"
        name = f"batch_{len(self.batches)}"
        self.batches[name] = {
            "id": name,
            "object": "batch",
            "endpoint": body["endpoint"],
            "completion_window": "24h",
            "created_at": len(self.batches),
            "input_file_id": body["input_file_id"],
            "metadata": body["metadata"],
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "errors": None,
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
        }
        if "POST batches" in self.deaf:
            self.deaf.remove("POST batches")
            return _error(500)
        return JSONResponse(self.batches[name])

    async def _list(self, request: Request) -> Response:
        """The newest first, a page of two."""
        if refused := self._refused("GET batches"):
            return refused
        newest = list(reversed(self.batches.values()))
        after = request.query_params.get("after")
        start = [b["id"] for b in newest].index(after) + 1 if after else 0
        page = newest[start : start + 2]
        return JSONResponse({"object": "list", "data": page, "has_more": start + 2 < len(newest)})

    async def _get(self, request: Request) -> Response:
        if refused := self._refused("GET batch"):
            return refused
        batch = self.batches.get(request.path_params["id"])
        return _error(404) if batch is None else JSONResponse(batch)


def _error(code: int) -> Response:
    return JSONResponse(
        {"error": {"message": "went wrong", "type": "error", "code": None}},
        status_code=code,
        headers={"retry-after-ms": "1"},
    )
