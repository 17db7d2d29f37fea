"""Votes on a batch for ever, and says so after every vote: `python -m ... FOLDER BATCH`."""

import sys
import time

from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots.box import open_ballots
from tests.fakes.workplace import NOW
from tests.faults.comparisons import CREW, ballot_for


def main(folder: str, name: str) -> None:
    """Until it is killed."""
    with open_ballots(f"{folder}/state") as box:
        made = box.batches.get(name)
        for person in CREW:
            box.people.add(name, person, now=NOW)
        for turn in range(1_000):
            task = box.next_task(name, CREW[turn % len(CREW)], now=NOW)
            if isinstance(task, Task):
                box.cast(name, ballot_for(made, task), now=NOW)
                print(turn, flush=True)  # noqa: T201 - whoever kills it waits for this
            time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
