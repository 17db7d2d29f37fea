"""A Hugging Face Hub on this machine: datasets and models, by revision and path, over HTTP."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


@dataclass
class FakeHub:
    """What the Hub holds, and what it was asked.

    Attributes:
        files: Bytes by (repository, revision, path).
        gated: Repositories whose files are read with `token` only.
        token: What opens them.
        broken: Whether every request fails with 500.
    """

    files: dict[tuple[str, str, str], bytes] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    token: str = "hf_secret"
    broken: bool = False
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    url: str = ""

    def revisions(self) -> set[str]:
        """Revisions of which a file was fetched."""
        return {
            path.split("/resolve/")[1].split("/")[0] for path in self.asked if "/resolve/" in path
        }


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    """The Hub, served until the context ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def __init__(self, *where: object) -> None:
        super().__init__(*where)  # type: ignore[arg-type]
        self.hub = FakeHub()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        hub, path = self.server.hub, unquote(urlsplit(self.path).path)
        hub.asked.append(path)
        hub.tokens.append(self.headers.get("authorization", ""))
        if hub.broken:
            self._say(500, b"{}")
        elif path.startswith(("/api/datasets/", "/api/models/")):
            self._api(*path.split("/")[3:])
        elif path.startswith("/api/"):
            self._say(404, b"{}")
        else:
            self._file(*path.removeprefix("/datasets").removeprefix("/").split("/"))

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def _api(self, owner: str, name: str, what: str, revision: str, *folder: str) -> None:
        hub, repo = self.server.hub, f"{owner}/{name}"
        there = {key: data for key, data in hub.files.items() if key[0] == repo}
        if not there:
            self._say(401, b"{}", code="RepoNotFound")
        elif revision not in {key[1] for key in there}:
            self._say(404, b"{}", code="RevisionNotFound")
        elif what == "tree":
            inside = [k for k in there if k[1] == revision and k[2].startswith("/".join(folder))]
            self._json([_entry(path, there[repo, rev, path]) for _, rev, path in inside])
        else:
            self._json({"id": repo, "sha": revision, "private": False, "siblings": []})

    def _file(self, owner: str, name: str, _: str, revision: str, *parts: str) -> None:
        hub, repo = self.server.hub, f"{owner}/{name}"
        data = hub.files.get((repo, revision, "/".join(parts)))
        if repo in hub.gated and self.headers.get("authorization") != f"Bearer {hub.token}":
            self._say(403, b"{}", code="GatedRepo")
        elif data is None:
            self._say(404, b"{}", code="EntryNotFound")
        else:
            self._say(200, data, commit=revision)

    def _json(self, value: object) -> None:
        self._say(200, json.dumps(value).encode())

    def _say(self, status: int, data: bytes, code: str = "", commit: str = "") -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.send_header("content-type", "application/json")
        self.send_header("etag", f'"{hashlib.sha256(data).hexdigest()}"')
        if commit:
            self.send_header("x-repo-commit", commit)
        if code:
            self.send_header("x-error-code", code)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _entry(path: str, data: bytes) -> dict[str, object]:
    return {"type": "file", "path": path, "size": len(data), "oid": "0" * 40}
