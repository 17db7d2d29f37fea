"""What of a decided round people are told of, each change once."""

from dataclasses import replace

import pytest

from gates.decide.verdict import OnlineVerdict, RoundDecision, Verdict
from gates.notify.changes import changes
from gates.notify.events import EventKind
from stages.evidence.records import StageName
from tests.fakes import decisions


def told(decision: RoundDecision) -> list[tuple[EventKind, str]]:
    return [(event.kind, event.key) for event in changes(decision, model="assistant")]


def with_online(verdict: OnlineVerdict, reason: str = "harm is shown") -> RoundDecision:
    found = decisions.record().decision
    candidates = tuple(
        replace(
            c,
            stages=tuple(
                replace(
                    s,
                    online=verdict,
                    verdict=verdict.verdict,
                    reason=reason,
                    waits_for=s.waits_for if verdict.verdict is Verdict.HOLD else None,
                )
                if s.stage is StageName.ONLINE
                else s
                for s in c.stages
            ),
        )
        for c in found.candidates
    )
    return replace(found, candidates=candidates)


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (OnlineVerdict.STOP, [EventKind.AB_STOP]),
        (OnlineVerdict.INVALID, [EventKind.AB_INVALID]),
        (OnlineVerdict.CONTINUE, []),
        (OnlineVerdict.SHIP, []),
    ],
)
def test_an_ab_is_told_of_when_it_stops_or_cannot_be_analysed(
    verdict: OnlineVerdict, kind: list[EventKind]
) -> None:
    decision = with_online(verdict)
    of_abs = (EventKind.AB_STOP, EventKind.AB_INVALID)
    assert [k for k, _ in told(decision) if k in of_abs] == kind
    assert told(decision) == told(decision)


def test_another_reason_is_another_change() -> None:
    one, other = (with_online(OnlineVerdict.INVALID, reason) for reason in ("a", "b"))
    assert {key for _, key in told(one)} != {key for _, key in told(other)}


def test_people_are_told_once_that_nothing_more_is_asked_of_them() -> None:
    decision = decisions.record().decision
    done = [
        c.candidate
        for c in decision.candidates
        for s in c.stages
        if s.stage is StageName.SIDE_BY_SIDE and s.verdict is not Verdict.HOLD
    ]
    assert [k for k, _ in told(decision)].count(EventKind.BATCH_DONE) == len(done)
