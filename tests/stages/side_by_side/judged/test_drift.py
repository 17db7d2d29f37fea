import pytest

from policies.side_by_side import SideBySidePlan
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.side_by_side.judged.drift import NUMBER, accuracies, drift
from stages.side_by_side.judged.hearing import Judgement
from stages.side_by_side.preference import Preference
from stages.stats.tango import PairCounts, tango
from tests.stages.side_by_side.judged.sayings import judgement, shown

PAIRS = [shown(str(n), gold=Preference.A_BETTER) for n in range(20)]


def said(right: int, *, turned: bool = False) -> list[Judgement]:
    """The first so many pairs rightly, in both orders."""
    return [
        judgement(pair, "A>B" if (n < right) != turned else "B>A", a_first=order)
        for n, pair in enumerate(PAIRS)
        for order in (True, False)
    ]


def test_a_judge_that_got_worse_has_drifted_upwards() -> None:
    found = drift(said(20), said(10), level=0.95)
    assert isinstance(found, Estimate)
    assert found.value == 0.5
    assert found.low is not None
    assert found.low > 0.2
    better = drift(said(10), said(20), level=0.95)
    assert isinstance(better, Estimate)
    assert better.value == -0.5
    assert (found.unit, better.unit) == (NUMBER, NUMBER)


def test_a_plan_calls_it_no_share_so_that_a_steady_judge_may_pass() -> None:
    plan = SideBySidePlan.model_validate(
        {"data": "x", "votes_at_most": 2, "judges": {"j": {}}}, strict=False
    )
    units = {metric.name: metric.unit for metric in plan.metrics()}
    steady = drift(said(20), said(20), level=0.95)
    assert isinstance(steady, Estimate)
    assert steady.low is not None
    assert steady.low < 0
    assert units["side_by_side.j_drift"].value == steady.unit


def test_it_is_paired_by_pair_and_exact_where_pairs_are_right_or_wrong() -> None:
    found = drift(said(18), said(15), level=0.95)
    expected = tango(PairCounts(both=15, gained=3, lost=0, neither=2), level=0.95)
    assert isinstance(found, Estimate)
    assert isinstance(expected, Estimate)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.n == 20


def test_no_change_is_an_interval_around_nothing() -> None:
    found = drift(said(18), said(18), level=0.95)
    assert isinstance(found, Estimate)
    assert found.value == 0
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high


def test_strength_does_not_count_and_what_is_unresolved_is_wrong() -> None:
    pair = shown("x", gold=Preference.A_MUCH_BETTER)
    tie = shown("y", gold=Preference.TIE)
    told = [
        judgement(pair, "A>B"),
        judgement(pair, "unresolved", a_first=False),
        judgement(tie, "both_bad"),
    ]
    assert accuracies(told) == {pair.id: 0.5, tie.id: 1.0}


def test_a_part_of_the_calibration_set_says_nothing() -> None:
    for pinned, now in (([], []), (said(20), said(20)[:10]), ([], said(20))):
        found = drift(pinned, now, level=0.95)
        assert isinstance(found, Unmeasured)
        assert found.cause is Cause.WAITING
