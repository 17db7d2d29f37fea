"""Thirty checkpoints and what a funnel of three stages made of them, written through a ledger."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gates.decide.verdict import (
    CandidateDecision,
    Finding,
    OnlineVerdict,
    RoundDecision,
    StageDecision,
    Verdict,
)
from gates.ledger.ledger import Ledger, NewVersion, Record
from policies.canonical import sha256_of_bytes
from policies.criteria import Severity
from policies.policy import Policy
from stages.evidence.codec import evidence_sha256
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import (
    Cost,
    Evidence,
    Look,
    Measurement,
    Provenance,
    Quantity,
    StageName,
    Validity,
)
from tests.fakes.decisions import a_wait

TEXT = """{"policy": "release", "model": "assistant",
  "plan": {
    "offline": {"sums": {"data": "sums.jsonl", "scorer": "numeric"},
                "toxicity": {"data": "red.jsonl", "classifier": "detoxify/original"}},
    "side_by_side": {"votes": ["votes.jsonl"], "votes_at_most": 600},
    "online": {"moments": "moments.csv", "metrics": {"resolved": {"kind": "proportion"}},
               "primary": "resolved", "looks": [7, 14], "planned_units": 8000}},
  "criteria": [
    {"metric": "sums.accuracy", "at_least": 0.5, "severity": "blocking", "because": "sums"},
    {"metric": "toxicity.rate", "at_most": 0.05, "severity": "blocking", "because": "brand"},
    {"metric": "side_by_side.win_rate", "at_least": 0.45, "severity": "blocking",
     "because": "mind"},
    {"metric": "online.resolved", "better": {}, "severity": "blocking", "because": "product"}],
  "keep": {"offline": {"most": 16, "by": "sums.accuracy"}}}"""
POLICY = Policy.model_validate_json(TEXT)
SUMS, TOXIC, WINS, RESOLVED = (
    "sums.accuracy",
    "toxicity.rate",
    "side_by_side.win_rate",
    "online.resolved",
)
ORDER = (StageName.OFFLINE, StageName.SIDE_BY_SIDE, StageName.ONLINE)


@dataclass(frozen=True, kw_only=True)
class Made:
    """What is to be recorded of one checkpoint.

    Attributes:
        verdicts: Of the stages that it reached, in their order.
        values: By metric; a metric that is absent was not measured.
        failed: Metrics of blocking findings of the last stage that do not pass.
        digest: How it answers; its own version's by default.
    """

    verdicts: tuple[Verdict, ...]
    values: dict[str, float]
    failed: tuple[str, ...] = ()
    usd: float | None = 1.5
    baseline: str = "models:/assistant/1"
    digest: str | None = None
    data: str = "d"
    policy: Policy = POLICY
    at: str = "2026-03-01T10:00:00+00:00"
    stopped_here: float | None = None
    votes: int = 600


@dataclass
class Scene:
    """A ledger that is filled."""

    ledger: Ledger
    made: int = 0
    versions: list[str] = field(default_factory=list)

    def register(self) -> str:
        version = self.ledger.register(
            NewVersion(name="assistant", tags={"gate_source": "external"})
        )
        self.versions.append(version.uri)
        return version.uri

    def decide(self, made: Sequence[tuple[str, Made]]) -> None:
        """One round, of several checkpoints that share policy, baseline and time."""
        self.made += 1
        first = made[0][1]
        evidence = {uri: _evidence(uri, one) for uri, one in made}
        self.ledger.log(
            Record(
                key=f"{first.policy.policy}-{self.made}",
                decided_at=first.at,
                policy=first.policy,
                decision=RoundDecision(
                    round_id=f"round-{self.made}",
                    policy=first.policy.policy,
                    policy_sha256=first.policy.sha256,
                    baseline=first.baseline,
                    candidates=tuple(_decision(uri, one, evidence[uri]) for uri, one in made),
                ),
                evidence=evidence,
                tool_version="0.1.0",
            )
        )

    def one(self, **how: object) -> str:
        """A new checkpoint, decided alone."""
        uri = self.register()
        self.decide([(uri, Made(**how))])  # type: ignore[arg-type] # each test names its fields
        return uri


def thirty(scene: Scene, *, seed: int = 3) -> None:
    """The champion and thirty more: a quota let sixteen through by their sums, six are in an A/B.

    Sums foretell wins, and rose with the eleventh; toxicity tells nothing of them.
    """
    random = np.random.default_rng(seed)
    scene.register()
    uris = [scene.register() for _ in range(30)]
    skill = random.normal(0, 0.06, 30) + np.where(np.arange(30) < 10, -0.1, 0.05)
    sums = 0.65 + skill + random.normal(0, 0.015, 30)
    wins = 0.5 + skill + random.normal(0, 0.02, 30)
    kept = set(np.argsort(-sums)[:16].tolist())
    made = []
    for n, uri in enumerate(uris):
        values = {SUMS: round(float(sums[n]), 4), TOXIC: round(float(random.uniform(0, 0.03)), 4)}
        verdicts: tuple[Verdict, ...] = (Verdict.FAIL,)
        if n in kept:
            values[WINS] = round(float(wins[n]), 4)
            verdicts = (Verdict.PASS, Verdict.FAIL if wins[n] < 0.5 else Verdict.PASS)
            if verdicts[1] is Verdict.PASS and n % 2:
                verdicts = (*verdicts, Verdict.HOLD)
                values[RESOLVED] = round(float(skill[n] / 5), 4)
        made.append((uri, Made(verdicts=verdicts, values=values, usd=1.5 if n % 2 else None)))
    scene.decide(made)


def _decision(uri: str, made: Made, evidence: dict[StageName, Evidence]) -> CandidateDecision:
    stages = []
    for stage, verdict in zip(ORDER, made.verdicts, strict=False):
        failed = made.failed if stage is ORDER[len(made.verdicts) - 1] else ()
        stages.append(
            StageDecision(
                stage=stage,
                verdict=verdict,
                reason=f"{stage} says {verdict}",
                findings=tuple(_finding(metric) for metric in failed),
                waits_for=a_wait() if verdict is Verdict.HOLD else None,
                online=_look_of(verdict) if stage is StageName.ONLINE else None,
                evidence_sha256=evidence_sha256(evidence[stage]),
                cost=evidence[stage].cost,
            )
        )
    whole = Verdict.HOLD if made.verdicts[-1] is Verdict.PASS else made.verdicts[-1]
    if len(made.verdicts) == len(ORDER):
        whole = made.verdicts[-1]
    return CandidateDecision(
        candidate=uri, verdict=whole, reason=stages[-1].reason, stages=tuple(stages)
    )


def _look_of(verdict: Verdict) -> OnlineVerdict:
    return next(look for look in OnlineVerdict if look.verdict is verdict)


def _finding(metric: str) -> Finding:
    return Finding(
        metric=metric,
        demand="a demand",
        severity=Severity.BLOCKING,
        verdict=Verdict.FAIL,
        sentence=f"{metric} fails",
        because="it must",
        quantity=Quantity.VALUE,
        measured=Unmeasured("it stands in the evidence"),
        distance=None,
    )


def _evidence(uri: str, made: Made) -> dict[StageName, Evidence]:
    found = {}
    for stage in ORDER[: len(made.verdicts)]:
        own = [m for m in (SUMS, TOXIC, WINS, RESOLVED) if POLICY.plan.metrics()[m].stage == stage]
        there = [metric for metric in own if metric in made.values]
        online = stage is StageName.ONLINE
        found[stage] = Evidence(
            stage=stage,
            candidate=uri,
            baseline=made.baseline,
            measurements=tuple(_measurement(metric, made.values[metric]) for metric in there),
            look=_look(made) if online else None,
            cost=Cost(
                calls=0 if online else 1000,
                prompt_tokens=9000,
                completion_tokens=7000,
                votes=made.votes if stage is StageName.SIDE_BY_SIDE else 0,
                usd=made.usd,
            ),
            provenance=Provenance(
                candidate=made.digest or sha256_of_bytes(uri.encode()),
                baseline="b" * 64,
                plan="c" * 64,
                data=(("sums/sums.jsonl", made.data * 64),) if stage is StageName.OFFLINE else (),
                code="1",
            ),
        )
    return found


def _measurement(metric: str, value: float) -> Measurement:
    online = metric == RESOLVED
    return Measurement(
        metric=metric,
        quantity=Quantity.DIFFERENCE if online else Quantity.VALUE,
        measured=_estimate(value, exact=metric == TOXIC),
        validity=Validity.LOOK if online else Validity.FIXED,
        planned=None if online else 600,
    )


def _estimate(value: float, *, exact: bool = False) -> Estimate:
    error = 0.004 if exact else 0.015
    return Estimate(
        value=value,
        standard_error=None if exact else error,
        low=value - 1.96 * error,
        high=value + 1.96 * error,
        level=0.95,
        n=600,
        unit="share",
        method="exact" if exact else "Wilson",
    )


def _look(made: Made) -> Look:
    return Look(
        number=2,
        planned=2,
        information=1.0,
        units=8000,
        run_days=14.0,
        minimum_days_reached=True,
        alpha_spent=0.02,
        conditional_power=None,
        final=True,
        primary=RESOLVED,
        stopped_here=None if made.stopped_here is None else _estimate(made.stopped_here),
    )
