"""What a finding says aloud: measured, allowed, and what follows."""

from dataclasses import dataclass
from decimal import Decimal

from gates.decide.limits import Limit, demand_words, worse_word
from gates.decide.spoken import (
    as_said,
    aside_of,
    count_of,
    count_words,
    exact,
    in_words,
    level_words,
    metric_words,
    noun_of,
    p_words,
    rough_count,
    unit_words,
    units_of,
)
from policies.criteria import AtMost, Better, Criterion, Severity
from policies.metric import Metric, Unit
from stages.evidence.estimate import Estimate
from stages.evidence.records import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A criterion with the estimate it is held against.

    Attributes:
        criterion: What is demanded.
        metric: Of which metric.
        limit: The demand as a limit.
        estimate: What was measured.
    """

    criterion: Criterion
    metric: Metric
    limit: Limit
    estimate: Estimate

    @property
    def compares(self) -> bool:
        """Whether it is a comparison with the baseline."""
        return self.limit.quantity is not Quantity.VALUE


def passing(case: Case) -> str:
    """Why the whole interval is inside."""
    end = case.limit.good_end(case.estimate)
    assert end is not None
    most = "most" if case.limit.below else "least"
    return _sentence(case, f"is at {most}", end, verdict="pass")


def failing(case: Case) -> str:
    """Why the whole interval is outside."""
    end = case.limit.bad_end(case.estimate)
    assert end is not None
    most = "least" if case.limit.below else "most"
    return _sentence(case, f"is at {most}", end, verdict="fail")


def regressing(case: Case, p: float) -> str:
    """Why a regression counts as proven."""
    place, allowed = _said(case, (case.estimate.value,))
    proof = f"a proven regression (Holm-adjusted p {p_words(p)}"
    units = units_of(case.metric, case.estimate)
    return f"{_subject(case)} is {place}, {proof}, {units}); the policy {allowed}: fail"


def undecided(case: Case) -> str:
    """Why the interval says neither yes nor no."""
    end = case.limit.good_end(case.estimate)
    assert end is not None
    most = "high" if case.limit.below else "low"
    measured, reach, allowed = _said(case, (case.estimate.value, end))
    may = f"may be as much as {reach}" if case.compares else f"may be as {most} as {reach}"
    return (
        f"{_subject(case)} was measured at {measured} and {may} "
        f"({_bound(case, end)}); the policy {allowed}: cannot tell"
    )


def waiting(case: Case, *, need: int) -> str:
    """Why a fixed-n interval does not decide yet."""
    units, aside = count_of(case.metric, case.estimate), aside_of(case.estimate)
    return (
        f"{_subject(case)} rests on {units} of {need:,} planned{aside}; its interval decides only "
        f"when all are there ({need - case.estimate.n:,} missing): cannot tell yet"
    )


def between_looks(case: Case) -> str:
    """Why a sequence watched for harm gives no yes."""
    return (
        f"{_subject(case)} shows no harm so far ({units_of(case.metric, case.estimate)}), "
        "but only a planned look can pass it: cannot tell yet"
    )


def unmeasured(criterion: Criterion, metric: Metric, reason: str) -> str:
    """Why there is nothing to hold against the limit."""
    return (
        f"{metric_words(metric.name)} is not measured: {reason}; "
        f"the policy demands {demand_words(criterion, metric)}: cannot pass"
    )


def final(case: Case, *, more: float | None) -> str:
    """That no further measurement of this plan settles it, and what would."""
    end = case.limit.good_end(case.estimate)
    assert end is not None
    miss = abs(_place(case, end) - _place_of_limit(case))
    (missed,) = in_words((miss,), _miss_unit(case), whole=Decimal(0))
    said = f"This is final: {_no_more(case)}. The bound misses the limit by {missed}"
    if more is None:
        return f"{said}; how much more data would settle it cannot be guessed."
    noun = noun_of(case.metric, case.estimate)
    guess = f"a rough guess is that a new plan with {rough_count(more):,} more {noun}"
    return f"{said}; {guess} would settle it."


def _no_more(case: Case) -> str:
    """An advisory criterion keeps no task going that might have settled it."""
    if case.criterion.severity is Severity.ADVISORY:
        return "no more of this plan is measured for an advisory criterion"
    return "no further measurement of this plan can settle it"


def futile(case: Case, *, left: int, best: float) -> str:
    """That not even the best votes left can make it pass."""
    said, allowed = _said(case, (best,))
    noun = count_words(left, noun_of(case.metric, case.estimate))
    good = "had none of it" if case.limit.below else "were won"
    return (
        f"This is final: even if the {noun} left {good}, it would be measured at {said}, and the "
        f"policy {allowed}."
    )


def _sentence(case: Case, verb: str, end: float, *, verdict: str) -> str:
    reach, allowed = _said(case, (end,))
    if case.compares:
        worse = (_place(case, end) > 0) is case.limit.below or _place(case, end) == 0
        verb = "is at most" if worse is (verdict == "pass") else "is at least"
    return f"{_subject(case)} {verb} {reach} ({_bound(case, end)}); the policy {allowed}: {verdict}"


def _subject(case: Case) -> str:
    return metric_words(case.metric.name)


def _bound(case: Case, end: float) -> str:
    side = "upper" if end == case.estimate.high else "lower"
    level = level_words(case.estimate.one_sided_level)
    return f"{level} {side} bound, {units_of(case.metric, case.estimate)}"


def _said(case: Case, points: tuple[float, ...]) -> tuple[str, ...]:
    """Every point in words, then what the policy allows, all with the same decimals."""
    unit = unit_words(case.limit.quantity, case.metric.unit)
    places = [_place(case, point) for point in points]
    limit = _place_of_limit(case)
    if not case.compares:
        *said, allowed = in_words((*places, limit), unit, whole=limit)
        word = "allows" if isinstance(case.criterion.demand, AtMost) else "demands"
        return (*said, f"{word} {allowed}")
    return _compared(case, places, limit)


def _compared(case: Case, places: list[Decimal], limit: Decimal) -> tuple[str, ...]:
    unit = unit_words(case.limit.quantity, case.metric.unit)
    sizes = [abs(place) for place in places]
    *said, margin = in_words((*sizes, abs(limit)), unit, whole=abs(limit))
    sides = [_side(case, place) for place in places]
    words = [f"{text} {side} the baseline" for text, side in zip(said, sides, strict=True)]
    if isinstance(case.criterion.demand, Better):
        return (*words, "demands better than the baseline")
    return (*words, f"allows {margin} {worse_word(case.metric)} it")


def _side(case: Case, place: Decimal) -> str:
    if place == 0:
        return worse_word(case.metric)
    return "above" if place > 0 else "below"


def _place(case: Case, point: float) -> Decimal:
    return as_said(exact(point), case.limit.quantity, case.metric.unit)


def _place_of_limit(case: Case) -> Decimal:
    return as_said(case.limit.at, case.limit.quantity, case.metric.unit)


def _miss_unit(case: Case) -> str:
    if case.limit.quantity is Quantity.RATIO:
        return "% of the baseline"
    return "points" if case.metric.unit is Unit.SHARE else ""
