"""One criterion held against one estimate."""

from dataclasses import dataclass
from typing import assert_never

from gates.decide import sentences
from gates.decide.limits import Limit, demand_words, distance, limit_of
from gates.decide.sanity import absurdity, same_checkpoint
from gates.decide.sentences import Case
from gates.decide.shared_alpha import measured_at
from gates.decide.spoken import one_line
from gates.decide.verdict import Finding, Verdict
from policies.criteria import Better, Criterion, NonInferior
from policies.metric import Metric
from stages.evidence.estimate import ASKED_ANEW, EITHER_WAY, Cause, Estimate, Unmeasured
from stages.evidence.records import Evidence, Measurement, Quantity, Validity


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A finding, and what a stage must know of it beyond.

    Attributes:
        finding: What the criterion says.
        cause: Why it cannot tell yet; None when it can.
        final: Whether measuring more under this plan cannot change it.
        have: Number of independent units it rests on; 0 when unmeasured.
        need: Number at which it could be told, planned or roughly; None when unknown.
    """

    finding: Finding
    cause: Cause | None
    final: bool
    have: int = 0
    need: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picked:
    """The measurement that may say yes, and the sequence that may say no before it."""

    deciding: Measurement
    watching: Measurement | None
    may_pass: bool


def hold(
    criterion: Criterion,
    evidence: Evidence | None,
    metric: Metric,
    *,
    p_worse_adjusted: float | None,
) -> Finding:
    """What a criterion says of the evidence.

    Args:
        criterion: The demand.
        evidence: What its stage measured; None when nothing was.
        metric: The metric it is about.
        p_worse_adjusted: Holm-adjusted one-sided p-value of "not worse than the baseline", over
            all comparisons of the stage; None when there is none.

    Returns:
        PASS when the whole interval is inside the limit; FAIL when it is outside (`at_least`,
        `at_most`, `better`) or a regression is proven (`non_inferior` at fixed n); UNMEASURED
        when there is nothing to rely on; HOLD otherwise.
    """
    known = evidence or Unmeasured("its stage has not been measured yet", Cause.WAITING)
    return weigh(criterion, known, metric, p_worse_adjusted=p_worse_adjusted).finding


def weigh(
    criterion: Criterion,
    evidence: Evidence | Unmeasured,
    metric: Metric,
    *,
    p_worse_adjusted: float | None,
    share: int = 1,
) -> Weighed:
    """As `hold`, with cause and finality; evidence may be refused for a reason.

    At a look at which hypotheses share alpha, a primary is judged at alpha / `share`.
    """
    limit = limit_of(criterion, metric)
    picked = _pick(evidence, metric, limit, share=share)
    if isinstance(picked, Unmeasured):
        return _unmeasured(criterion, metric, picked)
    if picked.watching is not None:
        early = _case(criterion, metric, limit, picked.watching)
        if limit.outside(early.estimate):
            return _told(early, Verdict.FAIL, sentences.failing(early))
    if isinstance(picked.deciding.measured, Unmeasured):
        return _unmeasured(criterion, metric, picked.deciding.measured)
    assert isinstance(evidence, Evidence)
    case = _case(criterion, metric, limit, picked.deciding)
    return _weigh_case(case, picked, evidence, p=p_worse_adjusted)


def _pick(
    evidence: Evidence | Unmeasured, metric: Metric, limit: Limit, *, share: int
) -> _Picked | Unmeasured:
    if isinstance(evidence, Unmeasured):
        return evidence
    if evidence.stage != metric.stage:
        return Unmeasured(f"the evidence is of the {evidence.stage} stage, not of {metric.stage}")
    if limit.quantity is not Quantity.VALUE and (same := same_checkpoint(evidence)) is not None:
        return same
    found = measured_at(evidence, metric.name, limit.quantity, share=share)
    if found == ():
        cause = Cause.WAITING if evidence.waits else Cause.BROKEN
        return Unmeasured(f"the evidence has no {limit.quantity} of it", cause)
    return found if isinstance(found, Unmeasured) else _chosen(found, metric, limit)


def _chosen(found: tuple[Measurement, ...], metric: Metric, limit: Limit) -> _Picked | Unmeasured:
    by_validity = {m.validity: m for m in found}
    if len(by_validity) != len(found):
        return Unmeasured(f"the evidence lists its {limit.quantity} twice")
    absurd = next((a for m in found if (a := absurdity(m, metric)) is not None), None)
    return absurd or _ordered(by_validity, metric)


def _ordered(found: dict[Validity, Measurement], metric: Metric) -> _Picked:
    """A look or a fixed-n interval says yes where there is one; a sequence may say no before."""
    sequence = found.get(Validity.ANYTIME)
    deciding = found.get(Validity.LOOK) or found.get(Validity.FIXED)
    if deciding is None:
        assert sequence is not None
        return _Picked(deciding=sequence, watching=None, may_pass=metric.stage != "online")
    watched = sequence is not None and sequence.decidable and not deciding.decidable
    return _Picked(deciding=deciding, watching=sequence if watched else None, may_pass=True)


def _case(criterion: Criterion, metric: Metric, limit: Limit, measurement: Measurement) -> Case:
    assert isinstance(measurement.measured, Estimate)
    return Case(criterion=criterion, metric=metric, limit=limit, estimate=measurement.measured)


def _weigh_case(case: Case, picked: _Picked, evidence: Evidence, *, p: float | None) -> Weighed:
    measurement = picked.deciding
    if not measurement.decidable:
        assert measurement.planned is not None
        return _waiting(case, evidence, planned=measurement.planned)
    if picked.may_pass and case.limit.inside(case.estimate):
        return _told(case, Verdict.PASS, sentences.passing(case))
    failed = _proven(case, measurement, p)
    if failed is not None:
        return _told(case, Verdict.FAIL, failed)
    if not picked.may_pass:
        return _untold(case, sentences.between_looks(case), cause=Cause.WAITING)
    if case.limit.good_end(case.estimate) is None:
        reason = Unmeasured("its interval is open on the side that decides")
        return _unmeasured(case.criterion, case.metric, reason)
    final = _is_final(measurement, evidence) and ASKED_ANEW not in case.estimate.method
    return _undecided(case, final=final)


def _proven(case: Case, measurement: Measurement, p: float | None) -> str | None:
    """The sentence of a FAIL, or None where a failure is not shown.

    Where there is a p-value, of a fixed n or valid at any time, a regression is proven by it after
    Holm's correction, and it has a veto on `better`. The looks and sequences of an A/B carry their
    own correction: there the interval alone speaks.
    """
    alpha = 1 - case.estimate.one_sided_level
    tested = measurement.validity is Validity.FIXED or measurement.p_worse is not None
    match case.criterion.demand:
        case NonInferior() if tested:
            return sentences.regressing(case, p) if p is not None and p <= alpha else None
        case Better() if tested and p is not None and p > alpha:
            return None
        case _:
            return sentences.failing(case) if case.limit.outside(case.estimate) else None


def _is_final(measurement: Measurement, evidence: Evidence) -> bool:
    match measurement.validity:
        case Validity.FIXED:
            return True
        case Validity.LOOK:
            return evidence.look is not None and evidence.look.final
        case Validity.ANYTIME:
            return evidence.stage != "online" and not evidence.waits
        case _:
            assert_never(measurement.validity)


def _told(case: Case, verdict: Verdict, sentence: str) -> Weighed:
    finding = _finding(case, verdict, sentence)
    return Weighed(finding=finding, cause=None, final=True, have=case.estimate.n)


def _undecided(case: Case, *, final: bool) -> Weighed:
    sentence = sentences.undecided(case)
    if not final:
        return _untold(case, sentence, cause=Cause.WAITING)
    more = _more(case)
    return Weighed(
        finding=_finding(case, Verdict.HOLD, f"{sentence}. {sentences.final(case, more=more)}"),
        cause=Cause.UNDERPOWERED,
        final=True,
        have=case.estimate.n,
        need=None if more is None else case.estimate.n + more,
    )


def _waiting(case: Case, evidence: Evidence, *, planned: int) -> Weighed:
    """HOLD before the planned n; when the stage awaits nothing more, something is broken."""
    sentence = sentences.waiting(case, need=planned)
    cause = Cause.WAITING if evidence.waits else Cause.BROKEN
    return _untold(case, sentence, cause=cause, need=planned)


def _untold(case: Case, sentence: str, *, cause: Cause, need: float | None = None) -> Weighed:
    finding = _finding(case, Verdict.HOLD, sentence)
    return Weighed(finding=finding, cause=cause, final=False, have=case.estimate.n, need=need)


def _finding(case: Case, verdict: Verdict, sentence: str) -> Finding:
    return Finding(
        metric=case.criterion.metric,
        demand=demand_words(case.criterion, case.metric),
        severity=case.criterion.severity,
        verdict=verdict,
        sentence=sentence,
        because=case.criterion.because,
        quantity=case.limit.quantity,
        measured=case.estimate,
        distance=distance(case.limit, case.estimate),
    )


def _unmeasured(criterion: Criterion, metric: Metric, absent: Unmeasured) -> Weighed:
    finding = Finding(
        metric=criterion.metric,
        demand=demand_words(criterion, metric),
        severity=criterion.severity,
        verdict=Verdict.UNMEASURED,
        sentence=sentences.unmeasured(criterion, metric, one_line(absent.reason)),
        because=criterion.because,
        quantity=limit_of(criterion, metric).quantity,
        measured=absent,
        distance=None,
    )
    return Weighed(finding=finding, cause=absent.cause, final=False)


def _more(case: Case) -> float | None:
    """Roughly how many more units would settle it, as the interval shrinks with sqrt(n).

    A value inside the limit needs its near end inside; a value outside needs its far end outside
    or, for non-inferiority, beyond equality. None when no amount can be guessed, as where some is
    unresolved, and as much of what comes may be.
    """
    estimate, limit = case.estimate, case.limit
    if EITHER_WAY in estimate.method:
        return None
    room = float(limit.room(estimate.value))
    end = limit.good_end(estimate) if room > 0 else limit.bad_end(estimate)
    if room < 0 and isinstance(case.criterion.demand, NonInferior):
        equal = 1.0 if limit.quantity is Quantity.RATIO else 0.0
        room = estimate.value - equal
    if end is None or room == 0:
        return None
    more = estimate.n * (((end - estimate.value) / room) ** 2 - 1)
    return more if more > 0 else None
