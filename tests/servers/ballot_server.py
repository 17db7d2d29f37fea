"""The annotators' pages over a ballot box, on a real socket, in a thread or a process of its own.

    with BallotServer(box) as server:
        browser.page.goto(server.link("ann"))

As a program: `python -m tests.servers.ballot_server FOLDER --port 8080` serves the ballot box of a
folder until it is killed, and prints its address once it answers.
"""

import argparse
import socket
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from stages.side_by_side.ballots.box import BallotBox, open_ballots
from stages.side_by_side.web.app import LINKS_VALID_FOR, make_app, server_config
from stages.side_by_side.web.deck import alias_of
from stages.side_by_side.web.links import Link, Links, Role
from stages.side_by_side.web.site import Agreement, Clock, no_agreement

KEY = b"a key that only tests know, and all of them do"


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(tz=UTC)


def link(
    origin: str, box: BallotBox, batch: str, person: str, *, valid: timedelta = LINKS_VALID_FOR
) -> str:
    """An annotator's link, as the lead would send it."""
    links = Links(KEY, clock=now, valid_for=valid)
    version = box.people.get(batch, person).link
    said = Link(batch=alias_of(batch), person=person, version=version)
    return links.address(origin, said, Role.ANNOTATOR)


def lead_link(origin: str, batch: str, person: str = "lea", *, version: int = 0) -> str:
    """A lead's link."""
    links = Links(KEY, clock=now, valid_for=LINKS_VALID_FOR)
    said = Link(batch=alias_of(batch), person=person, version=version)
    return links.address(origin, said, Role.LEAD)


class BallotServer:
    """Serves the pages of a ballot box on a free port of 127.0.0.1, in a thread."""

    def __init__(
        self,
        box: BallotBox,
        *,
        clock: Clock = now,
        agreement: Agreement = no_agreement,
        origin: str | None = None,
    ) -> None:
        self.box = box
        self._socket = _listening_socket(0)
        app = make_app(box, key=KEY, clock=clock, agreement=agreement, origin=origin)
        self._server = uvicorn.Server(server_config(app))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    @property
    def origin(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def link(self, person: str, *, batch: str) -> str:
        """An annotator's link."""
        return link(self.origin, self.box, batch, person)

    def lead_link(self, *, batch: str) -> str:
        """A lead's link."""
        return lead_link(self.origin, batch)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.005)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()


def _listening_socket(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(256)
    return listening


def main() -> None:
    """Serves until it is killed; prints the address first."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="where the ballot box is")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    with open_ballots(str(options.folder)) as box:
        listening = _listening_socket(options.port)
        server = uvicorn.Server(server_config(make_app(box, key=KEY, clock=now)))
        sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        server.run(sockets=[listening])


if __name__ == "__main__":
    main()
