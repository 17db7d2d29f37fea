"""People who vote in a batch as fast as they can, in a process that begins when it is told to."""

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from itertools import count
from threading import Thread

from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots.box import BallotBox, open_ballots
from stages.side_by_side.ballots.cast import Accepted, NoTask, Rest
from tests.fakes.batches import NOW, said


def vote_all(
    box: BallotBox, person: str, *, now: datetime = NOW, voted: Callable[[], None] = lambda: None
) -> None:
    """Votes until there is nothing left for the person; what was accepted is printed at once."""
    while True:
        task = box.next_task("b", person, now=now)
        if isinstance(task, NoTask):
            assert task.why in (Rest.DONE, Rest.OTHERS), task
            return
        number = _voted(box, task, now).number
        os.write(sys.stdout.fileno(), f"{number} {person}\n".encode())
        voted()


def all_vote(box: BallotBox, people: list[str], *, dies_after: int | None = None) -> None:
    """All of them at once, a thread each; the process is killed after so many votes."""
    votes = count(1)

    def voted() -> None:
        if next(votes) == dies_after:
            os.kill(os.getpid(), signal.SIGKILL)

    threads = [
        Thread(target=vote_all, args=(box, name), kwargs={"voted": voted}) for name in people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _voted(box: BallotBox, task: Task, now: datetime) -> Accepted:
    """Every vote is sent twice, as an impatient browser would."""
    first, again = (box.cast("b", said(task), now=now) for _ in range(2))
    assert first == again
    assert isinstance(first, Accepted), first
    return first


if __name__ == "__main__":
    url, dies_after, *names = sys.argv[1:]
    with open_ballots(url) as opened:
        os.write(sys.stdout.fileno(), b"ready\n")
        sys.stdin.readline()
        all_vote(opened, names, dies_after=int(dies_after) or None)
