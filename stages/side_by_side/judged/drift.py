"""Whether a judge is still who it was: asked anew about pairs whose better answer is known."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.side_by_side.judged.hearing import Judgement
from stages.stats.paired import paired_difference
from stages.stats.shares import SHARE

NUMBER = "number"
"""Its unit: a difference of shares may lie below 0, where no share does."""


def drift(
    pinned: Sequence[Judgement], now: Sequence[Judgement], *, level: float
) -> Estimate | Unmeasured:
    """How much worse a judge is on the calibration set than when it was pinned.

    Accuracy when pinned minus accuracy now, paired by pair: above 0 is worse, and so is anything
    that is far from 0 either way a sign of another model. A pair counts with the mean over both
    orders and all repetitions: 1 where the verdict has the known winner, else 0, unresolved ones
    included, since a judge that has begun to refuse has changed too.

    Args:
        pinned: The judgements at the first use, on pairs whose `gold` is known.
        now: Those of this round, on the same pairs.
        level: Two-sided confidence level in (0, 1).

    Returns:
        The difference as a number, -1 to 1, with n the number of pairs; `Unmeasured` without
        judgements.
    """
    was, is_now = accuracies(pinned), accuracies(now)
    if not was or was.keys() != is_now.keys():
        return Unmeasured("the calibration set was not judged as a whole", Cause.WAITING)
    names = tuple(was)
    found = paired_difference(
        [was[name] for name in names],
        [is_now[name] for name in names],
        names,
        level=level,
        unit=SHARE,
        higher_is_better=False,
    )
    drifted = found.difference
    return drifted if isinstance(drifted, Unmeasured) else replace(drifted, unit=NUMBER)


def accuracies(said: Sequence[Judgement]) -> dict[str, float]:
    """Share of right verdicts on each pair, by the pair's id, in order of appearance."""
    right: dict[str, list[float]] = {}
    for each in said:
        assert each.pair.gold is not None
        known = each.pair.gold.worth.win
        right.setdefault(each.pair.id, []).append(float(each.said.worth.win == known))
    return {name: fmean(values) for name, values in right.items()}
