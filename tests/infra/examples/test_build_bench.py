"""Two months of traffic become two benches, whose prompts are known to be the hard ones."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gates.workshop.recipe_file import read_recipe
from infra.examples.build_bench.model import SKILL
from infra.examples.build_bench.told import FIGURES
from infra.examples.build_bench.traffic import HARD, TOPICS
from stages.workshop.bench.recipe import BenchRecipe
from stages.workshop.bench_quality.recipe import AssessmentRecipe
from tests.infra.examples.running import EXAMPLES, ROOT

HERE = EXAMPLES / "build_bench"
REPORT = {
    "items": 2,
    "records": 9,
    "steps": [{"step": "cleaning", "left": 8, "left_out": {"too short": 1}}],
    "masked": {"email": 1},
    "cost": {"usd": 0.5},
    "topics": [{"name": "databases", "prompts": 8, "score": None, "items": 2}],
    "drift": {
        "near_overlap": {"value": 0.0, "high": 0.1},
        "embedding_p": 0.5,
        "topics": [{"name": "gardens", "change": {"value": 0.1, "low": 0.05, "high": 0.2}}],
    },
}


def test_its_recipes_can_be_followed() -> None:
    recipe = read_recipe(HERE / "recipe.yaml", BenchRecipe).recipe
    quality = read_recipe(HERE / "quality.yaml", AssessmentRecipe).recipe

    assert recipe.models == ("embedder", "grader")
    assert quality.asked is not None
    assert {*quality.asked.models, quality.asked.baseline} == set(SKILL)
    assert set(json.loads((HERE / "people.json").read_text())) == set(SKILL)


@pytest.mark.integration
def test_traffic_is_the_same_again_and_another_month_differs(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one", "again", "later")]
    for month, file in zip(("1", "1", "2"), files, strict=True):
        command = [sys.executable, "-m", "infra.examples.build_bench.traffic", month, str(file)]
        subprocess.run(command, check=True, cwd=ROOT)
    one, again, later = (file.read_text() for file in files)

    assert one == again != later
    assert len(one.splitlines()) == 1_260
    assert "@example.org" in one
    assert set(HARD) < set(TOPICS)


@pytest.mark.integration
def test_reports_are_told_as_a_table(tmp_path: Path) -> None:
    (tmp_path / "month.json").write_text(json.dumps(REPORT))
    figures = {name.partition(".")[2]: {"value": 0.5, "low": 0.4, "high": 0.6} for name in FIGURES}
    figures["separability"] = {"unmeasured": "no vote"}
    quality = {"rankings": [{"name": "critic", "figures": figures}]}
    (tmp_path / "quality.json").write_text(json.dumps(quality))
    command = [
        sys.executable,
        "-m",
        "infra.examples.build_bench.told",
        str(tmp_path / "month.json"),
        str(tmp_path / "quality.json"),
    ]
    told = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True).stdout

    assert "cleaning: 8 left; left out: 1 too short" in told
    assert "gardens: +10.0% (+5.0% to +20.0%)" in told
    assert "critic.separability: no vote" in told
    assert "critic.people.agreement: 0.50 (0.40 to 0.60)" in told


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_months_become_two_benches_of_hard_prompts(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", str(HERE / "run.sh")],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "GATE_EXAMPLE_FOLDER": str(tmp_path)},
    )
    report = json.loads(done.stdout)

    assert "names no assessment of it" in done.stderr
    assert "policy.yaml is valid" in done.stderr
    taken = {topic["name"] for topic in report["topics"] if topic["items"]}
    assert taken == set(HARD)
    assert report["items"] == 60
    assert report["drift"]["topics"][0]["name"] == "gardens"
