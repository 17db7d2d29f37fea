"""Segments borrow strength without being too sure, and a harmed one is seen however one looks."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.experiments import Contrast
from stages.stats.segments import FEWEST_UNITS, harm_p_values, shrunk

SCHOOLS = (28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0)
ERRORS = (15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0)
"""Rubin (1981): effects of coaching in eight schools."""


def effect(value: float, error: float = 1.0, n: int = 1_000) -> Contrast:
    return Contrast(
        effect=value, standard_error=error, n=n, degrees_of_freedom=n - 2, method="Welch"
    )


def segments(values: Sequence[float], errors: Sequence[float]) -> list[Contrast]:
    return [effect(v, e) for v, e in zip(values, errors, strict=True)]


def estimates(found: Sequence[Contrast | Unmeasured], level: float = 0.95) -> list[Estimate]:
    effects = shrunk(found, level=level, unit="number").effects
    return [one for one in effects if isinstance(one, Estimate)]


def twin(values: Sequence[float], errors: Sequence[float], point: float, which: int) -> float:
    """P(effect of one segment < point), by adaptive integration over the spread, term by term."""

    def at(spread: float) -> tuple[float, float]:
        weights = [1 / (e * e + spread * spread) for e in errors]
        mean = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
        density = 1 / math.sqrt(sum(weights))
        for w, v in zip(weights, values, strict=True):
            density *= math.sqrt(w) * math.exp(-w * (v - mean) ** 2 / 2)
        kept = errors[which] ** 2 * weights[which]
        centre = kept * mean + (1 - kept) * values[which]
        variance = errors[which] ** 2 * (1 - kept) + kept**2 / sum(weights)
        below = float(ndtr((point - centre) / math.sqrt(variance))) if variance else 0.0
        return density, density * below

    whole = quad(lambda s: at(s)[0], 0, np.inf, epsabs=0, epsrel=1e-10, limit=500)[0]
    return quad(lambda s: at(s)[1], 0, np.inf, epsabs=0, epsrel=1e-10, limit=500)[0] / whole


@pytest.mark.parametrize("which", range(8))
def test_the_ends_are_the_quantiles_of_the_posterior(which: int) -> None:
    found = estimates(segments(SCHOOLS, ERRORS))[which]
    assert found.low is not None
    assert found.high is not None
    assert twin(SCHOOLS, ERRORS, found.low, which) == pytest.approx(0.025, abs=1e-6)
    assert twin(SCHOOLS, ERRORS, found.high, which) == pytest.approx(0.975, abs=1e-6)


def test_the_eight_schools_are_shrunk_as_published() -> None:
    """Bayesian Data Analysis, table 5.3, from 200 draws: intervals at 95 % and medians."""
    found = estimates(segments(SCHOOLS, ERRORS))
    assert [round(e.value) for e in found] == pytest.approx([10, 8, 7, 8, 5, 6, 10, 8], abs=1.5)
    assert found[0].low == pytest.approx(-2, abs=1)
    assert found[0].high == pytest.approx(31, abs=1)
    assert found[6].low == pytest.approx(-1, abs=1)
    spread = shrunk(segments(SCHOOLS, ERRORS), level=0.95, unit="number").spread
    assert spread == pytest.approx(5.2, abs=0.3)


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(0.2, 3)), min_size=3, max_size=8),
    st.floats(-10, 10),
    st.floats(0.01, 100),
)
def test_units_and_signs_of_a_metric_do_not_matter(
    rows: list[tuple[float, float]], shift: float, scale: float
) -> None:
    plain = estimates([effect(v, e) for v, e in rows])
    moved = estimates([effect(-scale * (v + shift), scale * e) for v, e in rows])
    for one, other in zip(plain, moved, strict=True):
        assert other.value == pytest.approx(-scale * (one.value + shift), abs=scale * 1e-3)
        assert other.low == pytest.approx(-scale * (one.high + shift), abs=scale * 1e-2)  # type: ignore[operator]


def test_segments_that_agree_are_drawn_together_and_those_that_differ_are_not() -> None:
    near = estimates(segments([0.1, -0.2, 0.3, 0.0, -0.1], [1.0] * 5))
    assert max(abs(e.value) for e in near) < 0.15
    assert all(e.standard_error is not None and e.standard_error < 0.8 for e in near)
    far = estimates(segments([100, -100, 50, 0, -50], [1.0] * 5))
    assert far[0].value == pytest.approx(100, abs=0.1)
    assert far[0].standard_error == pytest.approx(1, abs=0.01)


def test_what_is_missing_or_too_small_stays_so_in_its_place() -> None:
    gone = Unmeasured("no unit of it in an arm")
    found = [effect(1), gone, effect(2), effect(3, n=FEWEST_UNITS - 1), effect(4)]
    effects = shrunk(found, level=0.95, unit="number").effects
    assert effects[1] is gone
    assert isinstance(effects[3], Unmeasured)
    assert effects[3].cause is Cause.WAITING
    assert effects[2] == estimates([effect(1), effect(2), effect(4)])[1]
    assert "shrunk over 3 segments (exploratory)" in estimates(found)[0].method


def test_two_segments_are_too_few_to_learn_from() -> None:
    found = shrunk([effect(1), effect(2), Unmeasured("none")], level=0.95, unit="number")
    assert found.spread is None
    assert all(isinstance(one, Unmeasured) for one in found.effects)
    assert found.effects[2] == Unmeasured("none")
    assert shrunk([], level=0.95, unit="number").effects == ()


def harmed(scores: Sequence[float], n: int = 5_000, *, higher: bool = True) -> list[bool]:
    found = [effect(z * 0.1, 0.1, n) for z in scores]
    values = harm_p_values(found, planned_units=10_000, alpha=0.05, higher_is_better=higher)
    return [p <= 0.05 for p in values]


def test_a_harmed_segment_is_seen_on_its_side_only() -> None:
    assert harmed([0, -6, 1]) == [False, True, False]
    assert harmed([0, 6, 1]) == [False, False, False]
    assert harmed([0, 6, -6], higher=False) == [False, True, False]


def test_the_more_segments_the_more_it_takes() -> None:
    alone = next(z / 10 for z in range(200) if harmed([-z / 10])[0])
    among = next(z / 10 for z in range(200) if harmed([-z / 10] + [0] * 19)[0])
    assert alone < among


def test_a_segment_that_is_missing_or_small_is_no_harm_but_counts() -> None:
    found = [effect(-1, 0.1, 50), Unmeasured("none"), effect(-0.6, 0.1, 5_000)]
    values = harm_p_values(found, planned_units=10_000, alpha=0.05, higher_is_better=True)
    alone = harm_p_values(found[2:], planned_units=10_000, alpha=0.05, higher_is_better=True)
    assert values[:2] == (1.0, 1.0)
    assert alone[0] < values[2]
    assert harm_p_values([], planned_units=1, alpha=0.05, higher_is_better=True) == ()
