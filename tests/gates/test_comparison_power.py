"""What a plan of stage 2 can show beforehand, by the intervals that will decide."""

from pathlib import Path

import pytest

from gates.adequacy import adequacy
from gates.comparison_power import PREFERENCE_DEVIATION
from gates.power import Adequacy
from stages.stats.design import probability_gap_shown
from tests.fakes.workplace import VOTED, WINS, Workplace, policy_text


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def one(place: Workplace, plan: str, *, criterion: str) -> Adequacy:
    """What is said of the one criterion."""
    (stage,) = adequacy(place.policy(policy_text((plan,), (criterion,))))
    (found,) = stage.criteria
    return found


def wins(place: Workplace, stopping: str, votes: int, limit: float = 0.45) -> Adequacy:
    plan = f"side_by_side: {{votes: [v.jsonl], votes_at_most: {votes}, stopping: {stopping}}}"
    return one(place, plan, criterion=WINS.replace("at_least: 0.4", f"at_least: {limit}"))


def test_a_fixed_win_rate_has_the_probability_of_its_t_interval(place: Workplace) -> None:
    wanted = probability_gap_shown(400, 0.05, deviation=PREFERENCE_DEVIATION, level=0.95)
    assert wins(place, "fixed", 400).probability == pytest.approx(wanted)


def test_a_confidence_sequence_is_forecast_as_the_wider_thing_it_is(place: Workplace) -> None:
    fixed, anytime = (wins(place, stopping, 600) for stopping in ("fixed", "anytime"))
    assert fixed.probability is not None
    assert anytime.probability is not None
    assert anytime.probability < fixed.probability - 0.1
    assert "prompts would do" in anytime.sentence
    assert wins(place, "anytime", 3_000).enough


def test_what_no_number_of_prompts_shows_is_said(place: Workplace) -> None:
    assert "no number of prompts" in wins(place, "fixed", 100, limit=0.5).sentence
    assert "no number of prompts" in wins(place, "anytime", 100, limit=0.5).sentence


def test_a_win_rate_that_is_easy_to_show_needs_no_warning(place: Workplace) -> None:
    found = one(place, VOTED, criterion=WINS.replace("0.4", "0.1"))
    assert found.enough is True
    assert found.sentence == "an equal candidate wins half of 40 prompts"


JUDGED = VOTED.replace("votes: [../data/votes.jsonl]", "data: ../data/sums.jsonl, judges: [j]")


@pytest.mark.parametrize("metric", ["graded", "judge_win_rate", "judge_graded"])
@pytest.mark.parametrize("count", ["votes", "judges", "fused"])
def test_every_share_that_is_half_for_an_equal_candidate_is_told_alike(
    place: Workplace, metric: str, count: str
) -> None:
    plan = JUDGED.replace("judges:", f"count: {count}, judges:")
    wanted = one(place, VOTED, criterion=WINS)
    found = one(place, plan, criterion=WINS.replace("win_rate", metric))
    assert (found.probability, found.enough) == (wanted.probability, wanted.enough)
    assert ("this or more" in found.assumption) is metric.endswith("graded")
    by_judges = metric.startswith("judge_") or count == "judges"
    assert ("judges prefer what people do" in found.assumption) is by_judges
    assert ("judges can make it more" in found.assumption) is (count == "fused" and not by_judges)


@pytest.mark.parametrize(
    ("demand", "why"),
    [
        ("both_bad, at_most", "how often both answers are bad"),
        ("attacks, at_most", "on the answers"),
        ("j_inconsistency, at_most", "on the judge"),
    ],
)
def test_what_depends_on_the_data_is_not_guessed(place: Workplace, demand: str, why: str) -> None:
    found = one(place, JUDGED, criterion=WINS.replace("win_rate, at_least", demand))
    assert (found.probability, found.enough) == (None, None)
    assert found.sentence.startswith("cannot be told beforehand: it depends on")
    assert why in found.sentence
