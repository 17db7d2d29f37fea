import json
from pathlib import Path

import pytest

from tests.fakes.shell import said
from tests.stages.workshop.bench.scene import Toy, recipe, serving

TOML = """
[mlflow]
tracking_uri = "sqlite:///mlflow.db"
[state]
url = ".gate/state"
[endpoints.grader]
base_url = "{url}"
model = "toy"
[endpoints.embedder]
base_url = "{url}"
model = "toy"
"""


@pytest.mark.integration
def test_a_bench_is_built_by_a_command_and_told_as_json(tmp_path: Path) -> None:
    with serving(Toy()) as toy:
        (tmp_path / "gate.toml").write_text(TOML.format(url=toy.url))
        (tmp_path / "r.yaml").write_text(json.dumps(recipe(tmp_path, 120).said()))
        command = ["workshop", "build-bench", str(tmp_path / "r.yaml")]
        where = ["--workspace", str(tmp_path)]
        first = said(*command, *where, "--json")
        after = str(tmp_path / "benches" / "bench")
        told = said(*command, *where, "--after", after, "--to", f"{tmp_path}/two")

    found = first.json
    assert (first.code, told.code) == (0, 0)
    assert found["schema"] == "gate.workshop-build-bench/1"
    assert found["items"] == 30
    assert found["steps"][0] == {"step": "cleaning", "left": 120, "left_out": {}}
    assert (Path(found["folder"]) / "items.jsonl").is_file()
    assert "chi-square test" in told.out
    assert "30 prompts of 4 topics" in told.out


@pytest.mark.integration
def test_a_budget_that_is_too_small_is_told_by_its_exit_code(tmp_path: Path) -> None:
    with serving(Toy()) as toy:
        (tmp_path / "gate.toml").write_text(TOML.format(url=toy.url))
        small = recipe(tmp_path, 60, budget={"calls_at_most": 20})
        (tmp_path / "r.yaml").write_text(json.dumps(small.said()))
        command = ["workshop", "build-bench", str(tmp_path / "r.yaml"), "--json"]
        ended = said(*command, "--workspace", str(tmp_path))

    assert ended.code == 3
    assert ended.schema == "gate.error/1"
    assert not (tmp_path / "benches").exists()
