"""Our own assignment: published ranges, fair shares, and units that never change their arm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.online.assignment.experiment import Arm, Experiment, Step, place, ranges
from stages.online.assignment.flagd import flagd_place
from tests.stages.online.assignment.ab import CHALLENGER, CHAMPION, ab
from tests.stages.online.assignment.test_hashing import rows

UNIT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
SHARE = st.floats(0.01, 0.99)
COVERAGE = st.floats(0.001, 1.0)
THIRD = Arm(name="challenger-3", serves="assistant/3")


@pytest.mark.parametrize(
    ("coverage", "weights", "parts"), rows("published by GrowthBook, coverage")
)
def test_ranges_are_those_that_growthbook_publishes(
    coverage: float, weights: list[float], parts: list[list[float]]
) -> None:
    found = ranges(tuple(weights), coverage)
    assert [edge for part in found for edge in part] == pytest.approx(
        [edge for part in parts for edge in part]
    )


@pytest.mark.parametrize(
    ("unit", "bucket", "half", "tenth", "flagd_bucket", "flagd_arm"), rows("made by us")
)
def test_units_lie_where_they_lay_when_the_vectors_were_made(
    *,
    unit: str,
    bucket: float,
    half: str,
    tenth: str | None,
    flagd_bucket: float,
    flagd_arm: str,
) -> None:
    found = place(ab(0.5), unit)
    assert found.arm is not None
    assert (found.bucket, found.arm.name) == (bucket, half)
    few = place(ab(0.9, coverage=0.1), unit).arm
    assert (few and few.name) == tenth
    at = flagd_place(ab(0.5), unit)
    assert at.arm is not None
    assert (at.bucket, at.arm.name) == (flagd_bucket, flagd_arm)


@given(unit=UNIT, share=SHARE, less=COVERAGE, more=COVERAGE)
def test_a_unit_never_changes_its_arm_when_coverage_grows(
    unit: str, share: float, less: float, more: float
) -> None:
    less, more = sorted((less, more))
    for assign in (place, flagd_place):
        before = assign(ab(share, coverage=less), unit).arm
        after = assign(ab(share, coverage=more), unit).arm
        assert before is None or before == after


@given(unit=UNIT, ramp=st.lists(SHARE, min_size=1, max_size=4), day=st.floats(0, 9))
def test_a_unit_keeps_the_arm_of_the_step_it_was_first_exposed_in(
    unit: str, ramp: list[float], day: float
) -> None:
    whole = ab(*ramp)
    past = ab(*ramp[: int(min(day // 2, len(ramp) - 1)) + 1])
    assert place(whole, unit, first_day=day) == place(past, unit, first_day=day)


@given(unit=UNIT, coverage=COVERAGE)
def test_the_part_that_is_told_holds_the_bucket(unit: str, coverage: float) -> None:
    found = place(ab(0.3, coverage=coverage, arms=(CHAMPION, CHALLENGER, THIRD)), unit)
    assert found.low <= found.bucket < found.high


def test_arms_get_the_shares_that_are_planned() -> None:
    three = ab(0.5, coverage=0.2, arms=(CHAMPION, CHALLENGER, THIRD))
    for assign in (place, flagd_place):
        found = [assign(three, f"user-{i}").arm for i in range(40_000)]
        for arm, share in ((CHAMPION, 0.1), (CHALLENGER, 0.05), (THIRD, 0.05), (None, 0.8)):
            error = (share * (1 - share) / 40_000) ** 0.5
            assert abs(found.count(arm) / 40_000 - share) < 4 * error


def test_only_a_ramp_that_changes_shares_needs_memory() -> None:
    assert ab(0.99, 0.9, 0.5).needs_memory
    assert not ab(0.5, coverage=0.1).needs_memory


def test_the_step_of_a_day_is_the_last_that_began() -> None:
    ramp = ab(0.99, 0.9, 0.5)
    assert [ramp.step_on(day).shares[0] for day in (0, 1.99, 2, 30)] == [0.99, 0.99, 0.9, 0.5]
    with pytest.raises(ValueError, match="before the A/B"):
        ramp.step_on(-0.1)


def test_a_unit_without_a_name_has_no_arm() -> None:
    for assign in (place, flagd_place):
        with pytest.raises(ValueError, match="name"):
            assign(ab(), "")


ONE = (Step(from_day=0.0, shares=(0.5, 0.5)),)


@pytest.mark.parametrize(
    ("arms", "steps", "coverage"),
    [
        ((CHAMPION,), ONE, 1.0),
        ((CHAMPION, CHAMPION), ONE, 1.0),
        ((CHAMPION, CHALLENGER), (), 1.0),
        ((CHAMPION, CHALLENGER), (Step(from_day=1.0, shares=(0.5, 0.5)),), 1.0),
        ((CHAMPION, CHALLENGER), (*ONE, *ONE), 1.0),
        ((CHAMPION, CHALLENGER), (Step(from_day=0.0, shares=(0.5, 0.4)),), 1.0),
        ((CHAMPION, CHALLENGER), (Step(from_day=0.0, shares=(1.0, 0.0)),), 1.0),
        ((CHAMPION, CHALLENGER), (Step(from_day=0.0, shares=(0.5, 0.25, 0.25)),), 1.0),
        ((CHAMPION, CHALLENGER), ONE, 0.0),
        ((CHAMPION, CHALLENGER), ONE, 1.1),
        ((CHAMPION, CHALLENGER), ONE, float("nan")),
    ],
)
def test_what_is_no_experiment_is_refused(
    arms: tuple[Arm, ...], steps: tuple[Step, ...], coverage: float
) -> None:
    with pytest.raises(ValueError, match=r"arms|steps|shares|coverage"):
        Experiment(key="x", unit="unit_id", arms=arms, steps=steps, coverage=coverage)
