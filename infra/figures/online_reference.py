"""Published numbers of online A/B statistics beside what this repository computes.

Usage: python -m infra.figures online_reference [PATHS]

The first tables are computed, PATHS (100,000 unless said) simulated A/Bs make the last one. What is
published about designs that are not stated fully is compared as far as it can be.
"""

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtri, log_ndtr, ndtr, ndtri

from infra.figures.online_error_rates import log_factors
from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.confidence_sequence import best_rho_squared, half_width
from stages.stats.experiments import (
    Contrast,
    MetricColumns,
    contrast,
    difference,
    p_two_sided,
    p_worse,
    relative_difference,
)
from stages.stats.moments import Moments, from_values, merge
from stages.stats.sample_ratio import log_alternative, log_null
from stages.stats.sequential import POCOCK, crossing_probabilities, lan_demets_bounds

PATHS, AT_ONCE = 100_000, 5_000
"""Simulated A/Bs, and how many are held in memory at a time."""

SEED = 20_261_122
FOURTEEN, FIVE = (tuple(k / n for k in range(1, n + 1)) for n in (14, 5))
ALPHA, LEVEL = 0.05, 0.95
DRIFT = float(ndtri(0.975) + ndtri(0.8))
"""Expected z at which a fixed sample has power 0.80 at two-sided 0.05."""

SPLIT_LOOKS, SPLIT_BATCH, SPLIT_ALPHA = 200, 500, 0.01
CERTAIN = 9.0
"""Expected z of a primary that wins at every look that may decide."""

Y = MetricColumns(numerator="y")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A published number, and ours.

    Attributes:
        name: What it is.
        published: The published number.
        ours: What is computed here.
        digits: Digits after the point of the published number.
        simulated: Whether the published number is a share of 100,000 simulated A/Bs.
    """

    name: str
    published: float
    ours: float
    digits: int = 5
    simulated: bool = False

    @property
    def agrees(self) -> bool:
        """Whether they are equal to the digits published, or up to three Monte Carlo errors."""
        chance = math.sqrt(self.published * (1 - self.published) / 100_000) if self.simulated else 0
        return abs(self.ours - self.published) <= 0.51 * 10.0**-self.digits + 3 * chance


def main(arguments: Sequence[str]) -> None:
    """Prints every table; PATHS may be given."""
    if len(arguments) > 1 or not all(a.isdecimal() and int(a) > 0 for a in arguments):
        sys.exit("usage: python -m infra.figures online_reference [PATHS]")
    paths = int(arguments[0]) if arguments else PATHS
    for title, numbers in TABLES.items():
        _print(title, tuple(numbers()))
    _print(f"Rates over {paths:,} simulated A/Bs", tuple(rates(paths)))


def differences() -> Iterator[Number]:
    """Two arms of gbstats, given as sums: n, sum and sum of squares."""
    arms = _arm(3407, 1396.87, 52377.9767), _arm(3461, 2422.7, 134698.29)
    absolute = _measured(difference(*arms, Y, level=LEVEL, unit="number"))
    relative = _measured(relative_difference(*arms, Y, level=LEVEL))
    yield Number(name="difference", published=0.29, ours=absolute.value, digits=2)
    yield Number(name="difference, low", published=0.04538, ours=_end(absolute.low))
    yield Number(name="difference, high", published=0.53462, ours=_end(absolute.high))
    yield Number(
        name="difference, standard error", published=0.12478, ours=_end(absolute.standard_error)
    )
    found = contrast(*arms, Y)
    assert isinstance(found, Contrast)
    yield Number(name="difference, p", published=0.02016, ours=p_two_sided(found))
    yield Number(name="relative", published=0.70732, ours=relative.value)
    yield Number(name="relative, low", published=-0.03526, ours=_end(relative.low))
    yield Number(name="relative, high", published=1.44989, ours=_end(relative.high))
    as_contrast = Contrast(
        effect=relative.value,
        standard_error=_end(relative.standard_error),
        n=relative.n,
        degrees_of_freedom=found.degrees_of_freedom,
        method="",
    )
    yield Number(name="relative, p", published=0.06191, ours=p_two_sided(as_contrast))


def adjusted_p_values() -> Iterator[Number]:
    """Benjamini and Hochberg's, by statsmodels; the gate itself adjusts by Holm."""
    from statsmodels.stats.multitest import multipletests

    given, wanted = (0.005, 0.06, 0.007, 0.04, 0.01, 0.03), (0.02, 0.06, 0.02, 0.048, 0.02, 0.045)
    found = multipletests(given, method="fdr_bh")[1]
    for p, published, ours in zip(given, wanted, found, strict=True):
        yield Number(
            name=f"p {p} among six, by statsmodels", published=published, ours=ours, digits=3
        )


