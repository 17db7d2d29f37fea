import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from gates.decide.verdict import Verdict
from gates.ledger.ledger import NewVersion, Pages, Record
from gates.ledger.mlflow_ledger.experiments import experiment_of_policy
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.ledger.mlflow_ledger.linking import MARK
from gates.ledger.mlflow_ledger.runs import Kind, Place, runs_of_key
from policies.errors import Broken
from stages.evidence.records import StageName
from tests.fakes import decisions

READING = ("get", "search", "download", "list")


class KilledError(BaseException):
    """The process ends here."""


class Watched:
    """MLflow's client, counting what it is asked, and dying after so many writes."""

    def __init__(self, client: object, lives: int | None = None) -> None:
        self.client = client
        self.lives = lives
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self.client, name)

        def call(*args: object, **kwargs: object) -> object:
            self.calls[name] += 1
            found = method(*args, **kwargs)
            if self.lives is not None and not name.startswith(READING):
                self.lives -= 1
                if self.lives <= 0:
                    raise KilledError(name)
            return found

        return call


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('writing') / 'mlflow.db'}"


@pytest.fixture
def ledger(uri: str) -> MlflowLedger:
    return MlflowLedger(uri)


def watched(ledger: MlflowLedger, lives: int | None = None) -> Watched:
    watch = Watched(ledger._connection.client, lives)
    ledger._connection.__dict__["client"] = watch
    return watch


def places(ledger: MlflowLedger, record: Record) -> list[Place]:
    experiment = experiment_of_policy(ledger._connection, record.policy.policy)
    return [run.place for run in runs_of_key(ledger._connection, experiment, record.key)]


def on_model(record: Record, ledger: MlflowLedger, name: str) -> Record:
    for _ in range(2):
        ledger.register(NewVersion(name=name, tags={}))
    uri = f"models:/{name}/2"
    (decision,) = record.decision.candidates
    evidence = replace(record.evidence[decision.candidate][StageName.OFFLINE], candidate=uri)
    stage = replace(decision.stages[0], evidence_sha256=decisions.evidence_sha256(evidence))
    return replace(
        record,
        decision=replace(
            record.decision, candidates=(replace(decision, candidate=uri, stages=(stage,)),)
        ),
        evidence={uri: {StageName.OFFLINE: evidence}},
        pages={uri: Pages()},
    )


def deaths() -> Iterator[int]:
    yield from range(1, 40)


def test_killed_after_any_write_a_repeat_ends_with_one_whole_decision(uri: str) -> None:
    survived = False
    again = MlflowLedger(uri)
    client = again._connection.client
    for lives in deaths():
        ledger = MlflowLedger(uri)
        ledger._connection.__dict__["client"] = client
        record = on_model(
            decisions.one_candidate(decisions.record(key=f"killed-{lives}")), ledger, f"k{lives}"
        )
        watched(ledger, lives)
        try:
            ledger.log(record)
            survived = True
        except KilledError:
            pass
        version = again.version(f"k{lives}/2")
        if not survived:
            before = again.latest(version, record.policy.policy)
            assert before is None or before.decision == record.decision.candidates[0]
        assert again.log(record) == again.log(record)
        assert sorted(p.kind for p in places(again, record)) == [Kind.CANDIDATE, Kind.STAGE]
        stored = again.latest(version, record.policy.policy)
        assert stored is not None
        assert stored.evidence == record.evidence
        assert again.version(version.uri).tags["gate_verdict"] == "FAIL"
        if survived:
            break
    assert survived
    assert lives > 8


@pytest.mark.parametrize("criteria", [2, 200, 600])
def test_any_number_of_metrics_takes_a_batch_a_run(ledger: MlflowLedger, criteria: int) -> None:
    findings = tuple(decisions.finding(f"task{n}.f1") for n in range(criteria))
    record = decisions.one_candidate(decisions.record(key=f"many-{criteria}", findings=findings))
    experiment_of_policy(ledger._connection, record.policy.policy)
    watch = watched(ledger)
    (logged,) = ledger.log(record)
    batches = 2 if criteria <= 200 else 2 * 3
    assert watch.calls["log_batch"] == batches
    assert watch.calls["log_metric"] == 0
    assert watch.calls.total() <= 13 + batches
    run = ledger._connection.client.get_run(logged.run_id)
    columns = {name for name in run.data.metrics if name.startswith("gate/")}
    assert columns == {"gate/verdict", "gate/stage", "gate/room"}
    assert len(run.data.metrics) == 4 * criteria + len(columns)
    assert run.data.metrics["task1.f1/value"] == 0.0042


def test_a_doubled_run_is_deleted_and_its_children_find_their_parent(ledger: MlflowLedger) -> None:
    record = decisions.one_candidate(decisions.record(key="doubled"))
    client = ledger._connection.client
    create = client.create_run

    class Stuttering(Watched):
        def create_run(self, *args: object, **kwargs: object) -> object:
            create(*args, **kwargs)
            return create(*args, **kwargs)

    ledger._connection.__dict__["client"] = Stuttering(client)
    (logged,) = ledger.log(record)
    assert sorted(p.kind for p in places(ledger, record)) == [Kind.CANDIDATE, Kind.STAGE]
    stage = client.get_run(logged.stage_run_ids[StageName.OFFLINE])
    assert stage.data.tags["mlflow.parentRunId"] == logged.run_id


