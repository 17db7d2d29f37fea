import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from policies.errors import Broken
from stages.engine.progress import Silent
from stages.engine.state import State
from stages.engine.state_url import open_state
from stages.evidence.estimate import Unmeasured
from stages.offline.toxicity.scores import score_texts


@dataclass
class Listed:
    """A classifier that looks scores up and remembers what it was asked."""

    scores: dict[str, float]
    backend: str = "list 1"
    name: str = "listed"
    digest: str = "d1"
    asked: list[str] = field(default_factory=list)

    def score(self, texts: Sequence[str]) -> Sequence[float]:
        self.asked += texts
        return [self.scores[text] for text in texts]


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(str(tmp_path / "state"))


def test_scores_come_in_the_order_of_the_texts_rounded(state: State) -> None:
    classifier = Listed({"long text": 0.12345678, "b": 1.0, "c": 0.0})
    found = score_texts(classifier, ["long text", "b", "c", "b"], state=state, progress=Silent())
    assert found.scores == (0.123457, 1.0, 0.0, 1.0)
    assert found.backends == ("list 1",)
    assert sorted(classifier.asked) == ["b", "c", "long text"]


def test_a_score_is_never_asked_for_twice(state: State) -> None:
    score_texts(Listed({"a": 0.25}), ["a"], state=state, progress=Silent())
    later = Listed({"a": 0.75, "b": 0.5}, backend="list 2")
    found = score_texts(later, ["a", "b"], state=state, progress=Silent())
    assert found.scores == (0.25, 0.5)
    assert found.backends == ("list 1", "list 2")
    assert later.asked == ["b"]


def test_another_classifier_has_scores_of_its_own(state: State) -> None:
    score_texts(Listed({"a": 0.25}), ["a"], state=state, progress=Silent())
    found = score_texts(Listed({"a": 0.75}, digest="d2"), ["a"], state=state, progress=Silent())
    assert found.scores == (0.75,)


def test_what_was_scored_before_a_death_is_kept(state: State) -> None:
    texts = [f"text {i:03}" for i in range(600)]
    scores = dict.fromkeys(texts, 0.5)

    class Dying(Listed):
        def score(self, texts: Sequence[str]) -> Sequence[float]:
            if len(self.asked) >= 512:
                raise KeyboardInterrupt
            return super().score(texts)

    with pytest.raises(KeyboardInterrupt):
        score_texts(Dying(scores), texts, state=state, progress=Silent())
    later = Listed(scores)
    assert score_texts(later, texts, state=state, progress=Silent()).scores == (0.5,) * 600
    assert len(later.asked) == 88


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.5, 1.5])
def test_an_impossible_score_is_none_and_is_not_kept(state: State, bad: float) -> None:
    found = score_texts(Listed({"a": bad, "b": 0.5}), ["a", "b"], state=state, progress=Silent())
    assert isinstance(found.scores[0], Unmeasured)
    assert found.scores[1] == 0.5
    mended = score_texts(Listed({"a": 0.5}), ["a"], state=state, progress=Silent())
    assert mended.scores == (0.5,)


def test_no_texts_have_no_scores(state: State) -> None:
    found = score_texts(Listed({}), [], state=state, progress=Silent())
    assert (found.scores, found.backends) == ((), ())


def test_a_classifier_that_miscounts_is_broken(state: State) -> None:
    class Miscounting(Listed):
        def score(self, texts: Sequence[str]) -> Sequence[float]:
            return [0.0] * (len(texts) + 1)

    with pytest.raises(Broken, match="cannot score"):
        score_texts(Miscounting({}), ["a"], state=state, progress=Silent())


def test_a_foreign_journal_is_refused(state: State) -> None:
    state.append("toxicity/d1", [{"text": "x", "score": "high", "backend": "?"}])
    with pytest.raises(Broken, match="cannot read a score"):
        score_texts(Listed({}), ["a"], state=state, progress=Silent())
