from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.labelled_sample import Labelled, Unlabelled
from stages.stats.means import mean_t
from stages.stats.prediction_powered import Fused, fused_win_rate
from stages.stats.two_way import two_way_mean
from tests.stages.stats.labelled import simulated

NOBODY = Unlabelled(judge=(), prompts=(), strata=())


def fused(labelled: Labelled, unlabelled: Unlabelled) -> Fused:
    found = fused_win_rate(labelled, unlabelled, level=0.95)
    assert isinstance(found, Fused), found
    return found


def ends(found: Estimate) -> tuple[float, float]:
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def test_a_judge_who_agrees_narrows_the_interval_and_tells_by_how_much() -> None:
    found = fused(*simulated(np.random.default_rng(1), n=100, others=900, agree=0.9))
    (low, high), (least, most) = ends(found.estimate), ends(found.humans)
    assert found.power > 0.6
    assert found.gain > 2
    assert (most - least) / (high - low) == pytest.approx(found.gain**0.5, rel=0.05)
    assert "lambda" in found.estimate.method
    assert found.estimate.n == 100


def test_the_error_is_the_textbooks_with_many_prompts() -> None:
    labelled, unlabelled = simulated(np.random.default_rng(2), n=2000, others=8000)
    found = fused(labelled, unlabelled)
    human, judge = np.array(labelled.human), np.array(labelled.judge)
    variance = (
        found.power**2 * np.var(unlabelled.judge, ddof=1) / 8000
        + np.var(human - found.power * judge, ddof=1) / 2000
    )
    assert found.estimate.standard_error == pytest.approx(variance**0.5, rel=0.01)


def test_without_other_prompts_people_alone_are_the_plain_mean() -> None:
    labelled, _ = simulated(np.random.default_rng(3))
    found, plain = fused(labelled, NOBODY), mean_t(labelled.human, level=0.95, unit="share")
    assert isinstance(plain, Estimate)
    assert found.estimate == found.humans
    assert (found.power, found.gain) == (0, 1)
    assert found.estimate.value == pytest.approx(plain.value)
    assert ends(found.estimate) == pytest.approx(ends(plain))


def test_people_alone_cluster_by_prompt_and_annotator() -> None:
    labelled, _ = simulated(np.random.default_rng(3), people=8, votes=2, spread=0.2)
    assert labelled.annotators is not None
    plain = two_way_mean(
        labelled.human, labelled.prompts, labelled.annotators, level=0.95, unit="share"
    )
    assert isinstance(plain, Estimate)
    found = fused(labelled, NOBODY).estimate
    assert found.value == pytest.approx(plain.value)
    assert ends(found) == pytest.approx(ends(plain), abs=0.01)


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_turning_the_models_mirrors_the_interval(seed: int) -> None:
    labelled, unlabelled = simulated(np.random.default_rng(seed), strata=2)
    found = fused(labelled, unlabelled)
    turned = fused(
        replace(
            labelled,
            human=tuple(1 - x for x in labelled.human),
            judge=tuple(1 - x for x in labelled.judge),
        ),
        replace(unlabelled, judge=tuple(1 - x for x in unlabelled.judge)),
    )
    low, high = ends(found.estimate)
    assert ends(turned.estimate) == pytest.approx((1 - high, 1 - low))
    assert turned.power == pytest.approx(found.power)


def test_people_stand_alone_where_few_prompts_differ() -> None:
    labelled, unlabelled = simulated(np.random.default_rng(4), n=100, win=0.97, agree=0.95)
    found = fused(labelled, unlabelled)
    assert found.power == 0
    assert found.estimate == found.humans
    assert "exact" in found.estimate.method


def test_a_judge_who_is_always_right_about_all_leaves_the_spread_of_the_others() -> None:
    labelled, unlabelled = simulated(np.random.default_rng(6), n=80, others=100_000, agree=1.0)
    found = fused(labelled, unlabelled)
    low, high = ends(found.estimate)
    assert found.power == pytest.approx(1, abs=0.01)
    assert high - low < 0.02
    assert found.gain > 50


def test_shares_of_topics_move_the_win_rate() -> None:
    labelled, unlabelled = simulated(np.random.default_rng(6), strata=2)
    even = [human for human, s in zip(labelled.human, labelled.strata, strict=True) if s[-1] == "0"]
    found = fused_win_rate(
        labelled, unlabelled, level=0.95, shares={"topic 0": 0.999_999, "topic 1": 0.000_001}
    )
    assert isinstance(found, Fused)
    assert found.humans.value == pytest.approx(np.mean(even), abs=1e-4)


def unmeasured(labelled: Labelled, unlabelled: Unlabelled) -> Unmeasured:
    found = fused_win_rate(labelled, unlabelled, level=0.95)
    assert isinstance(found, Unmeasured)
    return found


def test_too_few_labels_are_said() -> None:
    labelled, unlabelled = simulated(np.random.default_rng(6), people=4, votes=2)
    none = Labelled(human=(), judge=(), prompts=(), annotators=None, strata=())
    assert unmeasured(none, unlabelled).cause is Cause.WAITING
    one = replace(labelled, annotators=("one",) * 120)
    assert unmeasured(one, unlabelled).cause is Cause.UNDERPOWERED
    other = replace(unlabelled, strata=("elsewhere", *unlabelled.strata[1:]))
    assert "0 prompts of the topic 'elsewhere'" in unmeasured(labelled, other).reason
    alone = replace(labelled, strata=("rare",) * 2 + labelled.strata[2:])
    assert "1 prompts of the topic 'rare'" in unmeasured(alone, unlabelled).reason


def test_a_topic_of_one_annotator_shows_no_spread() -> None:
    labelled, unlabelled = simulated(np.random.default_rng(6), strata=2)
    people = tuple("ab"[s[-1] == "0"] for s in labelled.strata)
    assert "of one annotator" in unmeasured(replace(labelled, annotators=people), unlabelled).reason


def test_scores_that_are_none_are_refused() -> None:
    labelled, unlabelled = simulated(np.random.default_rng(6))
    broken = replace(unlabelled, judge=(float("nan"), *unlabelled.judge[1:]))
    assert unmeasured(labelled, broken).cause is Cause.BROKEN
    with pytest.raises(ValueError, match="labelled and unlabelled at once"):
        fused_win_rate(labelled, replace(unlabelled, prompts=tuple(range(300))), level=0.95)


def test_labels_that_are_all_equal_have_an_exact_interval() -> None:
    labelled, unlabelled = simulated(np.random.default_rng(6))
    found = fused(replace(labelled, human=(1.0,) * 60), unlabelled)
    assert ends(found.estimate) == (pytest.approx(0.025 ** (1 / 60)), 1)
