"""The ordered verdict of a look at an A/B: invalid, stop, ship, inconclusive, continue; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gates.decide.limits import limit_of
from gates.decide.primaries import demands_on
from gates.decide.sentences import Case, failing
from gates.decide.verdict import Finding, OnlineVerdict, Verdict
from policies.criteria import Better, Criterion, Severity
from policies.metric import Metric, Unit
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Evidence, Look, Quantity, Validity

REQUIRED_CHECKS = (
    "data_contract",
    "freshness",
    "sample_ratio",
    "crossover",
    "metrics",
    "burn_in",
    "plan_registered",
    "registered_before_exposure",
)
"""Checks that a look must carry: one that was never made is not a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookDecision:
    """What a look says, and why.

    Attributes:
        verdict: The first of the ordered verdicts that applies.
        reason: One sentence.
    """

    verdict: OnlineVerdict
    reason: str


def decide_look(
    evidence: Evidence,
    criteria: tuple[Criterion, ...],
    findings: tuple[Finding, ...],
    *,
    metrics: Mapping[str, Metric],
) -> LookDecision:
    """The verdict of the current look, in this order: the first that applies holds.

    1. INVALID: a validity check failed or was not made, or there is no evidence of any look.
    2. STOP: an always-valid harm sequence excludes what a blocking criterion accepts.
    3. SHIP: the minimum run time has passed, and at this look the primary and every blocking
       criterion pass. Of several primaries all, or one, as the plan says: then what another one
       must show to win may still be open, but it may be neither missing nor refuted.
    4. INCONCLUSIVE: it was the last look; the baseline stays.
    5. CONTINUE otherwise, with the conditional power for information only.

    Args:
        evidence: Evidence of the online stage.
        criteria: The criteria on its metrics.
        findings: The criteria held against it, at this look.
        metrics: The plan's metrics, by their full names.
    """
    look = evidence.look
    if (invalid := _invalid(evidence)) is not None:
        return LookDecision(verdict=OnlineVerdict.INVALID, reason=invalid)
    if look is None or look.number == 0:
        return LookDecision(verdict=OnlineVerdict.CONTINUE, reason="no planned look has come yet")
    if (harm := _harm(evidence, criteria, metrics)) is not None:
        return LookDecision(verdict=OnlineVerdict.STOP, reason=harm)
    missing = _not_shippable(evidence, look, criteria, findings)
    if missing is None:
        won = _won(look, criteria, findings)
        said = f"{_shipped(look, won)}{_corrected(look, metrics)}"
        return LookDecision(verdict=OnlineVerdict.SHIP, reason=said)
    if look.final:
        corrected = _corrected(look, metrics)
        said = f"{_where(look)} was the last, and {missing}; the baseline stays{corrected}"
        return LookDecision(verdict=OnlineVerdict.INCONCLUSIVE, reason=said)
    said = f"{_where(look)}: {missing}{_power(look, criteria)}"
    return LookDecision(verdict=OnlineVerdict.CONTINUE, reason=said)


def analysable(evidence: Evidence) -> bool:
    """Whether no validity check failed or is missing."""
    return _invalid(evidence) is None


def still_open(
    evidence: Evidence, criteria: Sequence[Criterion], findings: Sequence[Finding]
) -> tuple[Finding, ...]:
    """The findings that keep an A/B from SHIP: what blocks and does not pass.

    Where one primary of several must win, the others' demands may hold.
    """
    look = evidence.look
    primaries = look.all_primaries if look is not None and look.any_primary else ()
    wins = {c for primary in primaries for c in demands_on(primary, criteria)}
    return tuple(
        finding
        for criterion, finding in zip(criteria, findings, strict=True)
        if finding.severity is Severity.BLOCKING
        and finding.verdict is not Verdict.PASS
        and not (criterion in wins and finding.verdict is Verdict.HOLD)
    )


def _invalid(evidence: Evidence) -> str | None:
    """Why the data may not be analysed; None when they may."""
    failed = [check for check in evidence.checks if check.passed is False]
    if failed:
        return "; ".join(f"{check.name}: {check.sentence}" for check in failed)
    look = evidence.look
    if look is None or look.number == 0:
        return None if evidence.waits else _nothing(evidence)
    made = {check.name for check in evidence.checks}
    absent = [name for name in REQUIRED_CHECKS if name not in made]
    return f"checks that were not made: {', '.join(absent)}" if absent else None


