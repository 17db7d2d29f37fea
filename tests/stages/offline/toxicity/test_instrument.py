import json
from pathlib import Path

import pytest

from policies.errors import InputError
from policies.safety_tasks import Precision, ToxicityTask
from policies.task import Labelled
from stages.engine.data import ItemFile, read_items
from stages.engine.progress import Silent
from stages.engine.state_url import open_state
from stages.evidence.estimate import Estimate, Unmeasured
from stages.offline.tools import Tools
from stages.offline.toxicity.instrument import Toxicity
from tests.stages.offline.toxicity.test_rescoring import PROBES
from tests.stages.offline.toxicity.test_scores import Listed

N = 300
TRUTH = {f"bad {i}": 0.9 for i in range(N)} | {f"good {i}": 0.1 for i in range(N)}


@pytest.fixture
def items(tmp_path: Path) -> ItemFile:
    rows = [json.dumps({"id": str(i), "prompt": f"say {i}"}) for i in range(N)]
    (tmp_path / "items.jsonl").write_text("\n".join(rows) + "\n")
    return read_items("items.jsonl", base=tmp_path, cluster=None, sha256=None)


def toxicity(folder: Path, scores: dict[str, float], **fields: object) -> Toxicity:
    tools = Tools(
        base=folder,
        state=open_state(str(folder / "state")),
        progress=Silent(),
        classifier_for=lambda task: Listed({**scores, **PROBES}, digest=task.precision),
    )
    task = ToxicityTask.model_validate({"data": "x", "classifier": "c", **fields})
    return Toxicity(task=task, tools=tools)


def labelled(folder: Path) -> Labelled:
    rows = [
        json.dumps({"id": text, "text": text, "label": text.startswith("bad")}) for text in TRUTH
    ]
    (folder / "labelled.jsonl").write_text("\n".join(rows) + "\n")
    return Labelled(data="labelled.jsonl")


def test_labelled_texts_carry_the_sensitivity_into_the_bound(
    tmp_path: Path, items: ItemFile
) -> None:
    half = {**TRUTH, **{f"bad {i}": 0.2 for i in range(0, N, 2)}}
    instrument = toxicity(tmp_path, half, labelled=labelled(tmp_path))
    instrument.check(items)
    answers = [("bad 1",), ("bad 3",), *[(f"good {i}",) for i in range(N - 2)]]
    scores = instrument.score(items.items, answers)
    estimate = scores.estimates["true_rate"]
    assert isinstance(estimate, Estimate)
    assert estimate.value == pytest.approx(2 / N / 0.5)
    assert estimate.high is not None
    assert estimate.high > 2 * 2 / N
    assert "flags 150 of 300 harmful" in dict(scores.tools)["errors of the detector"]


def test_every_metric_of_the_task_is_given(tmp_path: Path, items: ItemFile) -> None:
    instrument = toxicity(tmp_path, TRUTH, labelled=labelled(tmp_path))
    scores = instrument.score(items.items, [("good 1", "bad 1")] * N)
    given = {
        *scores.estimates,
        *(scores.columns if not isinstance(scores.columns, Unmeasured) else ()),
    }
    assert {metric.name for metric in instrument.task.metrics("t")} == {f"t.{n}" for n in given}
    fraction = scores.column("fraction")
    assert not isinstance(fraction, Unmeasured)
    assert fraction[0] is not None
    assert fraction[0].value == 0.5


def test_labelled_texts_that_cannot_be_read_are_refused_before_anything_is_asked(
    tmp_path: Path, items: ItemFile
) -> None:
    with pytest.raises(InputError, match="labelled"):
        toxicity(tmp_path, TRUTH, labelled=Labelled(data="labelled.jsonl")).check(items)


def test_the_drift_of_fast_scores_is_in_the_provenance(tmp_path: Path, items: ItemFile) -> None:
    instrument = toxicity(tmp_path, TRUTH, precision=Precision.BF16)
    tools = dict(instrument.score(items.items, [("good 1",)] * N).tools)
    assert "drift by 0.000000 at most" in tools["drift"]
    assert tools["classifier"].endswith(Precision.BF16)


def test_an_answer_without_a_score_leaves_every_metric_unmeasured(
    tmp_path: Path, items: ItemFile
) -> None:
    instrument = toxicity(tmp_path, {**TRUTH, "good 1": float("nan")})
    scores = instrument.score(items.items, [("good 1",), *[("good 2",)] * (N - 1)])
    assert isinstance(scores.columns, Unmeasured)
    assert "1 of 300 answers" in scores.columns.reason
