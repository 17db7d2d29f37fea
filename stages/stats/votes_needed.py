"""How many prompts side-by-side asks for: before anything is seen, and from what was seen.

Two rules are compared. The fixed one looks once, at a planned number, with an interval by Student's
t; its number has a formula. The sequential one looks after every prompt with a betting confidence
sequence; its number is simulated, since it is chance itself.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.evidence.estimate import Cause, Unmeasured
from stages.stats.betting import first_shown
from stages.stats.clusters import Floats
from stages.stats.design import Deviation, n_for_margin
from stages.stats.means import refuse_values
from stages.stats.ranges import SHARES

CAP = 1.5
"""Prompts of a sequential plan, as a multiple of the fixed design's."""

COURSES, PATHS = 2_000, 400
"""Simulated courses of a plan that has not begun, and of one that has."""

PRIOR = 25.0
"""Weight of prompts won and of prompts lost, beside those seen: before any vote, the win rate lies
between 0.36 and 0.64 with 95 %, as those of one model's versions do. Without it a candidate near
the limit is foretold a yes or a no far more often than it gets one."""

Places = NDArray[np.int64]
"""Places of prompts in a column."""

_AT_ONCE = 4_000_000
"""Simulated prompts that are held in memory at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voting:
    """How votes vary, in a guess or as they were seen.

    Attributes:
        ties: Share of votes that are ties or "both bad", in [0, 1].
        overlap: Votes per prompt, at least 1.
        agreement: Correlation of two votes on one prompt, in [0, 1]: 0 when the prompt says nothing
            of the next vote on it, 1 when a second vote repeats the first.
    """

    ties: float
    overlap: int = 1
    agreement: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.ties <= 1 and 0 <= self.agreement <= 1 and self.overlap >= 1):
            raise ValueError(f"votes cannot vary like this: {self}")

    def deviation(self, mean: float) -> float:
        """Standard deviation of a prompt's score, the mean of its votes; 0 to 0.5.

        One vote that wins with probability mean - ties / 2 varies by mean - ties / 4 - mean^2; the
        mean of k votes of correlation r by (1 + (k - 1) r) / k of that.
        """
        vote = self._wins(mean) + self.ties / 4 - mean**2
        together = (1 + (self.overlap - 1) * self.agreement) / self.overlap
        return math.sqrt(max(0.0, vote * together))

    def draw(self, mean: float, shape: tuple[int, ...], random: np.random.Generator) -> Floats:
        """Scores of prompts: on a share `agreement` of them every vote repeats the first."""
        chances = [1 - self._wins(mean) - self.ties, self.ties, self._wins(mean)]
        votes = random.choice([0.0, 0.5, 1.0], (*shape, self.overlap), p=chances)
        scores: Floats = votes.mean(axis=-1)
        if self.overlap > 1:
            alike = random.random(shape) < self.agreement
            scores = np.where(alike, votes[..., 0], scores)
        return scores

    def _wins(self, mean: float) -> float:
        """Share of votes won outright."""
        wins = mean - self.ties / 2
        if not 0 <= wins <= 1 - self.ties:
            raise ValueError(f"a win rate of {mean} cannot have {self.ties} ties")
        return wins


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How long a sequential plan goes on, over simulated courses.

    A course ends when the interval lies on one side of the limit, or with the last planned prompt.

    Attributes:
        mean: Mean number of prompts.
        half: Number within which half of the courses end.
        nine_tenths: Number within which nine in ten end.
        shown: Share of courses that show the limit to be kept.
        excluded: Share of courses that show it to be missed.
    """

    mean: float
    half: int
    nine_tenths: int
    shown: float
    excluded: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a wanted effect asks for.

    Attributes:
        fixed: Prompts of the fixed design that shows the effect with the wanted power.
        planned: Prompts that a sequential plan may use: `CAP` times as many.
        course: What becomes of it when the effect is there.
    """

    fixed: int
    planned: int
    course: Course


@dataclass(frozen=True, slots=True, kw_only=True)
class StillNeeded:
    """How many more prompts are likely needed until the interval says yes or no.

    Attributes:
        left: Prompts left in the plan.
        mean: Mean number of more prompts; a course that stays open takes all that are left.
        half: More prompts within which half of the likely courses end; None when more than half
            of them are open when the plan ends: it is not likely to be decided within it.
        soonest: Number within which one in ten ends; None when fewer do.
        latest: Number within which nine in ten end; None when fewer do.
        shown: Probability that the limit is shown to be kept within the plan.
        excluded: Probability that it is shown to be missed; else all prompts leave it open.
    """

    left: int
    mean: float
    half: int | None
    soonest: int | None
    latest: int | None
    shown: float
    excluded: float


def size_of(
    effect: float, *, limit: float, voting: Voting, level: float, power: float
) -> Size | None:
    """Prompts for a wanted effect, by the fixed rule and by the sequential one.

    Args:
        effect: How far the true win rate lies above the limit, above 0.
        limit: The win rate demanded at least, in (0, 1).
        voting: How votes vary.
        level: Two-sided level of the interval, each end of which is tested alone.
        power: Probability with which the fixed design shows the effect.

    Returns:
        The sizes, the same in every process; None where ten million prompts do not suffice.

    Raises:
        ValueError: The effect does not fit the limit, or no vote would vary.
    """
    deviation = voting.deviation(limit + effect)
    fixed = n_for_margin(effect, spread=Deviation(deviation=deviation), level=level, power=power)
    if fixed is None:
        return None
    planned = math.ceil(CAP * fixed)
    course = course_of(limit + effect, limit=limit, planned=planned, voting=voting, level=level)
    return Size(fixed=fixed, planned=planned, course=course)


def course_of(
    mean: float, *, limit: float, planned: int, voting: Voting, level: float, seed: int = 0
) -> Course:
    """How long a sequential plan goes on when the true win rate is known.

    Args:
        mean: The true win rate, in [0, 1].
        limit: The win rate demanded at least, in (0, 1).
        planned: The most prompts, at least 1.
        voting: How votes vary.
        level: Two-sided confidence level of the sequence.
        seed: Decides the courses drawn.
    """
    random, rows = np.random.default_rng(seed), max(1, _AT_ONCE // planned)
    parts = []
    for done in range(0, COURSES, rows):
        values = voting.draw(mean, (min(rows, COURSES - done), planned), random)
        parts.append(_ends(values, values, limit, level=level, planned=planned))
    shown, excluded = (np.concatenate(ends) for ends in zip(*parts, strict=True))
    length = np.minimum(np.minimum(shown, excluded), planned)
    return Course(
        mean=float(length.mean()),
        half=int(_within(length, 0.5)),
        nine_tenths=int(_within(length, 0.9)),
        shown=float((shown < excluded).mean()),
        excluded=float((excluded < shown).mean()),
    )


def still_needed(
    lows: Sequence[float],
    highs: Sequence[float],
    *,
    limit: float,
    planned: int,
    level: float,
    seed: int = 0,
) -> StillNeeded | Unmeasured:
    """How many more prompts are likely needed, from those seen so far.

    The seen scores are continued by scores drawn from among them. Each course draws its own weights
    of the seen prompts first (Rubin's Bayesian bootstrap, with `PRIOR` as many prompts won and
    lost), so that a few prompts do not pass for the truth. What is unresolved stays so, and as much
    of what is to come will be. The sequence alone is continued: annotators who differ make an
    interval wider, and a course longer.

    Args:
        lows: A score per prompt, 0 to 1, with all that is unresolved lost, in the order in which
            they count, shape (n,).
        highs: The same with all of it won; at least `lows`.
        limit: The mean demanded at least, in (0, 1).
        planned: The most prompts, as the sequence knows it.
        level: Two-sided confidence level of the sequence.
        seed: Decides the courses drawn.

    Returns:
        The numbers, 0 where the interval decides already; or `Unmeasured` without scores or when
        one is no number.

    Raises:
        ValueError: A score outside [0, 1].
    """
    low, high = (np.asarray(ends, dtype=np.float64) for ends in (lows, highs))
    refused = refuse_values(low[:, None], SHARES) or refuse_values(high[:, None], SHARES)
    if refused is not None:
        return refused
    seen, left = len(low), planned - len(low)
    if left < 0:
        return Unmeasured(f"{seen} prompts are more than {planned}", Cause.BROKEN)
    likely = _continuations(seen, left, np.random.default_rng(seed))
    shown, excluded = _ends(
        _after(low, likely), _after(high, likely), limit, level=level, planned=planned, seen=seen
    )
    more = np.minimum(shown, excluded) - seen
    half, soonest, latest = (_whole(_within(more, share)) for share in (0.5, 0.1, 0.9))
    return StillNeeded(
        left=left,
        mean=float(np.minimum(more, left).mean()),
        half=half,
        soonest=soonest,
        latest=latest,
        shown=float((shown < excluded).mean()),
        excluded=float((excluded < shown).mean()),
    )


def _ends(
    lows: Floats, highs: Floats, limit: float, *, level: float, planned: int, seen: int = 1
) -> tuple[Floats, Floats]:
    """After how many prompts the limit is shown to be kept, and to be missed."""
    shown = first_shown(lows, limit, level=level, planned=planned, seen=seen)
    missed = first_shown(1 - highs, 1 - limit, level=level, planned=planned, seen=seen)
    return shown, missed


def _continuations(seen: int, left: int, random: np.random.Generator) -> Places:
    """Which prompt each one to come is like: one seen, a lost or a won one; (PATHS, left)."""
    weights = np.concatenate([np.ones(seen), [PRIOR, PRIOR]])
    drawn = (random.choice(seen + 2, left, p=random.dirichlet(weights)) for _ in range(PATHS))
    return np.stack(list(drawn))


def _after(column: Floats, likely: Places) -> Floats:
    """The scores seen, then those drawn; shape (PATHS, n + left)."""
    among = np.concatenate([column, [0.0, 1.0]])
    return np.concatenate([np.tile(column, (len(likely), 1)), among[likely]], axis=1)


def _within(numbers: Floats, share: float) -> float:
    """The least number that at least this share does not exceed."""
    return float(np.sort(numbers)[math.ceil(share * len(numbers)) - 1])


def _whole(number: float) -> int | None:
    return int(number) if math.isfinite(number) else None