def _nothing(evidence: Evidence) -> str:
    """Why there is no look: what was not measured says it."""
    found = (m.measured for m in evidence.measurements)
    why = dict.fromkeys(m.reason for m in found if isinstance(m, Unmeasured))
    return f"there is no look: {'; '.join(why) or 'nothing is awaited'}"


def _harm(
    evidence: Evidence, criteria: Iterable[Criterion], metrics: Mapping[str, Metric]
) -> str | None:
    """The first blocking criterion whose acceptable values an always-valid sequence excludes.

    A limit on the value itself has no harm sequence: it is judged at looks only.
    """
    for criterion in criteria:
        metric = metrics[criterion.metric]
        limit = limit_of(criterion, metric)
        if criterion.severity is not Severity.BLOCKING or limit.quantity is Quantity.VALUE:
            continue
        for measurement in evidence.of(criterion.metric, limit.quantity):
            found = measurement.measured
            anytime = measurement.validity is Validity.ANYTIME
            if anytime and isinstance(found, Estimate) and limit.outside(found):
                case = Case(criterion=criterion, metric=metric, limit=limit, estimate=found)
                return f"users are harmed, by an always-valid bound: {failing(case)}"
    return None


def _not_shippable(
    evidence: Evidence, look: Look, criteria: tuple[Criterion, ...], findings: tuple[Finding, ...]
) -> str | None:
    """What is missing for SHIP; None when nothing is."""
    if not look.minimum_days_reached:
        return "the minimum run time has not passed"
    if [c.metric for c in criteria] != [f.metric for f in findings]:
        return "not every criterion was held against this look"
    won = _won(look, criteria, findings)
    lost = [primary for primary in look.all_primaries if primary not in won]
    if look.any_primary and not won:
        return f"no primary passes ({', '.join(lost)})"
    if lost and not look.any_primary:
        return f"the primary {lost[0]} does not pass"
    open_ = [f.metric for f in still_open(evidence, criteria, findings)]
    return f"{', '.join(dict.fromkeys(open_))} does not pass" if open_ else None


def _won(look: Look, criteria: Sequence[Criterion], findings: Sequence[Finding]) -> tuple[str, ...]:
    """The primaries that show all that is demanded of them."""
    passed = {
        criterion
        for criterion, finding in zip(criteria, findings, strict=True)
        if finding.verdict is Verdict.PASS
    }
    demands = {primary: demands_on(primary, criteria) for primary in look.all_primaries}
    return tuple(p for p, demanded in demands.items() if demanded and passed.issuperset(demanded))


def _shipped(look: Look, won: Sequence[str]) -> str:
    passes = "passes its bound" if len(won) == 1 else "pass their bounds"
    return f"{_where(look)}: {' and '.join(won)} {passes}, and so does every guardrail"


def _corrected(look: Look, metrics: Mapping[str, Metric]) -> str:
    """The effect of an A/B that ended, without the luck of having ended there."""
    found = look.stopped_here
    if found is None or found.low is None or found.high is None:
        return ""
    shares = metrics[look.primary].unit is Unit.SHARE
    low, value, high = (
        f"{100 * x:.2f}" if shares else f"{x:.4g}" for x in (found.low, found.value, found.high)
    )
    unit = " points" if shares else ""
    return f"; corrected for having ended here its effect is {value} ({low} to {high}){unit}"


def _where(look: Look) -> str:
    """The look, in words."""
    return (
        f"look {look.number} of {look.planned} (day {look.run_days:g}, {look.units:,} units, "
        f"{look.information:.0%} of the planned information)"
    )


def _power(look: Look, criteria: Sequence[Criterion]) -> str:
    """It counts crossings of zero's bound: of a primary that must be better, not of a margin."""
    demands = demands_on(look.primary, criteria)
    better = any(isinstance(criterion.demand, Better) for criterion in demands)
    if look.conditional_power is None or not better:
        return ""
    primary = look.primary if len(look.all_primaries) > 1 else "it"
    return (
        f"; at this trend {primary} crosses by the last look with probability "
        f"{look.conditional_power:.0%}"
    )
