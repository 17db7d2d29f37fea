"""Group-sequential looks: how much alpha a look may spend, and the bound it buys."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import assert_never

from scipy.special import ndtr, ndtri

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.experiments import Contrast, interval
from stages.stats.score_walk import CLOSEST, ScoreWalk

_NOTHING = 1e-300
"""Alpha below this buys no bound that a float can hold; it is kept for the next look."""


class SpendingKind(StrEnum):
    """Shape of the alpha-spending function."""

    OBRIEN_FLEMING = "obrien_fleming"
    POCOCK = "pocock"
    POWER = "power"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """An alpha-spending function; `exponent` is of the power family only."""

    kind: SpendingKind = SpendingKind.OBRIEN_FLEMING
    exponent: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.exponent < math.inf:
            raise ValueError(f"the exponent of a spending function is above 0, not {self.exponent}")


OBRIEN_FLEMING = Spending(kind=SpendingKind.OBRIEN_FLEMING)
POCOCK = Spending(kind=SpendingKind.POCOCK)


def alpha_spent(information: float, *, alpha: float, spending: Spending = OBRIEN_FLEMING) -> float:
    """Alpha spent up to a share of the planned information.

    Args:
        information: Share of the planned information, at least 0; beyond 1 all is spent.
        alpha: Total error in (0, 1).
        spending: 2 - 2 Phi(z_{alpha/2} / sqrt t), alpha ln(1 + (e - 1) t) or alpha t^exponent.

    Returns:
        A number in [0, alpha].
    """
    _check_alpha(alpha)
    if not information >= 0:
        raise ValueError(f"information is at least 0, not {information}")
    share = min(information, 1.0)
    if share in (0.0, 1.0):
        return alpha * share
    match spending.kind:
        case SpendingKind.OBRIEN_FLEMING:
            return 2 * float(ndtr(ndtri(alpha / 2) / math.sqrt(share)))
        case SpendingKind.POCOCK:
            return alpha * math.log1p((math.e - 1) * share)
        case SpendingKind.POWER:
            return float(alpha * share**spending.exponent)
    assert_never(spending.kind)


def lan_demets_bounds(
    information: Sequence[float],
    *,
    alpha: float,
    spending: Spending = OBRIEN_FLEMING,
    spends: Sequence[bool] | None = None,
    spend_all_at_last: bool = False,
    two_sided: bool = False,
) -> tuple[float | None, ...]:
    """The bounds of the looks so far, in standard errors of the effect.

    Args:
        information: Share of the planned information at each look so far, above 0 and strictly
            increasing; may exceed 1 (overrun). When information falls or stands still at a look,
            the caller leaves that look out of the sequence: it spends nothing.
        alpha: Total error in (0, 1), one-sided unless `two_sided`.
        spending: The spending function.
        spends: Whether each look may cross; a look before the minimum run time does not, its alpha
            is kept for later. None: every look may.
        spend_all_at_last: True at the last planned look: it spends all that is left, whatever its
            information (underrun).
        two_sided: Symmetric bounds; each side spends alpha / 2.

    Returns:
        For each look the bound that z must exceed, or None where the look spends nothing and so
        cannot cross. Earlier bounds never change when a look is added.

    Raises:
        ValueError: Information that does not increase, or alpha out of range.

    References:
        Lan & DeMets (1983); Armitage, McPherson & Rowe (1969); Jennison & Turnbull (2000), ch. 19.
    """
    shares, may = _looks(information, spends)
    _check_alpha(alpha)
    sides = 2 if two_sided else 1
    spent = [sides * alpha_spent(t, alpha=alpha / sides, spending=spending) for t in shares]
    if spend_all_at_last and spent:
        spent[-1] = alpha
    return _bounds(shares, tuple(spent), may, two_sided=two_sided)


def bounds_that_spend(
    spent: Sequence[float], *, information: Sequence[float], spends: Sequence[bool] | None = None
) -> tuple[float | None, ...]:
    """One-sided bounds of looks whose alpha is spent by another clock than their information.

    Args:
        spent: Alpha spent up to each look, below 1 and never falling; the clock behind it says
            nothing of the values.
        information: As for `lan_demets_bounds`, as the result and the errors are.
        spends: The same.

    References:
        Lan & DeMets (1989), Statistics in Medicine 8, 1191-1198, calendar time and information.
    """
    shares, may = _looks(information, spends)
    _check_spent(spent, looks=len(shares))
    return _bounds(shares, tuple(spent), may, two_sided=False)


def bonferroni_bounds(
    information: Sequence[float],
    *,
    alpha: float,
    spending: Spending = OBRIEN_FLEMING,
    spends: Sequence[bool] | None = None,
    spend_all_at_last: bool = False,
) -> tuple[float | None, ...]:
    """One-sided bounds that hold whatever the looks have to do with each other.

    For values that still grow from look to look: their increments are not independent, which
    `lan_demets_bounds` relies on, and then errs up to twice as often as it says. Here each look
    gets the normal quantile of the alpha that it spends itself, so that the sum of the looks'
    errors is at most alpha. A little power is lost.

    Arguments, result and errors as for `lan_demets_bounds`.

    References:
        Bonferroni's inequality over the increments of an alpha-spending function.
    """
    shares, may = _looks(information, spends)
    _check_alpha(alpha)
    spent = [alpha_spent(t, alpha=alpha, spending=spending) for t in shares]
    if spend_all_at_last and spent:
        spent[-1] = alpha
    return bonferroni_that_spend(spent, spends=may)


def bonferroni_that_spend(
    spent: Sequence[float], *, spends: Sequence[bool] | None = None
) -> tuple[float | None, ...]:
    """As `bounds_that_spend`, for looks whose increments are not independent."""
    _check_spent(spent, looks=len(spent))
    may = tuple(spends) if spends is not None else (True,) * len(spent)
    used, found = 0.0, list[float | None]()
    for total, allowed in zip(spent, may, strict=True):
        if not allowed or total - used < _NOTHING:
            found.append(None)
            continue
        found.append(float(-ndtri(total - used)))
        used = total
    return tuple(found)


def crossing_probabilities(
    information: Sequence[float],
    bounds: Sequence[float | None],
    *,
    drift: float = 0.0,
    two_sided: bool = False,
) -> tuple[float, ...]:
    """Probability to cross for the first time at each look.

    Args:
        information: As for `lan_demets_bounds`.
        bounds: One bound for each look, or None.
        drift: Expected z at information 1; 0 is no effect.
        two_sided: Whether crossing -bound counts too.

    Returns:
        One probability per look, in order: their sum is the type I error without drift, else power.

    Raises:
        ValueError: Information that does not increase, or by less than 0.1 % from look to look.
    """
    shares = tuple(float(t) for t in information)
    _check_information(shares)
    if len(bounds) != len(shares):
        raise ValueError(f"{len(bounds)} bounds for {len(shares)} looks")
    walk = ScoreWalk(two_sided=two_sided, drift=drift)
    found = []
    for share, bound in zip(shares, bounds, strict=True):
        if bound is None:
            found.append(0.0)
            continue
        step = walk.to(share)
        found.append(step.crossing(bound))
        walk = step.stopped_at(bound)
    return tuple(found)


def conditional_power(
    z: float, information: float, *, final_bound: float, final_information: float = 1.0
) -> float:
    """Probability to exceed the last look's bound if the trend so far goes on (for futility).

    Args:
        z: The effect so far in standard errors.
        information: Share of the planned information so far, above 0.
        final_bound: Bound of the last planned look.
        final_information: Information of the last look.

    Returns:
        A probability; 0 or 1 when the last look has been reached.

    Raises:
        ValueError: Information or z that is not finite, or information not above 0.

    References:
        Lan & Wittes (1988), the B-value under the current trend.
    """
    if not math.isfinite(z) or not math.isfinite(final_bound):
        raise ValueError(f"z ({z}) and its bound ({final_bound}) must be finite")
    _check_information((information,))
    _check_information((final_information,))
    left = final_information - information
    if left <= 0:
        return 1.0 if z > final_bound else 0.0
    score = z * math.sqrt(information)
    expected = score * final_information / information
    return float(ndtr((expected - final_bound * math.sqrt(final_information)) / math.sqrt(left)))


def repeated_interval(
    found: Contrast | Unmeasured, *, bound: float | None, level: float, unit: str
) -> Estimate | Unmeasured:
    """The look's repeated confidence interval, effect +- bound x standard error.

    Args:
        found: The effect at this look.
        bound: This look's bound out of `lan_demets_bounds` (one-sided alpha).
        level: Two-sided level, 1 - 2 alpha for one-sided alpha.
        unit: Unit of the metric.

    Returns:
        The estimate, or `Unmeasured` (waiting) at a look that spends no alpha.

    References:
        Jennison & Turnbull (1989).
    """
    if isinstance(found, Unmeasured):
        return found
    if bound is None:
        return Unmeasured("this look spends no alpha, so it cannot decide", Cause.WAITING)
    return interval(found, level=level, unit=unit, critical=bound)


@lru_cache(maxsize=4096)
def _bounds(
    shares: tuple[float, ...], spent: tuple[float, ...], may: tuple[bool, ...], *, two_sided: bool
) -> tuple[float | None, ...]:
    walk, used, last = ScoreWalk(two_sided=two_sided), 0.0, 0.0
    found: list[float | None] = []
    for share, total, allowed in zip(shares, spent, may, strict=True):
        if not allowed or total - used < _NOTHING:
            found.append(None)
            continue
        if share - last < CLOSEST * share:
            found.append(float(-ndtri((total - used) / (2 if two_sided else 1))))
        else:
            step = walk.to(share)
            bound = step.bound_for(total - used)
            walk, last = step.stopped_at(bound), share
            found.append(bound)
        used = total
    return tuple(found)


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, not {alpha}")


def _check_spent(spent: Sequence[float], *, looks: int) -> None:
    if len(spent) != looks or any(not 0 <= a <= b < 1 for a, b in pairwise((0.0, *spent))):
        raise ValueError(f"{spent} is no alpha spent up to each of {looks} looks")


def _looks(
    information: Sequence[float], spends: Sequence[bool] | None
) -> tuple[tuple[float, ...], tuple[bool, ...]]:
    """Information of each look, and whether it may spend; without marks every one may."""
    shares = tuple(float(t) for t in information)
    may = tuple(spends) if spends is not None else (True,) * len(shares)
    _check_information(shares)
    if len(may) != len(shares):
        raise ValueError(f"{len(may)} marks for {len(shares)} looks")
    return shares, may


def _check_information(shares: tuple[float, ...]) -> None:
    if not all(a < b < math.inf for a, b in zip((0.0, *shares), shares, strict=False)):
        raise ValueError(f"information must be above 0, finite and increasing, not {shares}")
