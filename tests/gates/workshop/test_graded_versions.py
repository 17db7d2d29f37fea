"""A registered version's grade is read by stage 1 as its own, and by no other version."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gates.subjects import opened
from gates.workshop.generators import Grades, grade_generators
from gates.workshop.recipe_file import RecipeFile
from policies.errors import InputError
from policies.graded_task import PGR, Domain, GradedTask
from stages.evidence.estimate import Estimate, Unmeasured
from stages.offline.graded.reading import Grades as Reading
from tests.fakes.workplace import Workplace
from tests.servers.openai_server import OpenAIServer
from tests.stages.workshop.generators.world import answers, material_in, recipe_of, toy_workplace


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    material_in(tmp_path)
    monkeypatch.setattr("gates.workshop.generators._workplace", toy_workplace)
    with OpenAIServer(answers) as server:
        place = Workplace(tmp_path)
        place.toml(f'[endpoints.teacher]\nbase_url = "{server.url}"\nmodel = "teacher"\n')
        place.endpoint(server.url, "clean")
        place.endpoint(server.url, "noisy")
        yield place


def grade(place: Workplace, *named: str) -> Grades:
    math = recipe_of().domains[Domain.MATH].said()
    recipe = recipe_of(domains={"math": {key: math[key] for key in ("pairs", "tests")}})
    file = RecipeFile(recipe=recipe, path=place.folder / "recipe.yaml")
    return grade_generators(file, place.services, named=named, to=place.folder / "made")


def read(place: Workplace, version: str, folder: str) -> Estimate | Unmeasured:
    with ExitStack() as clients:
        subject = opened(place.ledger.version(version), place.services, clients)
        reading = Reading(base=place.folder, state=place.state)
        task = GradedTask(graded=f"made/grades/assistant/{folder}")
        return reading.scores("teaching", task, subject).estimates[PGR]


def test_the_grade_of_a_version_is_evidence_of_that_version_alone(place: Workplace) -> None:
    half_made = place.folder / "made" / "grades" / "assistant" / ".1.making"
    half_made.mkdir(parents=True)
    (half_made / "product.json").write_text("a run was killed here")
    found = grade(place, "assistant/1")
    assert len(found.ranking.grades) == 1
    assert not half_made.exists()
    assert found.made[0].grade.checkpoint == "models:/assistant/1"
    assert read(place, "assistant/1", "{version}") == found.made[0].grade.measured[PGR]
    other = read(place, "assistant/2", "1")
    assert isinstance(other, Unmeasured)
    assert "answers otherwise" in other.reason


def test_a_version_that_cannot_be_asked_cannot_be_graded(place: Workplace) -> None:
    left = place.folder / "made" / "grades" / "assistant" / ".9.making"
    left.mkdir(parents=True)
    (left / "product.json").write_text("of another, killed run")
    assert len(grade(place, "assistant/2").ranking.grades) == 1
    place.recorded()
    with pytest.raises(InputError, match="cannot grade assistant/3"):
        grade(place, "assistant/3")
