"""A grading in a process of its own, which is killed in the middle as by a power cut.

    python -m tests.stages.workshop.generators.killed_grading FOLDER URL WHERE

WHERE is `asking N` (before the N-th portion of replies is journaled), `freezing N` (before the N-th
product takes its place), `training N`, or `never`.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from policies.graded_task import Domain
from stages.engine import folder_state, product
from tests.stages.workshop.generators.world import Counting, World, recipe_of

DOMAINS = {"math": recipe_of().domains[Domain.MATH].model_dump(mode="json", exclude_defaults=True)}


def dying(done: Callable[..., Any], number: int) -> Callable[..., Any]:
    """The same function, whose N-th call ends the process before it does anything."""
    calls = 0

    def called(*arguments: object, **more: object) -> object:
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return done(*arguments, **more)

    return called


def main() -> None:
    folder, url, (where, *number) = Path(sys.argv[1]), sys.argv[2], sys.argv[3].split()
    trainer = Counting()
    match where:
        case "asking":
            folder_state._append = dying(folder_state._append, int(number[0]))
        case "freezing":
            product._write_durably = dying(product._write_durably, int(number[0]))
        case "training":
            trainer.before = dying(lambda _: None, int(number[0]))
    server: Any = SimpleNamespace(url=url)
    world = World(folder=folder, server=server, trainer=trainer)
    grading = world.grading(recipe_of(domains=DOMAINS), "clean")
    grading.grade(world.generator(grading, "clean"), folder / "made" / "grades" / "clean")
    sys.stdout.write("\n".join(str(path) for path in trainer.trained))


if __name__ == "__main__":
    main()
