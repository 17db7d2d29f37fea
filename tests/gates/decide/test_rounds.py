"""Candidates of a round are decided together, and a quota keeps the best."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.decide.quota import natural_order
from gates.decide.rounds import decide_round, open_stage, round_id
from gates.decide.verdict import RoundDecision, StageDecision, Verdict
from policies.errors import PolicyError
from policies.policy import Policy
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import Evidence, Quantity, StageName, Validity
from tests.gates.decide.cases import (
    BASELINE,
    F1,
    RESOLVED,
    TOXICITY,
    WINS,
    A,
    B,
    C,
    D,
    bad_offline,
    criterion,
    estimate,
    evidence,
    good_offline,
    look,
    measurement,
    policy,
    votes,
)

OFFLINE, SIDE, ONLINE = StageName
PASS, FAIL, HOLD, _ = Verdict
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = policy()
TWO = policy(stages=("offline", "side_by_side"))
KEEP = policy(stages=("offline", "side_by_side"), keep={"offline": {"most": 2, "by": "qa.f1"}})


def _decide(
    found: Mapping[str, Mapping[StageName, Evidence]],
    rules: Policy = POLICY,
    *,
    members: tuple[str, ...] | None = None,
    now: datetime = NOW,
) -> RoundDecision:
    return decide_round(
        rules, evidence=found, members=members or tuple(found), baseline=BASELINE, now=now
    )


def _offline(**scores: float) -> dict[str, dict[StageName, Evidence]]:
    names = {"a": A, "b": B, "c": C, "d": D}
    return {names[k]: {OFFLINE: good_offline(names[k], f1=v)} for k, v in scores.items()}


def _stage(decision: RoundDecision, candidate: str, index: int = 0) -> StageDecision:
    return next(c for c in decision.candidates if c.candidate == candidate).stages[index]


def _verdicts(decision: RoundDecision, index: int = 0) -> dict[str, Verdict]:
    return {c.candidate: c.stages[index].verdict for c in decision.candidates}


class TestChains:
    """Stage after stage, each candidate for itself."""

    def test_a_stage_is_reached_when_the_one_before_passed(self) -> None:
        decision = _decide({A: {OFFLINE: good_offline()}, B: {OFFLINE: bad_offline(B)}, C: {}})
        stages = {c.candidate: [s.stage for s in c.stages] for c in decision.candidates}
        assert stages == {A: [OFFLINE, SIDE], B: [OFFLINE], C: [OFFLINE]}
        assert [c.verdict for c in decision.candidates] == [HOLD, FAIL, HOLD]

    def test_a_later_stage_never_undoes_an_earlier_block(self) -> None:
        for first in (bad_offline(), None):
            found = {SIDE: votes()} if first is None else {OFFLINE: first, SIDE: votes()}
            decision = _decide({A: found}, TWO)
            assert [s.stage for s in decision.candidates[0].stages] == [OFFLINE]
            assert decision.candidates[0].verdict is not PASS

    def test_every_demanded_stage_passed_is_a_pass(self) -> None:
        decision = _decide({A: {OFFLINE: good_offline(), SIDE: votes()}}, TWO)
        assert decision.candidates[0].verdict is PASS

    def test_evidence_of_a_stage_that_is_not_demanded_counts_nothing(self) -> None:
        one = policy(stages=("side_by_side",))
        decision = _decide({A: {OFFLINE: bad_offline(), SIDE: votes()}}, one)
        assert [s.stage for s in decision.candidates[0].stages] == [SIDE]
        assert decision.candidates[0].verdict is PASS

    @pytest.mark.parametrize(
        ("found", "said"),
        [
            (good_offline(B), "the evidence is about models:/assistant/9 in offline"),
            (votes(A), "the evidence is about models:/assistant/2 in side_by_side"),
            (
                evidence(baseline="models:/assistant/0"),
                (
                    "the evidence compares with models:/assistant/0, but the round with "
                    "models:/assistant/1"
                ),
            ),
        ],
    )
    def test_evidence_about_something_else_is_refused(self, found: Evidence, said: str) -> None:
        decision = _decide({A: {OFFLINE: found}})
        stage = _stage(decision, A)
        assert (stage.verdict, stage.reason, stage.evidence_sha256) == (HOLD, said, None)
        assert stage.waits_for is not None
        assert stage.waits_for.cause is Cause.BROKEN

    def test_evidence_against_a_baseline_is_refused_where_the_round_has_none(self) -> None:
        decision = decide_round(
            POLICY, evidence={A: {OFFLINE: good_offline()}}, members=[A], baseline=None, now=NOW
        )
        assert _stage(decision, A).reason.endswith("but the round with no baseline")

    def test_evidence_without_a_baseline_may_speak_of_values(self) -> None:
        values = policy(stages=("offline",), criteria=(criterion(F1, {"at_least": 0.8}),))
        found = evidence(measurement(F1, estimate(0.83, 0.87)), baseline=None)
        assert _decide({A: {OFFLINE: found}}, values).candidates[0].verdict is PASS

    def test_evidence_of_strangers_is_not_looked_at(self) -> None:
        found = {A: {OFFLINE: good_offline()}, B: {OFFLINE: good_offline(B)}}
        assert [c.candidate for c in _decide(found, members=(A,)).candidates] == [A]


class TestRound:
    """Who belongs to it, and what it is called."""

    def test_its_name_is_that_of_members_baseline_and_policy(self) -> None:
        name = round_id([A, B], BASELINE, POLICY)
        assert _decide({A: {}, B: {}}).round_id == name
        assert round_id([B, A], BASELINE, POLICY) == name
        assert round_id([A], BASELINE, POLICY) != name
        assert round_id([A, B], None, POLICY) != name
        assert round_id([A, B], BASELINE, TWO) != name
        assert len(name) == 64

    def test_it_carries_its_policy_and_baseline(self) -> None:
        decision = _decide({A: {}})
        assert decision.policy == "release"
        assert decision.policy_sha256 == POLICY.sha256
        assert decision.baseline == BASELINE

    def test_members_are_ordered_as_people_count(self) -> None:
        decision = _decide({}, members=(D, C, B, A))
        assert [c.candidate for c in decision.candidates] == [A, B, C, D]

    @pytest.mark.parametrize("members", [(), (A, A)])
    def test_members_are_named_once(self, members: tuple[str, ...]) -> None:
        with pytest.raises(ValueError, match="each once"):
            decide_round(POLICY, evidence={}, members=members, baseline=BASELINE, now=NOW)

    def test_the_clock_has_a_zone(self) -> None:
        naive = datetime(2026, 3, 1)  # noqa: DTZ001 - that is the point
        with pytest.raises(ValueError, match="time zone"):
            _decide({A: {}}, now=naive)


class TestQuota:
    """At most so many go on, the best by one metric."""

    def test_the_best_are_kept_and_every_place_is_said(self) -> None:
        decision = _decide(_offline(a=0.84, b=0.9, c=0.86), KEEP)
        assert _verdicts(decision) == {A: FAIL, B: PASS, C: PASS}
        assert _stage(decision, B).reason == (
            "all 2 blocking criteria pass; first of 3 by qa f1 (90.0 %), and the policy keeps 2"
        )
        assert _stage(decision, C).reason == (
            "all 2 blocking criteria pass; second of 3 by qa f1 (86.0 %), and the policy keeps 2"
        )
        assert _stage(decision, A).reason == (
            "it passed, but is third of 3 by qa f1 (84.0 %), and the policy keeps 2: fail"
        )
        assert decision.candidates[0].reason.startswith("offline: it passed, but is third")
        assert [len(c.stages) for c in decision.candidates] == [1, 2, 2]

    def test_who_failed_takes_no_place(self) -> None:
        found = _offline(a=0.84, b=0.9) | {C: {OFFLINE: bad_offline(C)}}
        assert _verdicts(_decide(found, KEEP)) == {A: PASS, B: PASS, C: FAIL}

    def test_lower_is_better_where_the_metric_says_so(self) -> None:
        rules = policy(
            stages=("offline",),
            keep={"offline": {"most": 1, "by": "toxicity.rate"}},
        )
        worse = evidence(
            measurement(TOXICITY, estimate(0.0, 0.0049, value=0.003, level=0.9)),
            *good_offline(B).measurements[1:],
            candidate=B,
        )
        found = {A: {OFFLINE: good_offline(A)}, B: {OFFLINE: worse}}
        assert _verdicts(_decide(found, rules)) == {A: PASS, B: FAIL}

    def test_a_tie_goes_by_name_and_is_said(self) -> None:
        decision = _decide(_offline(c=0.85, b=0.85, a=0.9), KEEP)
        assert _verdicts(decision) == {A: PASS, B: PASS, C: FAIL}
        assert "tied with models:/assistant/10, and ties go by name" in _stage(decision, B).reason
        assert "tied with models:/assistant/9, and ties go by name" in _stage(decision, C).reason
        assert "tied" not in _stage(decision, A).reason

    def test_close_values_are_told_apart(self) -> None:
        decision = _decide(_offline(a=0.85001, b=0.85002, c=0.9), KEEP)
        assert "(85.001 %)" in _stage(decision, A).reason

    def test_who_cannot_be_ranked_gets_no_place_where_places_are_short(self) -> None:
        unranked = evidence(*good_offline(C).measurements[:2], candidate=C)
        found = (
            _offline(a=0.84)
            | {B: {OFFLINE: evidence(*good_offline(B).measurements[:2], candidate=B)}}
            | {C: {OFFLINE: unranked}}
        )
        decision = _decide(found, KEEP)
        assert _verdicts(decision) == {A: PASS, B: FAIL, C: FAIL}
        assert "second of 3 by qa f1 (not measured" in _stage(decision, B).reason

    def test_nobody_can_be_ranked(self) -> None:
        found = {
            m: {OFFLINE: evidence(*good_offline(m).measurements[:2], candidate=m)}
            for m in (A, B, C)
        }
        assert set(_verdicts(_decide(found, KEEP)).values()) == {FAIL}

    def test_who_cannot_be_ranked_goes_on_where_there_is_room(self) -> None:
        found = _offline(a=0.84) | {
            B: {OFFLINE: evidence(*good_offline(B).measurements[:2], candidate=B)}
        }
        assert _verdicts(_decide(found, KEEP)) == {A: PASS, B: PASS}

    @pytest.mark.parametrize(
        "measured",
        [
            measurement(F1, Unmeasured("gone")),
            measurement(F1, estimate(0.97, 0.99), planned=2000),
            measurement(F1, estimate(0.97, 1.2)),
        ],
    )
    def test_a_value_that_cannot_be_relied_on_ranks_nobody(self, measured: object) -> None:
        found = _offline(a=0.84, b=0.85) | {
            C: {OFFLINE: evidence(*good_offline(C).measurements[:2], measured, candidate=C)}
        }
        assert _verdicts(_decide(found, KEEP)) == {A: PASS, B: PASS, C: FAIL}

    def test_until_all_are_decided_those_ready_wait(self) -> None:
        decision = _decide(_offline(a=0.84, b=0.9) | {C: {}}, KEEP)
        assert _verdicts(decision) == {A: HOLD, B: HOLD, C: HOLD}
        stage = _stage(decision, B)
        assert stage.reason == (
            "it passed, and waits for 1 other candidate: the policy keeps 2 of the round"
        )
        assert stage.waits_for is not None
        assert stage.waits_for.cause is Cause.WAITING
        assert stage.waits_for.who == "other candidates"
        assert stage.waits_for.what == "1 other candidate of the round to pass or fail"
        assert (stage.waits_for.have, stage.waits_for.need) == (2, 3)
        assert stage.waits_for.expected is None
        assert stage.evidence_sha256 is not None
        assert open_stage(KEEP, decision, B) is None
        assert open_stage(KEEP, decision, C) is OFFLINE

    def test_several_others_are_counted(self) -> None:
        decision = _decide(_offline(a=0.84) | {B: {}, C: {}}, KEEP)
        assert "waits for 2 other candidates" in _stage(decision, A).reason

    def test_where_there_is_room_for_all_nobody_waits(self) -> None:
        found = _offline(a=0.84) | {B: {}, C: {OFFLINE: bad_offline(C)}}
        assert _verdicts(_decide(found, KEEP)) == {A: PASS, B: HOLD, C: FAIL}

    def test_who_is_held_in_an_earlier_stage_is_waited_for(self) -> None:
        rules = policy(
            stages=("offline", "side_by_side"), keep={"side_by_side": {"most": 1, "by": WINS.name}}
        )
        found = _offline(a=0.84, b=0.9) | {C: {OFFLINE: bad_offline(C)}}
        found[A][SIDE] = votes(A)
        decision = _decide(found | {D: {}}, rules)
        assert _stage(decision, A, 1).verdict is HOLD
        assert "2 other candidates" in _stage(decision, A, 1).reason
        found[B][SIDE] = votes(B, low=0.55, high=0.65)
        decision = _decide(found, rules)
        assert [c.verdict for c in decision.candidates] == [FAIL, PASS, FAIL]

    def test_a_quota_may_rank_by_an_earlier_stage(self) -> None:
        rules = policy(
            stages=("offline", "side_by_side"), keep={"side_by_side": {"most": 1, "by": "qa.f1"}}
        )
        found = _offline(a=0.9, b=0.84)
        found[A][SIDE], found[B][SIDE] = votes(A), votes(B, low=0.55, high=0.65)
        assert [c.verdict for c in _decide(found, rules).candidates] == [PASS, FAIL]

    def test_an_ab_ranks_by_its_difference(self) -> None:
        rules = policy(
            stages=("offline",),
            criteria=(criterion(F1, {"at_least": 0.5}),),
            keep={"offline": {"most": 1, "by": "qa.f1"}},
        )
        assert rules.keep["offline"].by == "qa.f1"
        from gates.decide.quota import standing_value

        found = evidence(
            measurement(RESOLVED, estimate(0.3, 0.5), validity=Validity.LOOK),
            measurement(
                RESOLVED,
                estimate(0.01, 0.03),
                quantity=Quantity.DIFFERENCE,
                validity=Validity.LOOK,
            ),
            stage=ONLINE,
            look=look(),
        )
        assert standing_value(RESOLVED, {ONLINE: found}) == pytest.approx(0.02)
        assert standing_value(RESOLVED, {OFFLINE: found}) is None


class TestDeadline:
    """At its deadline a quota is applied to those who are ready."""

    RULES = policy(
        stages=("offline", "side_by_side"),
        keep={"offline": {"most": 1, "by": "qa.f1", "deadline": "2026-03-01T12:00:00+00:00"}},
    )
    FOUND = _offline(a=0.84, b=0.9) | {C: {}}

    def test_before_it_those_ready_wait_for_it(self) -> None:
        decision = _decide(self.FOUND, self.RULES, now=NOW - timedelta(seconds=1))
        assert _verdicts(decision) == {A: HOLD, B: HOLD, C: HOLD}
        waits = _stage(decision, A).waits_for
        assert waits is not None
        assert waits.expected == "2026-03-01T12:00:00+00:00"

    def test_at_it_those_ready_are_ranked_and_the_others_are_out(self) -> None:
        decision = _decide(self.FOUND, self.RULES, now=NOW)
        assert _verdicts(decision) == {A: FAIL, B: PASS, C: FAIL}
        assert "it was not ready at 2026-03-01T12:00:00+00:00" in _stage(decision, C).reason
        assert open_stage(self.RULES, decision, C) is None

    def test_it_is_an_instant_wherever_the_clock_stands(self) -> None:
        east = timezone(timedelta(hours=9))
        decision = _decide(self.FOUND, self.RULES, now=NOW.astimezone(east))
        assert _verdicts(decision)[B] is PASS

    def test_without_a_zone_it_is_utc(self) -> None:
        rules = policy(
            stages=("offline",),
            keep={"offline": {"most": 1, "by": "qa.f1", "deadline": "2026-03-01T12:00:00"}},
        )
        assert _verdicts(_decide(self.FOUND, rules))[B] is PASS
        early = _decide(self.FOUND, rules, now=NOW - timedelta(seconds=1))
        assert _verdicts(early)[B] is HOLD

    def test_while_nobody_is_ready_everybody_may_still_be_measured(self) -> None:
        decision = _decide({A: {}, B: {}}, self.RULES)
        assert _verdicts(decision) == {A: HOLD, B: HOLD}
        assert open_stage(self.RULES, decision, A) is OFFLINE

    def test_who_is_late_in_an_earlier_stage_stays_there(self) -> None:
        rules = policy(
            stages=("offline", "side_by_side"),
            keep={"side_by_side": {"most": 1, "by": WINS.name, "deadline": "2026-03-01"}},
        )
        found = _offline(a=0.84, b=0.9) | {C: {}}
        found[A][SIDE], found[B][SIDE] = votes(A), votes(B, low=0.55, high=0.65)
        decision = _decide(found, rules)
        assert [c.verdict for c in decision.candidates] == [FAIL, PASS, HOLD]
        assert [len(c.stages) for c in decision.candidates] == [2, 2, 1]

    def test_a_deadline_that_is_no_time_is_the_policys_mistake(self) -> None:
        rules = policy(
            stages=("offline",), keep={"offline": {"most": 1, "by": "qa.f1", "deadline": "soon"}}
        )
        with pytest.raises(PolicyError, match="no ISO 8601 time"):
            _decide(self.FOUND, rules)


class TestOpenStage:
    """Where a candidate should be measured next."""

    def test_the_stage_that_holds(self) -> None:
        decision = _decide({A: {OFFLINE: good_offline()}, B: {}, C: {OFFLINE: bad_offline(C)}})
        assert open_stage(POLICY, decision, A) is SIDE
        assert open_stage(POLICY, decision, B) is OFFLINE
        assert open_stage(POLICY, decision, C) is None

    def test_none_after_the_last(self) -> None:
        decision = _decide({A: {OFFLINE: good_offline(), SIDE: votes()}}, TWO)
        assert open_stage(TWO, decision, A) is None

    def test_strangers_are_refused(self) -> None:
        with pytest.raises(ValueError, match="no member"):
            open_stage(POLICY, _decide({A: {}}), B)

    def test_another_policy_is_refused(self) -> None:
        with pytest.raises(ValueError, match="another policy"):
            open_stage(TWO, _decide({A: {}}), A)


@given(st.lists(st.floats(0.8, 0.95), min_size=1, max_size=3), st.floats(0.0, 0.95))
def test_a_further_worse_candidate_never_makes_another_pass(
    scores: list[float], other: float
) -> None:
    """Adding evidence of a candidate that ranks below takes no block away from the others."""
    found = _offline(**dict(zip("abc", scores, strict=False)))
    worse = min(other, *scores) if scores else other
    before = _decide(found, KEEP)
    after = _decide(found | {D: {OFFLINE: good_offline(D, f1=max(0.02, worse))}}, KEEP)
    for candidate in found:
        if _stage(before, candidate).verdict is not PASS:
            assert _stage(after, candidate).verdict is not PASS


@given(st.permutations([A, B, C, D]))
def test_the_order_in_which_members_are_named_changes_nothing(order: list[str]) -> None:
    found = _offline(a=0.84, b=0.9, c=0.84, d=0.86)
    assert _decide(found, KEEP, members=tuple(order)) == _decide(found, KEEP)


@given(st.sets(st.sampled_from([A, B, C, D]), max_size=4))
def test_never_more_are_kept_than_the_quota(ready: set[str]) -> None:
    found = {m: {OFFLINE: good_offline(m)} if m in ready else {} for m in (A, B, C, D)}
    for now in (NOW, NOW + timedelta(days=9)):
        verdicts = _verdicts(_decide(found, KEEP, now=now))
        assert sum(v is PASS for v in verdicts.values()) <= 2


def test_names_are_sorted_as_people_count() -> None:
    assert sorted(["m/10", "m/9", "m/1", "a/2"], key=natural_order) == ["a/2", "m/1", "m/9", "m/10"]


def test_places_beyond_nine_are_numbered() -> None:
    members = [f"models:/assistant/{n}" for n in range(1, 13)]
    found = {m: {OFFLINE: good_offline(m, f1=0.9 - i / 100)} for i, m in enumerate(members)}
    decision = decide_round(KEEP, evidence=found, members=members, baseline=BASELINE, now=NOW)
    assert "ninth of 12" in _stage(decision, members[8]).reason
    assert "number 10 of 12" in _stage(decision, members[9]).reason
