"""Which changes of a decided round people are told of; pure."""

from collections.abc import Iterator

from gates.decide.verdict import CandidateDecision, OnlineVerdict, RoundDecision, Verdict
from gates.notify.events import Event, EventKind
from stages.evidence.records import StageName

_KINDS = {OnlineVerdict.STOP: EventKind.AB_STOP, OnlineVerdict.INVALID: EventKind.AB_INVALID}


def changes(decision: RoundDecision, *, model: str) -> Iterator[Event]:
    """An event for each A/B that stops or cannot be analysed, and each comparison that is done.

    A round is decided again and again: the same outcome is the same event, told once.

    Args:
        decision: The round.
        model: Registered model name.
    """
    for candidate in decision.candidates:
        yield from _of_ab(decision.policy, candidate, model)
        yield from _of_people(decision.policy, candidate, model)


def _of_ab(policy: str, candidate: CandidateDecision, model: str) -> Iterator[Event]:
    for stage in candidate.stages:
        kind = _KINDS.get(stage.online) if stage.online is not None else None
        if kind is not None:
            yield Event(
                kind=kind,
                key=f"{policy} {candidate.candidate} {stage.online} {stage.reason}",
                model=model,
                sentence=f"A/B of {_short(candidate)}: {stage.online}, {stage.reason}",
            )


def _of_people(policy: str, candidate: CandidateDecision, model: str) -> Iterator[Event]:
    for stage in candidate.stages:
        done = stage.stage is StageName.SIDE_BY_SIDE and stage.verdict is not Verdict.HOLD
        if done:
            yield Event(
                kind=EventKind.BATCH_DONE,
                key=f"{policy} {candidate.candidate} {stage.evidence_sha256}",
                model=model,
                sentence=f"{_short(candidate)} needs no more votes: {stage.verdict}, "
                f"{stage.reason}",
            )


def _short(candidate: CandidateDecision) -> str:
    return candidate.candidate.removeprefix("models:/")
