"""Students taught by an endpoint's fine-tuning: a line of the recipe, and nothing is paid twice."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gates.workshop.generators import Grades
from policies.errors import Broken, InputError
from policies.graded_task import PGR
from stages.evidence.estimate import Estimate, Unmeasured
from stages.workshop.generators.graded import read_graded
from stages.workshop.spending import OutOfBudget
from stages.workshop.training.fine_tuning_endpoint import FineTuningEndpoint
from tests.gates.workshop.tuned_grading import behind, dies_at, grade, toml
from tests.servers.openai_server import OpenAIServer
from tests.servers.tuning_desk import TuningDesk
from tests.stages.workshop.generators.world import material_in

ROOT = Path(__file__).parents[3]
STEPS = (
    "freezing 1",
    "uploading 1",
    "ordering 2",
    "ordered 1",
    "ordered 1",
    "polling 1",
    "polling 5",
    "freezing 1",
)
STUDENTS = 3


@dataclass
class Desk:
    """A folder with the example's material, and a server that teaches and answers."""

    folder: Path
    tuning: TuningDesk
    server: OpenAIServer

    def grade(self, *named: str, **changes: object) -> Grades:
        return grade(self.folder, *named, **changes)

    def digests(self) -> list[str]:
        return [job["metadata"]["gate_digest"] for job in self.tuning.jobs.values()]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(FineTuningEndpoint.__init__, "__kwdefaults__", {
        "poll_seconds": 0.0, "sleep": lambda _: None,
    })  # fmt: skip
    material_in(tmp_path)
    tuning = TuningDesk()
    with OpenAIServer(behind(tuning), routes=tuning.routes) as server:
        (tmp_path / "gate.toml").write_text(toml(server.url))
        yield Desk(folder=tmp_path, tuning=tuning, server=server)


def pgr(found: Grades, number: int = 0) -> Estimate:
    measured = found.made[number].grade.measured[PGR]
    assert isinstance(measured, Estimate), measured
    return measured


def test_students_of_an_endpoint_tell_good_generators_from_bad_ones(desk: Desk) -> None:
    found = desk.grade("wrong", "clean")
    wrong, clean = pgr(found, 0), pgr(found, 1)
    assert clean.value > 80
    assert (clean.low or 0) > (wrong.high or 0)
    assert len(desk.tuning.jobs) == len(set(desk.digests())) == 2 * STUDENTS
    assert {job["model"] for job in desk.tuning.jobs.values()} == {"pupil"}
    assert all(0 <= job["seed"] < 2**31 for job in desk.tuning.jobs.values())
    perplexity = found.made[1].grade.measured["perplexity"]
    assert isinstance(perplexity, Unmeasured)
    assert "no folder" in perplexity.reason
    told = found.made[1].product.facts["students"]
    assert isinstance(told, dict)
    names = [name for cell in told.values() for name in cell]  # type: ignore[union-attr]
    assert len(set(names)) == STUDENTS
    assert all(str(name).startswith("ft:pupil:gate-") for name in names)


def test_all_jobs_are_made_before_the_first_is_waited_for(desk: Desk) -> None:
    desk.grade("clean")
    first = desk.tuning.asked.index("GET job")
    assert desk.tuning.asked[:first].count("POST jobs") == STUDENTS
    assert desk.tuning.asked[first:].count("POST jobs") == 0


def test_the_same_again_asks_and_trains_nothing(desk: Desk) -> None:
    found = desk.grade("clean")
    asked, calls = len(desk.tuning.asked), len(desk.server.calls)
    assert desk.grade("clean").made == found.made
    assert (len(desk.tuning.asked), len(desk.server.calls)) == (asked, calls)


class Cut(BaseException):
    """A power cut."""


def cut() -> None:
    raise Cut


def graded_at_last(desk: Desk) -> None:
    """Whatever was cut before, the same command comes to an end, and nobody was paid twice."""
    (one,) = desk.grade("clean").made
    assert len(desk.tuning.jobs) == len(set(desk.digests())) == STUDENTS
    prompts = Counter(p for p in desk.server.prompts() if "<response>" in p)
    assert sum(prompts.values()) - len(prompts) <= 16  # under way when it was cut
    whole = read_graded(desk.folder / "made" / "grades" / "clean")
    assert whole.product.sha256 == one.product.sha256
    assert isinstance(whole.grade.measured[PGR], Estimate)


def test_cut_off_at_every_step_no_job_is_made_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in STEPS:
        with monkeypatch.context() as patched:
            dies_at(where, patched.setattr, cut)
            with pytest.raises(Cut):
                desk.grade("clean")
        assert not (desk.folder / "made" / "grades" / "clean").exists()
    graded_at_last(desk)


@pytest.mark.integration
def test_killed_before_a_job_is_journaled_it_is_found_again(desk: Desk) -> None:
    died = subprocess.run(
        [sys.executable, "-m", "tests.gates.workshop.tuned_grading", desk.folder, "ordered 2"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert len(desk.tuning.jobs) == 2
    graded_at_last(desk)


def test_a_job_that_ends_in_vain_is_told_and_made_anew_by_the_next_run(desk: Desk) -> None:
    desk.tuning.way = ("validating_files", "failed")
    with pytest.raises(Broken, match="too few rows"):
        desk.grade("clean")
    desk.tuning.way = ("validating_files", "succeeded")
    for job in list(desk.tuning.jobs)[1:]:
        desk.tuning.jobs[job]["status"] = "validating_files"
    assert pgr(desk.grade("clean")).value > 80
    counts = Counter(desk.digests())
    assert sorted(counts.values()) == [1] * (STUDENTS - 1) + [2]


def test_a_desk_that_takes_no_more_jobs_now_is_asked_for_them_again_later(desk: Desk) -> None:
    desk.tuning.refuse = {"POST jobs": 429}
    assert pgr(desk.grade("clean")).value > 80
    assert len(desk.tuning.jobs) == len(set(desk.digests())) == STUDENTS


@pytest.mark.parametrize(
    "training", [{"packing": True}, {"lora": {}}, {"precision": "bf16"}, {"epochs": 1.5}]
)
def test_what_an_endpoint_cannot_be_told_is_refused_before_anybody_is_paid(
    desk: Desk, training: dict[str, object]
) -> None:
    with pytest.raises(InputError, match="cannot train pupil behind an endpoint"):
        desk.grade("clean", training=training)
    assert not desk.server.calls


def test_students_of_an_endpoint_are_paid_by_the_budget_and_wait_for_more(desk: Desk) -> None:
    with pytest.raises(OutOfBudget, match="sitting the tests"):
        desk.grade("clean", budget={"calls_at_most": 120})
    put = [call for call in desk.server.calls if str(call.body.get("model")).startswith("ft:")]
    assert len(put) > 0
    assert len(desk.server.calls) <= 120
    jobs = len(desk.tuning.jobs)
    assert pgr(desk.grade("clean")).value > 80
    assert len(desk.tuning.jobs) == jobs == STUDENTS
