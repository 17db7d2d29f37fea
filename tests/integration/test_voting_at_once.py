"""Many people vote at once, in threads and in processes, and one process dies in the middle."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from stages.side_by_side.ballots.box import BallotBox, open_ballots
from stages.side_by_side.batch import Batch
from tests.fakes.batches import NOW, batch, later
from tests.integration.voters import all_vote, vote_all
from tests.servers.postgres import fresh_database

pytestmark = pytest.mark.integration


@pytest.fixture(params=["folder", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a test keeps its votes; nothing is there."""
    if request.param == "folder":
        return str(tmp_path / "state")
    return fresh_database(request.getfixturevalue("postgres_server"))


def begin(box: BallotBox, made: Batch, people: int) -> list[str]:
    names = [f"p{n:02}" for n in range(people)]
    box.batches.open(made, now=NOW)
    for name in names:
        box.people.add("b", name, now=NOW)
    return names


def check_all_votes(box: BallotBox, made: Batch) -> None:
    """Every pair has its overlap of different people, and numbers have no gap."""
    votes = box.standing_votes("b")
    found = Counter(vote.record["pair"] for vote in votes)
    assert found == {pair.id: made.terms.overlap for pair in made.pairs}
    assert len({(vote.annotator, vote.prompt) for vote in votes}) == len(votes)
    every = sorted(int(v.where.split()[-1]) for v in (*votes, *box.gold_votes("b")))
    assert every == list(range(1, len(every) + 1))


def test_fifty_people_at_once_lose_and_double_nothing(url: str) -> None:
    made = batch(60, overlap=3, gold=3, gold_share=0.1)
    with open_ballots(url) as box:
        names = begin(box, made, 50)
        all_vote(box, names)
        check_all_votes(box, made)


def test_processes_at_once_one_of_them_killed_lose_and_double_nothing(url: str) -> None:
    made = batch(14, overlap=10)  # the eight people of two processes are never enough
    with open_ballots(url) as box:
        names = begin(box, made, 12)
        voters = [_voters(url, names[n::3], dies_after=8 if n == 0 else 0) for n in range(3)]
        for process in voters:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in voters:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        printed = [
            line for process in voters for line in process.communicate(timeout=60)[0].splitlines()
        ]
        assert [process.returncode for process in voters] == [-signal.SIGKILL, 0, 0]

        kept = {(int(v.where.split()[-1]), v.annotator) for v in box.standing_votes("b")}
        said = {(int(number), person) for number, person in map(str.split, printed)}
        assert said <= kept
        assert max(Counter(v.prompt for v in box.standing_votes("b")).values()) <= 10

        for name in names:  # what the dead process held comes back when its leases run out
            vote_all(box, name, now=later(86_400))
        check_all_votes(box, made)


def _voters(url: str, people: list[str], *, dies_after: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.voters", url, str(dies_after), *people],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
