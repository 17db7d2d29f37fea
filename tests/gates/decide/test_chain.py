"""Only a full chain of PASS may be promoted."""

import dataclasses

import pytest

from gates.decide.chain import NotPromotable, Promotable, decide_chain, promotable
from gates.decide.stage_gate import decide_stage
from gates.decide.verdict import CandidateDecision, OnlineVerdict, StageDecision, Verdict
from policies.policy import Policy
from stages.evidence.estimate import Cause
from stages.evidence.records import Cost, StageName, Wait
from tests.gates.decide.cases import A, bad_offline, good_offline, policy

OFFLINE, SIDE, ONLINE = StageName
PASS, FAIL, HOLD, _ = Verdict
POLICY = policy()


def stage(name: StageName, verdict: Verdict = PASS) -> StageDecision:
    return StageDecision(
        stage=name,
        verdict=verdict,
        reason="as it is",
        findings=(),
        waits_for=Wait(cause=Cause.WAITING, who="x", what="y", have=0, need=1)
        if verdict is HOLD
        else None,
        online=OnlineVerdict.SHIP if name is ONLINE and verdict is PASS else None,
        evidence_sha256="e" * 64,
        cost=Cost(),
    )


FULL = decide_chain(POLICY, A, [stage(OFFLINE), stage(SIDE), stage(ONLINE)])


def test_a_full_chain_passes_and_may_be_promoted() -> None:
    assert FULL.verdict is PASS
    assert FULL.reason == "passed offline, side by side, online"
    assert promotable(POLICY, FULL) == Promotable()


def test_the_last_stage_reached_gives_the_reason() -> None:
    failed = decide_chain(POLICY, A, [decide_stage(POLICY, OFFLINE, bad_offline())])
    assert failed.verdict is FAIL
    assert failed.reason.startswith("offline: toxicity rate is at least 1.00 %")
    held = decide_chain(POLICY, A, [stage(OFFLINE), stage(SIDE, HOLD)])
    assert (held.verdict, held.reason) == (HOLD, "side by side: as it is")


def test_the_next_command_names_the_policy() -> None:
    held = decide_chain(POLICY, A, [decide_stage(POLICY, OFFLINE, None)])
    assert held.stages[0].waits_for is not None
    assert held.stages[0].waits_for.command == f"gate run {POLICY.policy}"


@pytest.mark.parametrize("reached", [[OFFLINE], [OFFLINE, SIDE]])
def test_a_chain_that_has_not_reached_its_end_does_not_pass(reached: list[StageName]) -> None:
    decision = decide_chain(POLICY, A, [stage(name) for name in reached])
    assert decision.verdict is HOLD
    assert decision.reason.endswith("passed; the next stage is not decided")
    assert promotable(POLICY, decision) == NotPromotable(decision.reason)


@pytest.mark.parametrize(
    "stages",
    [
        [],
        [stage(SIDE)],
        [stage(SIDE), stage(OFFLINE)],
        [stage(OFFLINE), stage(ONLINE)],
        [stage(OFFLINE), stage(OFFLINE)],
        [stage(OFFLINE), stage(SIDE), stage(ONLINE), stage(ONLINE)],
    ],
)
def test_a_chain_has_the_order_of_its_policy(stages: list[StageDecision]) -> None:
    with pytest.raises(ValueError, match="is no beginning of"):
        decide_chain(POLICY, A, stages)


@pytest.mark.parametrize("verdict", [FAIL, HOLD])
def test_no_stage_follows_one_that_did_not_pass(verdict: Verdict) -> None:
    with pytest.raises(ValueError, match="no stage follows"):
        decide_chain(POLICY, A, [stage(OFFLINE, verdict), stage(SIDE)])


@pytest.mark.parametrize("verdict", [FAIL, HOLD])
def test_what_did_not_pass_is_not_promoted(verdict: Verdict) -> None:
    decision = decide_chain(POLICY, A, [stage(OFFLINE), stage(SIDE), stage(ONLINE, verdict)])
    assert promotable(POLICY, decision) == NotPromotable("online: as it is")


def test_an_adopted_version_is_never_promoted() -> None:
    found = promotable(POLICY, FULL, adopted=True)
    assert isinstance(found, NotPromotable)
    assert "adopted" in found.reason


def test_recorded_traffic_promotes_in_a_demo_only() -> None:
    recorded = policy(retrospective=True)
    found = promotable(recorded, FULL)
    assert isinstance(found, NotPromotable)
    assert "retrospective" in found.reason
    assert promotable(recorded, FULL, demo=True) == Promotable()


def test_a_stage_that_is_not_demanded_is_no_pass() -> None:
    short = policy(stages=("offline",))
    decision = decide_chain(short, A, [decide_stage(short, OFFLINE, good_offline())])
    assert decision.verdict is PASS
    found = promotable(short, decision)
    assert isinstance(found, NotPromotable)
    assert "does not demand side by side" in found.reason
    assert promotable(short, decision, stages_required={OFFLINE}) == Promotable()
    assert promotable(short, decision, stages_required=()) == Promotable()
    assert isinstance(promotable(short, decision, stages_required={OFFLINE, ONLINE}), NotPromotable)


def test_a_judge_whose_alias_demands_more_than_its_policy_can_plan_is_told_the_command() -> None:
    plan = {"offline": {"bench": {"data": "pairs.jsonl", "pairs": "labelled"}}}
    demand = {"metric": "bench.accuracy", "at_least": 0.7, "severity": "blocking", "because": "it"}
    of_judges = Policy.model_validate(
        {"policy": "jg", "kind": "judge", "model": "j", "plan": plan, "criteria": [demand]},
        strict=False,
    )
    passed = decide_chain(policy(), A, [decide_stage(policy(), OFFLINE, good_offline())])
    passed = dataclasses.replace(passed, verdict=PASS)
    found = promotable(of_judges, passed)
    assert isinstance(found, NotPromotable)
    assert "cannot plan side by side" in found.reason
    assert "gate trust allow j ALIAS jg demands offline alone, then gate trust sign" in found.reason
    assert promotable(of_judges, passed, stages_required={OFFLINE}) == Promotable()


def _forged(*stages: StageDecision) -> CandidateDecision:
    return CandidateDecision(candidate=A, verdict=PASS, reason="trust me", stages=stages)


@pytest.mark.parametrize(
    "stages",
    [
        (),
        (stage(OFFLINE),),
        (stage(OFFLINE), stage(ONLINE)),
        (stage(OFFLINE, FAIL), stage(SIDE), stage(ONLINE)),
        (stage(OFFLINE), stage(SIDE, HOLD), stage(ONLINE)),
        (stage(OFFLINE), stage(SIDE), dataclasses.replace(stage(ONLINE), evidence_sha256=None)),
    ],
)
def test_a_decision_that_only_says_pass_is_not_believed(stages: tuple[StageDecision, ...]) -> None:
    """Whatever stages the operator requires, those of the policy must have passed."""
    for required in (set(StageName), set()):
        found = promotable(POLICY, _forged(*stages), stages_required=required)
        assert isinstance(found, NotPromotable)
        assert found.reason.endswith("did not pass")
