import pytest

from policies.errors import InputError
from stages.engine.subject import Subject
from stages.evidence.estimate import Cause, Unmeasured
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings
from tests.servers import judge
from tests.stages.side_by_side.judged.conftest import (
    BASELINE,
    CANDIDATE,
    PAIRS,
    Court,
    lacking,
    lows,
    served,
)

pytestmark = pytest.mark.integration


def test_a_judge_of_the_candidates_family_is_left_out_and_not_asked(court: Court) -> None:
    court.seat("kin", judge.comparing(judge.prefers_first), model="gpt-4o")
    judged = court.judge(PAIRS, subjects=(served(court, "gpt-4.1-mini"), BASELINE))

    assert [seat.name for seat in judged.seats.sitting] == ["longer"]
    assert lows(judged)["l"] == (0, 0)
    assert {call.body["model"] for call in court.asked} == {"longer"}
    assert "is of the candidate's family, openai" in judged.seats.left_out["kin"]
    why = judged.health["kin_first_position"]
    assert isinstance(why, Unmeasured)
    assert "family" in why.reason
    assert any("judge kin is of the candidate's family" in note for note in judged.notes)


def test_a_judge_of_the_baselines_family_is_left_out_too(court: Court) -> None:
    court.seat("longer", judge.comparing(judge.prefers_longer), model="claude-4")
    judged = court.judge(PAIRS, subjects=(CANDIDATE, served(court, "claude-3")))
    assert "is of the baseline's family, anthropic" in lacking(judged).reason
    assert "nobody is left on the panel" in lacking(judged).reason
    assert lacking(judged).cause is Cause.BROKEN
    assert not court.asked


def test_a_judge_of_an_own_family_may_be_told_and_count(court: Court) -> None:
    court.seat("longer", judge.comparing(judge.prefers_longer), model="gpt-4o")
    judged = court.judge(
        PAIRS, subjects=(served(court, "gpt-4o"), BASELINE), judging={"own_family": "flag"}
    )
    assert lows(judged)["w"] == (1, 1)
    assert any("may favour its own" in note for note in judged.notes)


def test_the_policy_says_a_family_where_the_name_does_not(court: Court) -> None:
    subjects = (served(court, "gpt-4o"), BASELINE)
    judged = court.judge(PAIRS, subjects=subjects, judges={"longer": {"family": "OpenAI"}})
    assert "nobody is left" in lacking(judged).reason


def test_the_policy_says_the_family_of_the_checkpoints_too(court: Court) -> None:
    judged = court.judge(
        PAIRS,
        judges={"longer": {"family": "OpenAI"}},
        judging={"model_family": "openai"},
    )
    assert "is of the candidate's family, openai" in judged.seats.left_out["longer"]
    assert judged.notes == (f"judge longer {judged.seats.left_out['longer']}",)


def test_a_judge_whose_family_cannot_be_told_is_flagged(court: Court) -> None:
    judged = court.judge(PAIRS)
    assert judged.notes == (
        "of unknown family: candidate `harbor-2`, baseline `harbor-1`, judge longer",
    )


def test_a_candidate_does_not_judge_itself_whatever_it_is_called(court: Court) -> None:
    client = OpenAICompatible(EndpointSettings(base_url=court.server.url, model="longer"))
    itself = Subject(uri="models:/m/2", known_as="harbor-2", digest="c", client=client)
    judged = court.judge(PAIRS, subjects=(itself, BASELINE))
    assert "is the candidate itself" in lacking(judged).reason


def test_a_judge_that_the_workspace_does_not_know_is_an_error_that_names_those_it_knows(
    court: Court,
) -> None:
    with pytest.raises(InputError) as raised:
        court.judge(PAIRS, judges=["stranger"])
    assert "it knows longer" in str(raised.value)


def test_a_plan_without_judges_measures_nothing(court: Court) -> None:
    judged = court.judge(PAIRS, judges={})
    assert "the plan names no judge" in lacking(judged).reason
    assert judged.health == {}
    assert judged.notes == ()
