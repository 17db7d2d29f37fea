"""What a task that stops early may decide, and when it is asked no more."""

import pytest

from gates.decide.stage_gate import decide_stage, task_open
from gates.decide.verdict import Verdict
from policies.policy import Policy
from stages.evidence.estimate import Cause, Estimate
from stages.evidence.records import Evidence, Measurement, Quantity, StageName, Validity, Wait
from tests.gates.decide.cases import F1, criterion, estimate, evidence, policy

MARGIN = criterion(F1, {"non_inferior": {"margin": 0.03}})
LEFT = Wait(cause=Cause.WAITING, who="gate", what="answers to task qa", have=50, need=400)
TASK = F1.name.partition(".")[0]


def sequence(low: float, high: float, p_worse: float | None = 1.0) -> Measurement:
    measured: Estimate = estimate(low, high, n=50)
    return Measurement(
        metric=F1.name,
        quantity=Quantity.DIFFERENCE,
        measured=measured,
        validity=Validity.ANYTIME,
        p_worse=p_worse,
    )


def of(measurement: Measurement, *, left: bool = True) -> Evidence:
    return evidence(measurement, waits=(LEFT,) if left else ())


def decided(demand: Policy, known: Evidence) -> Verdict:
    (finding,) = [
        f for f in decide_stage(demand, StageName.OFFLINE, known).findings if f.metric == F1.name
    ]
    return finding.verdict


@pytest.fixture
def only() -> Policy:
    return policy(criteria=(MARGIN,), stages=("offline",))


def test_a_sequence_inside_the_margin_passes_before_its_task_is_through(only: Policy) -> None:
    known = of(sequence(-0.02, 0.05))
    assert decided(only, known) is Verdict.PASS
    assert not task_open(only, TASK, known)


def test_an_undecided_task_goes_on_until_nothing_is_left(only: Policy) -> None:
    wide = sequence(-0.2, 0.2)
    assert task_open(only, TASK, of(wide))
    assert not task_open(only, TASK, of(wide, left=False))


def test_a_regression_at_any_time_needs_the_p_value_and_not_the_interval_alone(
    only: Policy,
) -> None:
    assert decided(only, of(sequence(-0.2, -0.1, p_worse=0.001))) is Verdict.FAIL
    assert decided(only, of(sequence(-0.2, -0.1, p_worse=0.03))) is Verdict.HOLD


def test_a_task_without_a_criterion_is_measured_to_its_end(only: Policy) -> None:
    (spared,) = set(only.plan.offline or {}) - {TASK}
    assert task_open(only, spared, of(sequence(-0.02, 0.05)))


ADVISED = criterion(F1, {"at_least": 0.5}, blocking=False)


def value(low: float, high: float) -> Measurement:
    return Measurement(
        metric=F1.name,
        quantity=Quantity.VALUE,
        measured=estimate(low, high, n=50),
        validity=Validity.ANYTIME,
    )


def test_what_is_advisory_keeps_no_task_going_whose_blocking_criteria_are_decided() -> None:
    both = policy(criteria=(MARGIN, ADVISED), stages=("offline",))
    known = evidence(sequence(-0.02, 0.05), value(0.4, 0.6), waits=(LEFT,))
    assert not task_open(both, TASK, known)
    ended = evidence(sequence(-0.02, 0.05), value(0.4, 0.6))
    said = decide_stage(both, StageName.OFFLINE, ended)
    (advised,) = [f for f in said.findings if f.quantity is Quantity.VALUE]
    assert advised.verdict is Verdict.HOLD
    assert "no more of this plan is measured for an advisory criterion" in advised.sentence


def test_what_is_advisory_closes_no_task_whose_blocking_criteria_are_open() -> None:
    both = policy(criteria=(MARGIN, ADVISED), stages=("offline",))
    for undecided in ((sequence(-0.2, 0.2),), ()):  # too wide, or not measured
        assert task_open(both, TASK, evidence(*undecided, value(0.6, 0.7), waits=(LEFT,)))


def test_a_task_of_advisory_criteria_only_goes_on_for_them() -> None:
    advised = policy(criteria=(ADVISED,), stages=("offline",))
    assert task_open(advised, TASK, evidence(value(0.4, 0.6), waits=(LEFT,)))
    assert not task_open(advised, TASK, evidence(value(0.6, 0.7), waits=(LEFT,)))
