"""Whether an annotator or a judge reads: the side they prefer, and known answers they miss."""

import math
from collections.abc import Hashable, Sequence

import numpy as np
from scipy.special import betainc, betaln

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.clusters import Floats
from stages.stats.means import clustered_mean
from stages.stats.shares import SHARE

FALSE_ALARM = 0.2
"""Probability at most that there is ever an alarm of an annotator who is as good as the floor.

Those who are better than the floor are alarmed far more rarely.
"""


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
    right: Sequence[bool], *, floor: float, least: int = 1, probability: float = FALSE_ALARM
) -> bool:
    """Whether an annotator's gold items have shown that their accuracy is below the floor.

    A gambler spreads his capital of 1 evenly over all accuracies below the floor, and bets as each
    would have it. While the annotator is at least as accurate as the floor, whatever happened
    before, the capital never grows on average, so that it ever reaches 1 / a with probability at
    most a (Ville's inequality): it may be looked at after every item. Once it was reached, later
    luck does not undo it. Of several annotators each has this probability of its own.

    Args:
        right: Whether each gold item was answered rightly, in the order of the answers.
        floor: Least acceptable accuracy, in [0, 1]: nobody is below 0, and one miss is below 1.
        least: Items before which nothing is looked at, at least 1.
        probability: Of ever an alarm of an annotator at the floor, at most; in (0, 1).

    Raises:
        ValueError: When the floor, the number or the probability is impossible.

    References:
        Waudby-Smith and Ramdas (2023), JRSS B 86, section 4, on capital against a composite
        hypothesis; the mixture over a uniform prior as in Robbins (1970).
    """
    if not 0 <= floor <= 1 or least < 1 or not 0 < probability < 1:
        raise ValueError(f"impossible: floor {floor}, from {least} on, probability {probability}")
    if floor in (0, 1) or len(right) < least:
        return floor == 1 and len(right) >= least and not all(right)
    looked_at = log_capital(right, floor=floor)[least:]
    return bool(looked_at.max() >= -math.log(probability))


def log_capital(right: Sequence[bool], *, floor: float) -> Floats:
    """Logarithm of the gambler's capital before the first item and after each, shape (n + 1,).

    The uniform mixture over q < floor of q^r (1 - q)^w / (floor^r (1 - floor)^w) is an incomplete
    beta function.

    Args:
        right: Whether each of the n items was answered rightly, in order.
        floor: In (0, 1).
    """
    hits = np.concatenate([[0.0], np.asarray(right, dtype=np.float64).cumsum()])
    misses = np.arange(len(hits)) - hits
    below = np.maximum(betainc(hits + 1, misses + 1, floor), np.finfo(np.float64).tiny)
    mixture = np.log(below) + betaln(hits + 1, misses + 1) - math.log(floor)
    capital: Floats = mixture - hits * math.log(floor) - misses * math.log1p(-floor)
    return capital
