"""What stands around every reply: headers that forbid nearly everything, and a line in the log."""

import logging
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ACCESS = logging.getLogger("gate.side_by_side.access")
"""A line a request: method, path without tokens, status, milliseconds."""
ENTRIES = ("/enter/", "/lead/enter/")
"""Paths that go on with a token."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
"""Nothing but our own style and script; no frame, no other site, no markup made by script."""

_ALWAYS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
    (b"x-dns-prefetch-control", b"off"),
    (b"x-robots-tag", b"noindex, nofollow"),
)
_NO_REFERRER = (b"referrer-policy", b"no-referrer")
"""Where the address holds a token."""
_OWN_REFERRER = (b"referrer-policy", b"same-origin")
"""Elsewhere: others learn nothing, and forms name their origin, also where there is no HTTPS."""
_NO_STORE = (b"cache-control", b"no-store")


class Guarded:
    """An application whose every reply carries the headers above, and is logged.

    Args:
        app: The application.
        timer: Seconds that only grow.
    """

    def __init__(self, app: ASGIApp, *, timer: Callable[[], float]) -> None:
        self._app = app
        self._timer = timer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._timer()

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                entering = scope["path"].startswith(ENTRIES)
                referrer = _NO_REFERRER if entering else _OWN_REFERRER
                headers = [*message["headers"], *_ALWAYS, referrer]
                if all(name != b"cache-control" for name, _ in headers):
                    headers.append(_NO_STORE)
                message["headers"] = headers
                self._log(scope, message["status"], began)
            await send(message)

        await self._app(scope, receive, guarded)

    def _log(self, scope: Scope, status: int, began: float) -> None:
        took = 1000 * (self._timer() - began)
        ACCESS.info("%s %s %d %.1f ms", scope["method"], without_token(scope["path"]), status, took)


def without_token(path: str) -> str:
    """A path as the log may hold it, on one line."""
    for entry in ENTRIES:
        if path.startswith(entry):
            return f"{entry}..."
    return path.encode("unicode_escape").decode()
