"""One round with every kind of verdict and wait, and one with hostile names; and golden files."""

import dataclasses
import os
from datetime import UTC, datetime
from pathlib import Path

from gates.decide.rounds import decide_round
from gates.decide.verdict import CandidateDecision, RoundDecision
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import Check, Evidence, Quantity, StageName, Validity, Wait
from tests.gates.decide.cases import (
    BASELINE,
    F1,
    LATENCY,
    RESOLVED,
    A,
    B,
    C,
    D,
    bad_offline,
    estimate,
    evidence,
    good_offline,
    look,
    measurement,
    policy,
    votes,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "reports"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = policy()
HOSTILE = "<script>alert(1)</script>|`x`](http://evil.example)\n# \"'&"

TRAFFIC = evidence(
    measurement(
        RESOLVED,
        estimate(0.004, 0.02, n=20000),
        quantity=Quantity.DIFFERENCE,
        validity=Validity.LOOK,
    ),
    measurement(
        LATENCY,
        estimate(0.95, 1.05, n=20000, unit="ratio"),
        quantity=Quantity.RATIO,
        validity=Validity.LOOK,
    ),
    stage=StageName.ONLINE,
    look=look(2),
    checks=tuple(
        Check(name=name, passed=None if name == "crossover" else True, sentence=f"{name} is fine")
        for name in (
            "data_contract",
            "freshness",
            "sample_ratio",
            "crossover",
            "metrics",
            "burn_in",
            "plan_registered",
            "registered_before_exposure",
        )
    ),
)
WAITING = Wait(
    cause=Cause.WAITING,
    who="annotators",
    what="votes on 120 prompts",
    have=480,
    need=600,
    since="2026-02-20T09:00:00+00:00",
    expected="2026-03-04T09:00:00+00:00",
    command="gate run POLICY",
)
HALF_VOTED = dataclasses.replace(votes(B, n=480), waits=(WAITING,))
BROKEN = evidence(
    measurement(F1, Unmeasured("12 answers failed")),
    candidate=D,
)
EVIDENCE = {
    A: {StageName.OFFLINE: good_offline(A), StageName.SIDE_BY_SIDE: votes(A)}
    | {StageName.ONLINE: TRAFFIC},
    B: {StageName.OFFLINE: good_offline(B), StageName.SIDE_BY_SIDE: HALF_VOTED},
    C: {StageName.OFFLINE: bad_offline(C)},
    D: {StageName.OFFLINE: BROKEN},
}


def a_round() -> RoundDecision:
    """One that passes everything, one that waits, one that fails, one that is broken."""
    return decide_round(
        POLICY, evidence=EVIDENCE, members=tuple(EVIDENCE), baseline=BASELINE, now=NOW
    )


def one(decision: RoundDecision, candidate: str) -> CandidateDecision:
    return next(c for c in decision.candidates if c.candidate == candidate)


def hostile_round() -> tuple[RoundDecision, dict[str, dict[StageName, Evidence]]]:
    """Every text that others write is markup, script and broken table."""
    foreign = evidence(
        measurement(F1, Unmeasured(HOSTILE)),
        candidate=HOSTILE,
        baseline=HOSTILE,
        waits=(dataclasses.replace(WAITING, who=HOSTILE, what=HOSTILE, command=HOSTILE),),
        checks=(Check(name=HOSTILE, passed=False, sentence=HOSTILE),),
    )
    foreign = dataclasses.replace(
        foreign,
        provenance=dataclasses.replace(
            foreign.provenance, code=HOSTILE, data=((HOSTILE, HOSTILE),), seeds=((HOSTILE, 7),)
        ),
    )
    held = {HOSTILE: {StageName.OFFLINE: foreign}}
    decision = decide_round(POLICY, evidence=held, members=(HOSTILE,), baseline=HOSTILE, now=NOW)
    stage = decision.candidates[0].stages[0]
    findings = tuple(
        dataclasses.replace(f, because=HOSTILE, demand=HOSTILE) for f in stage.findings
    )
    candidate = dataclasses.replace(
        decision.candidates[0],
        reason=HOSTILE,
        stages=(dataclasses.replace(stage, findings=findings, reason=HOSTILE),),
    )
    return dataclasses.replace(decision, policy=HOSTILE, candidates=(candidate,)), held


def golden(name: str, text: str) -> str:
    """The kept text of a report; written anew, to be reviewed, when GATE_WRITE_GOLDEN is set."""
    path = GOLDEN / name
    if os.environ.get("GATE_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8")
