"""One suite over every ledger: in memory, MLflow on SQLite, MLflow behind a server."""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gates.decide.verdict import Verdict
from gates.ledger.ledger import Adoption, Ledger, NewVersion, Record, StartedAb, Version
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.ledger.night_report import NightReport
from gates.ledger.product_report import ProductReport
from gates.ledger.records import candidate_records, encode_candidate
from policies.errors import InputError
from stages.evidence.records import StageName
from tests.fakes import decisions
from tests.fakes.memory_ledger import MemoryLedger


@dataclass(frozen=True)
class Place:
    """A ledger and names that no other test uses in it."""

    ledger: Ledger
    model: str
    policy: str

    def register(self, **tags: str) -> Version:
        return self.ledger.register(NewVersion(name=self.model, tags=tags))

    def record(self, *, key: str = "1", **changes: object) -> Record:
        policy = decisions.POLICY.model_copy(update={"policy": self.policy, "model": self.model})
        made = decisions.record(key=f"{self.policy}-{key}", policy=policy, **changes)
        return renamed(made, self.model)


def renamed(record: Record, model: str) -> Record:
    """The same record about versions of another model."""

    def name(uri: str) -> str:
        return uri.replace("/assistant/", f"/{model}/")

    evidence = {
        name(uri): {s: replace(e, candidate=name(uri)) for s, e in stages.items()}
        for uri, stages in record.evidence.items()
    }
    candidates = tuple(
        replace(
            c,
            candidate=name(c.candidate),
            stages=tuple(
                replace(
                    s,
                    evidence_sha256=decisions.evidence_sha256(evidence[name(c.candidate)][s.stage]),
                )
                for s in c.stages
            ),
        )
        for c in record.decision.candidates
    )
    return replace(
        record,
        decision=replace(record.decision, candidates=candidates),
        evidence=evidence,
        pages={name(uri): pages for uri, pages in record.pages.items()},
    )


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> MlflowLedger:
    return MlflowLedger(f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'mlflow.db'}")


@pytest.fixture(params=["memory", "sqlite", pytest.param("server", marks=pytest.mark.integration)])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    names = uuid.uuid4().hex[:8]
    ledger: Ledger
    match request.param:
        case "memory":
            ledger = MemoryLedger()
        case "sqlite":
            ledger = request.getfixturevalue("sqlite")
        case _:
            ledger = MlflowLedger(request.getfixturevalue("mlflow_server"))
    return Place(ledger=ledger, model=f"assistant-{names}", policy=f"release_{names}")


def test_a_store_that_is_there_answers(place: Place) -> None:
    place.ledger.ping()
    assert place.ledger.uri


def test_a_model_that_does_not_exist_has_no_versions(place: Place) -> None:
    assert place.ledger.versions(place.model) == ()
    with pytest.raises(InputError):
        place.ledger.version(f"{place.model}/1")


def test_versions_are_numbered_in_order_and_keep_their_tags(place: Place) -> None:
    made = [place.register(gate_source="external", n=str(n)) for n in range(11)]
    found = place.ledger.versions(place.model)
    assert [v.version for v in found] == [str(n + 1) for n in range(11)]
    assert found == tuple(made)
    assert found[10].tags["n"] == "10"
    assert found[0].uri == f"models:/{place.model}/1"
    assert found[0].known_as == f"{place.model}/1"


@pytest.mark.parametrize("form", ["{}/1", "models:/{}/1", "{}@champion", "models:/{}@champion"])
def test_a_version_is_found_by_every_form_of_its_name(place: Place, form: str) -> None:
    made = place.register()
    place.ledger.set_alias(made, "champion")
    found = place.ledger.version(form.format(place.model))
    assert found == replace(made, aliases=("champion",))


@pytest.mark.parametrize("form", ["{}/9", "{}@nobody"])
def test_an_unknown_version_is_refused_naming_those_that_exist(place: Place, form: str) -> None:
    place.register()
    with pytest.raises(InputError) as error:
        place.ledger.version(form.format(place.model))
    assert "1" in error.value.why


def test_an_alias_moves_and_its_old_version_loses_it(place: Place) -> None:
    first, second = place.register(), place.register()
    place.ledger.set_alias(first, "champion")
    place.ledger.set_alias(second, "champion")
    place.ledger.set_alias(second, "also")
    assert [v.aliases for v in place.ledger.versions(place.model)] == [(), ("also", "champion")]


