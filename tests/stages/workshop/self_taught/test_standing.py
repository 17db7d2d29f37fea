from pathlib import Path

import pytest

from policies.side_by_side import PairRubric
from stages.engine.product import Product
from stages.evidence.estimate import Estimate
from stages.evidence.records import Cost
from stages.workshop.self_taught.loop import Course, Graduate
from stages.workshop.self_taught.making import Made
from stages.workshop.self_taught.standing import Came, came, standings
from stages.workshop.self_taught.testing import held_out_exam, sit
from tests.stages.workshop.self_taught.scene import Scene, ToySchool, contest, recipe, scene

EXAM = held_out_exam([contest(f"c{n}") for n in range(300)], PairRubric.GENERAL, level=0.95)


def course(here: Scene, *skills: float) -> Course:
    school = ToySchool(Path(), skills=skills, mute=0.0)
    room = here.room()
    judges = [school._judge(n) for n in range(len(skills))]
    sat = [sit(judge, [EXAM], recipe().judging, room) for judge in judges]
    product = Product(
        folder=Path(), kind="judge_pairs", recipe="", made_from={}, files={}, facts={}, code=""
    )
    return Course(
        made=Made(contests=(), exams=(EXAM,), dropped={}, product=product),
        judges=tuple(Graduate(iteration=n, sat=each, cost=Cost()) for n, each in enumerate(sat)),
    )


@pytest.mark.parametrize(
    ("skills", "wanted"),
    [
        ((0.5, 0.8, 0.9), Came.FURTHER),
        ((0.5, 0.8), Came.FURTHER),
        ((0.5, 0.95, 0.7), Came.BACK),
        ((0.9, 0.5), Came.BACK),
        ((0.5, 0.5), Came.UNCLEAR),
    ],
)
def test_what_became_of_the_judges_is_told_by_intervals(
    tmp_path: Path, skills: tuple[float, ...], wanted: Came
) -> None:
    with scene(tmp_path) as here:
        found = came(course(here, *skills), not_worse_by=0.05)
    assert found is wanted


def test_a_fall_that_cannot_be_ruled_out_is_no_success(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        found = course(here, 0.5, 0.8, 0.8 + 1e-9)
        assert came(found, not_worse_by=0.05) is Came.FURTHER
        assert came(course(here, 0.5, 0.8, 0.77), not_worse_by=0.001) is not Came.FURTHER


def test_every_judge_stands_beside_the_one_before_and_the_untaught(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        found = course(here, 0.5, 0.7, 0.9)
    accuracy = [standings(found, n)[0] for n in range(3)]
    assert {one.value.metric for one in accuracy} == {"held_out.accuracy"}
    values = [one.value.measured for one in accuracy]
    assert accuracy[0].over_previous is None
    for n, one in enumerate(accuracy[1:], start=1):
        assert one.over_previous is not None
        assert one.over_untaught is not None
        for before, gain in ((n - 1, one.over_previous), (0, one.over_untaught)):
            here_, there, measured = values[n], values[before], gain.measured
            assert isinstance(here_, Estimate)
            assert isinstance(there, Estimate)
            assert isinstance(measured, Estimate)
            assert measured.value == pytest.approx(here_.value - there.value)
    assert accuracy[2].p_untaught is not None
    assert accuracy[2].p_untaught < 0.001
