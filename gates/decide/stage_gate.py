"""One stage of one candidate: its criteria held against its evidence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gates.decide.closure import Sharing, share_words
from gates.decide.futility import without_hope
from gates.decide.moves import first_move
from gates.decide.online import decide_look, still_open
from gates.decide.rules import Weighed, weigh
from gates.decide.sanity import PROOF, absurdity
from gates.decide.verdict import Finding, OnlineVerdict, StageDecision, Verdict
from policies.criteria import Better, Criterion, NonInferior, Severity
from policies.metric import Metric
from policies.policy import Policy
from stages.evidence.codec import evidence_sha256
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import Cost, Evidence, Quantity, StageName, Validity
from stages.stats.holm import holm

_SPARED = Unmeasured(
    "not asked, since the candidate was blocked already (`whole_picture: true` asks all)",
    Cause.WAITING,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    verdict: Verdict
    reason: str
    online: OnlineVerdict | None = None


def decide_stage(
    policy: Policy,
    stage: StageName,
    evidence: Evidence | Unmeasured | None,
    *,
    rivals: Iterable[Evidence] = (),
) -> StageDecision:
    """What a stage's criteria say of a candidate.

    Args:
        policy: The demands.
        stage: Which stage.
        evidence: What it measured; None when nothing was yet, `Unmeasured` when what there is was
            refused.
        rivals: What it measured of other candidates: of one A/B's challengers one that wins leaves
            its share of alpha to the others.

    Returns:
        FAIL when a blocking criterion fails; else HOLD when one holds or is unmeasured, or when
        there is no blocking criterion at all; else PASS. An A/B is decided in its own order.
    """
    known = evidence if evidence is not None else _nothing_yet(stage)
    weighed = _weigh_all(policy, stage, known, rivals=rivals)
    said = _verdict(policy, stage, known, weighed)
    holds = said.verdict is Verdict.HOLD
    found = known if isinstance(known, Evidence) else None
    return StageDecision(
        stage=stage,
        verdict=said.verdict,
        reason=said.reason,
        findings=_findings(policy, known, weighed, said.verdict),
        waits_for=first_move(stage, known, _blocking(weighed), said.online) if holds else None,
        online=said.online,
        evidence_sha256=evidence_sha256(found) if found is not None else None,
        cost=found.cost if found is not None else Cost(),
    )


def anything_open(policy: Policy, stage: StageName, evidence: Evidence | None) -> bool:
    """Whether measuring more of a stage could still change its verdict.

    A blocking FAIL closes a stage, and so does every blocking criterion being settled: passed, or
    held for good. An A/B is closed by SHIP, STOP and INCONCLUSIVE.
    """
    decision = decide_stage(policy, stage, evidence)
    if decision.verdict is not Verdict.HOLD:
        return False
    if stage is StageName.ONLINE:
        return True
    known = evidence if evidence is not None else _nothing_yet(stage)
    return any(not w.final for w in _blocking(_weigh_all(policy, stage, known)))


def weigh_stage(policy: Policy, stage: StageName, evidence: Evidence) -> tuple[Weighed, ...]:
    """Each criterion of a stage held against its evidence, with cause and finality, in order."""
    return _weigh_all(policy, stage, evidence)


def task_open(policy: Policy, task: str, evidence: Evidence) -> bool:
    """Whether more answers to an offline task could change what its criteria say.

    The blocking ones; where none of them blocks, all. A task that no criterion is about is measured
    to its end.
    """
    own = {metric.name for metric in (policy.plan.offline or {})[task].metrics(task)}
    weighed = _weigh_all(policy, StageName.OFFLINE, evidence)
    about = [w for w in weighed if w.finding.metric in own]
    counting = _blocking(about) or about
    return not counting or any(not w.final for w in counting)


def _findings(
    policy: Policy, evidence: Evidence | Unmeasured, weighed: Iterable[Weighed], verdict: Verdict
) -> tuple[Finding, ...]:
    """What the criteria say; of tasks that a blocked candidate was not asked, that this is why."""
    findings = tuple(w.finding for w in weighed)
    if isinstance(evidence, Unmeasured) or evidence.stage is not StageName.OFFLINE:
        return findings
    if verdict is not Verdict.FAIL or policy.whole_picture or not evidence.waits:
        return findings
    metrics, criteria = policy.plan.metrics(), policy.criteria_of(evidence.stage)
    return tuple(
        f
        if evidence.of(f.metric, f.quantity)
        else weigh(c, _SPARED, metrics[c.metric], p_worse_adjusted=None).finding
        for f, c in zip(findings, criteria, strict=True)
    )


def _nothing_yet(stage: StageName) -> Unmeasured:
    return Unmeasured(f"the {stage} stage has not been measured yet", Cause.WAITING)


def _weigh_all(
    policy: Policy,
    stage: StageName,
    evidence: Evidence | Unmeasured,
    *,
    rivals: Iterable[Evidence] = (),
) -> tuple[Weighed, ...]:
    metrics, criteria = policy.plan.metrics(), policy.criteria_of(stage)
    adjusted = _adjusted(criteria, evidence, metrics)
    shares = Sharing(criteria=criteria, metrics=metrics).shares(evidence, rivals)
    weighed = tuple(
        _at_share(share, c, evidence, metrics[c.metric], p=adjusted.get(c.metric))
        for c, share in zip(criteria, shares, strict=True)
    )
    votes = policy.plan.side_by_side
    if stage is not StageName.SIDE_BY_SIDE or votes is None:
        return weighed
    return tuple(
        without_hope(w, c, metrics[c.metric], votes) for w, c in zip(weighed, criteria, strict=True)
    )


def _at_share(
    share: int | None,
    criterion: Criterion,
    evidence: Evidence | Unmeasured,
    metric: Metric,
    *,
    p: float | None,
) -> Weighed:
    """What a criterion says at its share of alpha, which its sentence tells."""
    weighed = weigh(criterion, evidence, metric, p_worse_adjusted=p, share=share or 1)
    look = None if isinstance(evidence, Unmeasured) else evidence.look
    finding = weighed.finding
    if share is None or look is None or isinstance(finding.measured, Unmeasured):
        return weighed
    sentence = f"{finding.sentence}; {share_words(share, look.hypotheses)}"
    return replace(weighed, finding=replace(finding, sentence=sentence))


def _adjusted(
    criteria: Iterable[Criterion],
    evidence: Evidence | Unmeasured,
    metrics: Mapping[str, Metric],
) -> Mapping[str, float]:
    """Holm-adjusted p-values of a regression, over every metric the stage compares.

    Always-valid p-values take part like those of a fixed number: at whatever time they are looked
    at, they are no smaller than their least value ever, which is a p-value too; Holm's correction
    of those asks nothing of their dependence, and smaller ones only reject more.

    A comparison without a usable p-value takes part as 1, so that what is missing never makes a
    proof of the others easier.
    """
    compared = {c.metric for c in criteria if isinstance(c.demand, NonInferior | Better)}
    found = {name: _p_worse(evidence, metrics[name]) for name in sorted(compared)}
    known = {name: p for name, p in found.items() if p is not None}
    if len(found) == 1:
        return known
    if all(p > PROOF for p in known.values()):
        return dict.fromkeys(known, 1.0)  # nothing could be proven, whatever the correction
    adjusted = holm([1.0 if p is None else p for p in found.values()])
    return {name: p for name, p in zip(found, adjusted, strict=True) if name in known}


def _p_worse(evidence: Evidence | Unmeasured, metric: Metric) -> float | None:
    if isinstance(evidence, Unmeasured):
        return None
    tested = [
        m
        for m in evidence.of(metric.name, Quantity.DIFFERENCE)
        if m.validity is Validity.FIXED or m.p_worse is not None
    ]
    if len(tested) != 1 or not tested[0].decidable:
        return None
    absurd = absurdity(tested[0], metric)
    return tested[0].p_worse if absurd is None else None


def _blocking(weighed: Iterable[Weighed]) -> tuple[Weighed, ...]:
    return tuple(w for w in weighed if w.finding.severity is Severity.BLOCKING)


def _verdict(
    policy: Policy, stage: StageName, evidence: Evidence | Unmeasured, weighed: Sequence[Weighed]
) -> _Said:
    if isinstance(evidence, Unmeasured):
        return _Said(verdict=Verdict.HOLD, reason=evidence.reason)
    findings = tuple(w.finding for w in _blocking(weighed))
    if not findings:
        reason = f"no criterion on {stage} is blocking, and a stage without one never passes"
        return _Said(verdict=Verdict.HOLD, reason=reason)
    if stage is StageName.ONLINE:
        return _online(policy, evidence, weighed)
    return _worst(findings)


def _online(policy: Policy, evidence: Evidence, weighed: Sequence[Weighed]) -> _Said:
    """The ordered verdict of the look; a SHIP that a blocking criterion contradicts is none."""
    every = tuple(w.finding for w in weighed)
    criteria, metrics = policy.criteria_of(StageName.ONLINE), policy.plan.metrics()
    look = decide_look(evidence, criteria, every, metrics=metrics)
    if look.verdict is OnlineVerdict.SHIP and (open_ := still_open(evidence, criteria, every)):
        worst = _worst(open_)
        instead = OnlineVerdict.STOP if worst.verdict is Verdict.FAIL else OnlineVerdict.INVALID
        return _Said(verdict=worst.verdict, reason=worst.reason, online=instead)
    return _Said(verdict=look.verdict.verdict, reason=look.reason, online=look.verdict)


def _worst(findings: Sequence[Finding]) -> _Said:
    """Any FAIL fails; else any HOLD or UNMEASURED holds; else it passes."""
    failed = [f for f in findings if f.verdict is Verdict.FAIL]
    if failed:
        return _Said(verdict=Verdict.FAIL, reason=_because_of(failed))
    open_ = [f for f in findings if f.verdict is not Verdict.PASS]
    if open_:
        return _Said(verdict=Verdict.HOLD, reason=_because_of(open_))
    many = f"all {len(findings)} blocking criteria pass"
    reason = many if len(findings) > 1 else findings[0].sentence
    return _Said(verdict=Verdict.PASS, reason=reason)


def _because_of(findings: Sequence[Finding]) -> str:
    others = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{findings[0].sentence}{others}"
