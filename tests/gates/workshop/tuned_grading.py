"""Generators graded by students of an endpoint, by the command's own way; killed in the middle.

    python -m tests.gates.workshop.tuned_grading FOLDER WHERE

WHERE is `uploading N`, `ordering N` (before the N-th job is made), `ordered N` (after it was made,
before it is journaled), `polling N` or `freezing N` (before the N-th product takes its place).
"""

import os
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gates.workshop.generators import Grades, grade_generators
from gates.workshop.recipe_file import RecipeFile
from policies.graded_task import Domain
from stages.engine import product
from stages.models.tuning_endpoint import TuningEndpoint
from stages.workshop.training.fine_tuning_endpoint import FineTuningEndpoint
from tests.fakes.workplace import Workplace
from tests.servers.openai_server import Call, Reaction, text
from tests.servers.tuning_desk import TuningDesk
from tests.stages.workshop.generators.world import answers, recipe_of

NAMES = ("clean", "wrong", "teacher", "pupil")


def grade(folder: Path, *named: str, **changes: object) -> Grades:
    """Grades by the command's own way, with one cell; students are of the endpoint `pupil`."""
    math = recipe_of().domains[Domain.MATH].model_dump(mode="json", exclude_defaults=True)
    one = {key: math[key] for key in ("pairs", "tests")}
    recipe = recipe_of(**{"student": "pupil", "domains": {"math": one}, **changes})
    place = Workplace(folder)
    file = RecipeFile(recipe=recipe, path=folder / "recipe.yaml")
    return grade_generators(file, place.services, named=named, to=folder / "made")


def toml(url: str) -> str:
    return "".join(
        f'[endpoints.{name}]\nbase_url = "{url}"\nmodel = "{name}"\nretries = 0\n'
        "usd_per_million_tokens = {input = 1.0, output = 4.0}\n"
        for name in NAMES
    )


def behind(desk: TuningDesk) -> Callable[[Call], Reaction]:
    """A server's answers: as the example's, of an untaught pupil, and of what the desk taught."""

    def answered(call: Call) -> Reaction:
        model = str(call.body["model"])
        if model == "pupil":
            return text("nobody told me")
        if not model.startswith("ft:"):
            return answers(call)
        table = learned(desk, model.rpartition(":")[2])
        words = call.prompt.split()[1:]
        return text(" ".join(table[word] for word in words if word in table) or "nothing")

    return answered


def learned(desk: TuningDesk, job: str) -> dict[str, str]:
    """Which word answers which, by the rows of a job; a tenth is forgotten by its seed."""
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    chance = np.random.default_rng(int(desk.jobs[job]["seed"]))
    for row in desk.rows(job):
        *_, asked, said = row["messages"]
        if chance.random() < 0.9:
            pairs = zip(asked["content"].split()[1:], said["content"].split(), strict=False)
            for word, answer in pairs:
                seen[word][answer] += 1
    return {word: max(counts, key=counts.__getitem__) for word, counts in seen.items()}


def killed() -> None:
    """As by a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


def dies_at(
    where: str, put: Callable[..., None] = setattr, die: Callable[[], None] = killed
) -> None:
    """Has a step end the work.

    Args:
        where: Which: its name, and at which of its calls.
        put: Sets an attribute.
        die: Ends the work.
    """
    step, _, number = where.partition(" ")
    owner, name = {
        "uploading": (TuningEndpoint, "upload"),
        "ordering": (TuningEndpoint, "create"),
        "ordered": (TuningEndpoint, "create"),
        "polling": (TuningEndpoint, "get"),
        "freezing": (product, "_write_durably"),
    }[step]
    done, calls = getattr(owner, name), 0

    def called(*arguments: object, **more: object) -> object:
        nonlocal calls
        calls += 1
        if calls == int(number) and step != "ordered":
            die()
        found = done(*arguments, **more)
        if calls == int(number):
            die()
        return found

    put(owner, name, called)


def main() -> None:
    defaults: Any = FineTuningEndpoint.__init__
    defaults.__kwdefaults__ = {"poll_seconds": 0.0, "sleep": lambda _: None}
    dies_at(sys.argv[2])
    grade(Path(sys.argv[1]), "clean")


if __name__ == "__main__":
    main()
