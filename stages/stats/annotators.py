"""Whether an annotator or a judge reads: the side they prefer, and known answers they miss."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import betainc, betaln

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.clusters import Floats
from stages.stats.means import clustered_mean
from stages.stats.shares import SHARE, wilson

WARN, PAUSE = 0.2, 0.01
"""Probability at most that an annotator who is as good as the floor is ever warned, or paused."""

MOST = 700.0
"""Logarithm of the largest capital that is told apart; a float ends at 10^308."""


class Standing(StrEnum):
    """What gold items say of an annotator so far."""

    FINE = "fine"
    WARN = "warn"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldAlarm:
    """The evidence that an annotator is worse on gold items than the floor.

    Attributes:
        e_value: The gambler's capital now, of a first capital of 1; at least 0.
        highest: The largest that it ever was, at least 1: the standing rests on it.
        standing: What it says: once paused, later luck does not undo it.
        since: Number of gold items after which this standing was reached; None when fine.
    """

    e_value: float
    highest: float
    standing: Standing
    since: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatorHealth:
    """What is known of one annotator or judge.

    Attributes:
        first_position: Share of votes for the answer shown first, ties counting half; 0.5 without
            a preference for a side.
        gold: Share of gold items answered rightly, with Wilson's interval.
        alarm: Whether that is below the floor, at whatever time one looks.
    """

    first_position: Estimate | Unmeasured
    gold: Estimate | Unmeasured
    alarm: GoldAlarm


def annotator_health(
    first_won: Sequence[float],
    prompts: Sequence[Hashable],
    *,
    gold_right: Sequence[bool],
    floor: float,
    level: float,
) -> AnnotatorHealth:
    """What the lead's page says of one annotator.

    Args:
        first_won: What the answer shown first won in each vote: 1, 0.5 or 0, shape (n,).
        prompts: The prompt of each vote, length n.
        gold_right: Whether each gold item was answered rightly, in the order of the answers.
        floor: Least acceptable accuracy on gold items, in (0, 1).
        level: Two-sided confidence level of the intervals, in (0, 1).
    """
    return AnnotatorHealth(
        first_position=first_position(first_won, prompts, level=level),
        gold=wilson(sum(gold_right), len(gold_right), level=level),
        alarm=gold_alarm(gold_right, floor=floor),
    )


def first_position(
    first_won: Sequence[float], prompts: Sequence[Hashable], *, level: float
) -> Estimate | Unmeasured:
    """Share of votes for the answer shown first; see `clustered_mean`, prompts being clusters.

    Half of the votes go to it when the sides are drawn at random and nobody prefers one, however
    good the answers are.

    Args:
        first_won: What the answer shown first won: 1, 0.5 for a tie, 0; shape (n,).
        prompts: The prompt of each vote, length n.
        level: Two-sided confidence level in (0, 1).
    """
    return clustered_mean(first_won, prompts, level=level, unit=SHARE)


def gold_alarm(
    right: Sequence[bool], *, floor: float, warn: float = WARN, pause: float = PAUSE
) -> GoldAlarm:
    """A bet that an annotator's accuracy on gold items is below the floor, after every item.

    The gambler spreads his capital evenly over all accuracies below the floor, and bets as each
    would have it. While the annotator is at least as accurate as the floor, whatever happened
    before, the capital never grows on average, so that it ever reaches 1 / a with probability at
    most a (Ville's inequality): it may be looked at after every item. Of several annotators each
    has this probability of its own.

    Args:
        right: Whether each gold item was answered rightly, in the order of the answers.
        floor: Least acceptable accuracy, in (0, 1).
        warn: Probability of ever warning an annotator at the floor, in (0, 1).
        pause: The same of pausing, at most `warn`.

    Raises:
        ValueError: When the floor or a probability is impossible.

    References:
        Waudby-Smith and Ramdas (2023), JRSS B 86, section 4, on capital against a composite
        hypothesis; the mixture over a uniform prior as in Robbins (1970).
    """
    if not 0 < floor < 1 or not 0 < pause <= warn < 1:
        raise ValueError(f"impossible: floor {floor}, warn {warn}, pause {pause}")
    logs = _log_capital(np.asarray(right, dtype=np.float64), floor)
    standing, probability = Standing.FINE, 1.0
    if logs.max() >= -math.log(warn):
        standing, probability = Standing.WARN, warn
    if logs.max() >= -math.log(pause):
        standing, probability = Standing.PAUSE, pause
    reached = int(np.argmax(logs >= -math.log(probability)))
    return GoldAlarm(
        e_value=_capital(logs[-1]),
        highest=_capital(logs.max()),
        standing=standing,
        since=None if standing is Standing.FINE else reached,
    )


def _capital(logarithm: float) -> float:
    return math.exp(min(logarithm, MOST))


def _log_capital(right: Floats, floor: float) -> Floats:
    """Logarithm of the capital before the first item and after each, shape (n + 1,).

    The uniform mixture over q < floor of q^r (1 - q)^w / (floor^r (1 - floor)^w) is an incomplete
    beta function.
    """
    hits = np.concatenate([[0.0], right.cumsum()])
    misses = np.arange(len(hits)) - hits
    below = np.maximum(betainc(hits + 1, misses + 1, floor), np.finfo(np.float64).tiny)
    mixture = np.log(below) + betaln(hits + 1, misses + 1) - math.log(floor)
    capital: Floats = mixture - hits * math.log(floor) - misses * math.log1p(-floor)
    return capital
