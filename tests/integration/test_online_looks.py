"""An A/B in a real MLflow store: its registration, a nested MLflow run per look, alpha spent."""

import json
from datetime import timedelta
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

from tests.fakes.shell import said
from tests.fakes.workplace import answered, lines
from tests.gates.cli.test_online import TEXT
from tests.stages.online.traffic_of import START, Recipe, generate, until, write

pytestmark = pytest.mark.pictures

SAME = generate(Recipe(units=2_500, seed=7))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Every MLflow run of an A/B that was started and looked at on days 4 and 8, by name and id."""
    folder = tmp_path_factory.mktemp("looks")
    for name in ("policies", "data"):
        (folder / name).mkdir()
    (folder / "policies" / "release.yaml").write_text(TEXT)
    (folder / "gate.toml").write_text(
        '[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n[state]\nurl = "state"\n'
    )
    for number in (1, 2):
        lines(folder / f"{number}.jsonl", answered(0, note=str(number)))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "GATE_STATE", "GITHUB_ACTIONS"):
            patch.delenv(name, raising=False)
        patch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
        patch.chdir(folder)
        for number in (1, 2):
            assert said("register", "assistant", "--outputs", f"{number}.jsonl").code == 0
        assert said("adopt", "assistant/1", "--reason", "since May").code == 0
        patch.setattr("gates.cli.clock.now", lambda: START - timedelta(days=1))
        assert said("online", "start", "release", "--by", "ann").code == 0
        for day in (4, 8, 8):
            write(until(SAME, day), folder / "data")
            patch.setattr("gates.cli.clock.now", lambda day=day: START + timedelta(days=day))
            assert said("online", "look", "release").code == 3
        client = mlflow.MlflowClient("sqlite:///mlflow.db")
        experiment = client.get_experiment_by_name("release")
        assert experiment is not None
        found = client.search_runs([experiment.experiment_id])
        names = [str(run.info.run_name) for run in found]
        assert len(set(names) - {"online HOLD", "assistant/2 HOLD"}) == 3
        by_id = {str(run.info.run_id): run for run in found}
        return by_id | {str(run.info.run_name): run for run in found}


def test_the_registration_is_a_run_that_an_auditor_finds(runs: dict[str, Run]) -> None:
    tags = runs["assistant/2 A/B registered"].data.tags
    assert tags["gate_record"] == "start"
    assert tags["gate_by"] == "ann"
    assert tags["gate_candidate"] == "models:/assistant/2"
    assert len(tags["gate_plan_sha256"]) == 64
    assert tags["gate_decided_at"] == (START - timedelta(days=1)).isoformat()


def test_every_look_is_a_nested_run_with_the_alpha_spent_so_far(runs: dict[str, Run]) -> None:
    first, second = runs["look 1 CONTINUE"], runs["look 2 CONTINUE"]
    assert first.data.metrics["look/alpha_spent"] == 0
    assert 0 < second.data.metrics["look/alpha_spent"] < 0.025
    assert second.data.tags["gate_look"] == "2 of 4"
    stages = [runs[look.data.tags["mlflow.parentRunId"]] for look in (first, second)]
    assert {stage.info.run_name for stage in stages} == {"online HOLD"}
    assert stages[0] is not stages[1]


def test_a_look_carries_its_pictures(runs: dict[str, Run]) -> None:
    folder = Path(str(runs["look 2 CONTINUE"].info.artifact_uri).removeprefix("file://"))
    names = {path.name for path in folder.iterdir()}
    assert names >= {"ab.html", "sequential_resolved.png", "effects.png", "split.png"}
    stage = Path(str(runs["online HOLD"].info.artifact_uri).removeprefix("file://"))
    contract = json.loads((stage / "contract.json").read_text(encoding="utf-8"))
    assert contract["kept"] is True
    assert {one["name"] for one in contract["promises"]} >= {"exposure_rows", "unknown_arms"}
    assert (stage / "contract.md").read_text(encoding="utf-8").startswith("# Data contract: kept")
