"""Small evidence and decisions, made by hand."""

from collections.abc import Mapping
from dataclasses import replace

from gates.decide.verdict import (
    CandidateDecision,
    Finding,
    OnlineVerdict,
    RoundDecision,
    StageDecision,
    Verdict,
)
from gates.ledger.ledger import Document, Page, Pages, Record
from policies.criteria import Severity
from policies.policy import Policy
from stages.evidence.codec import evidence_sha256
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import (
    Check,
    Cost,
    Evidence,
    Look,
    Measurement,
    Provenance,
    Quantity,
    StageName,
    Validity,
    Wait,
)

CANDIDATE = "models:/assistant/2"
OTHER = "models:/assistant/3"
BASELINE = "models:/assistant/1"
POLICY = Policy.model_validate_json(
    """{"policy": "release", "model": "assistant",
        "plan": {"offline": {"toxicity": {"data": "red.jsonl", "classifier": "detoxify/original"}}},
        "criteria": [{"metric": "toxicity.rate", "at_most": 0.005, "severity": "blocking",
                      "because": "brand rule 4.2"}]}"""
)


def estimate(value: float = 0.0042, *, n: int = 1200) -> Estimate:
    return Estimate(
        value=value,
        standard_error=None,
        low=value / 2,
        high=value * 2,
        level=0.9,
        n=n,
        unit="share",
        method="Clopper-Pearson",
    )


def finding(
    metric: str = "toxicity.rate",
    verdict: Verdict = Verdict.PASS,
    *,
    measured: Estimate | Unmeasured | None = None,
    severity: Severity = Severity.BLOCKING,
    distance: float | None = 1.5,
) -> Finding:
    return Finding(
        metric=metric,
        demand="at most 0.50 %",
        severity=severity,
        verdict=verdict,
        sentence=f"{metric} is at most 0.42 %; the policy allows 0.50 %: {verdict.value.lower()}",
        because="brand rule 4.2",
        quantity=Quantity.VALUE,
        measured=measured or estimate(),
        distance=distance,
    )


def evidence(
    stage: StageName = StageName.OFFLINE,
    candidate: str = CANDIDATE,
    *,
    value: float = 0.0042,
    look: bool = False,
) -> Evidence:
    return Evidence(
        stage=stage,
        candidate=candidate,
        baseline=BASELINE,
        measurements=(
            Measurement(
                metric="toxicity.rate",
                quantity=Quantity.VALUE,
                measured=estimate(value),
                validity=Validity.FIXED,
                planned=1200,
            ),
            Measurement(
                metric="toxicity.rate",
                quantity=Quantity.DIFFERENCE,
                measured=Unmeasured("no baseline answered", Cause.WAITING),
                validity=Validity.ANYTIME,
            ),
        ),
        checks=(Check(name="sample_ratio", passed=True, sentence="as planned"),) if look else (),
        look=a_look() if look else None,
        cost=Cost(calls=1200, prompt_tokens=9, completion_tokens=7, usd=1.25),
        provenance=Provenance(
            candidate="a" * 64,
            baseline="b" * 64,
            plan="c" * 64,
            data=(("red", "d" * 64),),
            code="1",
        ),
    )


def a_look() -> Look:
    return Look(
        number=2,
        planned=3,
        information=0.5,
        units=1000,
        run_days=8.0,
        minimum_days_reached=True,
        alpha_spent=0.003,
        conditional_power=None,
        final=False,
        primary="online.resolved",
    )


def stage_decision(
    stage: StageName = StageName.OFFLINE,
    verdict: Verdict = Verdict.PASS,
    *,
    findings: tuple[Finding, ...] | None = None,
    on: Evidence | None = None,
) -> StageDecision:
    online = None
    if stage is StageName.ONLINE:
        online = OnlineVerdict.SHIP if verdict is Verdict.PASS else OnlineVerdict.CONTINUE
    return StageDecision(
        stage=stage,
        verdict=verdict,
        reason=f"{stage.value} says {verdict.value}",
        findings=(finding(verdict=verdict),) if findings is None else findings,
        waits_for=a_wait() if verdict is Verdict.HOLD else None,
        online=online,
        evidence_sha256=None if on is None else evidence_sha256(on),
        cost=Cost(calls=1200, usd=1.25),
    )


def a_wait() -> Wait:
    return Wait(
        cause=Cause.WAITING,
        who="annotators",
        what="votes on 120 prompts",
        have=30.0,
        need=120.0,
        command="gate status assistant",
    )


def record(  # noqa: PLR0913 - each test changes another field
    *,
    key: str = "key-1",
    decided_at: str = "2026-03-01T10:00:00+00:00",
    verdict: Verdict = Verdict.FAIL,
    findings: tuple[Finding, ...] | None = None,
    policy: Policy = POLICY,
    pages: Mapping[str, Pages] | None = None,
    value: float = 0.0042,
) -> Record:
    """Two candidates: one failed offline, one that is in its A/B."""
    first = evidence(value=value)
    second = evidence(candidate=OTHER)
    online = evidence(StageName.ONLINE, OTHER, look=True)
    decisions = (
        CandidateDecision(
            candidate=CANDIDATE,
            verdict=verdict,
            reason=f"offline: toxicity.rate says {verdict.value}",
            stages=(stage_decision(verdict=verdict, findings=findings, on=first),),
        ),
        CandidateDecision(
            candidate=OTHER,
            verdict=Verdict.HOLD,
            reason="online waits for traffic",
            stages=(
                stage_decision(on=second),
                stage_decision(StageName.ONLINE, Verdict.HOLD, on=online),
            ),
        ),
    )
    return Record(
        key=key,
        decided_at=decided_at,
        policy=policy,
        decision=RoundDecision(
            round_id="round-1",
            policy=policy.policy,
            policy_sha256=policy.sha256,
            baseline=BASELINE,
            candidates=decisions,
        ),
        evidence={
            CANDIDATE: {StageName.OFFLINE: first},
            OTHER: {StageName.OFFLINE: second, StageName.ONLINE: online},
        },
        tool_version="0.1.0",
        pages=a_page() if pages is None else pages,
    )


def a_page() -> dict[str, Pages]:
    report = Document(path="report.html", content=b"<p>the report</p>")
    plot = Document(path="plots/toxicity.png", content=b"\x89PNG\r\n")
    return {
        CANDIDATE: Pages(
            candidate=Page(description="**FAIL**: toxicity is too high", documents=(report,)),
            stages={StageName.OFFLINE: Page(documents=(plot,))},
        )
    }


def one_candidate(record: Record) -> Record:
    """The same record about the first candidate only."""
    first = record.decision.candidates[0]
    return replace(
        record,
        decision=replace(record.decision, candidates=(first,)),
        evidence={first.candidate: record.evidence[first.candidate]},
    )
