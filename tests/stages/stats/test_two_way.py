import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.means import mean_t
from stages.stats.two_way import _Totals, two_way_mean

Votes = tuple[np.ndarray, list[int], list[int]]


def crossed(prompts: int, annotators: int, *, seed: int = 1, per_prompt: int = 2) -> Votes:
    """Votes of which some annotators and some prompts say more wins than others."""
    random = np.random.default_rng(seed)
    rows = np.repeat(np.arange(prompts), per_prompt)
    people = np.concatenate([random.permutation(annotators)[:per_prompt] for _ in range(prompts)])
    luck = random.normal(size=prompts)[rows] + random.normal(size=annotators)[people]
    return (luck + random.normal(size=len(rows)) > 0).astype(float), rows.tolist(), people.tolist()


def measured(votes: Votes, *, unit: str = "share") -> Estimate:
    found = two_way_mean(*votes, level=0.95, unit=unit)
    assert isinstance(found, Estimate)
    return found


def leaving_each_out(values: np.ndarray, groups: list[object]) -> float:
    names = list(dict.fromkeys(groups))
    kept = [values[[g != name for g in groups]].mean() for name in names]
    return (len(names) - 1) / len(names) * float(((np.array(kept) - values.mean()) ** 2).sum())


def test_the_variance_is_that_of_both_less_that_of_cells_each_by_leaving_one_out() -> None:
    values, prompts, annotators = crossed(30, 8)
    parts = [
        leaving_each_out(values, list(groups))
        for groups in (prompts, annotators, zip(prompts, annotators, strict=True))
    ]
    naive = max(parts[0] + parts[1] - parts[2], parts[0], parts[1])
    found = measured((values, prompts, annotators))
    assert found.standard_error == pytest.approx(naive**0.5)
    assert found.value == pytest.approx(values.mean())
    assert found.n == 30


def test_a_full_crossing_has_the_variance_of_statsmodels() -> None:
    values, prompts, annotators = crossed(40, 6, per_prompt=6)

    def fitted(groups: list[int]) -> float:
        model = OLS(values, np.ones(len(values)))
        return float(model.fit(cov_type="cluster", cov_kwds={"groups": groups}).bse[0]) ** 2

    cells = [40 * a + p for p, a in zip(prompts, annotators, strict=True)]
    expected = fitted(prompts) + fitted(annotators) - fitted(cells)
    assert measured((values, prompts, annotators)).standard_error == pytest.approx(expected**0.5)


@given(st.integers(2, 12), st.integers(2, 9), st.integers(0, 10_000))
def test_the_variance_is_never_below_either_clustering_alone(
    prompts: int, annotators: int, seed: int
) -> None:
    values, rows, people = crossed(prompts, annotators, seed=seed)
    ways = _Totals.of(values[:, None], rows, people)
    alone = [float(way.covariance[0, 0]) for way in (ways.prompts, ways.annotators)]
    assert ways.spread.variance >= max(alone) - 1e-12
    assert 0 < ways.spread.degrees <= len(values)


@given(st.integers(0, 10_000))
def test_turning_the_models_mirrors_the_interval(seed: int) -> None:
    values, prompts, annotators = crossed(15, 6, seed=seed)
    found = measured((values, prompts, annotators))
    turned = measured((1 - values, prompts, annotators))
    assert found.low is not None
    assert found.high is not None
    assert (turned.low, turned.high) == pytest.approx((1 - found.high, 1 - found.low))


@given(st.integers(0, 10_000))
def test_prompts_and_annotators_may_be_exchanged_but_for_what_counts_as_units(seed: int) -> None:
    values, prompts, annotators = crossed(12, 12, seed=seed)
    one = measured((values, prompts, annotators), unit="points")
    other = measured((values, annotators, prompts), unit="points")
    assert one.standard_error == pytest.approx(other.standard_error)


def test_annotators_who_differ_widen_the_interval_that_prompts_alone_would_give() -> None:
    values, prompts, annotators = crossed(200, 8)
    alone = mean_t(
        [values[[p == q for q in prompts]].mean() for p in range(200)], level=0.95, unit="share"
    )
    found = measured((values, prompts, annotators))
    assert isinstance(alone, Estimate)
    assert found.standard_error is not None
    assert alone.standard_error is not None
    assert found.standard_error > 1.5 * alone.standard_error
    assert "two-way" in found.method
    assert "8 annotators" in found.method


