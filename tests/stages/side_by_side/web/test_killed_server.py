"""A server that dies, and one that is told to end: what was answered stays, once."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from stages.side_by_side.ballots.box import BallotBox
from tests.servers.ballot_server import link
from tests.servers.chromium import open_chromium
from tests.stages.side_by_side.web.batches import BATCH, batch_of, opened, pair
from tests.stages.side_by_side.web.visitor import Visitor, fields_of

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[4]


class Server:
    """The pages in a process of their own, which may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.origin = ""
        self.process = self.start()

    def start(self) -> subprocess.Popen[str]:
        port = self.origin.rpartition(":")[2] or "0"
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.servers.ballot_server",
                str(self._folder),
                "--port",
                port,
            ],
            cwd=ROOT,
            env={**os.environ, "GATE_ALLOW_LOCAL_STATE": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        self.origin = process.stdout.readline().strip()
        self.process = process
        return process

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        code = self.process.wait(timeout=60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def votes(box: BallotBox) -> list[tuple[str, str]]:
    return [(vote.annotator, vote.prompt) for vote in box.standing_votes(BATCH)]


def test_no_vote_is_lost_or_doubled_when_the_server_is_killed_in_the_middle(
    tmp_path: Path,
) -> None:
    people = [f"person-{n}" for n in range(4)]
    with opened(tmp_path, batch_of([pair(n) for n in range(25)], overlap=4), *people) as box:
        server = Server(tmp_path)
        acknowledged: Counter[str] = Counter()
        done = [
            threading.Thread(
                target=vote_all, args=(link(server.origin, box, BATCH, who), who, acknowledged)
            )
            for who in people
        ]
        for thread in done:
            thread.start()
        for _ in range(3):
            time.sleep(0.4)
            server.end(signal.SIGKILL)
            server.start()
        for thread in done:
            thread.join(timeout=60)
        assert server.end(signal.SIGTERM) in (0, -signal.SIGTERM)
        assert acknowledged == Counter(dict.fromkeys(people, 25))
        assert len(votes(box)) == 100
        assert len(set(votes(box))) == 100


def vote_all(entrance: str, who: str, acknowledged: Counter[str]) -> None:
    """Votes until all is done; what was not answered is sent again, as a browser would."""
    origin = entrance[: entrance.index("/enter/")]
    with Visitor(origin) as visitor:
        page = insisting(lambda: visitor.enter(entrance))
        while "Pair" in page.text:
            fields = fields_of(page) | {"verdict": "2"}
            page = insisting(lambda fields=fields: visitor.post("/vote", fields))
            acknowledged[who] += 1


def insisting(ask: Callable[[], httpx2.Response]) -> httpx2.Response:
    end = time.monotonic() + 90
    while True:
        try:
            response = ask()
        except httpx2.TransportError:
            assert time.monotonic() < end
            time.sleep(0.05)
        else:
            assert response.status_code == 200
            return response


def test_a_person_goes_on_after_the_server_was_killed_and_started_again(tmp_path: Path) -> None:
    with opened(tmp_path, batch_of([pair(n) for n in range(4)]), "ann") as box:
        server = Server(tmp_path)
        with open_chromium() as chromium, chromium.tab() as page:
            page.goto(link(server.origin, box, BATCH, "ann"))
            page.keyboard.press("1")
            page.get_by_role("heading", name="Pair 2:").wait_for()
            server.end(signal.SIGKILL)
            page.keyboard.press("1")
            page.wait_for_timeout(300)
            server.start()
            page.goto(server.origin)
            for number in (2, 3, 4):
                page.get_by_role("heading", name=f"Pair {number}:").wait_for()
                page.keyboard.press("1")
            page.get_by_role("heading", name="All done").wait_for()
        server.end(signal.SIGTERM)
        assert len(votes(box)) == len(set(votes(box))) == 4


def test_a_server_that_is_told_to_end_answers_what_was_asked(tmp_path: Path) -> None:
    with opened(tmp_path, batch_of([pair(0)]), "ann") as box:
        server = Server(tmp_path)
        voting: list[httpx2.Response] = []
        with Visitor(server.origin) as ann:
            fields = fields_of(ann.enter(link(server.origin, box, BATCH, "ann"))) | {"verdict": "1"}
            headers = {"sec-fetch-site": "same-origin"}
            asked = threading.Thread(
                target=lambda: voting.append(
                    ann._client.post("/vote", data=fields, headers=headers)
                )
            )
            with box._database.writing():  # the vote has to wait
                asked.start()
                time.sleep(0.5)
                server.process.send_signal(signal.SIGTERM)
                time.sleep(0.3)
            asked.join(timeout=60)
        server.process.wait(timeout=60)
        assert server.process.stdout is not None
        server.process.stdout.close()
        assert [response.status_code for response in voting] == [303]
        assert len(votes(box)) == 1
