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

from tests.servers.file_desk import FileDesk, error, page_of_two
from tests.servers.openai_server import Call, OpenAIServer

Lines = list[dict[str, Any]]


@dataclass
class BatchDesk(FileDesk):
    """What the provider holds beside files, and how it misbehaves.

    Attributes:
        batches: By id, in the order they were made.
        tamper: Changes the lines of answers before they are handed out.
    """

    purpose: str = "batch"
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    tamper: Callable[[Lines], Lines] = lambda lines: lines
    server: OpenAIServer | None = None

    @property
    def routes(self) -> Sequence[Route]:
        return (
            self.route,
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

    async def _content(self, request: Request) -> Response:
        if refused := self.refused("GET content"):
            return refused
        return PlainTextResponse(self.files[request.path_params["id"]])

    async def _create(self, request: Request) -> Response:
        if refused := self.refused("POST batches"):
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
        if unheard := self.unheard("POST batches"):
            return unheard
        return JSONResponse(self.batches[name])

    async def _list(self, request: Request) -> Response:
        """The newest first, a page of two."""
        if refused := self.refused("GET batches"):
            return refused
        return page_of_two([*reversed(self.batches.values())], request)

    async def _get(self, request: Request) -> Response:
        if refused := self.refused("GET batch"):
            return refused
        batch = self.batches.get(request.path_params["id"])
        return error(404) if batch is None else JSONResponse(batch)
