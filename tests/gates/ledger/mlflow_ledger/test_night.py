"""A night's report in a real store, read back by MLflow's own client."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow.artifacts
import pytest

from gates.ledger.mlflow_ledger.experiments import experiment_of_policy, experiment_of_workshop
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.ledger.night_report import NightReport
from gates.ledger.product_report import ProductReport
from tests.gates.ledger.mlflow_ledger.test_writing import KilledError, watched

if TYPE_CHECKING:
    from mlflow.entities import Run

FILES = {"report.md": b"# Night 3\n", "report.html": b"<p>3</p>", "report.json": b"{}\n"}


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('nights') / 'mlflow.db'}"


@pytest.fixture
def ledger(uri: str) -> MlflowLedger:
    return MlflowLedger(uri)


def report(
    policy: str, *, number: int = 3, sentence: str = "2 checkpoints taken up."
) -> NightReport:
    return NightReport(
        key=f"{policy}-{number}",
        policy=policy,
        model="assistant",
        name=f"night {number}",
        at="2026-03-04T02:42:00+00:00",
        sentence=sentence,
        description="# Night 3\n\n2 checkpoints taken up.",
        metrics={"advance": 1.0, "flaky": 1.0, "calls": 120.0, "usd": 1.5},
        files=FILES,
    )


def runs(ledger: MlflowLedger, policy: str) -> "list[Run]":
    experiment = experiment_of_policy(ledger._connection, policy)
    return list(ledger._connection.client.search_runs([experiment]))


def test_what_a_reviewer_opens_is_there(ledger: MlflowLedger, tmp_path: Path) -> None:
    ledger.log_night(report("whole"))
    (run,) = runs(ledger, "whole")
    assert run.info.run_name == "night 3"
    assert run.info.status == "FINISHED"
    assert run.data.metrics == report("whole").metrics
    assert run.data.tags["gate_record"] == "night"
    assert run.data.tags["gate_sentence"] == "2 checkpoints taken up."
    assert run.data.tags["mlflow.note.content"].startswith("# Night 3")
    folder = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, dst_path=str(tmp_path), tracking_uri=ledger._connection.uri
    )
    assert {p.name: p.read_bytes() for p in Path(folder).iterdir()} == FILES


def test_nights_stand_beside_each_other_and_each_once(ledger: MlflowLedger) -> None:
    for number in (1, 2, 2, 1):
        ledger.log_night(report("each", number=number))
    assert sorted(run.info.run_name for run in runs(ledger, "each")) == ["night 1", "night 2"]


def test_a_long_sentence_is_no_error(ledger: MlflowLedger) -> None:
    ledger.log_night(report("long", sentence="why " * 5_000))
    (run,) = runs(ledger, "long")
    assert run.data.tags["gate_sentence"].startswith("why why")


def test_killed_after_any_write_a_repeat_ends_with_one_whole_night(uri: str) -> None:
    for lives in range(1, 40):
        night, dying = report("killed", number=lives), MlflowLedger(uri)
        watched(dying, lives)
        try:
            dying.log_night(night)
        except KilledError:
            again = MlflowLedger(uri)
            again.log_night(night)
            (run,) = [r for r in runs(again, "killed") if r.info.run_name == night.name]
            assert (run.info.status, run.data.metrics) == ("FINISHED", night.metrics)
        else:
            assert lives > 3
            return
    raise AssertionError("it wrote for ever")


def test_what_a_recipe_makes_several_of_is_told_apart_by_name(ledger: MlflowLedger) -> None:
    for kind, which in (("generator_grade", "assistant/2"), ("generator_grade", "gpt"), ("b", "")):
        ledger.log_product(
            ProductReport(
                key=f"product-{kind}-{which}", recipe="agora", kind=kind, subject=f"s-{which}",
                at="2026-03-04T02:42:00+00:00", sentence="s", description="d", named=which,
            )
        )  # fmt: skip
    experiment = experiment_of_workshop(ledger._connection)
    names = [r.info.run_name for r in ledger._connection.client.search_runs([experiment])]
    assert sorted(names) == [
        "b agora",
        "generator_grade agora assistant/2",
        "generator_grade agora gpt",
    ]


def test_the_table_of_the_workshop_shows_what_it_made(ledger: MlflowLedger) -> None:
    client = ledger._connection.client
    found = client.get_experiment(experiment_of_workshop(ledger._connection))
    views = {key: tag for key, tag in found.tags.items() if "sharedViewState" in key}

    assert list(views) == ["mlflow.sharedViewState.gate"]
    state = json.loads(json.loads(views["mlflow.sharedViewState.gate"])["state"])
    assert state["searchFilter"] == "tags.gate_record = 'product'"
    assert "tags.`gate_sentence`" in state["selectedColumns"]
