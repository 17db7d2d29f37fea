"""What is drawn of an A/B is what was decided on."""

from pathlib import Path

import pytest

from gates.reports.online.course import AbCourse, course_of
from policies.policy import Policy
from stages.evidence.estimate import Estimate
from stages.evidence.records import Quantity, Validity
from stages.online.analysis import look_of, measure_looks
from stages.stats.experiments import Contrast
from tests.gates.reports.online.drawn import TEXT, course, looks, policy_of


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return policy_of(tmp_path)


def test_each_look_is_what_it_was_when_it_was_the_newest(policy: Policy) -> None:
    plan = policy.plan.online
    assert plan is not None
    whole, at_seven = course(policy, until=9), course(policy, until=7)
    assert whole.standings[:3] == at_seven.standings
    for name in range(3):
        assert whole.metrics[name].points[:3] == at_seven.metrics[name].points
    seen = looks(policy, until=9)
    assert whole.standings[-1].alpha_spent == look_of(plan, seen).alpha_spent
    (interval,) = [
        m.measured
        for m in measure_looks(plan, seen)
        if (m.metric, m.quantity, m.validity)
        == ("online.resolved", Quantity.DIFFERENCE, Validity.LOOK)
    ]
    assert whole.metrics[0].points[-1].difference == interval


def test_a_look_ships_where_z_is_above_its_bound_and_nowhere_else(policy: Policy) -> None:
    for point in course(policy, until=14).metrics[0].points:
        found = point.difference
        if isinstance(found, Estimate):
            assert found.low is not None
            assert point.z is not None
            assert point.bound is not None
            # the interval of a share is widened a little, never narrowed
            assert point.z > point.bound or found.low <= 0


def test_bounds_to_come_go_on_from_those_of_the_looks_so_far(policy: Policy) -> None:
    (resolved, *_) = course(policy, until=9).metrics
    assert [ahead.day for ahead in resolved.ahead] == [11, 14]
    bounds = [*(p.bound for p in resolved.points if p.bound), *(a.bound for a in resolved.ahead)]
    assert bounds == sorted(bounds, key=lambda bound: -(bound or 0))
    later = course(policy, until=11).metrics[0]
    assert later.points[-1].bound == pytest.approx(resolved.ahead[0].bound, rel=0.05)


def test_after_the_last_look_nothing_is_ahead(policy: Policy) -> None:
    assert all(not metric.ahead for metric in course(policy, until=14).metrics)


def test_the_first_look_before_any_window_has_closed_has_nothing_ahead(tmp_path: Path) -> None:
    late = TEXT.replace("window_days: 1", "window_days: 4")
    early = course(policy_of(tmp_path, late), until=3)
    assert early.metrics[0].ahead == ()
    assert early.metrics[0].points[0].z is None


def test_hypotheses_that_share_alpha_are_drawn_at_their_part(tmp_path: Path) -> None:
    alone = course(policy_of(tmp_path))
    shared = course(
        policy_of(tmp_path, TEXT.replace("days: 14\n", "days: 14\n    also_primary: [spend]\n"))
    )
    bounds = [c.metrics[0].points[-1].bound or 0 for c in (alone, shared)]
    assert bounds[1] > bounds[0]


def test_a_drawn_alpha_is_the_one_that_is_spent(policy: Policy) -> None:
    plan = policy.plan.online
    assert plan is not None
    less: AbCourse = course_of(
        policy, plan.model_copy(update={"alpha": 0.005}), looks(policy, until=14)
    )
    assert less.standings[-1].alpha_spent == 0.005


def test_the_bound_of_harm_is_where_the_deciding_sequence_ends(policy: Policy) -> None:
    for metric in course(policy, until=3).metrics:
        (point, *_) = metric.points
        found, effect = point.difference_harm, point.effect
        if isinstance(found, Estimate) and isinstance(effect, Contrast):
            ends = [end for end in (found.low, found.high) if end is not None]
            reach = abs(ends[0] - effect.effect) / effect.standard_error
            assert point.harm == pytest.approx(reach)
        else:
            assert point.harm is None
    assert any(metric.points[0].harm for metric in course(policy, until=3).metrics)
