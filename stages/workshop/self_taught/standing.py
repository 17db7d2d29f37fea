"""How far every judge has come: beside the one before it, and the one that nobody taught."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from stages.evidence.estimate import Unmeasured
from stages.evidence.records import Measurement, Quantity
from stages.workshop.self_taught.loop import Course, Graduate
from stages.workshop.self_taught.recipe import HELD_OUT
from stages.workshop.self_taught.testing import Sat

DECIDES = f"{HELD_OUT}.accuracy"
"""The metric that says whether a judge learned something."""


class Came(StrEnum):
    """What became of a recipe's judges, on the pairs that were set aside."""

    FURTHER = "further"
    """The last one is shown to be better than the untaught one, and none to be worse than the one
    before it by more than the recipe allows."""
    BACK = "back"
    """One of them is shown to be worse: the last one than the untaught, or one than the one before
    by more than the recipe allows."""
    UNCLEAR = "unclear"
    """Neither is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One metric of one judge.

    Attributes:
        value: Its own value.
        over_previous: Its difference from the judge before; None for the untaught one, and for
            metrics that are not compared.
        over_untaught: Its difference from the untaught judge; None as above.
        p_previous: Two-sided exact p-value of equal accuracy with the judge before, see
            `Sat.exact_p`; None for other metrics.
        p_untaught: The same with the untaught judge.
        over_once: Of a test by majority, its difference from what the same judge says once, at
            temperature 0; None as above.
    """

    value: Measurement
    over_previous: Measurement | None = None
    over_untaught: Measurement | None = None
    p_previous: float | None = None
    p_untaught: float | None = None
    over_once: Measurement | None = None


def standings(course: Course, iteration: int) -> tuple[Standing, ...]:
    """Every metric of every test of a judge.

    Args:
        course: All judges.
        iteration: Which of them; 0 for the one that nobody taught.
    """
    judge, before = course.judges[iteration], course.judges[max(0, iteration - 1)]
    found: list[Standing] = []
    for name, sat in judge.sat.items():
        alone = [Standing(value=each) for each in _values_of(sat)]
        own = _of_test(sat, before.sat[name], course.judges[0].sat[name]) if iteration else alone
        once = _over_once(sat, judge)
        found += [replace(each, over_once=once.get(each.value.metric)) for each in own]
    return tuple(found)


def came(course: Course, *, not_worse_by: float) -> Came:
    """What became of the judges.

    Args:
        course: All judges.
        not_worse_by: The most by which accuracy may lie below that of the judge before.
    """
    steps = [_deciding(course, iteration) for iteration in range(1, len(course.judges))]
    falls = [(step.over_previous, not_worse_by) for step in steps]
    if any(_lies_below(fall, -margin) for fall, margin in falls) or _lies_below(
        steps[-1].over_untaught, 0.0
    ):
        return Came.BACK
    rose = _lies_above(steps[-1].over_untaught, 0.0)
    kept = all(_lies_above(fall, -margin) for fall, margin in falls)
    return Came.FURTHER if rose and kept else Came.UNCLEAR


def _of_test(sat: Sat, previous: Sat, untaught: Sat) -> Sequence[Standing]:
    over_previous, over_untaught = _differences(sat, previous), _differences(sat, untaught)
    found = []
    for each in _values_of(sat):
        accuracy = each.metric == f"{sat.name}.accuracy"
        found.append(
            Standing(
                value=each,
                over_previous=over_previous.get(each.metric),
                over_untaught=over_untaught.get(each.metric),
                p_previous=sat.exact_p(previous) if accuracy else None,
                p_untaught=sat.exact_p(untaught) if accuracy else None,
            )
        )
    return found


def _deciding(course: Course, iteration: int) -> Standing:
    return next(s for s in standings(course, iteration) if s.value.metric == DECIDES)


def _over_once(sat: Sat, judge: Graduate) -> Mapping[str, Measurement]:
    return {} if sat.majority_of == 1 else _differences(sat, judge.sat[sat.exam.name])


def _values_of(sat: Sat) -> Sequence[Measurement]:
    return [each for each in sat.measured(None) if each.quantity is Quantity.VALUE]


def _differences(sat: Sat, before: Sat) -> Mapping[str, Measurement]:
    return {
        each.metric: each for each in sat.measured(before) if each.quantity is Quantity.DIFFERENCE
    }


def _lies_above(found: Measurement | None, limit: float) -> bool:
    if found is None or isinstance(found.measured, Unmeasured) or found.measured.low is None:
        return False
    return found.measured.low > limit


def _lies_below(found: Measurement | None, limit: float) -> bool:
    if found is None or isinstance(found.measured, Unmeasured) or found.measured.high is None:
        return False
    return found.measured.high < limit
