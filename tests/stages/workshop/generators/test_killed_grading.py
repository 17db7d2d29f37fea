"""Killed at every step, a grading goes on: nothing lost, nothing twice, nothing half frozen."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from stages.workshop.generators.graded import read_graded
from tests.stages.workshop.generators.world import World

ROOT = Path(__file__).parents[4]
STEPS = ("asking 2", "freezing 2", "training 6", "freezing 1")


def run(world: World, where: str) -> subprocess.CompletedProcess[str]:
    module = "tests.stages.workshop.generators.killed_grading"
    return subprocess.run(
        [sys.executable, "-m", module, world.folder, world.server.url, where],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.integration
def test_a_grading_killed_at_every_step_asks_and_trains_nothing_twice(world: World) -> None:
    grade = world.folder / "made" / "grades" / "clean"
    for where in STEPS:
        assert run(world, where).returncode == -signal.SIGKILL, where
        assert not grade.exists()
    done = run(world, "never")
    assert done.returncode == 0, done.stderr
    found = read_graded(grade)
    assert len([path for path in world.folder.rglob("seed-*") if path.is_dir()]) == 9
    trained = done.stdout.split()
    assert len(trained) < 9  # some stood there already
    prompts = Counter(world.server.prompts())
    twice = sum(count - 1 for prompt, count in prompts.items() if "<response>" in prompt)
    assert (
        twice <= 32
    )  # of some 135: what was under way in the one kill that came before its journal
    assert not [path for path in world.folder.rglob(".*.making") if path.is_dir()]
    again = run(world, "never")
    assert again.returncode == 0
    assert not again.stdout
    assert read_graded(grade) == found
