import json
from pathlib import Path

import pytest
from scipy.stats import binomtest

from policies.errors import InputError
from policies.side_by_side import PairRubric
from stages.evidence.estimate import Estimate
from stages.evidence.records import Measurement, Quantity
from stages.workshop.self_taught.judging import Judge
from stages.workshop.self_taught.testing import Sat, held_out_exam, read_exams, sit
from tests.stages.workshop.self_taught.scene import (
    Scene,
    ToySchool,
    contest,
    recipe,
    scene,
)

EXAM = held_out_exam([contest(f"c{n}") for n in range(150)], PairRubric.GENERAL, level=0.95)


def judge(skill: float, mute: float = 0.0) -> Judge:
    return ToySchool(Path(), skills=(skill,), mute=mute).untaught()


def sat(here: Scene, skill: float, mute: float = 0.0) -> Sat:
    return sit(judge(skill, mute), [EXAM], recipe().judging, here.room())["held_out"]


def value(found: tuple[Measurement, ...], metric: str) -> float:
    (one,) = (m for m in found if m.metric == metric and m.quantity is Quantity.VALUE)
    assert isinstance(one.measured, Estimate)
    return one.measured.value


def test_accuracy_is_the_share_of_showings_in_which_the_better_answer_won(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        found = sat(here, 0.8)
    right = sum(each.right for each in found.judgements)
    assert value(found.measured(None), "held_out.accuracy") == pytest.approx(right / 300)
    assert right / 300 == pytest.approx(0.8, abs=0.1)


def test_what_cannot_be_read_is_never_right(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        found = sat(here, 1.0, mute=0.5).measured(None)
    assert value(found, "held_out.accuracy") == value(found, "held_out.readable")
    assert value(found, "held_out.readable") == pytest.approx(0.5, abs=0.1)


def test_the_exact_test_is_mcnemars_on_one_order_of_each_pair(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        one, other = sat(here, 0.9), sat(here, 0.6)
    pairs = list(zip(one.right_when_drawn(), other.right_when_drawn(), strict=True))
    gained, lost = pairs.count((True, False)), pairs.count((False, True))
    wanted = binomtest(gained, gained + lost, 0.5).pvalue
    assert one.exact_p(other) == pytest.approx(wanted)
    assert one.exact_p(other) == other.exact_p(one)
    assert one.exact_p(one) == 1.0


def test_the_drawn_orders_are_about_half_and_half(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        found = sat(here, 1.0)
    drawn = [
        found.judgements[2 * at + order].shown.a_first
        for at in range(150)
        for order in (0, 1)
        if found.judgements[2 * at + order].right
    ]
    assert len(drawn) == 300
    assert all(found.right_when_drawn())


def files(folder: Path) -> None:
    """Thirty pairs; of three people who vote on one two are for its better answer."""
    for name, one, other, more in (
        ("pairs", "chosen", "rejected", {}),
        ("people", "answer_a", "answer_b", {"votes": {"a": 2, "b": 1}}),
    ):
        records = [
            {"id": f"{n}", "prompt": f"say {n}", one: f"it is {n}", other: "it is not", **more}
            for n in range(30)
        ]
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (folder / f"{name}.jsonl").write_text(lines)


def test_tests_are_scored_as_stage_1_scores_a_judge(tmp_path: Path) -> None:
    files(tmp_path)
    tests = {
        "known": {"pairs": "labelled", "data": "pairs.jsonl"},
        "team": {"pairs": "people", "data": "people.jsonl"},
    }
    exams = read_exams(recipe(tests=tests), tmp_path)
    with scene(tmp_path) as here:
        found = sit(judge(1.0), exams, recipe().judging, here.room())
    assert value(found["known"].measured(None), "known.accuracy") == 1.0
    assert value(found["team"].measured(None), "team.agreement") == pytest.approx(2 / 3)
    assert found["team"].exact_p(found["team"]) is None


def test_a_file_that_is_not_rewardbench_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    files(tmp_path)
    tests = {"rewardbench": {"pairs": "rewardbench", "data": "pairs.jsonl"}}
    with pytest.raises(InputError, match="is not RewardBench"):
        read_exams(recipe(tests=tests), tmp_path)
