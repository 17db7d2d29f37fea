"""The order of the verdicts, and every way in which evidence must not ship."""

from dataclasses import replace

import pytest

from gates.decide import online
from gates.decide.online import REQUIRED_CHECKS, LookDecision
from gates.decide.spoken import metric_words
from gates.decide.verdict import Finding, OnlineVerdict, Verdict
from policies.criteria import Better, Criterion, NonInferior, Severity
from policies.metric import Metric, Unit
from stages.evidence.estimate import Bounds, Cause, Estimate, Unmeasured
from stages.evidence.records import (
    Check,
    Evidence,
    Look,
    Measurement,
    Provenance,
    Quantity,
    StageName,
    Validity,
    Wait,
)

PRIMARY, GUARD = "online.resolved", "online.seconds"
BETTER = Criterion(metric=PRIMARY, better=Better(), severity=Severity.BLOCKING, because="product")
SAFE = Criterion(
    metric=GUARD, non_inferior=NonInferior(margin=0.1), severity=Severity.BLOCKING, because="fast"
)
RELATIVE = Criterion(
    metric=GUARD,
    non_inferior=NonInferior(relative_margin=0.05),
    severity=Severity.BLOCKING,
    because="fast",
)
LOOK = Look(
    number=2,
    planned=3,
    information=0.6,
    units=6_000,
    run_days=10,
    minimum_days_reached=True,
    alpha_spent=0.01,
    conditional_power=0.4,
    final=False,
    primary=PRIMARY,
)
CHECKS = tuple(Check(name=name, passed=True, sentence="fine") for name in REQUIRED_CHECKS)
WAIT = Wait(cause=Cause.WAITING, who="traffic", what="day 14 of the A/B", have=10, need=14)


def end(
    bounds: Bounds, at: float, *, metric: str = PRIMARY, quantity: Quantity = Quantity.DIFFERENCE
) -> Measurement:
    estimate = Estimate(
        value=0.0,
        standard_error=0.1,
        low=at if bounds is not Bounds.UPPER else None,
        high=at if bounds is not Bounds.LOWER else None,
        bounds=bounds,
        level=0.975,
        n=100,
        unit="share",
        method="asymptotic confidence sequence",
    )
    return Measurement(
        metric=metric, quantity=quantity, measured=estimate, validity=Validity.ANYTIME
    )


def evidence(
    *measurements: Measurement,
    look: Look | None = LOOK,
    checks: tuple[Check, ...] = CHECKS,
    waits: tuple[Wait, ...] = (WAIT,),
) -> Evidence:
    return Evidence(
        stage=StageName.ONLINE,
        candidate="models:/assistant/2",
        baseline="models:/assistant/1",
        measurements=measurements,
        checks=checks,
        look=look,
        waits=waits,
        provenance=Provenance(candidate="c", baseline="b", plan="p", data=(), code="1"),
    )


def finding(criterion: Criterion, verdict: Verdict = Verdict.PASS) -> Finding:
    return Finding(
        metric=criterion.metric,
        demand="better",
        severity=criterion.severity,
        verdict=verdict,
        sentence="it is so",
        because=criterion.because,
        quantity=Quantity.DIFFERENCE,
        measured=Unmeasured("not needed here"),
        distance=None,
    )


def decide_look(
    found: Evidence, criteria: tuple[Criterion, ...], findings: tuple[Finding, ...]
) -> LookDecision:
    """The look's decision; lower is better for a metric whose harmful end is a lower one."""
    lower = {
        m.metric
        for m in found.measurements
        if isinstance(m.measured, Estimate) and m.measured.bounds is Bounds.LOWER
    }
    metrics = {
        name: Metric(
            name=name,
            stage="online",
            unit=Unit.SHARE,
            higher_is_better=name not in lower,
            paired=True,
        )
        for name in (PRIMARY, GUARD)
    }
    return online.decide_look(found, criteria, findings, metrics=metrics)


BOTH, PASSING = (BETTER, SAFE), (finding(BETTER), finding(SAFE))


