"""An MLflow server on PostgreSQL, killed again and again while a decision is logged."""

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.ledger.examples import By, Example, Examples, Opinion, Turn
from gates.ledger.ledger import Document, Logged, NewVersion, Page, Pages, Record
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.ledger.outbox import flush, log_or_keep, waiting
from stages.engine.folder_state import FolderState
from stages.evidence.records import StageName
from tests.fakes import decisions
from tests.servers.mortal_mlflow import MortalMlflow

if TYPE_CHECKING:
    from mlflow.entities import Run

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]

DEATHS = (
    (b"runs/create", 2, False),
    (b"/v1/traces", 1, True),
    (b"api/3.0/mlflow/traces ", 2, True),
    (b"runs/log-batch", 2, True),
)
"""What the server is asked, for which time since it rose, and whether it has done it."""


@dataclass(frozen=True)
class Store:
    """What a store shows of one decision.

    Attributes:
        runs: Place and verdict of each MLflow run, with the names of its artifacts.
        traces: Number of assessments and of spans of each trace.
        version: Our tags of the model version, without ids.
    """

    runs: tuple[str, ...]
    traces: tuple[tuple[int, int], ...]
    version: Mapping[str, str]


def example(number: int) -> Example:
    votes = (
        Opinion(name="preference", value="tie", by=By.PERSON, who=f"person-{n}") for n in range(2)
    )
    return Example(
        task="qa",
        item=f"i{number}",
        preview="why?",
        asked=(Turn(role="user", text=f"why {number}?"),),
        answer="because",
        opinions=tuple(votes),
    )


def record(policy: str) -> Record:
    stage = Page(
        documents=(Document(path="plots/a.png", content=b"\x89PNG"),),
        examples=Examples(shown=tuple(example(n) for n in range(3))),
    )
    report = Page(documents=(Document(path="report.html", content=b"<p>"),))
    pages = {decisions.CANDIDATE: Pages(candidate=report, stages={StageName.OFFLINE: stage})}
    named = decisions.POLICY.model_copy(update={"policy": policy})
    return decisions.record(key=policy, policy=named, pages=pages)


@pytest.fixture
def server(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MortalMlflow]:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with MortalMlflow(tmp_path, postgres) as mortal:
        yield mortal


def seen(ledger: MlflowLedger, policy: str) -> Store:
    client = ledger._connection.client
    experiment = client.get_experiment_by_name(policy)
    assert experiment is not None
    number = experiment.experiment_id
    return Store(
        runs=tuple(sorted(f"{said(r)} {files(ledger, r)}" for r in client.search_runs([number]))),
        traces=tuple(
            (len(trace.info.assessments), len(trace.data.spans))
            for trace in client.search_traces(locations=[number])
        ),
        version={
            key: re.sub("[0-9a-f]{32}", "ID", value)
            for key, value in ledger.version("assistant/2").tags.items()
            if key != "gate_policy"
        },
    )


def said(run: "Run") -> str:
    tags = run.data.tags
    numbers = len(run.data.metrics)
    return " ".join(
        [
            *(tags[key] for key in ("gate_record", "gate_candidate", "gate_verdict")),
            *(run.info.run_name, run.info.status, tags.get("gate_complete", "-"), str(numbers)),
        ]
    )


def files(ledger: MlflowLedger, run: "Run") -> list[str]:
    return sorted(file.path for file in ledger._connection.client.list_artifacts(run.info.run_id))


def experiment_free(store: Store) -> Store:
    tags = {key: re.sub(r"experiments/\d+", "", value) for key, value in store.version.items()}
    return replace(store, version=tags)


def test_a_decision_survives_every_death_of_the_server_and_is_there_once(
    server: MortalMlflow, tmp_path: Path
) -> None:
    ledger, state = MlflowLedger(server.address), FolderState(tmp_path / "state")
    for _ in range(3):
        ledger.register(NewVersion(name="assistant", tags={}))
    calm = f"calm-{uuid.uuid4().hex[:6]}"
    ledger.log(record(calm))
    expected = seen(ledger, calm)
    assert len(expected.traces) == 3

    wanted = record("killed")
    for words, number, done in DEATHS:
        server.die_at(words, number, done=done)
        assert log_or_keep(state, ledger, wanted) == (), words
        assert waiting(state) == ("killed",)
        server.rise()
    logged: tuple[Logged, ...] = log_or_keep(state, ledger, wanted)
    assert len(logged) == 2
    assert waiting(state) == ()
    assert flush(state, ledger) == 0

    assert experiment_free(seen(ledger, "killed")) == experiment_free(expected)
    stored = ledger.latest(ledger.version("assistant/2"), "killed")
    assert stored is not None
    assert stored.evidence == wanted.evidence
