"""Whether the same was asked twice and answered differently: what is flaky is measured."""

from collections.abc import Sequence

from gates.decide.verdict import CandidateDecision, Finding, Verdict
from gates.ledger.ledger import Decided
from policies.criteria import Severity
from stages.engine.checkpoints import identity_stream
from stages.engine.identity import changed_since
from stages.engine.state import State
from stages.engine.subject import Subject

_SETTLED = (Verdict.PASS, Verdict.FAIL)


def differing(subject: Subject, state: State) -> str | None:
    """How a checkpoint answered one question twice, and differently; None when it is not known to.

    The pinned texts are put before and after every task. Of other questions the journal holds a
    second answer only where two processes asked at once.

    Raises:
        Broken: When the journal cannot be read.
    """
    if subject.client is None:
        return None
    changed = changed_since(subject.client, state=state, stream=identity_stream(subject))
    if changed is not None:
        return changed.reason
    first: dict[tuple[str, str], str] = {}
    for entry in state.read(f"answers/{subject.digest}"):
        if entry.get("kind") == "answer":
            asked = (str(entry["by"]), str(entry["key"]))
            if first.setdefault(asked, str(entry["text"])) != str(entry["text"]):
                return f"item {entry['item']} was asked twice under one identity, with two answers"
    return None


def turned(
    decision: CandidateDecision,
    earlier: Sequence[Decided],
    *,
    policy_sha256: str,
    baseline: str | None,
) -> str | None:
    """Which blocking criterion was met once and missed once, under one policy and baseline.

    Args:
        decision: As decided now.
        earlier: Decisions on the same version.
        policy_sha256: Digest of the policy in force.
        baseline: URI of the baseline.
    """
    now = _settled(decision)
    for decided in earlier:
        if (decided.policy_sha256, decided.baseline) != (policy_sha256, baseline):
            continue
        for name, verdict in _settled(decided.decision).items():
            if now.get(name, verdict) is not verdict:
                return (
                    f"{name[0]} says {now[name]} and said {verdict} on {decided.decided_at[:10]}, "
                    "under the same policy and baseline"
                )
    return None


def _settled(decision: CandidateDecision) -> dict[tuple[str, str], Verdict]:
    """Verdicts of the blocking criteria of stage 1 that are decided, by metric and demand."""
    findings: Sequence[Finding] = decision.stages[0].findings
    return {
        (f.metric, f.demand): f.verdict
        for f in findings
        if f.severity is Severity.BLOCKING and f.verdict in _SETTLED
    }
