"""Which of several candidates are better than others, on the prompts that both have answered."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import combinations

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.holm import holm
from stages.stats.levels import tail_of
from stages.stats.paired import paired_difference
from stages.stats.shares import SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Two candidates on their common prompts.

    Attributes:
        first: One candidate.
        second: The other.
        difference: Mean of the first minus mean of the second, with an interval of its own level.
        together: The same with an interval that is simultaneous: all pairs' hold at once.
        p_value: Two-sided p-value of equal means; None when the difference is unmeasured.
        p_holm: The same after Holm over all pairs: at most alpha when the two differ.
    """

    first: str
    second: str
    difference: Estimate | Unmeasured
    together: Estimate | Unmeasured
    p_value: float | None
    p_holm: float | None


def between_candidates(
    scores: Mapping[str, Mapping[Hashable, float]], *, level: float
) -> tuple[Between, ...]:
    """Every two candidates compared on their common prompts, in their order.

    Scores on one prompt depend on how hard it is for all, so differences by prompt need fewer
    prompts than two intervals that are held side by side. A pair that is unmeasured counts among
    the pairs: silence makes the others no surer.

    Args:
        scores: For each candidate what it won on each prompt, 0 to 1, both orders and all
            annotators averaged.
        level: Two-sided confidence level in (0, 1).

    Returns:
        A comparison of every pair: `Unmeasured` without common prompts, with one, or with NaN.

    Raises:
        ValueError: When a score lies outside [0, 1] or the level is impossible.

    References:
        Miller (2024), section 4.1, on pairs; Holm (1979); Bonferroni's simultaneous intervals.
    """
    alone = 2 * tail_of(level)
    pairs = list(combinations(scores, 2))
    found = [_compared(scores[a], scores[b], level=level) for a, b in pairs]
    shared = [
        _compared(scores[a], scores[b], level=1 - alone / len(pairs)).difference for a, b in pairs
    ]
    adjusted = holm([1.0 if each.p_value is None else each.p_value for each in found])
    return tuple(
        Between(
            first=first,
            second=second,
            difference=each.difference,
            together=together,
            p_value=each.p_value,
            p_holm=None if each.p_value is None else p_holm,
        )
        for (first, second), each, together, p_holm in zip(
            pairs, found, shared, adjusted, strict=True
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    difference: Estimate | Unmeasured
    p_value: float | None


def _compared(
    first: Mapping[Hashable, float], second: Mapping[Hashable, float], *, level: float
) -> _Compared:
    common = [prompt for prompt in first if prompt in second]
    if not common:
        return _Compared(
            difference=Unmeasured("there is no prompt that both have answered", Cause.WAITING),
            p_value=None,
        )
    mine, theirs = ([scores[prompt] for prompt in common] for scores in (first, second))
    result, turned = (
        paired_difference(a, b, common, level=level, unit=SHARE, higher_is_better=True)
        for a, b in ((mine, theirs), (theirs, mine))
    )
    if result.p_worse is None or turned.p_worse is None:
        return _Compared(difference=result.difference, p_value=None)
    return _Compared(
        difference=result.difference, p_value=min(1.0, 2 * min(result.p_worse, turned.p_worse))
    )
