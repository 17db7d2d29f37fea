"""Four real checkpoints: how many problems each solves, and the differences between them."""

import json
import os
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from policies.canonical import sha256_of
from policies.load import load_policy
from stages.engine.folder_state import open_state
from stages.engine.progress import Silent
from stages.engine.subject import Subject
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import Evidence, Quantity
from stages.models.recorded import RecordedFormat, open_recorded
from stages.offline.measure import OfflineStage

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "infra" / "examples" / "gsm8k"
DATA = ROOT.parent / "shared" / "data" / "gsm8k"
CORRECT = {
    "6b_finetuning": 286,
    "6b_verification": 515,
    "175b_finetuning": 458,
    "175b_verification": 742,
}
N = 1319


def script() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(EXAMPLE / "prepare.py")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not DATA.is_dir():
        assert not os.environ.get("GATE_REQUIRE_DATA"), f"{DATA} is absent"
        pytest.skip(f"{DATA} is absent: it holds GSM8K's test set and solutions (MIT)")
    out = tmp_path_factory.mktemp("gsm8k")
    assert script().prepare(DATA, out) == N
    return out


@pytest.fixture(scope="module")
def stage(folder: Path) -> OfflineStage:
    plan = load_policy(EXAMPLE / "policy.yaml").plan.offline
    assert plan is not None
    return OfflineStage(
        plan,
        order=tuple(plan),
        base=folder,
        state=open_state(str(folder / "state")),
        progress=Silent(),
    )


def checkpoint(folder: Path, name: str) -> Subject:
    client = open_recorded(folder / f"{name}.jsonl", form=RecordedFormat.JSONL)
    digest = sha256_of(dict(client.identity))
    return Subject(uri=f"models:/solver/{name}", known_as=name, digest=digest, client=client)


def evidence_of(stage: OfflineStage, folder: Path, name: str) -> Evidence:
    baseline = checkpoint(folder, "6b_finetuning")
    return stage.measure_next(checkpoint(folder, name), baseline, None)


@pytest.mark.parametrize(("name", "correct"), CORRECT.items())
def test_so_many_problems_are_solved(
    stage: OfflineStage, folder: Path, name: str, correct: int
) -> None:
    evidence = evidence_of(stage, folder, name)
    (value,) = evidence.of("gsm8k.accuracy", Quantity.VALUE)
    assert isinstance(value.measured, Estimate)
    assert (value.measured.n, value.planned, evidence.waits) == (N, N, ())
    assert value.measured.value * N == pytest.approx(correct)


@pytest.mark.parametrize(("name", "correct"), CORRECT.items())
def test_differences_are_those_of_the_counts(
    stage: OfflineStage, folder: Path, name: str, correct: int
) -> None:
    (found,) = evidence_of(stage, folder, name).of("gsm8k.accuracy", Quantity.DIFFERENCE)
    if name == "6b_finetuning":
        assert isinstance(found.measured, Unmeasured)
        assert found.measured.cause is Cause.WAITING
        assert "same checkpoint" in found.measured.reason
    else:
        assert isinstance(found.measured, Estimate)
        assert found.measured.value == pytest.approx((correct - CORRECT["6b_finetuning"]) / N)
        assert found.measured.low is not None
        assert found.measured.low > -0.03
        assert found.p_worse == pytest.approx(1.0)


def test_one_lost_solution_leaves_nothing_measured(stage: OfflineStage, folder: Path) -> None:
    lines = (folder / "175b_verification.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "torn.jsonl").write_text("\n".join(lines[:-1]), encoding="utf-8")
    evidence = evidence_of(stage, folder, "torn")
    for measurement in evidence.measurements:
        assert isinstance(measurement.measured, Unmeasured)
        assert "1 of 1319 items" in measurement.measured.reason


def test_the_readme_says_the_same_counts() -> None:
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    for name, correct in CORRECT.items():
        assert f"| {name} | {correct} |" in readme


def test_problems_without_solutions_are_not_passed_over(tmp_path: Path) -> None:
    problem = {"question": "1 + 1?", "answer": "#### 2"}
    (tmp_path / "test.jsonl").write_text(json.dumps(problem))
    (tmp_path / "example_model_solutions.jsonl").write_text("")
    with pytest.raises(KeyError):
        script().prepare(tmp_path, tmp_path / "out")
