"""OpenAI's fine-tuning API on a real socket: files and jobs beside `OpenAIServer`'s chat.

    desk = TuningDesk()
    with OpenAIServer(routes=desk.routes) as server:
        ...

A job moves on by one status each time somebody asks for it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

WAY = ("validating_files", "queued", "running", "succeeded")


@dataclass
class TuningDesk:
    """What the provider holds, and how it misbehaves.

    Attributes:
        files: Contents by id.
        jobs: By id, in the order they were made.
        way: Statuses that a job goes through.
        why: What a failed job says of itself.
        refuse: Status with which an address is refused, by `METHOD path`, once each.
        deaf: Addresses whose reply is an error although the work was done, once each.
        told: Replaces fields of every job that is told.
        nameless: Whether files are taken without being given an id.
        forgetful: Whether it keeps no metadata, as servers that only resemble OpenAI's.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    way: Sequence[str] = WAY
    why: str = "the file holds too few rows"
    refuse: dict[str, int] = field(default_factory=dict)
    deaf: set[str] = field(default_factory=set)
    told: dict[str, Any] = field(default_factory=dict)
    nameless: bool = False
    forgetful: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def routes(self) -> Sequence[Route]:
        return (
            Route("/v1/files", self._upload, methods=["POST"]),
            Route("/v1/fine_tuning/jobs", self._create, methods=["POST"]),
            Route("/v1/fine_tuning/jobs", self._list, methods=["GET"]),
            Route("/v1/fine_tuning/jobs/{id}", self._get, methods=["GET"]),
        )

    def rows(self, job: str) -> list[dict[str, Any]]:
        """The rows that a job was given."""
        return [
            json.loads(line) for line in self.files[self.jobs[job]["training_file"]].splitlines()
        ]

    def _refused(self, what: str) -> Response | None:
        self.asked.append(what)
        code = self.refuse.pop(what, None)
        return None if code is None else _error(code)

    async def _upload(self, request: Request) -> Response:
        if refused := self._refused("POST files"):
            return refused
        form = await request.form()
        assert form["purpose"] == "fine-tune"
        name = f"file-{len(self.files)}"
        self.files[name] = await form["file"].read()  # type: ignore[union-attr]
        await form.close()
        return JSONResponse({"object": "file"} if self.nameless else {"id": name, "object": "file"})

    async def _create(self, request: Request) -> Response:
        if refused := self._refused("POST jobs"):
            return refused
        body = await request.json()
        name = f"ftjob-{len(self.jobs)}"
        self.jobs[name] = {
            **body,
            "id": name,
            "object": "fine_tuning.job",
            "created_at": 1000,
            "status": self.way[0],
            "fine_tuned_model": None,
            "finished_at": None,
            "error": None,
        }
        if self.forgetful:
            del self.jobs[name]["metadata"]
        if "POST jobs" in self.deaf:
            self.deaf.remove("POST jobs")
            return _error(500)
        return JSONResponse({**self.jobs[name], **self.told})

    async def _list(self, request: Request) -> Response:
        """The newest first, a page of two."""
        if refused := self._refused("GET jobs"):
            return refused
        newest = list(reversed(self.jobs.values()))
        after = request.query_params.get("after")
        start = [job["id"] for job in newest].index(after) + 1 if after else 0
        page = newest[start : start + 2]
        return JSONResponse({"object": "list", "data": page, "has_more": start + 2 < len(newest)})

    async def _get(self, request: Request) -> Response:
        if refused := self._refused("GET job"):
            return refused
        job = self.jobs[request.path_params["id"]]
        following = (*self.way, self.way[-1])
        job["status"] = following[self.way.index(job["status"]) + 1]
        if job["status"] == "succeeded":
            made = f"ft:{job['model']}:{job['suffix']}:{job['id']}"
            job |= {"fine_tuned_model": made, "finished_at": 1090}
        elif job["status"] == "failed":
            job |= {"error": {"code": "invalid", "message": self.why, "param": None}}
        return JSONResponse({**job, **self.told})


def _error(code: int) -> Response:
    return JSONResponse(
        {"error": {"message": "went wrong", "type": "error", "code": None}},
        status_code=code,
        headers={"retry-after-ms": "1"},
    )
