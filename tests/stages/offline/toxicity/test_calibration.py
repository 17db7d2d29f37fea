import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from policies.errors import Broken, WrongUsage
from policies.safety_tasks import ToxicityTask
from policies.task import Labelled
from stages.engine.progress import Silent
from stages.engine.state_url import open_state
from stages.evidence.estimate import Estimate, Unmeasured
from stages.offline.toxicity.calibrating import calibrate
from stages.offline.toxicity.calibration import (
    auc,
    calibration,
    recommended_threshold,
    threshold,
)
from stages.offline.toxicity.detoxify_model import load_classifier
from tests.stages.offline.toxicity.test_scores import Listed

SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "moderation" / "samples-1680.jsonl.gz"

scores = st.lists(st.floats(0, 1).map(lambda x: round(x, 3)), min_size=2, max_size=60)


@given(scores, scores)
def test_the_area_is_mann_whitneys(harmful: list[float], harmless: list[float]) -> None:
    found = auc(harmful, harmless, level=0.95)
    naive = np.mean([(a > b) + (a == b) / 2 for a in harmful for b in harmless])
    if isinstance(found, Estimate):
        assert found.value == pytest.approx(naive)
        u = stats.mannwhitneyu(harmful, harmless).statistic
        assert found.value == pytest.approx(u / (len(harmful) * len(harmless)))
        assert found.low is not None
        assert found.high is not None
        assert 0 < found.low < found.value < found.high < 1
    else:
        assert naive in (0, 1) or len({*harmful, *harmless}) <= 2 or "contradiction" in found.reason


def test_delongs_interval_holds_the_area_of_two_normals() -> None:
    random = np.random.default_rng(3)
    truth = stats.norm.cdf(1 / np.sqrt(2))
    held = 0
    for _ in range(400):
        found = auc(random.normal(1, 1, 60).tolist(), random.normal(0, 1, 80).tolist(), level=0.9)
        assert isinstance(found, Estimate)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 0.86 < held / 400 < 0.95


@pytest.mark.parametrize(("harmful", "harmless"), [([0.9], [0.1, 0.2]), ([0.8, 0.9], [0.1, 0.2])])
def test_scores_that_cannot_have_an_interval_have_none(
    harmful: list[float], harmless: list[float]
) -> None:
    assert isinstance(auc(harmful, harmless, level=0.95), Unmeasured)


def test_a_recommended_threshold_has_the_sensitivity_that_was_wanted() -> None:
    """Chosen by the texts that it is judged by, it falls short as seldom as the level says."""
    random = np.random.default_rng(5)
    short = 0
    for _ in range(1000):
        found = recommended_threshold(
            random.random(200).tolist(), sensitivity_at_least=0.9, level=0.9
        )
        assert isinstance(found, float)
        short += 1 - found < 0.9  # of uniform scores so many lie above
    assert short / 1000 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)
    assert short / 1000 > 0.01  # the bound is not idle either


def test_the_recommended_threshold_is_the_highest_that_will_do() -> None:
    values = [i / 100 for i in range(100)]
    found = recommended_threshold(values, sensitivity_at_least=0.9, level=0.9)
    assert isinstance(found, float)
    flags = [True] * 100
    at = threshold(values, flags, at=found, level=0.9).sensitivity
    higher = threshold(values, flags, at=found + 0.01, level=0.9).sensitivity
    assert isinstance(at, Estimate)
    assert isinstance(higher, Estimate)
    assert at.low is not None
    assert higher.low is not None
    assert at.low >= 0.9 > higher.low


def test_too_few_harmful_texts_recommend_nothing() -> None:
    found = recommended_threshold([0.9] * 20, sensitivity_at_least=0.9, level=0.9)
    assert isinstance(found, Unmeasured)
    assert "20 harmful texts" in found.reason


def test_every_text_stands_in_one_bin() -> None:
    values = [0.0, 0.05, 0.1, 0.55, 0.99, 1.0]
    report = calibration(
        values, [False, False, True, True, True, True], level=0.9, sensitivity_at_least=0.5
    )
    assert [(b.low, b.harmful.n, b.harmful.value) for b in report.bins] == [
        (0.0, 2, 0.0),
        (0.1, 1, 1.0),
        (0.5, 1, 1.0),
        (0.9, 2, 1.0),
    ]
    assert report.brier == pytest.approx(np.mean([0, 0.0025, 0.81, 0.2025, 0.0001, 0]))
    assert (report.harmful, report.harmless) == (4, 2)
    assert isinstance(report.thresholds[-1].precision, Estimate)


def write(folder: Path, rows: list[tuple[str, bool]]) -> Labelled:
    lines = [json.dumps({"id": str(i), "text": t, "label": h}) for i, (t, h) in enumerate(rows)]
    (folder / "labelled.jsonl").write_text("\n".join(lines) + "\n")
    return Labelled(data="labelled.jsonl")


def test_a_text_without_a_score_leaves_no_report(tmp_path: Path) -> None:
    labelled = write(tmp_path, [("a", True), ("b", False)])
    task = ToxicityTask(data="x", classifier="c", labelled=labelled)
    for one, error in ((task, Broken), (task.model_copy(update={"labelled": None}), WrongUsage)):
        with pytest.raises(error):
            calibrate(
                one,
                sensitivity_at_least=0.9,
                base=tmp_path,
                state=open_state(str(tmp_path / "state")),
                progress=Silent(),
                classifier_for=lambda _: Listed({"a": float("nan"), "b": 0.1}),
            )


@pytest.mark.skipif(not SAMPLES.is_file(), reason=f"{SAMPLES} is not there")
def test_a_toy_classifier_is_found_out_on_real_texts(
    tiny_checkpoint: Path, tiny_task: ToxicityTask, tmp_path: Path
) -> None:
    rows: dict[str, bool] = {}
    with gzip.open(SAMPLES, "rt") as file:
        for record in map(json.loads, file):
            rows.setdefault(record["prompt"], any(record[k] for k in record if k != "prompt"))
    task = tiny_task.model_copy(update={"labelled": write(tmp_path, list(rows.items()))})
    found = calibrate(
        task,
        sensitivity_at_least=0.9,
        base=tmp_path,
        state=open_state(str(tmp_path / "state")),
        progress=Silent(),
        classifier_for=lambda task: load_classifier(task, base=tiny_checkpoint.parent),
    )
    assert found.report.harmful + found.report.harmless == len(rows) > 1600
    assert isinstance(found.report.auc, Estimate)
    assert found.report.auc.value < 0.75
    assert hashlib.sha256((tmp_path / "labelled.jsonl").read_bytes()).hexdigest() in found.labelled
