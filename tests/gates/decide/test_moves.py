"""Whoever can do something is told what."""

from gates.decide.stage_gate import decide_stage
from policies.policy import Policy
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import StageName, Wait
from tests.gates.decide.cases import evidence, measurement

ATTACKS = Policy.model_validate(
    {
        "policy": "release",
        "model": "assistant",
        "plan": {"side_by_side": {"votes_at_most": 600}},
        "criteria": [
            {
                "metric": "side_by_side.attacks",
                "at_most": 0.1,
                "severity": "blocking",
                "because": "what is written to win says nothing",
            }
        ],
    },
    strict=False,
)


def move(absent: Unmeasured) -> Wait | None:
    metric = ATTACKS.plan.metrics()["side_by_side.attacks"]
    seen = evidence(measurement(metric, absent), stage=StageName.SIDE_BY_SIDE)
    return decide_stage(ATTACKS, StageName.SIDE_BY_SIDE, seen).waits_for


def test_answers_that_nobody_knows_are_for_who_has_them_to_give() -> None:
    found = move(Unmeasured("the candidate's answers to 3 of 5 prompts voted on are not known"))
    assert found is not None
    assert (found.who, found.command) == ("release manager", "gate policy check POLICY")
    assert "votes that hold them" in found.what


def test_answers_that_are_not_there_yet_are_waited_for() -> None:
    found = move(Unmeasured("the answers that were compared are not known", Cause.WAITING))
    assert found is not None
    assert (found.who, found.command) == ("annotators", "gate run POLICY")
