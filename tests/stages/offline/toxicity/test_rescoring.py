from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.safety_tasks import Precision, ToxicityTask
from stages.engine.progress import Silent
from stages.engine.state import State
from stages.engine.state_url import open_state
from stages.evidence.estimate import Unmeasured
from stages.offline.toxicity.canaries import CANARIES
from stages.offline.toxicity.rescoring import Guard, Guarded, PlannedClassifier, score_guarded
from tests.stages.offline.toxicity.test_scores import Listed

GUARD = Guard(threshold=0.5, within=0.1)
PROBES = {text: score for pair in CANARIES for text, score in zip(pair, (0.9, 0.1), strict=True)}
OTHERS = {f"text {i}": i / 200 for i in range(200)}


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(str(tmp_path))


def both(exact: Mapping[str, float], drift: float) -> tuple[Listed, Listed]:
    fast = {text: min(1.0, score + drift) for text, score in exact.items()}
    return Listed({**fast, **PROBES}, digest="fast"), Listed({**exact, **PROBES}, digest="exact")


def guarded(classifiers: tuple[Listed, Listed], texts: Sequence[str], state: State) -> Guarded:
    return score_guarded(classifiers, texts, GUARD, state=state, progress=Silent())


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(-0.05, 0.05))
def test_no_flag_flips_while_the_drift_is_allowed(
    tmp_path_factory: pytest.TempPathFactory, scores: list[float], drift: float
) -> None:
    exact = {f"text {i}": round(score, 6) for i, score in enumerate(scores)}
    fast = {text: min(1.0, max(0.0, score + drift)) for text, score in exact.items()}
    pair = (Listed({**fast, **PROBES}, digest="f"), Listed({**exact, **PROBES}, digest="e"))
    state = open_state(str(tmp_path_factory.mktemp("state")))
    found = guarded(pair, list(exact), state).found.scores
    flags = [isinstance(score, float) and score >= GUARD.threshold for score in found]
    assert flags == [score >= GUARD.threshold for score in exact.values()]


def test_texts_far_from_the_threshold_are_read_once(state: State) -> None:
    fast, exact = both(OTHERS, 0.01)
    found = guarded((fast, exact), list(OTHERS), state)
    assert len(fast.asked) == len(OTHERS) + len(PROBES)
    assert 40 + len(PROBES) <= len(exact.asked) <= 40 + 16 + len(PROBES)
    near = [text for text, score in OTHERS.items() if abs(score + 0.01 - 0.5) <= 0.099]
    assert set(near) <= set(exact.asked)
    by_text = dict(zip(OTHERS, found.found.scores, strict=True))
    assert all(by_text[text] == OTHERS[text] for text in near)
    assert by_text["text 0"] in (0.0, 0.01)
    assert "drift by 0.010000 at most" in found.check


def test_a_drift_that_could_flip_flags_leaves_exact_scores_only(state: State) -> None:
    found = guarded(both(OTHERS, 0.06), list(OTHERS), state)
    assert found.found.scores == tuple(OTHERS.values())
    assert "no fast score counts" in found.check


def test_a_drift_on_the_canaries_alone_is_enough(state: State) -> None:
    fast, exact = both(OTHERS, 0.0)
    bad = Listed({**fast.scores, CANARIES[0][0]: 0.2}, digest="fast")
    assert "no fast score counts" in guarded((bad, exact), list(OTHERS), state).check


def test_what_the_fast_one_cannot_score_the_exact_one_does(state: State) -> None:
    fast, exact = both({"a": 0.2, "b": 0.3}, 0.0)
    broken = Listed({**fast.scores, "a": float("nan")}, digest="fast")
    found = guarded((broken, exact), ["a", "b"], state)
    assert found.found.scores == (0.2, 0.3)
    assert "no fast score counts" in found.check


def test_what_neither_can_score_stays_unmeasured(state: State) -> None:
    nan = float("nan")
    pair = both({"a": 0.2}, 0.0)
    pair[0].scores["a"] = pair[1].scores["a"] = nan
    (score,) = guarded(pair, ["a"], state).found.scores
    assert isinstance(score, Unmeasured)


def test_the_same_journal_gives_the_same_scores_and_asks_nothing(state: State) -> None:
    first = guarded(both(OTHERS, 0.01), list(OTHERS), state)
    fast, exact = Listed({}, digest="fast"), Listed({}, digest="exact")
    assert guarded((fast, exact), list(OTHERS), state) == first
    assert not fast.asked
    assert not exact.asked


def test_scores_do_not_depend_on_the_order_of_the_texts(tmp_path: Path) -> None:
    texts = list(OTHERS)
    one = guarded(both(OTHERS, 0.01), texts, open_state(str(tmp_path / "1")))
    other = guarded(both(OTHERS, 0.01), texts[::-1], open_state(str(tmp_path / "2")))
    assert one.found.scores == other.found.scores[::-1]


def test_no_texts_have_no_scores(state: State) -> None:
    assert guarded(both({}, 0.0), [], state).found.scores == ()


@pytest.mark.parametrize("precision", list(Precision))
def test_a_task_in_fp32_asks_one_classifier_and_a_faster_one_two(
    state: State, precision: Precision
) -> None:
    asked: list[Precision] = []

    def find(task: ToxicityTask) -> Listed:
        asked.append(task.precision)
        return Listed({"a": 0.501, **PROBES}, digest=task.precision)

    task = ToxicityTask(data="x", classifier="c", precision=precision)
    found = PlannedClassifier(task, find).score(["a"], state=state, progress=Silent())
    assert found.found.scores == (0.501,)
    assert asked == list(dict.fromkeys([precision, Precision.FP32]))
    assert bool(found.check) == (precision is not Precision.FP32)
