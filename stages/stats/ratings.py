"""Ratings of players, their win rates against a baseline, and the tie parameter: with intervals."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.bradley_terry import Fitted
from stages.stats.comparisons import Floats
from stages.stats.rating_errors import Quantity, Resamples, Sandwich
from stages.stats.shares import SHARE
from stages.stats.tie_models import Ties, expected_score

LOG_ODDS = "log-odds"
"""Unit of ratings, in natural logarithms; times 400 / ln 10 = 173.7 they are Elo points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What is said of one player.

    Attributes:
        player: Its name.
        found: The estimate, or why there is none.
    """

    player: str
    found: Estimate | Unmeasured


@dataclass(frozen=True, slots=True)
class Scale:
    """From the scale of a quantity to that on which it is told.

    Attributes:
        back: The transformation, increasing.
        slope: Its derivative.
        unit: Unit of what is told.
    """

    back: Callable[[float], float]
    slope: Callable[[float], float]
    unit: str


AS_IT_IS = Scale(lambda value: value, lambda _: 1.0, LOG_ODDS)
FROM_LOGIT = Scale(
    lambda value: float(expit(value)), lambda value: float(expit(value) * expit(-value)), SHARE
)
FROM_LOG = Scale(lambda value: float(np.exp(value)), lambda value: float(np.exp(value)), "1")


def ratings(
    fitted: Fitted, spread: Sandwich | Resamples, *, level: float, anchor: str | None = None
) -> tuple[Rating, ...]:
    """Strength of every player, in log-odds.

    Args:
        fitted: The strengths.
        spread: How far they may be off.
        level: Two-sided confidence level in (0, 1).
        anchor: The player whose strength is 0, and which is left out; without one the mean is 0.

    Returns:
        In the order of `fitted.players`; n is the number of clusters that a player (or the anchor,
        when fewer) played in. An interval about one player says nothing of two: their difference
        is the rating of the one with the other as anchor.

    Raises:
        ValueError: When the anchor did not play.
    """
    zero = None if anchor is None else _number(fitted, anchor)
    return tuple(
        Rating(
            player=player,
            found=_estimate(_strength(fitted, number, zero), AS_IT_IS, fitted, spread, level),
        )
        for number, player in enumerate(fitted.players)
        if number != zero
    )


def win_rates(
    fitted: Fitted, spread: Sandwich | Resamples, *, baseline: str, level: float
) -> tuple[Rating, ...]:
    """What every other player wins against the baseline: P(win) + P(tie) / 2.

    Args:
        fitted: The strengths.
        spread: How far they may be off.
        baseline: The player they are held against.
        level: Two-sided confidence level in (0, 1).

    Returns:
        Shares from 0 to 1, in the order of `fitted.players`; the interval is that of the log-odds.

    Raises:
        ValueError: When the baseline did not play.
    """
    zero = _number(fitted, baseline)
    return tuple(
        Rating(
            player=player,
            found=_estimate(_win_rate(fitted, number, zero), FROM_LOGIT, fitted, spread, level),
        )
        for number, player in enumerate(fitted.players)
        if number != zero
    )


def tie_parameter(
    fitted: Fitted, spread: Sandwich | Resamples, *, level: float
) -> Estimate | Unmeasured:
    """The model's v; the interval is that of its logarithm. `Unmeasured` for half wins."""
    if fitted.ties is Ties.HALF:
        return Unmeasured("ties count as half wins, which have no parameter")
    slope = np.zeros(len(fitted.players) + 1)
    slope[-1] = 1
    quantity = Quantity(of=lambda _, log_tie: log_tie, slope=slope)
    return _estimate(quantity, FROM_LOG, fitted, spread, level)


def _strength(fitted: Fitted, player: int, zero: int | None) -> Quantity:
    slope = _slope(fitted, player, zero)
    return Quantity(
        of=lambda strengths, _: strengths @ slope[: len(fitted.players)],
        slope=slope,
        players=(player,) if zero is None else (player, zero),
    )


def _win_rate(fitted: Fitted, player: int, zero: int) -> Quantity:
    def of(strengths: Floats, log_tie: Floats) -> Floats:
        difference = strengths[:, player] - strengths[:, zero]
        return np.asarray(logit(expected_score(fitted.ties, difference, log_tie)))

    slope = _slope(fitted, player, zero)
    gap, step = float(fitted.strengths @ slope[: len(fitted.players)]), 1e-5
    around = np.array([gap + step, gap - step, gap, gap])
    tie = fitted.log_tie + np.array([0, 0, step, -step])
    moved = logit(expected_score(fitted.ties, around, tie))
    slope *= (moved[0] - moved[1]) / (2 * step)
    if fitted.ties is not Ties.HALF:
        slope[-1] = (moved[2] - moved[3]) / (2 * step)
    return Quantity(of=of, slope=slope, players=(player, zero))


def _slope(fitted: Fitted, player: int, zero: int | None) -> Floats:
    slope = np.zeros(len(fitted.players) + (fitted.ties is not Ties.HALF))
    slope[player] = 1
    if zero is not None:
        slope[zero] = -1
    return slope


def _estimate(
    quantity: Quantity,
    scale: Scale,
    fitted: Fitted,
    spread: Sandwich | Resamples,
    level: float,
) -> Estimate | Unmeasured:
    reach = spread.reach(quantity, fitted, level=level)
    if isinstance(reach, Unmeasured):
        return reach
    value = float(quantity.of(fitted.strengths[None], np.array([fitted.log_tie]))[0])
    return Estimate(
        value=scale.back(value),
        standard_error=reach.error * scale.slope(value),
        low=scale.back(reach.range.low),
        high=scale.back(reach.range.high),
        level=level,
        n=reach.clusters,
        unit=scale.unit,
        method=spread.method,
    )


def _number(fitted: Fitted, player: str) -> int:
    if player not in fitted.players:
        raise ValueError(f"`{player}` did not play")
    return fitted.players.index(player)
