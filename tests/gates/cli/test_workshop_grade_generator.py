"""`gate workshop grade-generator`: what it prints, and what its exit code says."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.graded_task import Domain
from tests.fakes.shell import said
from tests.servers.openai_server import OpenAIServer, text
from tests.stages.workshop.generators.world import answers, material_in, recipe_of, toy_workplace


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.chdir(tmp_path)
    material_in(tmp_path)
    math = recipe_of().domains[Domain.MATH].said()
    recipe = recipe_of(domains={"math": math})
    (tmp_path / "recipe.yaml").write_text(json.dumps(recipe.said()))
    with OpenAIServer(answers) as server:
        lines = ['[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n[state]\nurl = "state"\n']
        lines += [
            f'[endpoints.{name}]\nbase_url = "{server.url}"\nmodel = "{name}"\n'
            for name in ("clean", "wrong", "teacher")
        ]
        (tmp_path / "gate.toml").write_text("".join(lines))
        monkeypatch.setattr("gates.workshop.generators._workplace", toy_workplace)
        yield server


def test_it_prints_the_ranking_and_freezes_the_grades(server: OpenAIServer, tmp_path: Path) -> None:
    done = said("workshop", "grade-generator", "recipe.yaml", "wrong", "clean")
    assert done.code == 0, done.err
    assert "students of clean recover 100.0 % of the gap to the reference" in done.out
    ranking = done.out.rpartition("generators\n")[2]
    assert ranking.index("clean") < ranking.index("wrong")
    grades = tmp_path / "generators" / "phrases" / "grades"
    assert sorted(path.name for path in grades.iterdir()) == ["clean", "wrong"]
    assert server.calls


def test_a_gap_that_is_not_measured_is_no_success(server: OpenAIServer) -> None:
    server.behaviour = lambda call: (
        text("I'm sorry, but I can't help with that.")
        if call.body["model"] == "clean"
        else answers(call)
    )
    done = said("workshop", "grade-generator", "recipe.yaml", "clean", "--json")
    assert done.code == 3
    found = done.json
    assert found["schema"] == "gate.workshop-grade-generator/1"
    (grade,) = found["grades"]  # type: ignore[misc]  # of JSON
    pgr = next(one for one in grade["measurements"] if one["metric"] == "pgr")
    assert "42 refused" in pgr["measured"]["unmeasured"]
    assert "unmeasured" in found["ranking"]["explained"]  # type: ignore[index]  # of JSON