def test_the_version_behind_an_alias_is_found_and_nothing_where_there_is_none(
    place: Place,
) -> None:
    assert place.ledger.holder(place.model, "champion") is None
    version = place.register(colour="red")
    assert place.ledger.holder(place.model, "champion") is None
    place.ledger.set_alias(version, "champion")
    assert place.ledger.holder(place.model, "champion") == place.ledger.version(version.uri)


def test_a_reserved_alias_is_refused(place: Place) -> None:
    made = place.register()
    with pytest.raises(InputError, match="latest"):
        place.ledger.set_alias(made, "latest")


def test_tags_are_added_and_replaced(place: Place) -> None:
    made = place.register(a="1", b="2")
    place.ledger.tag(made, {"b": "3", "c": "4"})
    tags = place.ledger.version(made.uri).tags
    assert (tags["a"], tags["b"], tags["c"]) == ("1", "3", "4")


def test_a_registered_file_comes_back_byte_for_byte(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "outputs.jsonl"
    file.write_bytes('{"id": "1", "output": "é\\n"}\n'.encode())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    made = place.ledger.register(
        NewVersion(name=place.model, tags={"gate_sha256": digest}, file=file, description="ours")
    )
    found = place.ledger.fetch_file(place.ledger.version(made.uri), tmp_path / "there")
    assert found.parent == tmp_path / "there"
    assert found.read_bytes() == file.read_bytes()


def test_a_version_without_a_file_says_so(place: Place, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no recorded outputs"):
        place.ledger.fetch_file(place.register(), tmp_path)


def test_what_was_logged_is_read_back_whole(place: Place) -> None:
    versions = [place.register() for _ in range(3)]
    record = place.record()
    logged = place.ledger.log(record)
    assert [entry.candidate for entry in logged] == [v.uri for v in versions[1:]]
    for version, decision, entry in zip(
        versions[1:], record.decision.candidates, logged, strict=True
    ):
        stored = place.ledger.latest(version, place.policy)
        assert stored is not None
        assert stored.decision == decision
        assert stored.evidence == record.evidence
        assert (stored.run_id, stored.decided_at) == (entry.run_id, record.decided_at)
        assert (stored.policy, stored.policy_sha256) == (record.policy, record.policy.sha256)
        assert (stored.policy_name, stored.round_id) == (place.policy, "round-1")
        assert stored.baseline == decisions.BASELINE


def test_a_decision_that_was_read_back_is_found_where_it_was_logged(place: Place) -> None:
    version = [place.register() for _ in range(3)][1]
    logged = {one.candidate: one for one in place.ledger.log(place.record())}
    (decided,) = place.ledger.history(version)
    assert place.ledger.found(decided) == logged[version.uri]
    assert logged[version.uri].stage_run_ids


def test_an_older_decision_still_has_its_evidence(place: Place) -> None:
    version = [place.register() for _ in range(3)][1]
    older = place.record()
    place.ledger.log(older)
    place.ledger.log(place.record(key="2", decided_at="2026-03-02T10:00:00+00:00"))
    decided = place.ledger.history(version)[-1]
    stored = place.ledger.stored(decided)
    assert (stored.decided_at, stored.evidence) == (older.decided_at, older.evidence)
    assert (stored.decision, stored.policy) == (decided.decision, older.policy)


def test_logging_twice_changes_nothing(place: Place) -> None:
    version = [place.register() for _ in range(3)][1]
    first = place.ledger.log(place.record())
    tagged = place.ledger.version(version.uri)
    assert place.ledger.log(place.record()) == first
    assert len(place.ledger.history(version)) == 1
    assert place.ledger.version(version.uri) == tagged


def test_a_version_nobody_decided_on_has_no_history(place: Place) -> None:
    version = place.register()
    assert place.ledger.latest(version, place.policy) is None
    assert list(place.ledger.history(version)) == []


def test_the_newest_decision_is_the_latest(place: Place) -> None:
    version = [place.register() for _ in range(3)][1]
    days = ("2026-03-02", "2026-03-03", "2026-03-01")
    for day in days:
        place.ledger.log(place.record(key=day, decided_at=f"{day}T10:00:00+00:00"))
    latest = place.ledger.latest(version, place.policy)
    assert latest is not None
    assert latest.decided_at.startswith("2026-03-03")
    history = [stored.decided_at[:10] for stored in place.ledger.history(version)]
    assert history == sorted(days, reverse=True)


def test_history_spans_policies_and_latest_does_not(place: Place) -> None:
    version = [place.register() for _ in range(3)][1]
    nightly = replace(place, policy=f"nightly_{place.policy}")
    place.ledger.log(place.record(verdict=Verdict.PASS))
    place.ledger.log(nightly.record(decided_at="2026-04-01T00:00:00+00:00"))
    names = [stored.policy_name for stored in place.ledger.history(version)]
    assert names == [nightly.policy, place.policy]
    latest = place.ledger.latest(version, place.policy)
    assert latest is not None
    assert latest.decision.verdict is Verdict.PASS


def test_the_version_shows_the_verdicts_of_the_stages_it_reached(place: Place) -> None:
    versions = [place.register() for _ in range(3)]
    place.ledger.log(place.record())
    failed, held = (place.ledger.version(v.uri).tags for v in versions[1:])
    assert (failed["gate_verdict"], failed["gate_offline"]) == ("FAIL", "FAIL")
    assert "gate_online" not in failed
    assert (held["gate_offline"], held["gate_online"]) == ("PASS", "HOLD (CONTINUE)")
    assert failed["gate_run"]


def test_a_decision_outlives_its_version(place: Place) -> None:
    logged = place.ledger.log(place.record())
    assert len(logged) == 2
    assert set(logged[1].stage_run_ids) == {StageName.OFFLINE, StageName.ONLINE}


def test_an_adoption_is_written_once_and_is_no_decision(place: Place) -> None:
    version = place.register()
    adoption = Adoption(
        key=f"adopt-{place.model}",
        adopted_at="2026-03-01T10:00:00+00:00",
        version=version,
        alias="champion",
        reason="in production since May",
    )
    assert place.ledger.log_adoption(adoption) == place.ledger.log_adoption(adoption)
    assert list(place.ledger.history(version)) == []


def test_a_started_ab_is_written_once_and_is_no_decision(place: Place) -> None:
    version = place.register()
    started = StartedAb(
        key=f"start-{place.model}",
        started_at="2026-03-01T10:00:00+00:00",
        version=version,
        policy=place.policy,
        plan_sha256="a" * 64,
        source_sha256="b" * 64,
        by="ann",
        alpha=0.025,
    )
    assert place.ledger.log_start(started) == place.ledger.log_start(started)
    assert list(place.ledger.history(version)) == []
    assert place.ledger.latest(version, place.policy) is None
    (found,) = place.ledger.versions(place.model)
    assert found.tags["gate_online_registered"] == f"{'a' * 64} 2026-03-01T10:00:00+00:00"


def test_a_night_is_written_once_and_is_no_decision(place: Place) -> None:
    version = place.register()
    place.ledger.log(place.record())
    before = list(place.ledger.history(version))
    night = NightReport(
        key=f"night-{place.model}",
        policy=place.policy,
        model=place.model,
        name="night 1",
        at="2026-03-02T02:40:00+00:00",
        sentence="1 checkpoint taken up: 1 advance.",
        description="# Night 1",
        metrics={"advance": 1.0},
        files={"report.md": b"# Night 1"},
    )
    assert place.ledger.log_night(night) == place.ledger.log_night(night)
    assert list(place.ledger.history(version)) == before


def test_what_the_workshop_made_is_written_once_and_is_no_decision(place: Place) -> None:
    version = place.register()
    place.ledger.log(place.record())
    before = list(place.ledger.history(version))
    made = ProductReport(
        key=f"product-{place.model}",
        recipe="support_bench",
        kind="bench",
        subject=version.uri,
        at="2026-03-02T02:40:00+00:00",
        sentence="250 prompts of 40 topics.",
        description="# 250 prompts",
        metrics={"prompts": 250.0},
        files={"plots/map.png": b"png", "datasheet.md": b"# Bench"},
    )
    assert place.ledger.log_product(made) == place.ledger.log_product(made)
    assert list(place.ledger.history(version)) == before


def test_the_file_of_a_decision_is_what_was_signed(place: Place) -> None:
    version = [place.register() for _ in range(3)][1]
    record = place.record()
    place.ledger.log(record)
    (decided,) = place.ledger.history(version)
    (mine,) = [s for s in candidate_records(record) if s.decision.candidate == version.uri]
    assert place.ledger.record_file(decided) == encode_candidate(mine)
