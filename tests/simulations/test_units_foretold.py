"""How often a larger plan says what `gate explain` foretells of it; full size: `make simulate`.

Candidates are drawn, measured by the estimators of stage 1 and kept when their criterion cannot
tell. Then the foretold number of items is really measured, those seen among them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from stages.evidence.estimate import Estimate
from stages.stats.betting import betting_interval
from stages.stats.shares import clopper_pearson
from stages.stats.tango import PairCounts, p_lower, tango
from stages.stats.units_needed import (
    VERSIONS_DIFFER,
    Counted,
    Expected,
    Measured,
    continuity_correction,
    foretold,
    units_needed,
)

Generator = np.random.Generator
MARGIN, DISCORDANT, ITEMS = 0.03, 0.15, 200
LIMIT, ANSWERS, RATE_LEVEL = 0.01, 400, 0.9
AT_LEAST, SCORES, SCORE_LEVEL = 0.6, 150, 0.95
SMALL, FULL = 150, 2_500
SIZES = ("soonest", "half", "latest")


@dataclass(frozen=True, slots=True)
class Rates:
    """Means over candidates that were held: what was foretold, and what came."""

    settled: float
    really_settled: float
    passes: float
    really_passes: float

    def within(self, off: float) -> bool:
        """Whether what came is no farther off than so much."""
        gaps = (self.settled - self.really_settled, self.passes - self.really_passes)
        return max(map(abs, gaps)) <= off


@dataclass(frozen=True, slots=True)
class Held:
    """A candidate that cannot be told, and what more units say of it."""

    seen: Measured | Counted
    expected: Expected
    says: Callable[[int], tuple[bool, bool]]
    largest: int = 100_000


def rates(draw: Callable[[Generator], Held | None], repetitions: int, size: str) -> Rates:
    random, rows = np.random.default_rng(5), list[Sequence[float]]()
    while len(rows) < repetitions:
        held = draw(random)
        if held is not None:
            needed = getattr(units_needed(held.seen, held.expected), size)
            n = min(needed or held.largest, held.largest)
            said = foretold(held.seen, n, held.expected)
            passes, fails = held.says(n)
            rows.append((said.settled, passes or fails, said.passes, passes))
    return Rates(*(float(mean) for mean in np.mean(rows, axis=0)))


def margin(random: Generator, *, differ: float) -> Held | None:
    """A paired difference against a margin; versions differ by so much."""
    difference = float(np.clip(random.normal(0, differ), -0.14, 0.14))
    chances = [(DISCORDANT + difference) / 2, (DISCORDANT - difference) / 2, 1 - DISCORDANT]
    first = random.multinomial(ITEMS, chances)
    if any(_paired(first)):
        return None
    seen = tango(_pairs(first), level=0.95)
    assert isinstance(seen, Estimate)
    assert seen.standard_error
    assert seen.low is not None
    assert seen.high is not None
    error = seen.standard_error
    late = continuity_correction(p_lower(_pairs(first)), gap=-seen.value, error=error, n=ITEMS)
    measured = Measured(
        room=seen.value + MARGIN,
        error=error,
        reach_bad=seen.value - seen.low,
        reach_good=seen.high - seen.value,
        n=ITEMS,
        fails_below=MARGIN,
        correction=late,
    )
    return Held(
        measured,
        Expected(room=MARGIN, deviation=VERSIONS_DIFFER),
        lambda n: _paired(first + random.multinomial(n - ITEMS, chances)),
    )


def _pairs(counts: np.ndarray) -> PairCounts:
    gained, lost, alike = (int(count) for count in counts)
    return PairCounts(both=alike, gained=gained, lost=lost, neither=0)


def _paired(counts: np.ndarray) -> tuple[bool, bool]:
    found = tango(_pairs(counts), level=0.95)
    assert isinstance(found, Estimate)
    assert found.low is not None
    passes = found.low > -MARGIN
    return passes, not passes and p_lower(_pairs(counts)) <= 0.025


def rate(random: Generator, *, least: float) -> Held | None:
    """A rate of harm against the most that is allowed; small ones are as likely as large ones."""
    true = float(np.exp(random.uniform(np.log(least), np.log(0.03))))
    events = int(random.binomial(ANSWERS, true))
    if any(_counted(events, ANSWERS)):
        return None
    return Held(
        Counted(events=events, n=ANSWERS, limit=LIMIT, tail=(1 - RATE_LEVEL) / 2),
        Expected(),
        lambda n: _counted(events + int(random.binomial(n - ANSWERS, true)), n),
    )


def _counted(events: int, n: int) -> tuple[bool, bool]:
    found = clopper_pearson(events, n, level=RATE_LEVEL)
    assert isinstance(found, Estimate)
    assert found.high is not None
    assert found.low is not None
    return found.high <= LIMIT, found.low > LIMIT


def sequence(random: Generator) -> Held | None:
    """A share that may be looked at any time, at the end of its plan."""
    true = float(random.uniform(0.4, 0.8))
    values = (random.random(6_000) < true).astype(float)
    if any(_bet(values[:SCORES])):
        return None
    seen = betting_interval(values[:SCORES].tolist(), level=SCORE_LEVEL)
    assert isinstance(seen, Estimate)
    assert seen.low is not None
    assert seen.high is not None
    measured = Measured(
        room=seen.value - AT_LEAST,
        error=float(np.sqrt(seen.value * (1 - seen.value) / SCORES)),
        reach_bad=seen.value - seen.low,
        reach_good=seen.high - seen.value,
        n=SCORES,
        anytime=True,
    )
    return Held(measured, Expected(), lambda n: _bet(values[:n]), largest=len(values))


def _bet(values: np.ndarray) -> tuple[bool, bool]:
    found = betting_interval(values.tolist(), level=SCORE_LEVEL)
    if not isinstance(found, Estimate):
        return False, False
    assert found.high is not None
    assert found.low is not None
    return found.low >= AT_LEAST, found.high < AT_LEAST


@pytest.mark.parametrize(
    ("repetitions", "off"), [(SMALL, 0.12), pytest.param(FULL, 0.04, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("size", SIZES)
def test_a_margin_is_settled_as_often_as_foretold(repetitions: int, off: float, size: str) -> None:
    found = rates(lambda random: margin(random, differ=VERSIONS_DIFFER), repetitions, size)
    print(f"margin, {size}: {found}")
    assert found.within(off)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("differ", [0.02, 0.03, 0.14])
def test_a_margin_of_versions_that_differ_otherwise(differ: float, size: str) -> None:
    """What is expected beforehand is wrong here: the foretold is off by as much as is stated."""
    found = rates(lambda random: margin(random, differ=differ), FULL, size)
    print(f"margin, versions differ by {differ}, {size}: {found}")
    assert found.within(0.2)


@pytest.mark.parametrize(
    ("repetitions", "off"), [(40, 0.2), pytest.param(600, 0.1, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("least", [0.0005, 0.003])
def test_a_rate_is_settled_as_often_as_foretold(
    repetitions: int, off: float, size: str, least: float
) -> None:
    found = rates(lambda random: rate(random, least=least), repetitions, size)
    print(f"rate of {least} and more, {size}: {found}")
    assert found.within(off)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_a_sequence_is_settled_as_often_as_foretold(size: str) -> None:
    found = rates(sequence, 200, size)
    print(f"sequence, {size}: {found}")
    assert found.within(0.2)
