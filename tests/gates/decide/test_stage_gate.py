"""A stage passes only when every blocking criterion does."""

import dataclasses
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.decide import stage_gate
from gates.decide.online import LookDecision
from gates.decide.stage_gate import anything_open, decide_stage
from gates.decide.verdict import OnlineVerdict, StageDecision, Verdict
from policies.policy import Policy
from stages.evidence.codec import evidence_sha256
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import (
    Check,
    Cost,
    Evidence,
    Measurement,
    Quantity,
    StageName,
    Validity,
    Wait,
)
from tests.gates.decide.cases import (
    F1,
    LATENCY,
    RESOLVED,
    TOXICITY,
    WINS,
    A,
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
PASS, FAIL, HOLD, UNMEASURED = Verdict
D, V = Quantity.DIFFERENCE, Quantity.VALUE
POLICY = policy()
CHECKS = (
    "data_contract",
    "freshness",
    "sample_ratio",
    "crossover",
    "metrics",
    "burn_in",
    "plan_registered",
    "registered_before_exposure",
)
ANSWERS = Wait(cause=Cause.WAITING, who="operator", what="answers", have=1, need=2)


def traffic(
    primary: Estimate | Unmeasured,
    *,
    latency: Estimate | Unmeasured | None = None,
    number: int = 2,
    checks: Iterable[Check] | None = None,
) -> Evidence:
    guardrail = latency or estimate(0.95, 1.05, n=20000, unit="ratio")
    return evidence(
        measurement(RESOLVED, primary, quantity=D, validity=Validity.LOOK),
        measurement(LATENCY, guardrail, quantity=Quantity.RATIO, validity=Validity.LOOK),
        stage=ONLINE,
        look=look(number),
        checks=tuple(
            checks
            if checks is not None
            else [Check(name=n, passed=True, sentence="fine") for n in CHECKS]
        ),
    )


def _replaced(found: Evidence, index: int, **how: object) -> Evidence:
    changed = dataclasses.replace(found.measurements[index], **how)
    rest = list(found.measurements)
    rest[index] = changed
    return dataclasses.replace(found, measurements=tuple(rest))


def test_a_stage_passes_when_every_blocking_criterion_does() -> None:
    found = good_offline()
    decision = decide_stage(POLICY, OFFLINE, found)
    assert decision.verdict is PASS
    assert decision.reason == "all 2 blocking criteria pass"
    assert [f.metric for f in decision.findings] == ["toxicity.rate", "qa.f1", "qa.f1"]
    assert decision.waits_for is None
    assert decision.online is None
    assert decision.evidence_sha256 == evidence_sha256(found)
    assert decision.cost == found.cost


def test_the_one_blocking_criterion_speaks_for_its_stage() -> None:
    decision = decide_stage(POLICY, SIDE, votes())
    assert decision.verdict is PASS
    assert decision.reason == decision.findings[0].sentence


def test_any_blocking_failure_fails_even_beside_a_hold() -> None:
    found = _replaced(bad_offline(), 1, measured=Unmeasured("no answers"))
    decision = decide_stage(POLICY, OFFLINE, found)
    assert decision.verdict is FAIL
    assert decision.reason == decision.findings[0].sentence
    assert decision.waits_for is None


NEXT = Wait(cause=Cause.WAITING, who="gate", what="task qa", have=1, need=2)
HARMFUL = measurement(TOXICITY, estimate(0.02, 0.05, level=0.9))


def test_what_a_blocked_candidate_was_not_asked_says_so() -> None:
    decision = decide_stage(POLICY, OFFLINE, evidence(HARMFUL, waits=(NEXT,)))
    failed, *spared = decision.findings
    assert (decision.verdict, failed.verdict) == (FAIL, FAIL)
    assert "not asked" not in failed.sentence
    assert [f.verdict for f in spared] == [UNMEASURED, UNMEASURED]
    for finding in spared:
        assert "not asked, since the candidate was blocked already" in finding.sentence
        assert isinstance(finding.measured, Unmeasured)
        assert finding.measured.cause is Cause.WAITING


@pytest.mark.parametrize(
    ("demand", "found"),
    [
        (POLICY.model_copy(update={"whole_picture": True}), evidence(HARMFUL, waits=(NEXT,))),
        (POLICY, evidence(HARMFUL)),
        (POLICY, evidence(waits=(NEXT,))),
    ],
)
def test_what_is_missing_for_another_reason_was_not_left_unasked(
    demand: Policy, found: Evidence
) -> None:
    findings = decide_stage(demand, OFFLINE, found).findings
    assert not any("not asked" in finding.sentence for finding in findings)


def test_several_failures_are_counted() -> None:
    two = policy(
        stages=("offline",),
        criteria=(criterion(TOXICITY, {"at_most": 0.005}), criterion(F1, {"at_least": 0.95})),
    )
    assert decide_stage(two, OFFLINE, bad_offline()).reason.endswith("(and 1 more)")


@pytest.mark.parametrize("cause", Cause)
def test_a_blocking_criterion_that_is_unmeasured_holds_with_its_cause(cause: Cause) -> None:
    found = _replaced(good_offline(), 0, measured=Unmeasured("because", cause))
    decision = decide_stage(POLICY, OFFLINE, found)
    assert decision.verdict is HOLD
    assert decision.waits_for is not None
    assert decision.waits_for.cause is cause
    assert (
        decision.waits_for.who
        == {
            Cause.WAITING: "operator",
            Cause.BROKEN: "operator",
            Cause.UNDERPOWERED: "release manager",
            Cause.OVER_BUDGET: "release manager",
        }[cause]
    )
    assert (
        decision.waits_for.command
        == {
            Cause.WAITING: "gate run POLICY",
            Cause.BROKEN: "gate run POLICY",
            Cause.UNDERPOWERED: "gate policy check POLICY",
            Cause.OVER_BUDGET: "gate forecast POLICY",
        }[cause]
    )
    assert "toxicity rate" in decision.waits_for.what
    assert (decision.waits_for.have, decision.waits_for.need) == (0, None)


def test_an_underpowered_hold_says_what_would_do() -> None:
    found = _replaced(good_offline(), 1, measured=estimate(-0.05, 0.05, n=1000))
    decision = decide_stage(POLICY, OFFLINE, found)
    assert decision.verdict is HOLD
    assert decision.waits_for == Wait(
        cause=Cause.UNDERPOWERED,
        who="release manager",
        what="a plan with roughly 2,800 items for qa f1, or a wider limit",
        have=1000,
        need=2800,
        command="gate policy check POLICY",
    )


def test_what_too_little_could_measure_waits_for_no_wider_limit() -> None:
    none = Unmeasured("0 of 600 items are clean", Cause.UNDERPOWERED)
    decision = decide_stage(POLICY, OFFLINE, _replaced(good_offline(), 1, measured=none))
    assert decision.waits_for is not None
    assert decision.waits_for.what == "a plan that can measure qa f1; no limit helps"


def test_an_underpowered_hold_counts_clusters_where_those_are_its_units() -> None:
    wide = estimate(-0.04, 0.04, n=1000, method="cluster-robust Student's t")
    decision = decide_stage(POLICY, OFFLINE, _replaced(good_offline(), 1, measured=wide))
    assert decision.waits_for is not None
    assert decision.waits_for.what.startswith(
        "a plan with roughly 1,800 clusters of items for qa f1"
    )
    assert (decision.waits_for.have, decision.waits_for.need) == (1000, 1800)


def test_what_the_stage_itself_awaits_is_told_first() -> None:
    found = dataclasses.replace(
        _replaced(good_offline(), 0, measured=Unmeasured("soon", Cause.WAITING)), waits=(ANSWERS,)
    )
    assert decide_stage(POLICY, OFFLINE, found).waits_for == ANSWERS


def test_what_is_broken_is_told_before_what_is_awaited() -> None:
    found = dataclasses.replace(
        _replaced(good_offline(), 0, measured=Unmeasured("the classifier is gone")),
        waits=(ANSWERS,),
    )
    decision = decide_stage(POLICY, OFFLINE, found)
    assert decision.waits_for is not None
    assert decision.waits_for.what == "a usable measurement of toxicity rate"


def test_what_is_awaited_is_told_before_what_is_too_weak() -> None:
    found = dataclasses.replace(
        _replaced(good_offline(), 1, measured=estimate(-0.05, 0.05)), waits=(ANSWERS,)
    )
    assert decide_stage(POLICY, OFFLINE, found).waits_for == ANSWERS


@pytest.mark.parametrize(
    ("stage", "who"), [(OFFLINE, "operator"), (SIDE, "annotators"), (ONLINE, "traffic")]
)
def test_waiting_is_the_move_of_those_who_bring_the_data(stage: StageName, who: str) -> None:
    metric = {OFFLINE: TOXICITY, SIDE: WINS, ONLINE: RESOLVED}[stage]
    quantity = D if stage is ONLINE else V
    found = evidence(
        measurement(metric, Unmeasured("soon", Cause.WAITING), quantity=quantity),
        stage=stage,
        look=look(2) if stage is ONLINE else None,
        checks=tuple(Check(name=n, passed=True, sentence="fine") for n in CHECKS),
    )
    one = policy(
        stages=(stage.value,),
        criteria=(criterion(metric, {"better": {}} if quantity is D else {"at_least": 0.1}),),
    )
    decision = decide_stage(one, stage, found)
    assert decision.waits_for is not None
    assert decision.waits_for.who == who


@pytest.mark.parametrize("stage", StageName)
def test_a_stage_without_evidence_holds(stage: StageName) -> None:
    decision = decide_stage(POLICY, stage, None)
    assert decision.verdict is HOLD
    assert decision.reason == f"the {stage} stage has not been measured yet"
    assert decision.waits_for == Wait(
        cause=Cause.WAITING,
        who="operator",
        what=f"evidence of the {stage} stage",
        have=0,
        need=1,
        command="gate run POLICY",
    )
    assert decision.evidence_sha256 is None
    assert decision.cost == Cost()
    assert {f.verdict for f in decision.findings} == {UNMEASURED}


def test_refused_evidence_holds_with_its_reason() -> None:
    decision = decide_stage(POLICY, OFFLINE, Unmeasured("it is about another candidate"))
    assert decision.verdict is HOLD
    assert decision.reason == "it is about another candidate"
    assert decision.waits_for is not None
    assert decision.waits_for.cause is Cause.BROKEN
    assert decision.evidence_sha256 is None


@pytest.mark.parametrize("advised", [(), (criterion(F1, {"at_least": 0.1}, blocking=False),)])
def test_a_stage_without_a_blocking_criterion_never_passes(advised: tuple) -> None:
    lax = policy(criteria=(*advised, criterion(WINS, {"at_least": 0.48})))
    decision = decide_stage(lax, OFFLINE, good_offline())
    assert decision.verdict is HOLD
    assert "never passes" in decision.reason
    assert decision.waits_for == Wait(
        cause=Cause.BROKEN,
        who="release manager",
        what="a blocking criterion on offline",
        have=0,
        need=1,
        command="gate policy check POLICY",
    )
    assert not anything_open(lax, OFFLINE, good_offline())


def test_advice_changes_no_verdict() -> None:
    for measured in (estimate(0.1, 0.2), estimate(0.7, 0.9), Unmeasured("gone")):
        found = _replaced(good_offline(), 2, measured=measured)
        decision = decide_stage(POLICY, OFFLINE, found)
        assert decision.verdict is PASS
        assert decision.findings[2].verdict is not PASS
        assert not anything_open(POLICY, OFFLINE, found)


def _slow_holm(p_values: Iterable[float]) -> tuple[float, ...]:
    """Each p-value times the number of hypotheses that are not before it, made increasing."""
    found = list(p_values)
    return tuple(
        min(1.0, max(q * sum(r >= q for r in found) for q in found if q <= p)) for p in found
    )


class TestHolm:
    """A regression is proven over all comparisons of a stage together."""

    def _decide(self, *p: float | None, kinds: str = "", n: int = 1000) -> StageDecision:
        names = [f"task{i}" for i in range(len(p))]
        tasks = {name: {"data": "x.jsonl", "scorer": "exact"} for name in names}
        demands = {"n": {"non_inferior": {"margin": 0.01}}, "b": {"better": {}}}
        pairs = list(zip(names, kinds.ljust(len(p), "n"), strict=True))
        whole = Policy.model_validate(
            {
                "policy": "release",
                "model": "assistant",
                "plan": {"offline": tasks},
                "criteria": [
                    {
                        "metric": f"{name}.accuracy",
                        **demands[kind],
                        "severity": "blocking",
                        "because": "x",
                    }
                    for name, kind in pairs
                ],
            },
            strict=False,
        )
        found = evidence(
            *(
                Measurement(
                    metric=f"{name}.accuracy",
                    quantity=D,
                    measured=estimate(-0.05, -0.02, n=n),
                    planned=1000,
                    p_worse=value,
                )
                for name, value in zip(names, p, strict=True)
            )
        )
        return decide_stage(whole, OFFLINE, found)

    def test_one_comparison_is_not_corrected(self) -> None:
        assert self._decide(0.025).verdict is FAIL
        assert self._decide(0.0251).verdict is HOLD

    def test_two_comparisons_share_the_error(self) -> None:
        assert self._decide(0.0125, 0.9).verdict is FAIL
        assert self._decide(0.0126, 0.9).verdict is HOLD

    def test_the_second_step_is_easier(self) -> None:
        both = self._decide(0.0125, 0.025)
        assert [f.verdict for f in both.findings] == [FAIL, FAIL]

    def test_better_takes_part(self) -> None:
        assert [f.verdict for f in self._decide(0.0126, 0.9, kinds="nb").findings] == [HOLD, HOLD]
        assert [f.verdict for f in self._decide(0.9, 0.0125, kinds="nb").findings] == [HOLD, FAIL]

    def test_what_is_missing_makes_no_proof_easier(self) -> None:
        assert self._decide(0.0126, None).verdict is HOLD
        assert self._decide(0.0125, None).verdict is FAIL

    def test_nothing_is_proven_before_the_planned_number(self) -> None:
        assert self._decide(0.0001, n=999).verdict is HOLD

    def test_no_p_value_proves_nothing(self) -> None:
        assert self._decide(None, None).verdict is HOLD

    def test_two_criteria_on_one_metric_are_one_hypothesis(self) -> None:
        twice = policy(
            stages=("offline",),
            criteria=(
                criterion(F1, {"non_inferior": {"margin": 0.01}}),
                criterion(F1, {"non_inferior": {"margin": 0.02}}),
            ),
        )
        found = evidence(measurement(F1, estimate(-0.05, -0.02), quantity=D, p_worse=0.025))
        assert decide_stage(twice, OFFLINE, found).verdict is FAIL

    def test_a_relative_margin_is_failed_by_the_difference(self) -> None:
        relative = policy(
            stages=("offline",),
            criteria=(criterion(F1, {"non_inferior": {"relative_margin": 0.01}}),),
        )
        found = evidence(
            measurement(F1, estimate(-0.05, -0.02), quantity=D, p_worse=0.001),
            measurement(F1, estimate(0.9, 0.97, unit="ratio"), quantity=Quantity.RATIO),
        )
        assert decide_stage(relative, OFFLINE, found).verdict is FAIL
        absurd = _replaced(found, 0, measured=estimate(0.02, 0.05))
        assert decide_stage(relative, OFFLINE, absurd).verdict is HOLD
        listed = dataclasses.replace(
            found, measurements=(*found.measurements, found.measurements[0])
        )
        assert decide_stage(relative, OFFLINE, listed).verdict is HOLD

    def test_equal_candidates_fail_no_more_often_than_promised(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Five equal comparisons: without the correction 12 % of the rounds would fail."""
        p_values = np.random.default_rng(20260301).uniform(size=(400, 5))
        assert _slow_holm(p_values[0]) == pytest.approx(stage_gate.holm(list(p_values[0])))
        monkeypatch.setattr(stage_gate, "holm", _slow_holm)  # the quick one collects garbage
        failed = np.mean([self._decide(*map(float, row)).verdict is FAIL for row in p_values])
        uncorrected = np.mean((p_values <= 0.025).any(axis=1))
        assert failed <= 0.025 + 3 * (0.025 * 0.975 / 400) ** 0.5 < uncorrected


class TestOnline:
    """The ordered verdict decides an A/B; a passing word is believed only with its findings."""

    GOOD = estimate(0.004, 0.02, n=20000)

    def test_ship_passes(self) -> None:
        decision = decide_stage(POLICY, ONLINE, traffic(self.GOOD))
        assert (decision.verdict, decision.online) == (PASS, OnlineVerdict.SHIP)
        assert not anything_open(POLICY, ONLINE, traffic(self.GOOD))

    def test_continue_waits_for_the_next_look(self) -> None:
        found = traffic(estimate(-0.01, 0.02, n=20000))
        decision = decide_stage(POLICY, ONLINE, found)
        assert (decision.verdict, decision.online) == (HOLD, OnlineVerdict.CONTINUE)
        assert decision.waits_for is not None
        assert decision.waits_for.cause is Cause.WAITING
        assert decision.waits_for.who == "traffic"
        assert anything_open(POLICY, ONLINE, found)

    def test_continue_with_nothing_open_waits_for_the_next_look(self) -> None:
        early = dataclasses.replace(look(2), minimum_days_reached=False)
        found = dataclasses.replace(traffic(self.GOOD), look=early)
        decision = decide_stage(POLICY, ONLINE, found)
        assert (decision.verdict, decision.online) == (HOLD, OnlineVerdict.CONTINUE)
        assert decision.waits_for == Wait(
            cause=Cause.WAITING,
            who="traffic",
            what="the next planned look",
            have=2,
            need=3,
            command="gate run POLICY",
        )

    def test_inconclusive_fails_and_closes(self) -> None:
        found = traffic(estimate(-0.01, 0.02, n=20000), number=3)
        decision = decide_stage(POLICY, ONLINE, found)
        assert (decision.verdict, decision.online) == (FAIL, OnlineVerdict.INCONCLUSIVE)
        assert not anything_open(POLICY, ONLINE, found)

    def test_harm_stops(self) -> None:
        harmed = estimate(None, -0.01, value=-0.02, n=20000)
        found = traffic(estimate(-0.03, -0.001, n=20000))
        found = dataclasses.replace(
            found,
            measurements=(
                *found.measurements,
                measurement(RESOLVED, harmed, quantity=D, validity=Validity.ANYTIME),
            ),
        )
        decision = decide_stage(POLICY, ONLINE, found)
        assert (decision.verdict, decision.online) == (FAIL, OnlineVerdict.STOP)

    def test_invalid_holds_until_someone_mends_it(self) -> None:
        checks = [Check(name="sample_ratio", passed=False, sentence="49 to 51")]
        found = traffic(self.GOOD, checks=checks)
        decision = decide_stage(POLICY, ONLINE, found)
        assert (decision.verdict, decision.online) == (HOLD, OnlineVerdict.INVALID)
        assert decision.waits_for == Wait(
            cause=Cause.BROKEN,
            who="operator",
            what="traffic data that may be analysed",
            have=0,
            need=1,
            command="gate run POLICY",
        )
        assert anything_open(POLICY, ONLINE, found)

    def test_no_look_waits_without_a_number(self) -> None:
        found = dataclasses.replace(traffic(self.GOOD), look=None, waits=(ANSWERS,))
        decision = decide_stage(POLICY, ONLINE, found)
        assert decision.verdict is HOLD
        assert decision.waits_for == ANSWERS
        idle = dataclasses.replace(
            found, waits=(dataclasses.replace(ANSWERS, cause=Cause.UNDERPOWERED),)
        )
        waits = decide_stage(POLICY, ONLINE, idle).waits_for
        assert waits is not None
        assert (waits.what, waits.have, waits.need) == ("the next planned look", 0, None)

    @pytest.mark.parametrize(
        ("ends", "verdict", "online"),
        [((1.2, 1.4), FAIL, OnlineVerdict.STOP), ((0.9, 1.4), HOLD, OnlineVerdict.INVALID)],
    )
    def test_a_ship_that_a_blocking_finding_contradicts_is_none(
        self,
        monkeypatch: pytest.MonkeyPatch,
        ends: tuple[float, float],
        verdict: Verdict,
        online: OnlineVerdict,
    ) -> None:
        monkeypatch.setattr(
            stage_gate,
            "decide_look",
            lambda *_, **__: LookDecision(verdict=OnlineVerdict.SHIP, reason="it shines"),
        )
        found = traffic(self.GOOD, latency=estimate(*ends, n=20000, unit="ratio"))
        decision = decide_stage(POLICY, ONLINE, found)
        assert (decision.verdict, decision.online) == (verdict, online)


class TestAnythingOpen:
    """Measuring stops when it can change nothing."""

    def test_nothing_measured_is_open(self) -> None:
        assert anything_open(POLICY, OFFLINE, None)

    def test_a_pass_is_closed(self) -> None:
        assert not anything_open(POLICY, OFFLINE, good_offline())

    def test_a_failure_closes_what_is_still_open(self) -> None:
        found = _replaced(bad_offline(), 1, measured=Unmeasured("soon", Cause.WAITING))
        assert not anything_open(POLICY, OFFLINE, found)

    @pytest.mark.parametrize("cause", Cause)
    def test_what_is_unmeasured_is_open(self, cause: Cause) -> None:
        found = _replaced(good_offline(), 1, measured=Unmeasured("because", cause))
        assert anything_open(POLICY, OFFLINE, found)

    def test_before_the_planned_number_is_open(self) -> None:
        assert anything_open(POLICY, OFFLINE, _replaced(good_offline(), 1, planned=1001))

    def test_a_final_hold_is_closed(self) -> None:
        found = _replaced(good_offline(), 1, measured=estimate(-0.05, 0.05))
        assert decide_stage(POLICY, OFFLINE, found).verdict is HOLD
        assert not anything_open(POLICY, OFFLINE, found)

    def test_a_final_hold_beside_an_open_one_is_open(self) -> None:
        found = _replaced(good_offline(), 1, measured=estimate(-0.05, 0.05))
        assert anything_open(POLICY, OFFLINE, _replaced(found, 0, planned=1001))


bad = st.sampled_from(
    [
        Unmeasured("gone"),
        Unmeasured("soon", Cause.WAITING),
        estimate(0.9, 0.95, level=0.9),
        estimate(0.001, 0.2, level=0.9),
        estimate(0.001, 0.001, level=0.9),
        estimate(0.0, 0.001, unit="number", level=0.9),
        estimate(0.0, 0.001, n=2000, level=0.9),
        estimate(0.0, 0.001, n=500, level=0.9),
        estimate(0.0, 0.001, level=0.5),
    ]
)


@given(bad, st.integers(0, 1))
def test_one_bad_measurement_among_good_ones_never_passes(
    measured: Estimate | Unmeasured, index: int
) -> None:
    quantity = good_offline().measurements[index].quantity
    if quantity is D and isinstance(measured, Estimate):
        measured = dataclasses.replace(
            measured,
            low=-measured.high - 0.04,
            value=-measured.value - 0.04,
            high=-measured.low - 0.04,
        )
    found = _replaced(good_offline(), index, measured=measured)
    assert decide_stage(POLICY, OFFLINE, found).verdict is not PASS


@given(st.lists(st.sampled_from(range(3)), unique=True))
def test_taking_measurements_away_never_makes_a_pass(kept: list[int]) -> None:
    whole = good_offline()
    found = dataclasses.replace(whole, measurements=tuple(whole.measurements[i] for i in kept))
    decision = decide_stage(POLICY, OFFLINE, found)
    assert (decision.verdict is PASS) == ({0, 1} <= set(kept))


def test_evidence_of_another_stage_never_passes() -> None:
    for stage in (SIDE, ONLINE):
        assert decide_stage(POLICY, stage, good_offline(A)).verdict is not PASS


def test_the_baseline_itself_waits_for_another_candidate_and_nothing_is_broken() -> None:
    found = good_offline()
    same = dataclasses.replace(found.provenance, baseline=found.provenance.candidate)
    decision = decide_stage(POLICY, OFFLINE, dataclasses.replace(found, provenance=same))
    assert decision.verdict is HOLD
    assert decision.waits_for == Wait(
        cause=Cause.WAITING,
        who="release manager",
        what="a candidate that is not the baseline itself",
        have=0,
        need=1,
    )
