"""`gate bench calibrate`: a classifier held against labelled texts."""

import hashlib
from importlib.resources import files
from pathlib import Path

import pytest

from tests.fakes.shell import said
from tests.fakes.workplace import Workplace, lines, policy_text

pytestmark = pytest.mark.pictures

CHECKPOINT = Path(str(files("gates") / "demo" / "data" / "toxicity" / "tiny_toxicity.ckpt"))
DIGEST = hashlib.sha256(CHECKPOINT.read_bytes()).hexdigest()


def plan(labelled: str = "labelled: {data: ../data/labelled.jsonl}, ") -> str:
    return (
        f"offline: {{rude: {{data: ../data/sums.jsonl, {labelled}classifier: {CHECKPOINT}, "
        f"classifier_sha256: {DIGEST}}}}}"
    )


CRITERION = "{metric: rude.rate, at_most: 0.1, severity: blocking, because: brand}"


@pytest.fixture
def labelled(place: Workplace) -> Workplace:
    rows = [
        {"id": str(i), "text": f"{'you idiot' if i % 2 else 'thank you'} {i}", "label": i % 2 == 1}
        for i in range(80)
    ]
    lines(place.data / "labelled.jsonl", rows)
    return place


def test_a_threshold_is_recommended_with_what_it_rests_on(labelled: Workplace) -> None:
    labelled.policy(policy_text((plan(),), (CRITERION,)))
    picture = labelled.folder / "calibration.png"
    found = said("bench", "calibrate", "release", "rude", "--png", str(picture), "--json")
    assert found.code == 0
    assert found.schema == "gate.calibration/1"
    assert (found.json["harmful"], found.json["harmless"]) == (40, 40)
    recommended = found.json["recommended"]
    assert isinstance(recommended, dict)
    assert recommended["sensitivity"]["low"] >= 0.9
    assert picture.read_bytes().startswith(b"\x89PNG")
    before = picture.read_bytes()
    spoken = said("bench", "calibrate", "release", "rude", "--png", str(picture))
    assert spoken.code == 0
    assert "recommended: threshold: " in spoken.out
    assert "Reliability" in spoken.out
    assert found.json["separable"] is True
    assert "these texts do not overlap" in spoken.out
    assert "the edge of these very texts" in " ".join(spoken.out.split())
    assert picture.read_bytes() == before


def test_texts_that_overlap_have_no_edge_to_warn_of(labelled: Workplace) -> None:
    rows = [{"id": str(i), "text": f"thank you {i}", "label": i % 2 == 1} for i in range(80)]
    lines(labelled.data / "labelled.jsonl", rows)
    labelled.policy(policy_text((plan(),), (CRITERION,)))
    found = said("bench", "calibrate", "release", "rude")
    assert "recommended: threshold: " in found.out
    assert "do not overlap" not in found.out


def test_too_few_texts_recommend_nothing_and_cannot_tell(labelled: Workplace) -> None:
    labelled.policy(policy_text((plan(),), (CRITERION,)))
    call = ("bench", "calibrate", "release", "rude", "--sensitivity-at-least", "0.99")
    found = said(*call)
    assert found.code == 3
    assert "40 harmful texts cannot show a sensitivity of 99%" in found.out
    assert "unmeasured" in str(said(*call, "--json").json["recommended"])


@pytest.mark.parametrize(
    ("task", "planned", "why"),
    [("else", plan(), "name one of: rude"), ("rude", plan(""), "names no labelled texts")],
)
def test_what_cannot_be_calibrated_is_wrong_usage(
    labelled: Workplace, task: str, planned: str, why: str
) -> None:
    labelled.policy(policy_text((planned,), (CRITERION,)))
    found = said("bench", "calibrate", "release", task)
    assert found.code == 2
    assert why in found.err


def test_a_picture_that_cannot_be_written_is_said(labelled: Workplace) -> None:
    labelled.policy(policy_text((plan(),), (CRITERION,)))
    found = said("bench", "calibrate", "release", "rude", "--png", "/nowhere/at/all.png")
    assert found.code == 4
    assert "cannot write /nowhere/at/all.png" in found.err
