"""What becomes of a checkpoint, from its decision; pure."""

from dataclasses import dataclass
from typing import assert_never

from gates.decide.verdict import CandidateDecision, Finding, StageDecision, Verdict
from gates.reports.wording import findings_of
from gates.triage.outcome import Sort
from policies.criteria import Severity
from stages.evidence.estimate import Cause
from stages.evidence.records import Quantity, Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """A sort and its sentence.

    Attributes:
        sort: What becomes of the checkpoint.
        sentence: Why.
        needs_person: Whether no later night can help it.
        command: What a person may run next.
    """

    sort: Sort
    sentence: str
    needs_person: bool = False
    command: str | None = None


def sort_decision(decision: CandidateDecision, *, baseline: str | None) -> Sorted:
    """How a night sorts what it decided.

    Args:
        decision: The checkpoint's, with its offline stage.
        baseline: URI of the last good version, which candidates are compared with.
    """
    first, last = decision.stages[0], decision.stages[-1]
    match first.verdict:
        case Verdict.PASS:
            command = None if last.waits_for is None else last.waits_for.command
            return Sorted(sort=Sort.ADVANCE, sentence=first.reason, command=command)
        case Verdict.FAIL:
            return _failed(decision, first, baseline)
        case Verdict.HOLD | Verdict.UNMEASURED:
            assert first.waits_for is not None
            return _held(first, first.waits_for)
        case _:
            assert_never(first.verdict)


def sort_flaky(how: str) -> Sorted:
    """One whose repeats differ."""
    return Sorted(sort=Sort.FLAKY, sentence=how, needs_person=True)


def sort_fault(why: str) -> Sorted:
    """One that nothing is known of, after every try of the night."""
    return Sorted(sort=Sort.INFRASTRUCTURE, sentence=why)


def _failed(decision: CandidateDecision, stage: StageDecision, baseline: str | None) -> Sorted:
    worse = [f for f in findings_of(decision) if _is_worse(f)]
    if not worse:
        return Sorted(sort=Sort.BLOCKED, sentence=stage.reason)
    against = "the last good version" if baseline is None else baseline.removeprefix("models:/")
    return Sorted(sort=Sort.REGRESSED, sentence=f"worse than {against}: {worse[0].sentence}")


def _is_worse(finding: Finding) -> bool:
    compares = finding.quantity is not Quantity.VALUE
    blocks = finding.severity is Severity.BLOCKING
    return compares and blocks and finding.verdict is Verdict.FAIL


def _held(stage: StageDecision, wait: Wait) -> Sorted:
    match wait.cause:
        case Cause.BROKEN:
            return Sorted(sort=Sort.INFRASTRUCTURE, sentence=stage.reason)
        case Cause.UNDERPOWERED:
            return Sorted(
                sort=Sort.WAITING,
                sentence=stage.reason,
                needs_person=True,
                command=wait.command,
            )
        case Cause.WAITING | Cause.OVER_BUDGET:
            return Sorted(sort=Sort.WAITING, sentence=stage.reason, command=wait.command)
        case _:
            assert_never(wait.cause)
