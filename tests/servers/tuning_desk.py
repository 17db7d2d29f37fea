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

from tests.servers.file_desk import FileDesk, page_of_two

WAY = ("validating_files", "queued", "running", "succeeded")


@dataclass
class TuningDesk(FileDesk):
    """What the provider holds beside files, and how it misbehaves.

    Attributes:
        jobs: By id, in the order they were made.
        way: Statuses that a job goes through.
        why: What a failed job says of itself.
        told: Replaces fields of every job that is told.
        forgetful: Whether it keeps no metadata, as servers that only resemble OpenAI's.
    """

    purpose: str = "fine-tune"
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    way: Sequence[str] = WAY
    why: str = "the file holds too few rows"
    told: dict[str, Any] = field(default_factory=dict)
    forgetful: bool = False

    @property
    def routes(self) -> Sequence[Route]:
        return (
            self.route,
            Route("/v1/fine_tuning/jobs", self._create, methods=["POST"]),
            Route("/v1/fine_tuning/jobs", self._list, methods=["GET"]),
            Route("/v1/fine_tuning/jobs/{id}", self._get, methods=["GET"]),
        )

    def rows(self, job: str) -> list[dict[str, Any]]:
        """The rows that a job was given."""
        return [
            json.loads(line) for line in self.files[self.jobs[job]["training_file"]].splitlines()
        ]

    async def _create(self, request: Request) -> Response:
        if refused := self.refused("POST jobs"):
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
        if unheard := self.unheard("POST jobs"):
            return unheard
        return JSONResponse({**self.jobs[name], **self.told})

    async def _list(self, request: Request) -> Response:
        """The newest first, a page of two."""
        if refused := self.refused("GET jobs"):
            return refused
        return page_of_two([*reversed(self.jobs.values())], request)

    async def _get(self, request: Request) -> Response:
        if refused := self.refused("GET job"):
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
