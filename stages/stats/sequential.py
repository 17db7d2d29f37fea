"""Group-sequential looks: how much alpha a look may spend, and the bound it buys."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.experiments import Contrast


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
    raise NotImplementedError


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
        two_sided: Symmetric bounds, alpha shared by both sides.

    Returns:
        For each look the bound that z must exceed, or None where the look spends nothing and so
        cannot cross. Earlier bounds never change when a look is added.

    Raises:
        ValueError: Information that does not increase, or alpha out of range.

    References:
        Lan & DeMets (1983); Armitage, McPherson & Rowe (1969); Jennison & Turnbull (2000), ch. 19.
    """
    raise NotImplementedError


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
        drift: Expected z at information 1; 0 is no effect. Its sum is then alpha, else power.
        two_sided: Whether crossing -bound counts too.
    """
    raise NotImplementedError


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

    References:
        Lan & Wittes (1988), the B-value under the current trend.
    """
    raise NotImplementedError


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
    raise NotImplementedError