def test_annotators_of_one_vote_each_change_nothing() -> None:
    values, prompts, _ = crossed(50, 50)
    found = measured((values, prompts, list(range(100))), unit="points")
    ways = _Totals.of(values[:, None], prompts, range(100))
    assert found.standard_error == pytest.approx(float(ways.prompts.covariance[0, 0]) ** 0.5)


def test_few_annotators_take_the_fewest_degrees_of_freedom() -> None:
    few, more = (
        _Totals.of(values[:, None], prompts, annotators)
        for values, prompts, annotators in (
            crossed(100, 4, per_prompt=4),
            crossed(100, 5, per_prompt=5),
        )
    )
    assert few.spread.degrees == pytest.approx(3)
    assert more.spread.degrees > 4


def test_one_annotator_with_nearly_all_votes_leaves_every_share_possible() -> None:
    votes = ([1.0, 0.0] * 500 + [1.0], list(range(1001)), ["busy"] * 1000 + ["other"])
    found = two_way_mean(*votes, level=0.95, unit="share")
    assert isinstance(found, Estimate)
    assert (found.low, found.high) == pytest.approx((0, 1), abs=1e-6)


def test_prompts_and_annotators_that_balance_out_leave_the_spread_of_cells() -> None:
    votes = ([1.0, 0.0, 0.0, 1.0], ["p", "p", "q", "q"], ["a", "b", "a", "b"])
    ways = _Totals.of(np.array(votes[0])[:, None], votes[1], votes[2])
    assert ways.spread.variance == pytest.approx(1 / 12)


def test_equal_votes_have_an_exact_interval() -> None:
    found = measured((np.ones(40), list(range(20)) * 2, [0] * 20 + [1] * 20))
    assert found.standard_error is None
    assert found.high == 1
    assert found.low == pytest.approx(0.025 ** (1 / 20))
    assert "exact" in found.method


def test_few_prompts_that_differ_widen_to_the_exact_bound() -> None:
    values = np.ones(100)
    values[0] = 0
    found = measured((values, list(range(50)) * 2, [i % 10 for i in range(100)]))
    assert "widened" in found.method
    assert found.low is not None
    assert found.low < 0.92


@pytest.mark.parametrize(
    ("votes", "unit", "cause"),
    [
        (([], [], []), "share", Cause.WAITING),
        (([1.0, float("nan")], [0, 1], [0, 1]), "share", Cause.BROKEN),
        (([1.0, 0.0], [0, 0], [0, 1]), "share", Cause.UNDERPOWERED),
        (([1.0, 0.0], [0, 1], [0, 0]), "share", Cause.UNDERPOWERED),
        (([3.0, 3.0], [0, 1], [0, 1]), "points", Cause.UNDERPOWERED),
    ],
)
def test_what_shows_no_spread_is_unmeasured(votes: Votes, unit: str, cause: Cause) -> None:
    found = two_way_mean(*votes, level=0.95, unit=unit)
    assert isinstance(found, Unmeasured)
    assert found.cause is cause


def test_every_vote_needs_its_annotator() -> None:
    with pytest.raises(ValueError, match="shorter"):
        two_way_mean([1.0, 0.0], [0, 1], [0], level=0.95, unit="share")


def test_nobody_adds_no_degrees_of_freedom_and_no_habits() -> None:
    values, prompts, people = crossed(40, 4)
    settled = [40 + i // 2 for i in range(80)]
    whole = _Totals.of(
        np.concatenate([values, np.full(80, 0.5)])[:, None],
        [*prompts, *settled],
        [*people, *[None] * 80],
    )
    shown = _Totals.of(values[:, None], prompts, people)
    assert whole.spread.degrees == shown.spread.degrees
    assert whole.people.groups == 4


def test_nobody_alone_shows_no_spread_between_annotators() -> None:
    found = two_way_mean([0.5, 1.0], [0, 1], [None, None], level=0.95, unit="share")
    assert found == Unmeasured("no annotator cannot show a spread", Cause.UNDERPOWERED)
