import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.betting import betting_interval, first_shown
from stages.stats.votes_needed import (
    COURSES,
    StillNeeded,
    Voting,
    course_of,
    size_of,
    still_needed,
)

PLAIN = Voting(ties=0.2)
NOISE = 3 * math.sqrt(0.25 / COURSES)


def needed(values: list[float], *, limit: float = 0.48, planned: int = 600) -> StillNeeded:
    found = still_needed(values, values, limit=limit, planned=planned, level=0.95)
    assert isinstance(found, StillNeeded)
    return found


@given(
    mean=st.floats(0.3, 0.7),
    ties=st.floats(0.0, 0.5),
    overlap=st.integers(1, 4),
    agreement=st.floats(0.0, 1.0),
)
@settings(max_examples=30)
def test_drawn_prompts_vary_as_the_formula_says(
    mean: float, ties: float, overlap: int, agreement: float
) -> None:
    voting = Voting(ties=ties, overlap=overlap, agreement=agreement)
    drawn = voting.draw(mean, (20_000,), np.random.default_rng(0))
    assert drawn.mean() == pytest.approx(mean, abs=0.02)
    assert drawn.std() == pytest.approx(voting.deviation(mean), abs=0.015)


def test_ties_overlap_and_disagreement_make_prompts_vary_less() -> None:
    alone = PLAIN.deviation(0.5)
    assert Voting(ties=0.4).deviation(0.5) < alone
    assert Voting(ties=0.2, overlap=2).deviation(0.5) == pytest.approx(alone / math.sqrt(2))
    repeated = Voting(ties=0.2, overlap=2, agreement=1.0).deviation(0.5)
    assert repeated == pytest.approx(alone)


def test_a_fixed_design_has_the_textbook_number() -> None:
    """(1.96 + 1.2816)^2 variance / effect^2 prompts, and a few for Student's t."""
    found = size_of(0.05, limit=0.45, voting=Voting(ties=0.0), level=0.95, power=0.9)
    assert found is not None
    textbook = (1.95996 + 1.28155) ** 2 * 0.25 / 0.05**2
    assert textbook < found.fixed < 1.03 * textbook
    assert found.planned == math.ceil(1.5 * found.fixed)


def test_a_sequential_plan_needs_fewer_prompts_than_the_fixed_one() -> None:
    found = size_of(0.08, limit=0.45, voting=PLAIN, level=0.95, power=0.9)
    assert found is not None
    assert found.course.mean <= 0.85 * found.fixed
    assert found.course.shown >= 0.85
    assert found.course.half <= found.course.nine_tenths <= found.planned


def test_what_ten_million_prompts_cannot_show_has_no_size() -> None:
    assert size_of(1e-5, limit=0.5, voting=PLAIN, level=0.95, power=0.9) is None


def test_a_course_ends_where_its_interval_first_leaves_the_limit() -> None:
    """The naive twin: one interval after the other over the first courses drawn."""
    planned, limit = 80, 0.5
    values = PLAIN.draw(0.75, (COURSES, planned), np.random.default_rng(0))
    ends = []
    for row in values[:40]:
        for n in range(1, planned + 1):
            found = betting_interval(row[:n].tolist(), level=0.95, planned=planned)
            assert isinstance(found, Estimate)
            assert found.low is not None
            assert found.high is not None
            if found.low >= limit or found.high < limit:
                break
        ends.append(n)
    course = course_of(0.75, limit=limit, planned=planned, voting=PLAIN, level=0.95)
    error = 3 * np.std(ends) / math.sqrt(len(ends))
    assert course.mean == pytest.approx(np.mean(ends), abs=error)
    assert course.shown > 0.95


def test_long_courses_are_drawn_in_portions() -> None:
    found = course_of(0.55, limit=0.5, planned=9_000, voting=PLAIN, level=0.95)
    assert found.shown == 1
    assert found.excluded == 0


def test_a_worse_candidate_ends_by_the_other_end() -> None:
    found = course_of(0.35, limit=0.48, planned=400, voting=PLAIN, level=0.95)
    assert found.excluded > 0.9
    assert found.shown == 0
    assert found.mean < 200


def test_at_the_limit_hardly_anything_is_shown() -> None:
    found = course_of(0.48, limit=0.48, planned=200, voting=PLAIN, level=0.95)
    assert found.shown <= 0.025 + NOISE
    assert found.excluded <= 0.025 + NOISE
    assert found.nine_tenths == 200


def test_a_leading_candidate_is_likely_shown_soon() -> None:
    values = PLAIN.draw(0.6, (60,), np.random.default_rng(2)).tolist()
    found = needed(values)
    assert found.shown > 0.8
    assert found.half is not None
    assert found.soonest is not None
    assert 0 <= found.soonest <= found.half <= 540


