import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stages.engine.product import open_product
from stages.workshop.bench.building import KIND, build
from stages.workshop.bench.freezing import freeze_bench
from tests.stages.workshop.bench.scene import Toy, recipe, room, serving

ROOT = Path(__file__).parents[4]

DEATHS = {
    "endpoint_vectors.EmbeddingsEndpoint.answer": 2,
    "criteria.read_criteria": 30,
    "freezing.map_png": 1,
    "freezing.freeze": 1,
}


@pytest.mark.integration
@pytest.mark.parametrize("step", DEATHS)
def test_a_run_that_is_killed_goes_on_and_ends_as_if_it_had_not_been(
    tmp_path: Path, step: str
) -> None:
    with serving(Toy()) as toy:
        dies_and_goes_on(tmp_path, toy, step)


def dies_and_goes_on(tmp_path: Path, toy: Toy, step: str) -> None:
    module, _, name = step.partition(".")
    place = [f"stages.workshop.bench.{module}", name, str(DEATHS[step])]
    command = [sys.executable, "-m", "tests.stages.workshop.bench.killed"]
    ended = subprocess.run(
        [*command, str(tmp_path), toy.url, *place],
        check=False,
        cwd=ROOT,
        env={**os.environ, "GATE_ALLOW_LOCAL_STATE": "1"},
        timeout=120,
    )
    assert ended.returncode == -signal.SIGKILL
    folder = tmp_path / "benches" / "bench"
    assert not folder.exists()

    with room(tmp_path, toy) as here:
        how = recipe(tmp_path, 80)
        product = freeze_bench(build(how, here), how, here.folder)

    questions = [json.dumps(body) for _, body in toy.asked]
    repeats = len(questions) - len(set(questions))
    assert repeats <= 2 * 8  # those that were on their way, of as many slots
    assert open_product(folder, kind=KIND).sha256 == product.sha256
    assert sorted(path.name for path in folder.parent.iterdir()) == ["bench"]
