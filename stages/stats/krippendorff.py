"""Krippendorff's alpha: how far annotators agree beyond what chance would give."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.clusters import Floats
from stages.stats.levels import tail_of

RESAMPLES, _AT_ONCE = 2_000, 50
"""Bootstrap resamples of units; how many are held in memory at a time."""

LABELS_AT_MOST = 100
"""Different labels that are told apart: the table of their coincidences has the square of it."""

AGREED, OPPOSED = 1.0, -1.0
"""What alpha may be at most, and what a resample counts at the lower end that has none."""


class Distance(StrEnum):
    """How far two labels lie apart."""

    NOMINAL = "nominal"
    """They differ or not."""
    ORDINAL = "ordinal"
    """By how many ratings lie between them, as they are ordered."""
    INTERVAL = "interval"
    """By the square of their difference."""


def krippendorff_alpha(
    labels: Sequence[str] | Sequence[float],
    units: Sequence[Hashable],
    *,
    distance: Distance,
    level: float,
    random: np.random.Generator,
) -> Estimate | Unmeasured:
    """Agreement of labels inside units, with a percentile bootstrap over units.

    Alpha is 1 - D_o / D_e: 1 where all labels of every unit agree, 0 where they agree as labels
    drawn at random from all of them would, below 0 where they agree less. A unit with one label
    pairs with nothing and does not count, neither in the agreement nor in the shares of the
    labels. A resample in which only one label is left has no alpha: it counts -1 at the lower end
    and 1 at the upper one.

    Args:
        labels: One per rating, shape (n,); finite numbers, except for nominal distance.
        units: What each is said of, such as a pair of answers, length n.
        distance: How far two labels lie apart.
        level: Two-sided confidence level in (0, 1).
        random: Source of randomness for the resamples.

    Returns:
        Alpha, at most 1, n being the number of units with two labels or more; or `Unmeasured` with
        fewer than two of them, with NaN or infinite labels, or when all their labels are the same.

    Raises:
        ValueError: When lengths differ, the level is impossible, or there are more than 100 labels.

    References:
        Krippendorff (2011), "Computing Krippendorff's alpha-reliability", sections C to E.
    """
    tail = tail_of(level)
    if len(labels) != len(units):
        raise ValueError(f"{len(labels)} labels have {len(units)} units")
    if distance is not Distance.NOMINAL and not np.isfinite(np.asarray(labels, float)).all():
        return Unmeasured("a label is NaN or infinite", Cause.BROKEN)
    found = _coincidences(labels, units)
    if len(found.units) < 2:  # noqa: PLR2004 - a spread over units needs two
        return Unmeasured(f"{len(found.units)} units have two labels or more", Cause.UNDERPOWERED)
    value = float(_alpha(found.units.sum(axis=0)[None], found.names, distance)[0])
    if np.isnan(value):
        return Unmeasured("all labels are the same: chance would agree as well", Cause.UNDERPOWERED)
    drawn = _resampled(found, distance, random)
    return Estimate(
        value=value,
        standard_error=float(np.nanstd(drawn, ddof=1)),
        low=float(np.quantile(np.nan_to_num(drawn, nan=OPPOSED), tail)),
        high=float(np.quantile(np.nan_to_num(drawn, nan=AGREED), 1 - tail)),
        level=level,
        n=len(found.units),
        unit="alpha",
        method=f"Krippendorff's alpha ({distance}), bootstrap over units",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coincidences:
    """How often labels meet inside units.

    Attributes:
        names: The different labels, in order, or their numbers where they are words, shape (K,).
        units: For each unit the coincidences, which sum to its number of labels, shape (U, K, K).
    """

    names: Floats
    units: Floats


def _coincidences(
    labels: Sequence[str] | Sequence[float], units: Sequence[Hashable]
) -> _Coincidences:
    words, columns = np.unique(np.asarray(labels), return_inverse=True)
    numeric = np.issubdtype(words.dtype, np.number)
    names = words.astype(np.float64) if numeric else np.arange(len(words), dtype=np.float64)
    if len(names) > LABELS_AT_MOST:
        raise ValueError(f"{len(names)} different labels, {LABELS_AT_MOST} at most")
    numbers: dict[Hashable, int] = {}
    rows = np.array([numbers.setdefault(unit, len(numbers)) for unit in units], dtype=np.intp)
    counts = np.zeros((len(numbers), len(names)))
    np.add.at(counts, (rows, columns), 1)
    counts = counts[counts.sum(axis=1) > 1]
    ordered = counts[:, :, None] * counts[:, None, :]
    ordered -= counts[:, :, None] * np.eye(len(names))
    return _Coincidences(names=names, units=ordered / (counts.sum(axis=1) - 1)[:, None, None])


def _resampled(found: _Coincidences, distance: Distance, random: np.random.Generator) -> Floats:
    units, labels = found.units.shape[:2]
    flat = found.units.reshape(units, -1)
    drawn = []
    for _ in range(RESAMPLES // _AT_ONCE):
        weights = random.multinomial(units, np.full(units, 1 / units), size=_AT_ONCE)
        drawn.append(_alpha((weights @ flat).reshape(-1, labels, labels), found.names, distance))
    return np.concatenate(drawn)


def _alpha(tables: Floats, names: Floats, distance: Distance) -> Floats:
    """Alpha of each table of coincidences, shape (B, K, K); NaN where one label is left."""
    shares = tables.sum(axis=2)
    apart = _apart(shares, names, distance)
    together = shares[:, :, None] * shares[:, None, :]
    observed = (tables * apart).sum(axis=(1, 2))
    expected = (together * apart).sum(axis=(1, 2)) / (shares.sum(axis=1) - 1)
    none = np.full(len(tables), np.nan)
    found: Floats = 1 - np.divide(observed, expected, out=none, where=expected > 0)
    return found


def _apart(shares: Floats, names: Floats, distance: Distance) -> Floats:
    """Squared distance of every two labels, shape (1 or B, K, K)."""
    match distance:
        case Distance.NOMINAL:
            apart: Floats = 1 - np.eye(len(names))[None]
        case Distance.INTERVAL:
            apart = np.square(names[:, None] - names[None, :])[None]
        case Distance.ORDINAL:
            middle = shares.cumsum(axis=1) - shares / 2
            apart = np.square(middle[:, :, None] - middle[:, None, :])
        case _:
            assert_never(distance)
    return apart
