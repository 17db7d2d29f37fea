import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.gap_recovered import gap_recovered, gap_resampled, mean_of_independent
from stages.stats.gaps import Sat


def share(right: float, items: int, *, shift: int = 0) -> np.ndarray:
    """So many right answers of all, those from `shift` on."""
    return np.roll((np.arange(items) < round(right * items)).astype(float), shift)


def sat(
    base: float, taught: tuple[float, ...], reference: float, *, items: int = 2000, groups: int = 1
) -> Sat:
    rows = np.stack([share(one, items) for one in taught])
    return Sat(
        base=share(base, items),
        reference=share(reference, items),
        taught=(rows,) * groups,
        clusters=tuple(range(items)),
    )


def estimate(found: Estimate | Unmeasured) -> Estimate:
    assert isinstance(found, Estimate), found
    assert found.low is not None
    assert found.high is not None
    return found


def ends(found: Estimate | Unmeasured) -> tuple[float, float]:
    known = estimate(found)
    return float(known.low or 0.0), float(known.high or 0.0)


def test_the_papers_figures_give_the_papers_recovery() -> None:
    """Of a student at 28.08, a base at 19.84 and a reference at 34.60, in percent."""
    found = estimate(gap_recovered([sat(0.1984, (0.2808,) * 3, 0.346, items=10_000)], level=0.95))
    assert found.value == pytest.approx(55.83, abs=0.005)
    assert found.n == 10_000
    assert ends(found)[0] < 55.83 < ends(found)[1]


def test_untaught_is_nought_and_the_reference_is_a_hundred() -> None:
    for taught, percent in ((0.3, 0.0), (0.6, 100.0)):
        found = estimate(gap_recovered([sat(0.3, (taught,) * 3, 0.6)], level=0.95))
        assert found.value == pytest.approx(percent)
        low, high = ends(found)
        assert low < percent < high


def test_models_that_differ_nowhere_have_an_interval_all_the_same() -> None:
    low, high = ends(gap_recovered([sat(0.3, (0.6,) * 3, 0.6, items=200)], level=0.95))
    z = 1.96
    assert high - 100 == pytest.approx(100 * z * z / (200 + z * z) / 0.3, rel=0.1)
    assert low < 99


def test_fieller_is_the_delta_methods_interval_where_the_gap_is_wide() -> None:
    rng = np.random.default_rng(3)
    base, reference = (rng.random((1, 4000)) < p for p in (0.2, 0.8))
    taught = rng.random((3, 4000)) < 0.5
    one = Sat(
        base=base[0].astype(float),
        reference=reference[0].astype(float),
        taught=(taught.astype(float),),
        clusters=tuple(range(4000)),
    )
    found = estimate(gap_recovered([one], level=0.95))
    by_draws = estimate(gap_resampled([one], level=0.95, draws=2000, rng=rng))
    assert found.value == pytest.approx(by_draws.value)
    assert found.standard_error == pytest.approx(by_draws.standard_error, rel=0.1)
    assert ends(found) == pytest.approx(ends(by_draws), abs=1.2)


def test_seeds_that_differ_widen_the_interval() -> None:
    steady = gap_recovered([sat(0.2, (0.5, 0.5, 0.5), 0.8)], level=0.95)
    shaky = gap_recovered([sat(0.2, (0.4, 0.5, 0.6), 0.8)], level=0.95)
    assert estimate(steady).value == pytest.approx(estimate(shaky).value)
    width = [b - a for a, b in (ends(steady), ends(shaky))]
    assert width[1] > 5 * width[0]
    four = ends(gap_recovered([sat(0.2, (0.4, 0.4, 0.6, 0.6), 0.8)], level=0.95))
    assert four[1] - four[0] < width[1]


def test_the_error_of_seeds_is_students_t_where_items_say_nothing() -> None:
    seeds = (0.4, 0.5, 0.6)
    low, high = ends(gap_recovered([sat(0.0, seeds, 1.0, items=200_000)], level=0.95))
    half = 4.302653 * float(np.std(seeds, ddof=1)) / math.sqrt(3) * 100
    assert (high - low) / 2 == pytest.approx(half, rel=0.02)


