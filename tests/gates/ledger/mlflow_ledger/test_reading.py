"""Every way in which a stored decision can be spoiled is seen to be refused."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gates.ledger.ledger import Logged, NewVersion, Version
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.ledger.mlflow_ledger.registry import FILE_TAG
from policies.errors import Broken
from stages.evidence.codec import encode
from stages.evidence.records import StageName
from tests.fakes import decisions


class Spoiler:
    """A decision in MLflow, and someone who may write to MLflow."""

    def __init__(self, ledger: MlflowLedger, name: str) -> None:
        policy = decisions.POLICY.model_copy(update={"policy": name})
        self.ledger = ledger
        self.client = ledger._connection.client
        self.record = decisions.record(key=name, policy=policy)
        self.logged: tuple[Logged, ...] = ledger.log(self.record)
        self.policy = name

    @property
    def own(self) -> str:
        return self.logged[0].run_id

    def stage(self, candidate: int, stage: StageName) -> str:
        return self.logged[candidate].stage_run_ids[stage]

    def overwrite(self, run_id: str, path: str, content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, path).write_bytes(content)
            self.client.log_artifacts(run_id, folder)

    def read(self, run_id: str, path: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            return Path(self.client.download_artifacts(run_id, path, folder)).read_bytes()

    def remove(self, run_id: str, path: str) -> None:
        place = self.client.get_run(run_id).info.artifact_uri
        Path(place.removeprefix("file://"), path).unlink()


def changed_evidence(s: Spoiler) -> None:
    better = decisions.evidence(value=0.0001)
    s.overwrite(s.stage(0, StageName.OFFLINE), "evidence.json", encode(better))


def changed_evidence_and_its_tag(s: Spoiler) -> None:
    changed_evidence(s)
    better = decisions.evidence_sha256(decisions.evidence(value=0.0001))
    s.client.set_tag(s.stage(0, StageName.OFFLINE), "gate_evidence_sha256", better)


def changed_tag_of_evidence(s: Spoiler) -> None:
    s.client.set_tag(s.stage(0, StageName.OFFLINE), "gate_evidence_sha256", "0" * 64)


def unreadable_evidence(s: Spoiler) -> None:
    s.overwrite(s.stage(0, StageName.OFFLINE), "evidence.json", b"{}")


def evidence_of_another_member_changed(s: Spoiler) -> None:
    other = encode(decisions.evidence(candidate=decisions.OTHER, value=0.1))
    s.overwrite(s.stage(1, StageName.OFFLINE), "evidence.json", other)


def evidence_of_another_candidate(s: Spoiler) -> None:
    other = s.read(s.stage(1, StageName.OFFLINE), "evidence.json")
    s.overwrite(s.stage(0, StageName.OFFLINE), "evidence.json", other)


def lost_evidence(s: Spoiler) -> None:
    s.remove(s.stage(0, StageName.OFFLINE), "evidence.json")


def lost_stage_of_another_member(s: Spoiler) -> None:
    s.client.delete_run(s.stage(1, StageName.ONLINE))


def lost_record(s: Spoiler) -> None:
    s.remove(s.own, "record.json")


def changed_record(s: Spoiler) -> None:
    body = s.read(s.own, "record.json").replace(b'"FAIL"', b'"PASS"')
    s.overwrite(s.own, "record.json", body)


def record_of_another_candidate(s: Spoiler) -> None:
    other = s.logged[1].run_id
    s.overwrite(s.own, "record.json", s.read(other, "record.json"))
    digest = s.client.get_run(other).data.tags["gate_record_sha256"]
    s.client.set_tag(s.own, "gate_record_sha256", digest)


def another_key(s: Spoiler) -> None:
    s.client.set_tag(s.own, "gate_key", "something-else")


def no_digest(s: Spoiler) -> None:
    s.client.delete_tag(s.own, "gate_record_sha256")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> MlflowLedger:
    return MlflowLedger(f"sqlite:///{tmp_path_factory.mktemp('reading') / 'mlflow.db'}")


@pytest.fixture(scope="module")
def version(ledger: MlflowLedger) -> Version:
    return [ledger.register(NewVersion(name="assistant", tags={})) for _ in range(3)][1]


@pytest.mark.parametrize(
    "spoil",
    [
        changed_evidence,
        changed_evidence_and_its_tag,
        changed_tag_of_evidence,
        unreadable_evidence,
        evidence_of_another_member_changed,
        evidence_of_another_candidate,
        lost_evidence,
        lost_stage_of_another_member,
        lost_record,
        changed_record,
        record_of_another_candidate,
        another_key,
        no_digest,
    ],
)
def test_a_spoiled_decision_is_broken_and_names_run_and_file(
    ledger: MlflowLedger, version: Version, spoil: Callable[[Spoiler], None]
) -> None:
    spoiler = Spoiler(ledger, spoil.__name__)
    assert ledger.latest(version, spoiler.policy) is not None
    spoil(spoiler)
    with pytest.raises(Broken) as error:
        ledger.latest(version, spoiler.policy)
    ids = [i for entry in spoiler.logged for i in (entry.run_id, *entry.stage_run_ids.values())]
    assert any(i in str(error.value) for i in ids) or decisions.OTHER in str(error.value)
    assert "json" in str(error.value)
    assert error.value.fix


def test_a_half_written_decision_is_passed_over(ledger: MlflowLedger, version: Version) -> None:
    spoiler = Spoiler(ledger, "half_written")
    newer = replace(spoiler.record, key="newer", decided_at="2027-01-01T00:00:00+00:00")
    run = ledger.log(newer)[0].run_id
    spoiler.client.delete_tag(run, "gate_complete")
    found = ledger.latest(version, spoiler.policy)
    assert found is not None
    assert found.run_id == spoiler.own


def test_the_outputs_of_a_version_are_held_against_their_digest(
    ledger: MlflowLedger, tmp_path: Path
) -> None:
    file = tmp_path / "outputs.jsonl"
    file.write_text("{}\n")
    made = ledger.register(NewVersion(name="recorded", tags={"gate_sha256": "0" * 64}, file=file))
    with pytest.raises(Broken, match="changed"):
        ledger.fetch_file(made, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_outputs_that_are_gone_are_broken(ledger: MlflowLedger, tmp_path: Path) -> None:
    file = tmp_path / "outputs.jsonl"
    file.write_text("{}\n")
    made = ledger.register(NewVersion(name="recorded", tags={}, file=file))
    gone = replace(made, tags={**made.tags, FILE_TAG: "other.jsonl"})
    with pytest.raises(Broken, match="gone"):
        ledger.fetch_file(gone, tmp_path / "there")
