from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, spearmanr
from sklearn.metrics import brier_score_loss, log_loss

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.separability import (
    Standing,
    agreement_with_outcomes,
    agreement_with_people,
    difference_in_agreement,
    separability,
)
from stages.stats.shares import clopper_pearson

PAIRS = [(i, j) for i in range(8) for j in range(i + 1, 8)]


def standings(seed: int, spread: float = 1.0) -> list[Standing]:
    random = np.random.default_rng(seed)
    found = []
    for place in range(8):
        score, error = place + random.normal(0, 1.5), spread * random.uniform(0.3, 1.0)
        found.append(
            Standing(
                score=score,
                low=score - 2 * error,
                high=score + 2 * error,
                mean=score + random.normal(0, 0.01),
                variance=error**2,
            )
        )
    return found


BENCHMARK, PEOPLE = standings(1), standings(2, spread=0.5)


def value(found: Estimate | Unmeasured) -> float:
    assert isinstance(found, Estimate), found.reason
    return found.value


def overlaps(a: Standing, b: Standing) -> bool:
    return max(a.low, b.low) <= min(a.high, b.high)


def test_pairs_are_separate_when_their_intervals_are() -> None:
    found = separability(BENCHMARK, level=0.95)
    naive = sum(overlaps(BENCHMARK[i], BENCHMARK[j]) for i, j in PAIRS)
    assert (found.overlaps, found.pairs) == (naive, 28)
    assert 0 < naive < 28
    assert value(found.share) == pytest.approx(1 - naive / 28)


def test_ends_that_touch_overlap() -> None:
    one = Standing(score=1, low=0, high=2, mean=1, variance=1)
    other = Standing(score=3, low=2, high=4, mean=3, variance=1)
    assert separability([one, other], level=0.95).overlaps == 1
    assert separability([one, replace(other, low=2.1)], level=0.95).overlaps == 0


def test_agreement_is_that_of_its_naive_twin() -> None:
    strict, credited = [], []
    for i, j in PAIRS:
        same = (BENCHMARK[i].score > BENCHMARK[j].score) == (PEOPLE[i].score > PEOPLE[j].score)
        strict.append(same)
        if not overlaps(PEOPLE[i], PEOPLE[j]):
            credited.append(0.5 if overlaps(BENCHMARK[i], BENCHMARK[j]) else float(same))
    found = agreement_with_people(BENCHMARK, PEOPLE, level=0.95)
    assert value(found.strict) == pytest.approx(np.mean(strict))
    assert value(found.agreement) == pytest.approx(np.mean(credited))
    assert len(credited) < 28
    scores = [[one.score for one in each] for each in (BENCHMARK, PEOPLE)]
    assert value(found.spearman) == pytest.approx(spearmanr(*scores).statistic)


def test_brier_and_log_loss_are_those_of_scikit_learn() -> None:
    better = [float(PEOPLE[j].score > PEOPLE[i].score) for i, j in PAIRS]
    chance = [
        norm.cdf(
            (BENCHMARK[j].mean - BENCHMARK[i].mean)
            / np.sqrt(BENCHMARK[i].variance + BENCHMARK[j].variance)
        )
        for i, j in PAIRS
    ]
    found = agreement_with_people(BENCHMARK, PEOPLE, level=0.95)
    assert value(found.brier) == pytest.approx(brier_score_loss(better, chance))
    assert value(found.log_loss) == pytest.approx(log_loss(better, chance))


def test_errors_are_by_leaving_each_model_out() -> None:
    found = agreement_with_people(BENCHMARK, PEOPLE, level=0.95).brier
    without = [
        value(
            agreement_with_people(
                BENCHMARK[:left_out] + BENCHMARK[left_out + 1 :],
                PEOPLE[:left_out] + PEOPLE[left_out + 1 :],
                level=0.95,
            ).brier
        )
        for left_out in range(8)
    ]
    assert isinstance(found, Estimate)
    assert found.standard_error == pytest.approx(np.std(without) * np.sqrt(7))
    assert found.n == 8
    assert found.low is not None
    assert found.low >= 0


@given(st.permutations(range(8)))
def test_the_order_of_models_carries_no_meaning(order: list[int]) -> None:
    mixed = agreement_with_people(
        [BENCHMARK[place] for place in order], [PEOPLE[place] for place in order], level=0.95
    )
    found = agreement_with_people(BENCHMARK, PEOPLE, level=0.95)
    for name in ("strict", "agreement", "brier", "log_loss", "spearman"):
        assert value(getattr(mixed, name)) == pytest.approx(value(getattr(found, name)))
    assert separability([BENCHMARK[place] for place in order], level=0.95).overlaps == (
        separability(BENCHMARK, level=0.95).overlaps
    )


def test_people_in_the_benchmarks_own_order_agree_wholly() -> None:
    sure = [replace(one, variance=0.0, low=one.score, high=one.score) for one in BENCHMARK]
    found = agreement_with_people(sure, sure, level=0.95)
    assert [value(x) for x in (found.strict, found.agreement, found.spearman)] == [1, 1, 1]
    assert [value(x) for x in (found.brier, found.log_loss)] == [0, 0]


def test_the_opposite_order_is_worth_nothing() -> None:
    sure = [replace(one, variance=0.0, low=one.score, high=one.score) for one in PEOPLE]
    turned = [
        replace(one, score=-one.score, mean=-one.mean, low=-one.score, high=-one.score)
        for one in sure
    ]
    found = agreement_with_people(turned, sure, level=0.95)
    assert [value(x) for x in (found.strict, found.agreement, found.brier)] == [0, 0, 1]
    assert isinstance(found.log_loss, Unmeasured)  # infinite