def test_clusters_of_copies_are_no_more_than_their_number() -> None:
    rng = np.random.default_rng(5)
    small = [(rng.random(200) < p).astype(float) for p in (0.2, 0.5, 0.5, 0.5, 0.8)]
    copied = [np.repeat(each, 5) for each in small]

    def of(rows: list[np.ndarray], clusters: list[int]) -> Estimate:
        test = Sat(
            base=rows[0],
            taught=(np.stack(rows[1:4]),),
            reference=rows[4],
            clusters=tuple(clusters),
        )
        return estimate(gap_recovered([test], level=0.95))

    once = of(small, list(range(200)))
    again = of(copied, [i // 5 for i in range(1000)])
    assert again.n == 200
    assert ends(again) == pytest.approx(ends(once))


def test_several_tests_count_alike_whatever_their_size() -> None:
    small, large = sat(0.2, (0.5,) * 3, 0.8, items=100), sat(0.2, (0.3,) * 3, 0.4, items=5000)
    found = estimate(gap_recovered([small, large], level=0.95))
    assert found.value == pytest.approx(100 * (0.3 + 0.1) / (0.6 + 0.2))
    assert found.n == 100


def test_groups_of_trainings_count_alike() -> None:
    one = sat(0.2, (0.3,) * 3, 0.8)
    both = replace(one, taught=(*one.taught, *sat(0.2, (0.7,) * 3, 0.8).taught))
    assert estimate(gap_recovered([both], level=0.95)).value == pytest.approx(50)


@pytest.mark.parametrize("recover", [gap_recovered, None])
def test_without_a_clear_gap_there_is_no_recovery(recover: object) -> None:
    def of(tests: list[Sat]) -> Estimate | Unmeasured:
        if recover is not None:
            return gap_recovered(tests, level=0.95)
        return gap_resampled(tests, level=0.95, draws=200, rng=np.random.default_rng(0))

    for reference in (0.31, 0.3, 0.1):
        one = sat(0.3, (0.4,) * 3, 0.3, items=100)
        shifted = share(reference, 100, shift=50)
        found = of([replace(one, reference=shifted)])
        assert isinstance(found, Unmeasured)
        assert found.cause is Cause.UNDERPOWERED
        assert "not" in found.reason


@pytest.mark.parametrize("like", [0.3, 0.6])
def test_a_bootstrap_without_spread_says_nothing(like: float) -> None:
    """Students that score as the base or the reference on every item: no width is no certainty."""
    one = sat(0.3, (like,) * 3, 0.6, items=200)
    found = gap_resampled([one], level=0.95, draws=200, rng=np.random.default_rng(0))
    assert isinstance(found, Unmeasured)
    assert found.cause is Cause.UNDERPOWERED
    assert "recover the same" in found.reason
    assert ends(gap_recovered([one], level=0.95))[0] < (0 if like == 0.3 else 100)


def test_few_seeds_that_differ_much_leave_the_gap_unclear() -> None:
    found = gap_recovered([sat(0.45, (0.0, 0.5, 1.0), 0.52, items=3000)], level=0.95)
    assert isinstance(found, Unmeasured) or ends(found)[0] < -100
    wide = gap_recovered([sat(0.45, (0.0, 0.0, 1.0), 0.56, items=400)], level=0.999)
    assert isinstance(wide, Unmeasured)


def test_a_gap_that_is_clear_by_items_alone_may_not_be_by_seeds() -> None:
    rng = np.random.default_rng(2)
    base, reference = ((rng.random(300) < p).astype(float) for p in (0.3, 0.5))
    rows = np.stack([np.full(300, s) for s in (0.0, 0.5, 1.0)])
    one = Sat(base=base, reference=reference, taught=(rows,), clusters=tuple(range(300)))
    found = gap_recovered([one], level=0.95)
    assert isinstance(found, Unmeasured)
    assert "more seeds" in found.reason


@pytest.mark.parametrize("of", ["recovered", "resampled"])
def test_too_little_is_unmeasured_and_says_what_lacks(of: str) -> None:
    def measure(tests: list[Sat]) -> Estimate | Unmeasured:
        if of == "recovered":
            return gap_recovered(tests, level=0.95)
        return gap_resampled(tests, level=0.95, draws=100, rng=np.random.default_rng(0))

    for tests, said in (
        ([sat(0.2, (0.5, 0.5), 0.8)], "2 trainings"),
        ([sat(0.2, (0.5,) * 3, 0.8, items=9)], "9 independent items"),
        ([], "no test"),
    ):
        found = measure(tests)
        assert isinstance(found, Unmeasured)
        assert said in found.reason


def test_what_is_no_test_is_refused() -> None:
    one = sat(0.2, (0.5,) * 3, 0.8, items=20)
    with pytest.raises(ValueError, match="every model sits"):
        replace(one, base=one.base[:-1])
    with pytest.raises(ValueError, match="every model sits"):
        replace(one, taught=())
    with pytest.raises(ValueError, match="19 ids name 20 items"):
        replace(one, ids=tuple(map(str, range(19))))
    with pytest.raises(ValueError, match="between 0 and 1"):
        replace(one, base=one.base + np.nan)
    with pytest.raises(ValueError, match="every student sits every test"):
        gap_recovered([one, sat(0.2, (0.5,) * 4, 0.8, items=20)], level=0.95)


def test_a_mean_of_domains_has_the_ends_of_its_parts() -> None:
    one = estimate(gap_recovered([sat(0.2, (0.5,) * 3, 0.8)], level=0.95))
    other = estimate(gap_recovered([sat(0.2, (0.3, 0.3, 0.35), 0.8, items=500)], level=0.95))
    assert mean_of_independent([one]) == one
    both = estimate(mean_of_independent([one, other]))
    assert both.value == pytest.approx((one.value + other.value) / 2)
    low = math.hypot(one.value - ends(one)[0], other.value - ends(other)[0]) / 2
    assert ends(both)[0] == pytest.approx(both.value - low)
    assert both.n == 500
    why = Unmeasured("no gap")
    assert mean_of_independent([one, why]) is why


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 5), st.integers(20, 60))
def test_adding_the_same_to_all_models_changes_nothing(seed: int, seeds: int, items: int) -> None:
    rng = np.random.default_rng(seed)
    base, reference = rng.random(items) * 0.2, 0.4 + rng.random(items) * 0.2
    rows = rng.random((seeds, items)) * 0.5
    one = Sat(base=base, reference=reference, taught=(rows,), clusters=tuple(range(items)))
    more = Sat(
        base=base + 0.3,
        reference=reference + 0.3,
        taught=(rows + 0.3,),
        clusters=tuple(range(items)),
    )
    first, second = (estimate(gap_recovered([each], level=0.9)) for each in (one, more))
    assert first.value == pytest.approx(second.value)
    assert ends(first) == pytest.approx(ends(second))