def test_all_in_order_ships() -> None:
    decision = decide_look(evidence(), BOTH, PASSING)
    assert decision.verdict is OnlineVerdict.SHIP
    assert "look 2 of 3 (day 10, 6,000 units, 60% of the planned information)" in decision.reason


@pytest.mark.parametrize("name", REQUIRED_CHECKS)
def test_any_failed_check_is_invalid_however_good_the_result(name: str) -> None:
    checks = tuple(replace(c, passed=False) if c.name == name else c for c in CHECKS)
    harmed = evidence(end(Bounds.UPPER, -0.2), checks=checks)
    decision = decide_look(harmed, BOTH, PASSING)
    assert decision.verdict is OnlineVerdict.INVALID
    assert name in decision.reason


@pytest.mark.parametrize("name", REQUIRED_CHECKS)
def test_a_check_that_was_not_made_is_invalid(name: str) -> None:
    checks = tuple(c for c in CHECKS if c.name != name)
    decision = decide_look(evidence(checks=checks), BOTH, PASSING)
    assert decision.verdict is OnlineVerdict.INVALID
    assert name in decision.reason


def test_a_check_that_the_data_cannot_make_does_not_invalidate() -> None:
    checks = tuple(replace(c, passed=None) for c in CHECKS)
    assert decide_look(evidence(checks=checks), BOTH, PASSING).verdict is OnlineVerdict.SHIP


def test_no_check_at_all_never_ships() -> None:
    decision = decide_look(evidence(checks=()), BOTH, PASSING)
    assert decision.verdict is OnlineVerdict.INVALID


@pytest.mark.parametrize("look", [None, replace(LOOK, number=0)])
def test_before_the_first_look_nothing_is_decided(look: Look | None) -> None:
    waiting = evidence(end(Bounds.UPPER, -0.5), look=look, checks=())
    assert decide_look(waiting, BOTH, PASSING).verdict is OnlineVerdict.CONTINUE
    nothing = evidence(look=look, checks=(), waits=())
    assert decide_look(nothing, BOTH, PASSING).verdict is OnlineVerdict.INVALID
    broken = evidence(look=look, checks=(Check(name="columns", passed=False, sentence="no"),))
    assert decide_look(broken, BOTH, PASSING).verdict is OnlineVerdict.INVALID


def test_what_kept_an_ab_from_any_look_is_said() -> None:
    found = evidence(end(Bounds.UPPER, -0.5), look=None, checks=(), waits=())
    broken = Unmeasured("the journal is torn", Cause.BROKEN)
    lost = replace(
        found, measurements=tuple(replace(m, measured=broken) for m in found.measurements)
    )
    said = decide_look(lost, BOTH, ())
    assert said.verdict is OnlineVerdict.INVALID
    assert said.reason == "there is no look: the journal is torn"
    assert "nothing is awaited" in decide_look(replace(found, measurements=()), BOTH, ()).reason


@pytest.mark.parametrize(
    ("criterion", "measurement", "stops"),
    [
        (BETTER, end(Bounds.UPPER, -0.001), True),
        (BETTER, end(Bounds.UPPER, 0.0), False),
        (BETTER, end(Bounds.LOWER, 0.001), True),
        (BETTER, end(Bounds.LOWER, 0.0), False),
        (BETTER, end(Bounds.TWO_SIDED, -0.3), True),
        (SAFE, end(Bounds.UPPER, -0.11, metric=GUARD), True),
        (SAFE, end(Bounds.UPPER, -0.1, metric=GUARD), False),
        (SAFE, end(Bounds.LOWER, 0.11, metric=GUARD), True),
        (SAFE, end(Bounds.LOWER, 0.1, metric=GUARD), False),
        (RELATIVE, end(Bounds.UPPER, 0.94, metric=GUARD, quantity=Quantity.RATIO), True),
        (RELATIVE, end(Bounds.UPPER, 0.96, metric=GUARD, quantity=Quantity.RATIO), False),
        (RELATIVE, end(Bounds.LOWER, 1.06, metric=GUARD, quantity=Quantity.RATIO), True),
        (RELATIVE, end(Bounds.LOWER, 1.04, metric=GUARD, quantity=Quantity.RATIO), False),
        (RELATIVE, end(Bounds.UPPER, -0.9, metric=GUARD), False),
    ],
)
def test_only_a_sequence_beyond_what_is_acceptable_stops(
    criterion: Criterion, measurement: Measurement, *, stops: bool
) -> None:
    decision = decide_look(evidence(measurement), (criterion,), (finding(criterion),))
    assert (decision.verdict is OnlineVerdict.STOP) == stops
    if stops:
        assert metric_words(criterion.metric) in decision.reason


