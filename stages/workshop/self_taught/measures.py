"""What the loop measures of a judge beyond stage 1's own measurements.

How two judges differ in agreement with people where each decides: stage 1 does not compare that,
since they decide different pairs.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import Measurement, Quantity
from stages.offline.estimating import NUMBER
from stages.offline.instrument import Column, ItemScore, Scores
from stages.stats.clusters import Floats
from stages.stats.means import clustered_mean
from stages.stats.shares import SHARE

DECIDED = "agreement_decided"
"""The metric of stage 1 that is about other pairs for every judge."""


def decided_difference(name: str, scores: Scores, before: Scores, *, level: float) -> Measurement:
    """How two judges differ in agreement with people where each prefers an answer.

    Each share is a quotient of two sums over pairs, of which the judge decides some. Their
    difference has the variance of its linear part (Taylor), clustered by what was asked, so that
    pairs which both decide count as paired.

    Args:
        name: Of the test.
        scores: Of the judge.
        before: Of the one before, on the same pairs.
        level: Of the interval.

    References:
        Cochran (1977), Sampling Techniques, section 6.19.
    """
    clusters = [item.cluster for item in scores.items]
    columns = scores.column(DECIDED), before.column(DECIDED)
    return Measurement(
        metric=f"{name}.{DECIDED}",
        quantity=Quantity.DIFFERENCE,
        measured=_difference(columns, clusters, level=level),
        planned=len(set(clusters)),
    )


def _difference(
    columns: Sequence[Column | Unmeasured], clusters: Sequence[str], *, level: float
) -> Estimate | Unmeasured:
    both: list[list[tuple[float, float]]] = []
    for column in columns:
        if isinstance(column, Unmeasured):
            return column
        if not any(column):
            return Unmeasured("one of the judges decides no pair", Cause.UNDERPOWERED)
        both.append([_decided(score) for score in column])
    shares, moves = zip(*map(_linear, both), strict=True)
    difference = shares[0] - shares[1]
    values = difference + len(clusters) * (moves[0] - moves[1])
    found = clustered_mean(values.tolist(), clusters, level=level, unit=NUMBER)
    if isinstance(found, Unmeasured) or found.low is None or found.high is None:
        return found
    return replace(
        found,
        low=max(-1.0, found.low),
        high=min(1.0, found.high),
        unit=SHARE,
        method=f"{found.method}, of the linear part of two quotients",
    )


def _decided(score: ItemScore | None) -> tuple[float, float]:
    """Agreement, and whether the judge decides."""
    return (0.0, 0.0) if score is None else (score.value, 1.0)


def _linear(column: Sequence[tuple[float, float]]) -> tuple[float, Floats]:
    """A quotient of two sums, and how far each row moves it."""
    rows = np.array(column)
    agreed, decided = rows.sum(axis=0)
    share = float(agreed / decided)
    return share, (rows[:, 0] - share * rows[:, 1]) / decided
