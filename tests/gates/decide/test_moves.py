"""Whoever can do something is told what."""

import pytest

from gates.decide.stage_gate import anything_open, decide_stage
from gates.decide.verdict import Verdict
from policies.policy import Policy
from stages.evidence.estimate import ASKED_ANEW, EITHER_WAY, FOR_GOOD, UNREAD, Cause, Unmeasured
from stages.evidence.records import StageName, Validity, Wait
from tests.gates.decide.cases import estimate, evidence, measurement

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


def by_judges(stopping: str) -> Policy:
    """A win rate that judges alone decide."""
    plan = {"votes_at_most": 600, "data": "i.jsonl", "judges": ["j"], "count": "judges"}
    demand = {"metric": "side_by_side.win_rate", "at_least": 0.5}
    return Policy.model_validate(
        {
            "policy": "release",
            "model": "assistant",
            "plan": {"side_by_side": plan | {"stopping": stopping}},
            "criteria": [demand | {"severity": "blocking", "because": "it"}],
        },
        strict=False,
    )


@pytest.mark.parametrize("validity", [Validity.FIXED, Validity.ANYTIME])
@pytest.mark.parametrize("stopping", ["fixed", "anytime"])
def test_nothing_is_final_while_judgements_are_asked_for_anew(
    validity: Validity, stopping: str
) -> None:
    policy = by_judges(stopping)
    metric = policy.plan.metrics()["side_by_side.win_rate"]
    said = f"mean per prompt; 5 judgements{ASKED_ANEW}{EITHER_WAY}"
    found = estimate(0.0, 0.9, value=0.2, n=590, method=said)
    seen = evidence(
        measurement(metric, found, validity=validity, planned=590), stage=StageName.SIDE_BY_SIDE
    )
    decided = decide_stage(policy, StageName.SIDE_BY_SIDE, seen)
    assert decided.verdict is Verdict.HOLD
    assert "final" not in decided.reason
    assert anything_open(policy, StageName.SIDE_BY_SIDE, seen)
    assert decided.waits_for is not None
    assert (decided.waits_for.who, decided.waits_for.command) == ("judges", "gate run POLICY")


@pytest.mark.parametrize(
    ("when", "who", "command"),
    [
        (ASKED_ANEW, "judges", "gate run POLICY"),
        (FOR_GOOD, "release manager", "gate policy check POLICY"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_reason_and_another_judge(
    when: str, who: str, command: str
) -> None:
    told = "40 of 40 verdicts of j cannot be read, such as: not valid JSON"
    policy = by_judges("fixed")
    metric = policy.plan.metrics()["side_by_side.win_rate"]
    method = f"mean; 20 prompts{when}{EITHER_WAY}{UNREAD}{told}; nothing is won on 1"
    share = estimate(0.0, 1.0, value=0.5, n=590, method=method)
    seen = evidence(measurement(metric, share, planned=590), stage=StageName.SIDE_BY_SIDE)
    found = decide_stage(policy, StageName.SIDE_BY_SIDE, seen)
    assert found.verdict is Verdict.HOLD
    assert anything_open(policy, StageName.SIDE_BY_SIDE, seen) is (when is ASKED_ANEW)
    wait = found.waits_for
    assert wait is not None
    assert (wait.who, wait.command) == (who, command)
    assert f"({told})" in wait.what
    assert "another judge" in wait.what


def test_how_much_more_would_settle_it_is_not_guessed_where_some_is_unresolved() -> None:
    metric = ATTACKS.plan.metrics()["side_by_side.attacks"]
    for method, guessed in (("mean", True), (f"mean; 9 votes{EITHER_WAY}", False)):
        found = estimate(0.0, 0.3, value=0.05, n=1000, method=method)
        seen = evidence(measurement(metric, found), stage=StageName.SIDE_BY_SIDE)
        reason = decide_stage(ATTACKS, StageName.SIDE_BY_SIDE, seen).reason
        assert ("a rough guess is" in reason) is guessed
        assert ("cannot be guessed" in reason) is not guessed