def test_stop_comes_before_ship_and_even_at_the_last_look() -> None:
    last = replace(LOOK, final=True)
    decision = decide_look(evidence(end(Bounds.UPPER, -0.1), look=last), BOTH, PASSING)
    assert decision.verdict is OnlineVerdict.STOP


@pytest.mark.parametrize("validity", [Validity.LOOK, Validity.FIXED])
def test_an_interval_of_one_look_never_stops(validity: Validity) -> None:
    planned = 100 if validity is Validity.FIXED else None
    found = replace(end(Bounds.UPPER, -0.1), validity=validity, planned=planned)
    assert decide_look(evidence(found), BOTH, PASSING).verdict is OnlineVerdict.SHIP


def test_an_absent_sequence_does_not_stop() -> None:
    none = replace(end(Bounds.UPPER, -0.1), measured=Unmeasured("burn-in"))
    open_ = (finding(BETTER, Verdict.UNMEASURED), finding(SAFE))
    assert decide_look(evidence(none), BOTH, open_).verdict is OnlineVerdict.CONTINUE


def test_advisory_criteria_and_plain_limits_never_stop() -> None:
    advisory = BETTER.model_copy(update={"severity": Severity.ADVISORY})
    harmed = evidence(end(Bounds.UPPER, -0.5))
    assert decide_look(harmed, (advisory,), (finding(advisory),)).verdict is OnlineVerdict.SHIP
    for limit in ({"at_least": 0.1}, {"at_most": 0.9}):
        plain = Criterion(metric=PRIMARY, severity=Severity.BLOCKING, because="goal", **limit)
        assert decide_look(harmed, (plain,), (finding(plain),)).verdict is OnlineVerdict.SHIP


def test_before_the_minimum_run_time_nothing_ships() -> None:
    early = replace(LOOK, minimum_days_reached=False)
    decision = decide_look(evidence(look=early), BOTH, PASSING)
    assert decision.verdict is OnlineVerdict.CONTINUE
    assert "minimum run time" in decision.reason


@pytest.mark.parametrize("verdict", [Verdict.HOLD, Verdict.FAIL, Verdict.UNMEASURED])
@pytest.mark.parametrize("position", [0, 1])
def test_primary_and_every_blocking_guardrail_must_pass(verdict: Verdict, position: int) -> None:
    found = tuple(
        replace(f, verdict=verdict) if i == position else f for i, f in enumerate(PASSING)
    )
    running = decide_look(evidence(), BOTH, found)
    assert running.verdict is OnlineVerdict.CONTINUE
    assert "probability 40%" in running.reason
    ended = decide_look(evidence(look=replace(LOOK, final=True), waits=()), BOTH, found)
    assert ended.verdict is OnlineVerdict.INCONCLUSIVE
    assert "the baseline stays" in ended.reason


def test_an_advisory_finding_never_blocks() -> None:
    advisory = SAFE.model_copy(update={"severity": Severity.ADVISORY})
    found = (finding(BETTER), finding(advisory, Verdict.FAIL))
    assert decide_look(evidence(), (BETTER, advisory), found).verdict is OnlineVerdict.SHIP


