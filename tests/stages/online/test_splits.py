"""The split of an A/B by phase: kept, broken in one phase only, uncounted."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.online import OnlinePlan
from stages.evidence.estimate import Unmeasured
from stages.online.look_data import LookData, PhaseUnits
from stages.online.splits import SPLIT_ALPHA, Split, sample_ratio, split_of, trigger_split
from stages.stats.sample_ratio import SampleRatio, sequential
from tests.stages.online.plans import plan_of

SHARES = (0.99, 0.9, 0.5)
RAMP = [
    {"from_day": 2.0 * i, "champion_share": share, "analysed": i == 2}
    for i, share in enumerate(SHARES)
]
Counts = tuple[int, int]


def look(*phases: Counts, triggered: Counts | None = None, day: float = 7.0) -> LookData:
    """A look whose phases have these units; one phase is none of a ramp."""
    champion, challenger = (sum(side) for side in zip(*phases, strict=True))
    found = tuple(
        PhaseUnits(from_day=2.0 * i, champion_units=a, challenger_units=b)
        for i, (a, b) in enumerate(phases)
    )
    return LookData(
        day=day,
        champion_units=champion,
        challenger_units=challenger,
        metrics=(),
        phases=found if len(found) > 1 else (),
        triggered=triggered,
    )


def split(plan: OnlinePlan, found: LookData) -> Split:
    whole = split_of(plan, found)
    assert isinstance(whole, Split)
    return whole


def test_without_a_ramp_it_is_the_sequential_test_of_the_plan() -> None:
    plan = plan_of(champion_share=0.6, split_concentration=50.0)
    expected = sequential((700, 400), (0.6, 0.4), concentration=50.0)
    assert isinstance(expected, SampleRatio)
    found = split(plan, look((700, 400)))
    assert found.log_factor == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.p_value)


WHOLE: tuple[Counts, ...] = ((9_900, 100), (9_000, 1_000), (5_000, 5_000))


def test_a_ramp_that_keeps_its_shares_passes_though_the_whole_is_far_from_any_of_them() -> None:
    check = sample_ratio(plan_of(ramp=RAMP), [look(*WHOLE)])
    assert check.passed is True
    assert "9,900 champion and 100 challenger units from day 0 on, planned at 99.0%" in (
        check.sentence
    )


@pytest.mark.parametrize("broken", range(3))
def test_one_broken_phase_is_not_outweighed_by_the_others(broken: int) -> None:
    champion, challenger = WHOLE[broken]
    moved = max(100, challenger // 8)
    counts = [*WHOLE]
    counts[broken] = (champion - moved, challenger + moved)
    check = sample_ratio(plan_of(ramp=RAMP), [look(*counts)])
    assert check.passed is False
    assert f"from day {2 * broken} on" in check.sentence


def test_an_alarm_of_an_earlier_look_stays() -> None:
    early, healed = look((600, 400), day=3), look((5_000, 5_000))
    assert sample_ratio(plan_of(), [healed]).passed is True
    check = sample_ratio(plan_of(), [early, healed])
    assert check.passed is False
    assert "day 3 refutes" in check.sentence


def test_units_that_are_not_counted_by_phase_never_pass() -> None:
    plan = plan_of(ramp=RAMP)
    for found in (look((5_000, 5_000)), look((50, 50), (50, 50))):
        assert isinstance(split_of(plan, found), Unmeasured)
        assert sample_ratio(plan, [found]).passed is False
    short = look(*WHOLE)
    lost = LookData(day=7.0, champion_units=1, challenger_units=1, metrics=(), phases=short.phases)
    assert "other units than the whole" in sample_ratio(plan, [lost]).sentence


def test_no_unit_at_all_never_passes() -> None:
    assert sample_ratio(plan_of(), [look((0, 0))]).passed is False


def test_a_phase_that_has_not_begun_says_nothing_but_keeps_its_part() -> None:
    plan = plan_of(ramp=RAMP)
    found = split(plan, look((9_800, 200), (0, 0), (0, 0)))
    only = found.phases[0].log_factor
    assert [phase.log_factor for phase in found.phases[1:]] == [0.0, 0.0]
    assert found.log_factor == pytest.approx(math.log((math.exp(only) + 2) / 3))


def test_a_challenger_among_several_is_held_against_the_champion_alone() -> None:
    plan = plan_of(challengers=2, flag="f", variants={"challenger": "{candidate}"})
    assert sample_ratio(plan, [look((6_000, 3_000))]).passed is True
    assert sample_ratio(plan, [look((5_000, 5_000))]).passed is False
    assert split(plan, look((2, 1))).phases[0].champion_share == pytest.approx(2 / 3)


def test_units_where_a_bayes_factor_is_infinite_alarm() -> None:
    found = split(plan_of(), look((10_000_000, 0)))
    assert found.alarms(SPLIT_ALPHA)
    assert found.p_value >= 0


@given(
    counts=st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=3, max_size=3
    )
)
def test_the_mean_of_the_factors_lies_between_them(counts: list[Counts]) -> None:
    found = split(plan_of(ramp=RAMP), look(*counts))
    factors = [phase.log_factor for phase in found.phases]
    assert min(factors) - 1e-9 <= found.log_factor <= max(factors) + 1e-9
    assert found.log_factor >= max(factors) - math.log(3) - 1e-9
    assert found.worst.log_factor == max(factors)


def test_a_trigger_that_only_one_arm_sets_off_is_refused() -> None:
    plan = plan_of(trigger="opened")
    even, skewed = (500, 520), (500, 900)
    assert trigger_split(plan_of(), [look((9, 9))]) is None
    passed = trigger_split(plan, [look((5_000, 5_000), triggered=even)])
    assert passed is not None
    assert passed.passed is True
    for looks in (
        [look((5_000, 5_000), triggered=skewed)],
        [look((5_000, 5_000), triggered=skewed, day=3), look((5_000, 5_000), triggered=even)],
        [look((5_000, 5_000), triggered=None)],
        [look((5_000, 5_000), triggered=(0, 0))],
    ):
        check = trigger_split(plan, looks)
        assert check is not None
        assert check.passed is False
        assert check.name == "trigger_split"


def test_the_trigger_of_a_ramp_is_held_against_the_share_that_is_analysed() -> None:
    plan = plan_of(ramp=RAMP, trigger="opened")
    check = trigger_split(plan, [look(*WHOLE, triggered=(700, 690))])
    assert check is not None
    assert check.passed is True


def test_splits_as_planned_are_rarely_called_broken_over_many_looks() -> None:
    plan, rng, trials, looks = plan_of(ramp=RAMP), np.random.default_rng(1), 150, 20
    alarms = 0
    for _ in range(trials):
        done = [(0, 0)] * 3
        for step in range(looks):
            now = min(step * 3 // looks, 2)
            first = int(rng.binomial(300, SHARES[now]))
            done[now] = (done[now][0] + first, done[now][1] + 300 - first)
            if split(plan, look(*done)).alarms(SPLIT_ALPHA):
                alarms += 1
                break
    assert alarms <= 5