def test_a_candidate_at_the_limit_is_not_likely_decided_within_the_plan() -> None:
    values = [1.0, 0.0] * 240 + [0.5] * 40
    found = needed(values, limit=0.49)
    assert (found.half, found.latest) == (None, None)
    assert found.shown < 0.2


def test_what_is_shown_already_needs_no_more() -> None:
    found = needed([1.0] * 50)
    assert (found.soonest, found.half, found.latest) == (0, 0, 0)
    assert found.shown == 1


def test_a_candidate_far_below_is_soon_excluded() -> None:
    values = PLAIN.draw(0.3, (40,), np.random.default_rng(2)).tolist()
    found = needed(values)
    assert found.excluded > 0.8
    assert found.shown == 0


def test_few_prompts_do_not_pass_for_the_truth() -> None:
    """Three wins of three are no certainty of winning on."""
    assert needed([1.0, 1.0, 1.0], limit=0.9).shown < 0.6


def test_a_candidate_near_the_limit_is_not_foretold_what_it_seldom_gets() -> None:
    """Shares of courses that end as predicted, over candidates as near as versions often are."""
    random, planned, seen = np.random.default_rng(6), 300, 60
    said, came = [], []
    for _ in range(60):
        mean = float(random.uniform(0.43, 0.57))
        values = PLAIN.draw(mean, (planned,), random)
        found = needed(values[:seen].tolist(), planned=planned)
        shown = first_shown(values, 0.48, level=0.95, planned=planned, seen=seen)
        missed = first_shown(1 - values, 0.52, level=0.95, planned=planned, seen=seen)
        ended = min(float(shown), float(missed), planned) - seen
        said.append([found.shown, found.excluded, found.mean / found.left])
        came.append([math.isfinite(shown), math.isfinite(missed), ended / found.left])
    errors = 3 * np.std(came, axis=0) / math.sqrt(len(came))
    assert (np.abs(np.mean(said, axis=0) - np.mean(came, axis=0)) <= 0.02 + errors).all()


def test_few_votes_promise_nothing_of_a_candidate_at_the_limit() -> None:
    values = PLAIN.draw(0.48, (30,), np.random.default_rng(5)).tolist()
    found = needed(values, planned=400)
    assert found.half is None
    assert found.shown + found.excluded < 0.4
    assert found.mean > 0.7 * found.left


def test_a_course_that_stays_open_takes_all_prompts_left() -> None:
    found = needed([1.0, 0.0] * 290, limit=0.49, planned=600)
    assert (found.left, found.half) == (20, None)
    assert found.mean == pytest.approx(20, abs=0.5)


def test_what_is_unresolved_is_neither_won_nor_lost() -> None:
    values = PLAIN.draw(0.56, (80,), np.random.default_rng(2)).tolist()
    highs = [1.0] * 20 + values[20:]
    lows = [0.0] * 20 + values[20:]
    found = still_needed(lows, highs, limit=0.48, planned=400, level=0.95)
    assert isinstance(found, StillNeeded)
    whole = needed(values, planned=400)
    assert found.shown < whole.shown
    assert found.excluded <= whole.excluded
    assert found.mean > whole.mean


def test_verdicts_that_nobody_could_read_are_expected_to_go_on() -> None:
    """Half of all verdicts are unresolved: however many come, the lower end stays at a half."""
    lows, highs = [0.0, 1.0] * 60, [1.0] * 120
    found = still_needed(lows, highs, limit=0.6, planned=1200, level=0.95)
    assert isinstance(found, StillNeeded)
    assert found.shown < 0.02


def test_the_same_scores_give_the_same_numbers() -> None:
    values = PLAIN.draw(0.55, (50,), np.random.default_rng(2)).tolist()
    assert needed(values) == needed(values)


@pytest.mark.parametrize(
    ("values", "cause"),
    [([], Cause.WAITING), ([0.5, math.nan], Cause.BROKEN), ([0.5] * 601, Cause.BROKEN)],
)
def test_what_cannot_be_continued_is_unmeasured(values: list[float], cause: Cause) -> None:
    found = still_needed(values, values, limit=0.48, planned=600, level=0.95)
    assert isinstance(found, Unmeasured)
    assert found.cause is cause


@pytest.mark.parametrize(
    "said", [{"ties": -0.1}, {"ties": 0.2, "overlap": 0}, {"ties": 0.2, "agreement": 1.1}]
)
def test_votes_that_cannot_vary_so_are_refused(said: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="cannot vary"):
        Voting(**said)  # type: ignore[arg-type]


def test_a_win_rate_that_its_ties_forbid_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot have"):
        Voting(ties=0.6).deviation(0.9)


def test_a_plan_of_thousands_is_continued_at_once() -> None:
    values = PLAIN.draw(0.49, (100,), np.random.default_rng(2)).tolist()
    begun = time.process_time()
    needed(values, planned=5_000)
    assert time.process_time() - begun < 4
