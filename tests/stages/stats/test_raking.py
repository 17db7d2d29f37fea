import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats import raking
from stages.stats.raking import Raked, raked_mean
from stages.stats.two_way import two_way_mean

MIX = {"segment": {"expert": 0.3, "lay": 0.7}, "topic": {"code": 0.5, "law": 0.2, "poems": 0.3}}


class Votes:
    """Votes of which some segments and topics say more wins than others."""

    def __init__(self, n: int = 240, *, seed: int = 1) -> None:
        random = np.random.default_rng(seed)
        self.prompts = [i // 3 for i in range(n)]
        self.annotators = random.integers(0, 12, n).tolist()
        self.topics = [("code", "law", "poems")[p % 3] for p in self.prompts]
        self.segments = ["expert" if a < 6 else "lay" for a in self.annotators]
        chance = [
            0.3 + 0.3 * (s == "lay") + 0.2 * (t == "law")
            for s, t in zip(self.segments, self.topics, strict=True)
        ]
        self.values = (random.random(n) < chance).astype(float)

    def raked(self, *, mix: raking.Mix = MIX, people: bool = True) -> Raked | Unmeasured:
        return raked_mean(
            self.values,
            self.prompts,
            self.annotators if people else None,
            traits={"segment": self.segments, "topic": self.topics},
            mix=mix,
            level=0.95,
        )


def measured(found: Raked | Unmeasured) -> Raked:
    assert isinstance(found, Raked), found
    return found


def naive(votes: Votes) -> np.ndarray:
    """Votes reweighted one margin after the other."""
    weights = np.ones(len(votes.values))
    for _ in range(200):
        for names, trait in ((votes.segments, "segment"), (votes.topics, "topic")):
            for value, share in MIX[trait].items():
                has = np.array(names) == value
                weights[has] *= share / (weights[has].sum() / weights.sum())
    return weights / weights.sum()


@given(st.integers(0, 1000))
@settings(max_examples=10)
def test_weights_are_those_of_the_naive_twin(seed: int) -> None:
    votes = Votes(seed=seed)
    found, weights = measured(votes.raked()), naive(votes)
    assert found.estimate.value == pytest.approx(weights @ votes.values, abs=1e-7)
    assert found.design_effect == pytest.approx(240 * (weights**2).sum(), abs=1e-6)
    assert found.heaviest == pytest.approx(240 * weights.max(), abs=1e-6)


def test_the_error_is_that_of_raking_anew_without_each_prompt() -> None:
    votes = Votes(60)
    whole = measured(votes.raked(people=False))
    without = []
    for prompt in range(20):
        kept = Votes(60)
        rows = [i for i in range(60) if kept.prompts[i] != prompt]
        for name in ("prompts", "annotators", "topics", "segments"):
            setattr(kept, name, [getattr(votes, name)[i] for i in rows])
        kept.values = votes.values[rows]
        without.append(measured(kept.raked(people=False)).estimate.value)
    naive_error = np.sqrt(19 * np.var(without))
    assert whole.estimate.standard_error == pytest.approx(naive_error)


def test_votes_that_are_mixed_as_the_users_are_keep_their_weights() -> None:
    votes = Votes()
    mix = {
        trait: {value: names.count(value) / 240 for value in MIX[trait]}
        for trait, names in (("segment", votes.segments), ("topic", votes.topics))
    }
    found = measured(votes.raked(mix=mix))
    plain = two_way_mean(votes.values, votes.prompts, votes.annotators, level=0.95, unit="share")
    assert isinstance(plain, Estimate)
    assert found.estimate.value == pytest.approx(plain.value)
    assert found.estimate.n == plain.n == 80
    assert 1 <= found.design_effect < 1.02


def test_raking_takes_the_mean_to_the_users_and_tells_its_price() -> None:
    votes = Votes(2400)
    found = measured(votes.raked())
    truth = 0.3 + 0.3 * 0.7 + 0.2 * 0.2
    assert found.estimate.low is not None
    assert found.estimate.high is not None
    assert found.estimate.low < truth < found.estimate.high
    assert found.design_effect > 1.1
    assert abs(found.estimate.value - truth) < abs(votes.values.mean() - truth)


@given(st.integers(0, 1000))
@settings(max_examples=10)
def test_turning_the_models_mirrors_the_interval(seed: int) -> None:
    votes = Votes(120, seed=seed)
    found = measured(votes.raked()).estimate
    votes.values = 1 - votes.values
    turned = measured(votes.raked()).estimate
    assert found.low is not None
    assert found.high is not None
    assert (turned.low, turned.high) == pytest.approx((1 - found.high, 1 - found.low))


def test_annotators_who_differ_widen_the_interval() -> None:
    votes = Votes(600)
    alone, people = (measured(votes.raked(people=p)).estimate for p in (False, True))
    assert alone.standard_error is not None
    assert people.standard_error is not None
    assert people.standard_error >= alone.standard_error


def test_equal_votes_have_an_exact_interval() -> None:
    votes = Votes()
    votes.values = np.ones(240)
    found = measured(votes.raked()).estimate
    assert found.high == 1
    assert found.low is not None
    assert 0.9 < found.low < 1
    assert "exact" in found.method


def unmeasured(votes: Votes, *, mix: raking.Mix = MIX) -> Unmeasured:
    found = votes.raked(mix=mix)
    assert isinstance(found, Unmeasured)
    return found


def test_a_value_that_one_side_lacks_is_named() -> None:
    votes = Votes()
    more = {**MIX, "segment": {"expert": 0.3, "lay": 0.6, "child": 0.1}}
    found = unmeasured(votes, mix=more)
    assert found.reason == "no vote has the segment 'child', which 10.0% of the users have"
    assert found.cause is Cause.WAITING
    votes.segments[0] = "bot"
    assert "'bot'" in unmeasured(votes).reason


def test_weights_that_would_be_too_heavy_are_refused() -> None:
    votes = Votes()
    votes.segments = ["lay"] * 234 + ["expert"] * 6
    found = unmeasured(votes)
    assert "'expert' has 6 of 240 votes and 30.0% of the users" in found.reason
    assert found.cause is Cause.UNDERPOWERED


def test_weights_are_limited_in_the_estimate_only_not_in_what_shows_its_spread() -> None:
    votes = Votes()
    votes.segments = ["expert" if i < 18 else "lay" for i in range(240)]
    assert measured(votes.raked()).heaviest == pytest.approx(raking.HEAVIEST)


def test_a_value_that_rests_on_one_annotator_is_refused() -> None:
    votes = Votes()
    votes.segments = ["expert" if a == 0 else "lay" for a in votes.annotators]
    found = unmeasured(votes, mix={**MIX, "segment": {"expert": 0.15, "lay": 0.85}})
    assert "rests on one prompt or annotator" in found.reason


def test_one_prompt_or_annotator_and_values_that_are_none_are_refused() -> None:
    votes = Votes()
    votes.annotators = [0] * 240
    assert unmeasured(votes).cause is Cause.UNDERPOWERED
    votes.values[0] = np.nan
    assert unmeasured(votes).cause is Cause.BROKEN


def test_mixes_that_make_no_sense_are_refused() -> None:
    votes = Votes()
    with pytest.raises(ValueError, match="add up to 1"):
        votes.raked(mix={**MIX, "segment": {"expert": 0.3, "lay": 0.6}})
    with pytest.raises(ValueError, match="the votes have the traits"):
        votes.raked(mix={"topic": MIX["topic"]})
    votes.topics.pop()
    with pytest.raises(ValueError, match="239 of the trait topic"):
        votes.raked()
