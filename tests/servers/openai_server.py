"""An OpenAI-compatible server on a real socket, which behaves as a test tells it.

    with OpenAIServer(lambda call: text("42")) as server:
        ask(server.url)
    assert server.calls[0].body["model"] == "toy"

As a program of its own: `python -m tests.servers.openai_server --latency 0.5` prints its URL.
"""

import argparse
import asyncio
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request as the server got it; `number` counts all requests from 0."""

    number: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def prompt(self) -> str:
        """The last message's text."""
        return str(self.body["messages"][-1]["content"])


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """What the server does: waits `latency` seconds, and until `until` holds, then sends."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    latency: float = 0.0
    until: Callable[[], bool] = lambda: True


Behaviour = Callable[[Call], Reaction]


def completion(content: object, *, finish: str | None = "stop", **message: object) -> bytes:
    reply = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": message.pop("model", "toy-served"),
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": content, **message},
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }
    return json.dumps(reply).encode()


def text(content: object, *, latency: float = 0.0, model: str = "toy-served") -> Reaction:
    return Reaction(body=completion(content, model=model), latency=latency)


def echo(call: Call) -> Reaction:
    """The default behaviour."""
    return text(f"echo: {call.prompt}")


def hang() -> Reaction:
    return Reaction(until=lambda: False)


def too_many(*, retry_after_ms: float = 1) -> Reaction:
    return status(429, **{"retry-after-ms": f"{retry_after_ms}"})


def status(code: int, message: str = "went wrong", **headers: str) -> Reaction:
    body = json.dumps({"error": {"message": message, "type": "error", "code": None}}).encode()
    return Reaction(status=code, body=body, headers={"retry-after-ms": "1", **headers})


def truncated_json() -> Reaction:
    return Reaction(body=completion("the whole answer")[:-40])


def empty_choices() -> Reaction:
    return Reaction(body=b'{"id": "1", "object": "chat.completion", "model": "m", "choices": []}')


def null_content() -> Reaction:
    return text(None)


def empty_text() -> Reaction:
    return text(" \n")


def cut_short() -> Reaction:
    return Reaction(body=completion("half an ans", finish="length"))


def filtered() -> Reaction:
    return Reaction(body=completion("", finish="content_filter"))


def refusal() -> Reaction:
    return Reaction(body=completion(None, refusal="I will not"))


def tool_calls_only() -> Reaction:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    return Reaction(body=completion(None, finish="tool_calls", tool_calls=[call]))


def not_utf8() -> Reaction:
    return Reaction(body=completion("caf?").replace(b"caf?", b"caf\xe9"))


class OpenAIServer:
    """Serves on a free port of 127.0.0.1 in a thread; `behaviour` may be changed at any time."""

    def __init__(
        self,
        behaviour: Behaviour = echo,
        *,
        path: str = "/v1/chat/completions",
        routes: Sequence[Route] = (),
    ) -> None:
        self.behaviour = behaviour
        self.calls: list[Call] = []
        self.max_in_flight = 0
        self._in_flight = 0
        self._socket = _listening_socket()
        self._server = uvicorn.Server(
            uvicorn.Config(
                Starlette(routes=[Route(path, self._react, methods=["POST"]), *routes]),
                lifespan="off",
                log_config=None,
                access_log=False,
                ws="none",
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    @property
    def url(self) -> str:
        """The base URL, up to and including `/v1`."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"

    def prompts(self) -> list[str]:
        """What was asked, in the order it came."""
        return [call.prompt for call in self.calls]

    def start(self) -> Self:
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the test server did not start")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    async def _react(self, request: Request) -> Response:
        call = Call(
            number=len(self.calls), body=await request.json(), headers=dict(request.headers)
        )
        self.calls.append(call)
        self._in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self._in_flight)
        try:
            reaction = self.behaviour(call)
            await asyncio.sleep(reaction.latency)
            while not reaction.until() and not self._server.should_exit:  # noqa: ASYNC110 - set elsewhere
                await asyncio.sleep(0.01)
        finally:
            self._in_flight -= 1
        return Response(
            reaction.body,
            status_code=reaction.status,
            headers={"content-type": "application/json", **reaction.headers},
        )


def _listening_socket() -> socket.socket:
    # asyncio switches Nagle's algorithm off only where the protocol is named; without that each
    # reply takes 40 ms more
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(256)
    return listening


def main() -> None:
    """Serves until its standard input ends; prints the URL first."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0, help="seconds per answer")
    options = parser.parse_args()
    with OpenAIServer(lambda call: text(f"echo: {call.prompt}", latency=options.latency)) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