def test_what_a_reviewer_opens_is_there(ledger: MlflowLedger, tmp_path: Path) -> None:
    for _ in range(3):
        ledger.register(NewVersion(name="assistant", tags={}, description="a person's words"))
    record = decisions.record(key="opened", decided_at="2026-05-01T10:00:00+00:00")
    failed, held = ledger.log(record)
    client = ledger._connection.client
    run = client.get_run(failed.run_id)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "assistant/2 FAIL"
    assert run.data.tags["mlflow.note.content"].startswith("**FAIL**: toxicity is too high")
    assert "(#/models/assistant/versions/2)" in run.data.tags["mlflow.note.content"]
    assert {f.path for f in client.list_artifacts(failed.run_id)} == {
        *("record.json", "findings.json", "report.html")
    }
    stage_id = failed.stage_run_ids[StageName.OFFLINE]
    assert {f.path for f in client.list_artifacts(stage_id)} == {
        *("evidence.json", "findings.json", "plots")
    }
    stage = client.get_run(stage_id)
    assert f"runs/{failed.run_id}" in stage.data.tags["mlflow.note.content"]
    table = Path(client.download_artifacts(failed.run_id, "findings.json", str(tmp_path)))
    assert json.loads(table.read_text())["data"][0][0] == "toxicity.rate at most 0.50 %"
    looks = [p for p in places(ledger, record) if p.kind is Kind.LOOK]
    assert looks == [Place(kind=Kind.LOOK, candidate=decisions.OTHER, stage=StageName.ONLINE)]
    assert held.url == ""
    version = client.get_model_version("assistant", "2")
    assert version.description.startswith("a person's words\n")
    assert f"runs/{failed.run_id}" in version.description
    assert json.loads(run.data.tags["mlflow.loggedArtifacts"])[0]["path"] == "findings.json"


def test_a_new_decision_replaces_ours_on_the_version_and_leaves_the_rest(
    ledger: MlflowLedger,
) -> None:
    ledger.register(NewVersion(name="again", tags={"mine": "1"}, description="words"))
    version = ledger.register(NewVersion(name="again", tags={"mine": "1"}, description="words"))
    base = decisions.one_candidate(decisions.record(key="again-1"))
    record = on_model(base, ledger, "again")
    (candidate,) = record.decision.candidates
    online = decisions.stage_decision(StageName.ONLINE, Verdict.PASS)
    longer = replace(candidate, stages=(*candidate.stages, online))
    ledger.log(replace(record, decision=replace(record.decision, candidates=(longer,))))
    assert ledger.version(version.uri).tags["gate_online"] == "PASS (SHIP)"
    (second,) = ledger.log(replace(record, key="again-2"))
    tags = ledger.version(version.uri).tags
    assert "gate_online" not in tags
    assert tags["mine"] == "1"
    found = ledger._connection.client.get_model_version("again", "2")
    assert found.description.startswith("words\n")
    assert found.description.count("Written by gate") == 1
    assert second.run_id in found.description
    assert found.description.count("under policy release") == 1


def test_a_version_leads_to_its_decisions_under_every_policy(ledger: MlflowLedger) -> None:
    for _ in range(2):
        version = ledger.register(NewVersion(name="led", tags={}, description="words"))
    first = on_model(decisions.one_candidate(decisions.record(key="led-1")), ledger, "led")
    policy = first.policy.model_copy(update={"policy": "nightly"})
    decision = replace(first.decision, policy="nightly")
    (weekly,) = ledger.log(first)
    (nightly,) = ledger.log(replace(first, key="led-2", policy=policy, decision=decision))
    text = ledger._connection.client.get_model_version("led", version.version).description
    lines = text.partition(MARK)[2].splitlines()
    assert ["under policy nightly" in line for line in lines] == [True, False]
    assert nightly.run_id in lines[0]
    assert weekly.run_id in lines[1]
    assert all(f"searchFilter={quote('tags.gate_candidate')}" in line for line in lines)


def test_a_record_about_nobody_writes_nothing(ledger: MlflowLedger) -> None:
    record = decisions.record(key="nobody")
    assert ledger.log(replace(record, decision=replace(record.decision, candidates=()))) == ()


def test_a_time_that_is_none_is_broken(ledger: MlflowLedger) -> None:
    with pytest.raises(Broken, match="yesterday"):
        ledger.log(decisions.record(key="when", decided_at="yesterday"))


def test_a_deleted_experiment_is_broken_and_says_how_to_restore_it(
    ledger: MlflowLedger,
) -> None:
    policy = decisions.POLICY.model_copy(update={"policy": "deleted"})
    record = decisions.record(key="deleted", policy=policy)
    ledger.log(record)
    client = ledger._connection.client
    client.delete_experiment(client.get_experiment_by_name("deleted").experiment_id)
    with pytest.raises(Broken, match="deleted") as error:
        ledger.log(record)
    assert "restore" in error.value.fix


def test_an_experiment_that_people_made_is_used_and_marked(ledger: MlflowLedger) -> None:
    ledger._connection.client.create_experiment("theirs")
    policy = decisions.POLICY.model_copy(update={"policy": "theirs"})
    version = ledger.register(NewVersion(name="theirs", tags={}))
    record = on_model(
        decisions.one_candidate(decisions.record(key="theirs", policy=policy)), ledger, "theirs"
    )
    ledger.log(record)
    assert len(ledger.history(ledger.version("theirs/2"))) == 1
    assert ledger.history(version) == ()
