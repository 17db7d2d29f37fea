"""A judge taught without labels: its recipes can be used, and its run goes as the README says."""

import json
from pathlib import Path

import pytest

from gates.workshop.recipe_file import read_recipe
from stages.workshop.self_taught.recipe import BriefKind, SelfTaught
from tests.infra.examples.running import EXAMPLES, start

FOLDER = EXAMPLES / "train_judge"


@pytest.mark.parametrize(
    ("name", "brief"), [("recipe", BriefKind.SHORT), ("recipe_8b", BriefKind.STAGE_2)]
)
def test_both_recipes_are_recipes(name: str, brief: BriefKind) -> None:
    recipe = read_recipe(FOLDER / f"{name}.yaml", SelfTaught).recipe
    assert recipe.judging.brief is brief
    assert recipe.pupil.iterations == 2
    assert recipe.categories is not None


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.timeout(1800)
def test_two_iterations_teach_the_judge_and_neither_falls(tmp_path: Path) -> None:
    done = start("train_judge", Path(), tmp_path / "here")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["came"] == "further"
    first = [
        next(m for m in judge["measurements"] if m["metric"] == "held_out.accuracy")
        for judge in told["judges"]
    ]
    assert first[0]["measured"]["high"] < 0.6
    assert first[2]["measured"]["low"] > 0.8
    assert first[2]["p_untaught"] < 1e-6
    assert first[2]["over_previous"]["low"] > -0.05