def bounds() -> Iterator[Number]:
    """Bounds of five looks at two-sided 0.05."""
    yield Number(name="Pocock, constant bound", published=2.4132, ours=_pocock(), digits=4)
    found = lan_demets_bounds(FIVE, alpha=ALPHA, spending=POCOCK, two_sided=True)
    published = (2.4380, 2.4268, 2.4102, 2.3966, 2.3860)
    for look, (wanted, bound) in enumerate(zip(published, found, strict=True), start=1):
        name = f"Lan-DeMets Pocock, look {look}"
        yield Number(name=name, published=wanted, ours=_end(bound), digits=4)


def sequences() -> Iterator[Number]:
    """The normal mixture that is best for 100 units at two-sided 0.05."""
    rho_squared = best_rho_squared(100, alpha=ALPHA, two_sided=True)
    half = half_width(100, 0.1, alpha=ALPHA, rho_squared=rho_squared, two_sided=True)
    yield Number(name="1 / rho^2", published=12.60056, ours=1 / rho_squared)
    yield Number(name="bound of the sum at 100", published=30.35209, ours=100 * half)


def splits() -> Iterator[Number]:
    """Units that fall one by one into three arms of weights 0.4, 0.4 and 0.2."""
    alternative = (-1.09861, -2.48491, -3.40120, -4.49981, -6.44572)
    null = (-0.91629, -1.83258, -2.74887, -3.66516, -5.27460)
    counts = [0, 0, 0]
    for unit, arm in enumerate((0, 1, 0, 1, 2)):
        counts[arm] += 1
        yield Number(
            name=f"log alternative, unit {unit + 1}",
            published=alternative[unit],
            ours=log_alternative(counts, (1, 1, 1)),
        )
        yield Number(
            name=f"log null, unit {unit + 1}",
            published=null[unit],
            ours=log_null(counts, (0.4, 0.4, 0.2)),
        )


def fourteen_looks() -> Iterator[Number]:
    """Fourteen looks at two-sided 0.05, by integration."""
    plain = [float(ndtri(0.975))] * 14
    sequential = lan_demets_bounds(FOURTEEN, alpha=ALPHA, two_sided=True)
    anytime = anytime_bounds(FOURTEEN)
    crossed = crossing_probabilities(FOURTEEN, sequential, two_sided=True, drift=DRIFT)
    power = sum(crossed)
    sample = sum(p * t for p, t in zip(crossed, FOURTEEN, strict=True)) + 1 - power
    for name, published, ours, digits in (
        ("plain 1.96, type I error", 0.219, _crossed(plain), 3),
        ("Lan-DeMets, type I error", 0.050, _crossed(sequential), 3),
        ("Lan-DeMets, power", 0.784, power, 3),
        ("Lan-DeMets, mean share of the sample", 0.76, sample, 2),
        ("confidence sequence, type I error", 0.010, _crossed(anytime), 3),
        ("confidence sequence, power", 0.485, _crossed(anytime, drift=DRIFT), 3),
    ):
        yield Number(name=name, published=published, ours=ours, digits=digits, simulated=True)


def moments() -> Iterator[Number]:
    """Variances at mean 1e8 and standard deviation 1, merges in two orders, and a far tail."""
    values = np.random.default_rng(SEED).normal(1e8, 1, (10_000, 1))
    exact = float((values - 1e8).var(ddof=1))
    ours = from_values(values, ("y",)).covariance[0][0]
    squares = float((values**2).sum() - 10_000 * values.mean() ** 2) / 9_999
    yield Number(
        name="relative error of the variance", published=0.0, ours=ours / exact - 1, digits=9
    )
    yield Number(name="by sums of squares (not ours)", published=exact, ours=squares, digits=0)
    yield Number(
        name="(a + b) + c or a + (b + c), relative", published=0.0, ours=_reordered(), digits=12
    )
    yield Number(name="p of 1e-300, relative error", published=0.0, ours=_far_tail(), digits=9)


