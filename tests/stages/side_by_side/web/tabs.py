"""What tests of the pages do in a tab, and another site that they may meet."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Page

from stages.side_by_side.ballots.box import BallotBox
from tests.stages.side_by_side.web.batches import BATCH


def votes(box: BallotBox) -> list[tuple[str, str]]:
    return [(vote.annotator, vote.prompt) for vote in box.standing_votes(BATCH)]


def at_pair(page: Page, number: int) -> None:
    page.get_by_role("heading", name=f"Pair {number}:").wait_for()


def press(page: Page, key: str, *, then: str) -> None:
    page.keyboard.press(key)
    page.get_by_role("heading", name=then).wait_for()


@contextmanager
def listening(page: str) -> Iterator[tuple[str, list[str]]]:
    """Another site: its address, and the paths that it was asked for."""
    heard: list[str] = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None: ...

    other = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    yield f"http://localhost:{other.server_port}", heard
    other.shutdown()
    other.server_close()