def test_models_that_stand_level_are_even_chances() -> None:
    level = [Standing(score=1, low=1, high=1, mean=1, variance=0) for _ in range(6)]
    found = agreement_with_people(
        level, [replace(one, score=i) for i, one in enumerate(PEOPLE[:6])], level=0.95
    )
    assert value(found.brier) == 0.25
    assert isinstance(found.spearman, Unmeasured)
    none_first = agreement_with_people(PEOPLE[:6], level, level=0.95)
    assert value(none_first.brier) == 0.25
    assert isinstance(none_first.agreement, Unmeasured)  # people separate no pair


@pytest.mark.parametrize("models", [2, 3, 5])
def test_few_models_have_no_interval_and_are_told_how_many_would_do(models: int) -> None:
    found = agreement_with_people(BENCHMARK[:models], PEOPLE[:models], level=0.95)
    why = Unmeasured(
        f"{models} models are too few for an interval over models: 6 would do", Cause.UNDERPOWERED
    )
    assert {found.strict, found.agreement, found.brier, found.log_loss, found.spearman} == {why}
    assert separability(BENCHMARK[:models], level=0.95).share == why


@pytest.mark.parametrize("models", [6, 8, 20])
def test_models_that_all_agree_show_no_more_than_as_many_units_can(models: int) -> None:
    sure = spread(*range(models), half=0.0)
    found = agreement_with_people(sure, sure, level=0.95)
    exact = clopper_pearson(models, models, level=0.95)
    assert isinstance(exact, Estimate)
    assert exact.low is not None
    for one in (found.strict, found.agreement, found.spearman):
        assert (one.low, one.high) == (pytest.approx(exact.low), 1)
    assert (found.brier.low, found.brier.high) == (0, pytest.approx(1 - exact.low))
    assert found.log_loss.high == pytest.approx(-np.log(exact.low))
    turned = agreement_with_people(sure, sure[::-1], level=0.95)
    assert turned.strict.high == pytest.approx(1 - exact.low)
    assert turned.spearman.high == pytest.approx(-exact.low)
    alike = difference_in_agreement(sure, sure, sure, level=0.95)
    assert (alike.low, alike.high) == (
        pytest.approx(exact.low - 1),
        pytest.approx(1 - exact.low),
    )


def test_fewer_experiments_than_models_show_no_more_than_as_many_can() -> None:
    circle = {(i, (i + 1) % 6): 1 if i == 5 else -1 for i in (0, 1, 2, 3, 5)}
    found = agreement_with_outcomes(spread(*range(6)), circle, level=0.95)
    assert isinstance(found, Estimate)
    assert (found.value, found.low) == (1, pytest.approx(0.025 ** (1 / 5)))


def test_one_model_is_no_pair() -> None:
    with pytest.raises(ValueError, match="at least two"):
        separability(BENCHMARK[:1], level=0.95)
    with pytest.raises(ValueError, match="at least two"):
        agreement_with_people(BENCHMARK[:1], PEOPLE[:1], level=0.95)
    with pytest.raises(ValueError, match="the same models"):
        agreement_with_people(BENCHMARK, PEOPLE[:3], level=0.95)


def test_a_standing_is_possible() -> None:
    with pytest.raises(ValueError, match="finite"):
        Standing(score=float("nan"), low=0, high=1, mean=0, variance=1)
    with pytest.raises(ValueError, match="finite numbers and a variance"):
        Standing(score=0, low=0, high=1, mean=0, variance=-1)
    with pytest.raises(ValueError, match="above high"):
        Standing(score=0, low=1, high=0, mean=0, variance=1)


def spread(*scores: float, half: float = 0.1) -> list[Standing]:
    return [
        Standing(score=s, low=s - half, high=s + half, mean=s, variance=(half / 2) ** 2)
        for s in scores
    ]


def test_experiments_count_the_pairs_that_they_decided() -> None:
    ours = spread(1, 2, 3, 4, 5, 6)
    found = agreement_with_outcomes(ours, {(1, 0): 1, (2, 3): 1, (3, 1): 1}, level=0.95)

    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(2 / 3)
    assert found.n == 6


def test_a_benchmark_that_cannot_tell_earns_half_of_an_experiment() -> None:
    ours = spread(1, 1.05, 3, 4, 5, 6)
    found = agreement_with_outcomes(ours, {(0, 1): 1, (3, 2): 1, (2, 1): 1}, level=0.95)

    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(2.5 / 3)


def test_turning_an_experiment_round_changes_nothing() -> None:
    ours = spread(1, 2, 3, 4, 5, 6)
    there = agreement_with_outcomes(ours, {(0, 1): 1, (2, 3): -1, (1, 2): -1}, level=0.95)
    back = agreement_with_outcomes(ours, {(1, 0): -1, (3, 2): 1, (2, 1): 1}, level=0.95)

    assert there == back


def test_no_experiment_is_no_agreement() -> None:
    assert isinstance(agreement_with_outcomes(spread(1, 2, 3, 4, 5, 6), {}, level=0.95), Unmeasured)


def test_the_difference_of_two_rankings_is_that_of_their_agreements() -> None:
    people, one, other = (
        spread(1, 2, 3, 4, 5, 6),
        spread(1, 2, 3, 4, 5, 7),
        spread(4, 2, 3, 1, 5, 6),
    )
    found = difference_in_agreement(one, other, people, level=0.95)
    apart = [agreement_with_people(each, people, level=0.95).strict for each in (one, other)]

    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(apart[0].value - apart[1].value)
    assert difference_in_agreement(one, one, people, level=0.95).value == 0


def test_rankings_of_other_models_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least two"):
        agreement_with_outcomes(spread(1), {}, level=0.95)
    with pytest.raises(ValueError, match="same models"):
        difference_in_agreement(spread(1, 2), spread(1, 2, 3), spread(1, 2), level=0.95)
