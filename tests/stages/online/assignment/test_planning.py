"""From a plan to an assignment."""

import pytest

from policies.errors import PolicyError, WrongUsage
from stages.online.assignment.planning import experiment_of
from tests.stages.online.plans import plan_of

RAMP = [
    {"from_day": 0, "champion_share": 0.99, "analysed": False},
    {"from_day": 2, "champion_share": 0.9, "analysed": False},
    {"from_day": 4, "champion_share": 0.5},
]


def test_a_plan_names_the_experiment_the_arms_and_their_shares() -> None:
    plan = plan_of(flag="model-{candidate}", variants={"challenger": "b"}, champion_share=0.8)
    found = experiment_of(plan, "assistant/1", ["assistant/2"], coverage=0.1)
    assert (found.key, found.unit, found.coverage) == ("model-assistant/2", "unit_id", 0.1)
    assert [(a.name, a.serves) for a in found.arms] == [
        ("champion", "assistant/1"),
        ("b", "assistant/2"),
    ]
    assert found.steps[0].shares == pytest.approx((0.8, 0.2))


def test_without_a_flag_the_experiment_is_called_as_the_candidate() -> None:
    assert experiment_of(plan_of(), "assistant/1", ["assistant/2"]).key == "assistant/2"


def test_a_ramp_becomes_steps_and_equal_phases_become_one() -> None:
    found = experiment_of(plan_of(ramp=RAMP), "assistant/1", ["assistant/2"])
    assert [(s.from_day, s.shares[0]) for s in found.steps] == [(0, 0.99), (2, 0.9), (4, 0.5)]
    same = [{**phase, "champion_share": 0.5} for phase in RAMP]
    assert len(experiment_of(plan_of(ramp=same), "a/1", ["a/2"]).steps) == 1


def test_challengers_share_what_the_champion_leaves_in_any_order() -> None:
    plan = plan_of(challengers=2, flag="which", variants={"challenger": "{candidate}"})
    one = experiment_of(plan, "a/1", ["a/3", "a/2"])
    assert one == experiment_of(plan, "a/1", ["a/2", "a/3"])
    assert one.steps[0].shares == (0.5, 0.25, 0.25)
    assert [arm.name for arm in one.arms] == ["champion", "a/2", "a/3"]


def test_a_share_is_the_number_that_people_would_write() -> None:
    found = experiment_of(plan_of(champion_share=0.67), "a/1", ["a/2"])
    assert found.steps[0].shares == (0.67, 0.33)


@pytest.mark.parametrize("named", [[], ["a/2", "a/3"], ["a/2", "a/2"]])
def test_as_many_candidates_as_the_plan_has_arms(named: list[str]) -> None:
    with pytest.raises(WrongUsage, match="1 challenger"):
        experiment_of(plan_of(), "a/1", named)


@pytest.mark.parametrize(
    "changes", [{"flag": "modèle"}, {"variants": {"champion": "x", "challenger": "x"}}]
)
def test_names_that_tell_no_arms_apart_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(PolicyError, match="cannot be put into arms"):
        experiment_of(plan_of(**changes), "a/1", ["a/2"])
