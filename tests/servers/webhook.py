"""A webhook's receiver on a real socket, which takes, refuses, redirects, hangs or fails."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[int], int]
"""The status of each post, counted from 0."""

HANG = -1
"""A status that is never sent."""

CUT = -2
"""The line is closed before any answer."""


@dataclass
class Webhook:
    """What was posted, and how it is answered."""

    answer: Answer
    posts: list[Mapping[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    followed: int = 0
    url: str = ""
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def webhook(answer: Answer | int = 200) -> Iterator[Webhook]:
    """The receiver, until the context ends."""
    hook = Webhook(answer=answer if callable(answer) else lambda _: answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/elsewhere":
                hook.followed += 1
            hook.posts.append(json.loads(body))
            hook.headers.append({k.lower(): v for k, v in self.headers.items()})
            status = hook.answer(len(hook.posts) - 1)
            if status == HANG:
                hook.over.wait()
            if status in (HANG, CUT):
                self.close_connection = True
                return
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.url = f"http://127.0.0.1:{server.server_port}/services/T0/hunter2"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        hook.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
