"""The closed set of verdicts, and decisions that are valid from birth."""

import pytest

from gates.decide.verdict import OnlineVerdict, StageDecision, Verdict
from stages.evidence.estimate import Cause
from stages.evidence.records import Cost, StageName, Wait

WAIT = Wait(cause=Cause.WAITING, who="operator", what="answers", have=0, need=1)


def test_only_ship_passes() -> None:
    assert {v: v.verdict for v in OnlineVerdict} == {
        OnlineVerdict.SHIP: Verdict.PASS,
        OnlineVerdict.STOP: Verdict.FAIL,
        OnlineVerdict.INCONCLUSIVE: Verdict.FAIL,
        OnlineVerdict.CONTINUE: Verdict.HOLD,
        OnlineVerdict.INVALID: Verdict.HOLD,
    }


@pytest.mark.parametrize(
    ("verdict", "wait", "message"),
    [
        (Verdict.UNMEASURED, None, "passes, fails or holds"),
        (Verdict.HOLD, None, "a HOLD, and only a HOLD"),
        (Verdict.PASS, WAIT, "a HOLD, and only a HOLD"),
        (Verdict.FAIL, WAIT, "a HOLD, and only a HOLD"),
    ],
)
def test_a_stage_decision_is_consistent(verdict: Verdict, wait: Wait | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StageDecision(
            stage=StageName.OFFLINE,
            verdict=verdict,
            reason="x",
            findings=(),
            waits_for=wait,
            evidence_sha256=None,
            cost=Cost(),
        )
