"""How much more of a gap one generator's students recover than another's, on the same tests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtr

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.gap_recovered import mean_of_independent
from stages.stats.gaps import Gaps, Sat, fieller, gaps, too_little
from stages.stats.levels import tail_of

Parts = Sequence[Sequence[Sat]]
"""The tests of every part, such as of a domain; parts share neither items nor seeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapDifference:
    """Candidate against baseline, both graded on the same tests.

    Attributes:
        difference: Percent that the candidate's students recover, less that of the baseline's.
        p_worse: One-sided p-value of "the candidate is not worse"; None when there is none.
    """

    difference: Estimate | Unmeasured
    p_worse: float | None


def gap_difference(candidate: Parts, baseline: Parts, *, level: float) -> GapDifference:
    """Difference of two gaps recovered, 100 (candidate - baseline) / (reference - base).

    Base and reference are the same models in the same sitting, so that the difference of the two
    quotients is itself one, and Fieller's interval is as exact for it as for each: the error of the
    gap to the reference counts once. Items are paired over all four; seeds are independent, of
    candidate and baseline too, and hold how much draws of training data vary where each has its
    own. Where both train by the same seeds and share their luck, the
    interval is wider than it must be. Parts count alike (MOVER).

    Args:
        candidate: Every part's tests as the candidate's students sat them.
        baseline: The same of the baseline's, in the same order.
        level: Two-sided, equal-tailed level in (0, 1).

    Returns:
        The difference in percentage points of the gap; `Unmeasured` as `gap_recovered` says, and
        where the two were not held against the same sitting of the same tests.
    """
    why = _apart(candidate, baseline) or _too_little(candidate, baseline)
    if why is not None:
        return GapDifference(difference=why, p_worse=None)
    tail = tail_of(level)
    found = [
        gaps(mine, tail=tail, against=theirs)
        for mine, theirs in zip(candidate, baseline, strict=True)
    ]
    parts = [fieller(each, level=level) for each in found]
    mean = mean_of_independent(parts)
    if isinstance(mean, Unmeasured):
        return GapDifference(difference=mean, p_worse=None)
    return GapDifference(
        difference=replace(mean, method=f"paired difference, {mean.method}"),
        p_worse=_p_worse(mean, parts, found),
    )


def _apart(candidate: Parts, baseline: Parts) -> Unmeasured | None:
    """Why two gradings do not pair; None where they do."""
    shapes = [
        [[len(test.taught) for test in part] for part in side] for side in (candidate, baseline)
    ]
    if shapes[0] != shapes[1]:
        return Unmeasured("candidate and baseline were graded on different tests or cells")
    for mine, theirs in _pairs(candidate, baseline):
        if (mine.ids, mine.clusters) != (theirs.ids, theirs.clusters):
            return Unmeasured("candidate and baseline were graded on different items")
        for who, one, other in (
            ("base", mine.base, theirs.base),
            ("reference", mine.reference, theirs.reference),
        ):
            if not np.array_equal(one, other):
                return Unmeasured(
                    f"candidate and baseline are not held against the same {who}: it scores "
                    f"otherwise on {int((one != other).sum())} of {len(one)} items; grade both "
                    "with one state, where it sits the tests once"
                )
    return None


def _pairs(candidate: Parts, baseline: Parts) -> list[tuple[Sat, Sat]]:
    return [
        pair for parts in zip(candidate, baseline, strict=True) for pair in zip(*parts, strict=True)
    ]


def _too_little(candidate: Parts, baseline: Parts) -> Unmeasured | None:
    if not candidate:
        return too_little([])
    found = (too_little(part) for side in (candidate, baseline) for part in side)
    return next((why for why in found if why is not None), None)


def _p_worse(
    mean: Estimate, parts: Sequence[Estimate | Unmeasured], found: Sequence[Gaps]
) -> float:
    """Student's t with Satterthwaite's degrees of freedom over parts."""
    variances = [(p.standard_error or 0.0) ** 2 for p in parts if isinstance(p, Estimate)]
    spread = sum(v**2 / each.degrees for v, each in zip(variances, found, strict=True))
    degrees = sum(variances) ** 2 / spread
    assert mean.standard_error
    return float(stdtr(degrees, mean.value / mean.standard_error))