@pytest.mark.parametrize(
    ("criteria", "findings"),
    [((), ()), (BOTH, ()), (BOTH, (finding(BETTER),)), ((SAFE,), (finding(SAFE),))],
    ids=["no rule at all", "no finding", "a criterion not held", "no rule on the primary"],
)
def test_missing_rules_never_ship(
    criteria: tuple[Criterion, ...], findings: tuple[Finding, ...]
) -> None:
    assert decide_look(evidence(), criteria, findings).verdict is OnlineVerdict.CONTINUE


def test_findings_on_other_metrics_than_demanded_never_ship() -> None:
    other = replace(finding(SAFE), metric="online.other")
    assert decide_look(evidence(), BOTH, (finding(BETTER), other)).verdict is OnlineVerdict.CONTINUE


def test_without_a_conditional_power_the_sentence_is_silent_about_it() -> None:
    look = replace(LOOK, conditional_power=None)
    found = (finding(BETTER, Verdict.HOLD), finding(SAFE))
    assert "probability" not in decide_look(evidence(look=look), BOTH, found).reason


def test_no_probability_of_a_margin_is_told_by_the_bound_of_zero() -> None:
    margin = Criterion(
        metric=PRIMARY,
        non_inferior=NonInferior(margin=0.1),
        severity=Severity.BLOCKING,
        because="product",
    )
    found = (finding(margin, Verdict.HOLD), finding(SAFE))
    decided = decide_look(evidence(), (margin, SAFE), found)
    assert decided.verdict is OnlineVerdict.CONTINUE
    assert "probability" not in decided.reason


def test_of_several_primaries_the_one_whose_chances_are_told_is_named() -> None:
    found = (finding(BETTER, Verdict.HOLD), finding(SAFE))
    alone = decide_look(evidence(), BOTH, found).reason
    assert "at this trend it crosses" in alone
    look = replace(LOOK, primaries=(PRIMARY, GUARD), any_primary=False)
    several = decide_look(evidence(look=look), BOTH, found).reason
    assert f"at this trend {PRIMARY} crosses by the last look with probability 40%" in several


def ended_here(unit: str, *, bounds: Bounds = Bounds.TWO_SIDED) -> Look:
    estimate = Estimate(
        value=0.0312,
        standard_error=None,
        low=None if bounds is Bounds.UPPER else 0.0101,
        high=0.05,
        bounds=bounds,
        level=0.95,
        n=6_000,
        unit=unit,
        method="stage-wise, median-unbiased",
    )
    return replace(LOOK, stopped_here=estimate)


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (Unit.SHARE, "corrected for having ended here its effect is 3.12 (1.01 to 5.00) points"),
        (Unit.NUMBER, "corrected for having ended here its effect is 0.0312 (0.0101 to 0.05)"),
    ],
)
def test_an_ab_that_ends_tells_its_effect_without_the_luck_of_ending(unit: Unit, said: str) -> None:
    found, metrics = evidence(look=ended_here(unit)), {PRIMARY: metric_of(PRIMARY, unit)}
    metrics[GUARD] = metric_of(GUARD, Unit.NUMBER)

    shipped = online.decide_look(found, BOTH, PASSING, metrics=metrics)
    last = evidence(look=replace(ended_here(unit), final=True), waits=())
    ended = online.decide_look(
        last, BOTH, (finding(BETTER, Verdict.HOLD), PASSING[1]), metrics=metrics
    )
    running = online.decide_look(
        found, BOTH, (finding(BETTER, Verdict.HOLD), PASSING[1]), metrics=metrics
    )

    assert (shipped.verdict, ended.verdict) == (OnlineVerdict.SHIP, OnlineVerdict.INCONCLUSIVE)
    assert said in shipped.reason
    assert said in ended.reason
    assert running.verdict is OnlineVerdict.CONTINUE
    assert "corrected" not in running.reason


def test_half_an_interval_is_not_told() -> None:
    found = evidence(look=ended_here("share", bounds=Bounds.UPPER))
    assert "corrected" not in decide_look(found, BOTH, PASSING).reason


def metric_of(name: str, unit: Unit) -> Metric:
    return Metric(name=name, stage="online", unit=unit, higher_is_better=True, paired=True)
