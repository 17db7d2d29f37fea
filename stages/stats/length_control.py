"""AlpacaEval's length-controlled win rate: what it would be were both answers equally long."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.clusters import Floats
from stages.stats.levels import t_quantile, tail_of
from stages.stats.logistic import logistic
from stages.stats.shares import SHARE

ROUNDING = 1e-9
"""Instructions that move a share by less than this do not move it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthModel:
    """logit P(win) = length * tanh((base - own) / sd) + difficulty * d + intercept.

    Attributes:
        length: Weight of how much longer the baseline's answer is.
        difficulty: Weight of the instruction's difficulty d for the baseline; 0 where it is not
            known.
        intercept: What the checkpoint is worth against the baseline.
    """

    length: float
    difficulty: float
    intercept: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthControlled:
    """A win rate with the model it was made by.

    Attributes:
        win_rate: The share, 0 to 1.
        model: What was fitted.
    """

    win_rate: Estimate
    model: LengthModel


def length_controlled_win_rate(model: LengthModel, difficulty: Sequence[float]) -> float:
    """Win rate against the baseline with answers of one length: mean of sigma(w_b + w_d d).

    Args:
        model: Weights, such as the published ones.
        difficulty: Of each instruction, length n, at least one.

    Returns:
        A share, 0 to 1; AlpacaEval prints it times 100.

    References:
        Dubois et al. (2024), arXiv 2404.04475, section 4.
    """
    return float(expit(model.intercept + model.difficulty * np.asarray(difficulty)).mean())


def length_controlled(
    shares: Sequence[float],
    *,
    lengths: Sequence[float],
    baseline_lengths: Sequence[float],
    difficulty: Sequence[float] | None,
    level: float,
) -> LengthControlled | Unmeasured:
    """Fits the model to the verdicts on one checkpoint and predicts at equal lengths.

    The published weights are not those of greatest likelihood. AlpacaEval adds, at a tenth of the
    weight each, the verdicts on two versions of its baseline that were told to be brief and to be
    verbose, which pull the weights towards the baseline's, and takes an L1 penalty chosen by
    five-fold cross-validation. Those verdicts are no part of a checkpoint's annotations. Without
    them a penalty has nothing to add, as hundreds of verdicts determine three weights; the result
    is within 2 points of the published one for honest checkpoints, and differs most where a
    checkpoint hardly ever wins.

    Args:
        shares: What the checkpoint won on each instruction, 0 to 1 (preference - 1), length n.
        lengths: Characters of its answers, length n.
        baseline_lengths: Characters of the baseline's answers, length n.
        difficulty: Of each instruction, length n; None leaves it out of the model.
        level: Two-sided confidence level in (0, 1).

    Returns:
        The win rate and the model, n being the number of instructions. The error counts both that
        the weights are estimated and that instructions are a sample; AlpacaEval's counts neither
        but the spread of the predictions. The interval is that of the log-odds, by Student's t.
        `Unmeasured` as for `logistic`, when all answers are longer by the same, and when every
        verdict is the same.

    Raises:
        ValueError: When lengths differ or a share lies outside [0, 1].
    """
    known = () if difficulty is None else (difficulty,)
    if any(len(each) != len(shares) for each in (lengths, baseline_lengths, *known)):
        raise ValueError("every instruction has a verdict, two lengths and a difficulty")
    longer = np.asarray(baseline_lengths, dtype=np.float64) - np.asarray(lengths)
    spread = float(longer.std(ddof=1)) if len(longer) > 1 else 0.0
    if not spread:
        return Unmeasured("answers do not differ in how much longer than the baseline's they are")
    columns = np.column_stack([np.tanh(longer / spread), *known, np.ones(len(longer))])
    found = logistic(columns, shares, range(len(longer)))
    if isinstance(found, Unmeasured):
        return found
    even = columns.copy()
    even[:, 0] = 0
    predicted = expit(even @ found.weights)
    influence = _influence(predicted, even, found.moves)
    if not np.abs(influence).max() > ROUNDING:
        return Unmeasured("verdicts do not differ, which says nothing of their spread")
    return LengthControlled(
        win_rate=_estimate(predicted, influence, level=level),
        model=LengthModel(
            length=float(found.weights[0]),
            difficulty=float(found.weights[1]) if known else 0.0,
            intercept=float(found.weights[-1]),
        ),
    )


def _influence(predicted: Floats, even: Floats, moves: Floats) -> Floats:
    """How far each instruction moves the mean prediction, times n: shape (n,)."""
    slope = (predicted * (1 - predicted)) @ even
    moved: Floats = predicted - predicted.mean() + moves @ slope
    return moved


def _estimate(predicted: Floats, influence: Floats, *, level: float) -> Estimate:
    n, value = len(predicted), float(predicted.mean())
    error = math.sqrt(float((influence**2).sum()) / (n * (n - 1)))
    middle = math.log(value / (1 - value))
    half = t_quantile(tail_of(level), n - 1) * error / (value * (1 - value))
    return Estimate(
        value=value,
        standard_error=error,
        low=float(expit(middle - half)),
        high=float(expit(middle + half)),
        level=level,
        n=n,
        unit=SHARE,
        method="length-controlled win rate (logistic regression), sandwich with Student's t",
    )