def margins() -> Iterator[Number]:
    """A guardrail that is worse by its margin, 1.49 standard errors, seen once at 1.96."""
    harm, critical = 1.49, float(ndtri(0.975))
    name = "passes 'no significant loss'"
    yield Number(name=name, published=0.68, ours=float(ndtr(critical - harm)), digits=2)
    yield Number(
        name="passes non-inferiority", published=0.025, ours=float(ndtr(-critical)), digits=3
    )


def anytime_bounds(looks: Sequence[float], *, units: int = 1_400_000) -> list[float]:
    """A two-sided confidence sequence in standard errors, tightest at the last look."""
    rho_squared = best_rho_squared(units, alpha=ALPHA, two_sided=True)
    return [
        half_width(round(units * t), 1.0, alpha=ALPHA, rho_squared=rho_squared, two_sided=True)
        for t in looks
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A simulated share.

    Attributes:
        name: Of what.
        published: What is published of it, in words.
        ours: The share.
        paths: Simulated A/Bs.
    """

    name: str
    published: str
    ours: float
    paths: int

    @property
    def error(self) -> float:
        """Its Monte Carlo error."""
        return math.sqrt(max(self.ours * (1 - self.ours), 1 / self.paths) / self.paths)


def rates(paths: int) -> Iterator[Rate]:
    """What only simulation tells."""
    for looks, times in (("5 looks", FIVE), ("14 looks", FOURTEEN)):
        for name, drift in (("a primary of power 0.80", DRIFT), ("a certain winner", CERTAIN)):
            plain, own = at_margin(times, drift, paths)
            truth = f"{looks}, {name}, guardrail at its margin: SHIP"
            yield Rate(
                name=f"{truth} by plain 1.96", published="0.064 to 0.088", ours=plain, paths=paths
            )
            yield Rate(
                name=f"{truth} by its own bounds", published="at most 0.025", ours=own, paths=paths
            )
    some = max(1, paths // 5)
    for share, said in ((0.5, ("0.12", "0.002")), (0.51, ("not told", "0.997"))):
        plain, own = split_alarms(share, some)
        truth = f"200 looks at the split, true share {share}: alarm"
        yield Rate(name=f"{truth} of chi-square", published=said[0], ours=plain, paths=some)
        yield Rate(name=f"{truth} of the sequential test", published=said[1], ours=own, paths=some)
    held, own = stopped_intervals(paths)
    yield Rate(
        name="14 looks, power 0.80: the plain 95 % interval holds the truth when it stops",
        published="not 0.95",
        ours=held,
        paths=paths,
    )
    yield Rate(
        name="the same: the repeated interval, at every look together",
        published="at least 0.95",
        ours=own,
        paths=paths,
    )


def at_margin(times: Sequence[float], drift: float, paths: int) -> tuple[float, float]:
    """P(SHIP) with a guardrail at its margin, judged by 1.96 at each look; by its own bounds."""
    random, shipped = np.random.default_rng(SEED), np.zeros(2)
    bounds = np.array(lan_demets_bounds(times, alpha=ALPHA / 2), dtype=float)
    for size in _portions(paths):
        won = _scores(times, drift, (size, random)) > bounds
        guard = _scores(times, 0.0, (size, random))
        shipped += [(won & (guard > limit)).any(axis=1).sum() for limit in (_CRITICAL, bounds)]
    plain, own = shipped / paths
    return float(plain), float(own)


def split_alarms(share: float, paths: int) -> tuple[float, float]:
    """P(an alarm at some look) of a split planned 50/50: chi-square, and the sequential test."""
    random, alarmed = np.random.default_rng(SEED), np.zeros(2)
    total = SPLIT_BATCH * np.arange(1, SPLIT_LOOKS + 1)
    for size in _portions(paths):
        first = random.binomial(SPLIT_BATCH, share, (size, SPLIT_LOOKS)).cumsum(axis=1)
        square = (2 * first - total) ** 2 / total > chdtri(1, SPLIT_ALPHA)
        sequential = log_factors(first, total, 0.5) > -math.log(SPLIT_ALPHA)
        alarmed += [alarms.any(axis=1).sum() for alarms in (square, sequential)]
    plain, own = alarmed / paths
    return float(plain), float(own)


def stopped_intervals(paths: int) -> tuple[float, float]:
    """Coverage of effect +- 1.96 errors at the look that stops, and of all repeated intervals."""
    random, held = np.random.default_rng(SEED), np.zeros(2)
    bounds = np.array(lan_demets_bounds(FOURTEEN, alpha=ALPHA / 2), dtype=float)
    for size in _portions(paths):
        z = _scores(FOURTEEN, DRIFT, (size, random))
        off = np.abs(z - DRIFT * np.sqrt(FOURTEEN))
        crossed = z > bounds
        crossed[:, -1] = True
        last = off[np.arange(size), crossed.argmax(axis=1)]
        held += [(last <= _CRITICAL).sum(), (off <= bounds).all(axis=1).sum()]
    plain, own = held / paths
    return float(plain), float(own)


_CRITICAL = float(ndtri(0.975))


def _scores(
    times: Sequence[float], drift: float, drawn: tuple[int, np.random.Generator]
) -> NDArray[np.float64]:
    """Effects in standard errors at each look of so many A/Bs, shape (A/Bs, looks)."""
    size, random = drawn
    gains = np.diff(np.array(times), prepend=0.0)
    steps = random.normal(drift * gains, np.sqrt(gains), (size, len(gains)))
    scores: NDArray[np.float64] = steps.cumsum(axis=1) / np.sqrt(times)
    return scores


def _crossed(limits: Sequence[float | None], *, drift: float = 0.0) -> float:
    return sum(crossing_probabilities(FOURTEEN, limits, two_sided=True, drift=drift))


def _pocock() -> float:
    """The constant bound of five looks."""
    found = brentq(
        lambda z: sum(crossing_probabilities(FIVE, [z] * 5, two_sided=True)) - ALPHA, 1, 4
    )
    return float(found)


def _reordered() -> float:
    """The largest difference of a moment that is merged in two orders, in its own size."""
    random, most = np.random.default_rng(SEED), 0.0
    for _ in range(200):
        parts = [random.normal(3, 2, (int(n), 2)) for n in random.integers(1, 50, 3)]
        a, b, c = (from_values(part, ("y", "x")) for part in parts)
        left, right = merge(merge(a, b), c), merge(a, merge(b, c))
        scale = math.sqrt(left.covariance[0][0] * left.covariance[1][1])
        for one, other in zip(left.covariance, right.covariance, strict=True):
            most = max(most, *(abs(x - y) / scale for x, y in zip(one, other, strict=True)))
    return most


def _far_tail() -> float:
    """Relative error of a one-sided p-value of 1e-300, with so many units that it is a normal's."""
    z = 37.0471
    far = Contrast(effect=-z, standard_error=1, n=9, degrees_of_freedom=1e18, method="")
    return p_worse(far, higher_is_better=True) / math.exp(float(log_ndtr(-z))) - 1


def _arm(n: int, total: float, squares: float) -> Moments:
    mean = total / n
    variance = (squares - n * mean * mean) / (n - 1)
    return Moments(n=n, names=("y",), mean=(mean,), covariance=((variance,),))


def _measured(found: Estimate | Unmeasured) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def _end(value: float | None) -> float:
    assert value is not None
    return value


def _portions(paths: int) -> list[int]:
    return [min(AT_ONCE, paths - done) for done in range(0, paths, AT_ONCE)]


TABLES: Mapping[str, Callable[[], Iterator[Number]]] = {
    "Difference of means (gbstats)": differences,
    "Benjamini-Hochberg": adjusted_p_values,
    "Bounds of five looks, two-sided 0.05": bounds,
    "Confidence sequence": sequences,
    "Sequential sample ratio": splits,
    "Fourteen looks at two-sided 0.05": fourteen_looks,
    "Moments and far tails": moments,
    "A guardrail at its margin": margins,
}


def _print(title: str, rows: Sequence[Number] | Sequence[Rate]) -> None:
    print(f"\n{title}\n\n| quantity | published | ours | |\n| --- | ---: | ---: | --- |")
    for row in rows:
        if isinstance(row, Number):
            said = "agrees" if row.agrees else f"off by {row.ours - row.published:.2g}"
            published = f"{row.published:.{row.digits}f}"
            ours = f"{row.ours:.{row.digits + 2}f}" if row.published else f"{row.ours:.1e}"
            print(f"| {row.name} | {published} | {ours} | {said} |")
        else:
            print(f"| {row.name} | {row.published} | {row.ours:.4f} | error {row.error:.4f} |")
