"""Decisions read back from MLflow, each with evidence that matches its digests."""

from collections.abc import Mapping, Sequence

from gates.ledger.ledger import Decided, Logged, Stored, Version
from gates.ledger.mlflow_ledger.artifacts import read_file
from gates.ledger.mlflow_ledger.connection import Connection, quoted
from gates.ledger.mlflow_ledger.experiments import find_experiment, policy_experiments
from gates.ledger.mlflow_ledger.runs import (
    COMPLETE_TAG,
    RECORD_TAG,
    Found,
    Kind,
    Place,
    run_of_id,
    runs_of_key,
    search,
)
from gates.ledger.mlflow_ledger.writing import run_url
from gates.ledger.records import CandidateRecord, decode_candidate
from policies.canonical import sha256_of_bytes
from policies.errors import Broken, InputError
from stages.evidence.codec import decode, evidence_sha256
from stages.evidence.records import Evidence, StageName


def read_latest(connection: Connection, version: Version, policy_name: str) -> Stored | None:
    """The newest decision on a version under a policy; None when there is none.

    Raises:
        Broken: When an artifact is missing or does not match its digest.
    """
    experiment = find_experiment(connection, policy_name)
    if experiment is None:
        return None
    found = search(connection, [experiment], _decisions_on(version), most=1)
    return _stored(connection, found[0], version.uri) if found else None


def read_stored(connection: Connection, decided: Decided) -> Stored:
    """A decision that was read back, with its evidence.

    Raises:
        Broken: When an artifact is missing or does not match its digest.
    """
    run = run_of_id(connection, decided.run_id)
    return _stored(connection, run, decided.decision.candidate)


def read_record_file(connection: Connection, decided: Decided) -> bytes:
    """The `record.json` of a decision that was read back.

    Raises:
        Broken: When it is missing or does not match its digest.
    """
    return _record_bytes(connection, run_of_id(connection, decided.run_id))


def read_history(
    connection: Connection, version: Version, *, most: int | None
) -> Sequence[Decided]:
    """Decisions on a version under any policy, newest first, without their evidence.

    Raises:
        Broken: When a record is missing or does not match its digest.
    """
    experiments = policy_experiments(connection)
    if not experiments:
        return ()
    found = search(connection, experiments, _decisions_on(version), most=most)
    return tuple(_decided(run, _record(connection, run, version.uri)) for run in found)


def find_decision(connection: Connection, decided: Decided) -> Logged:
    """The MLflow runs of a decision, and the page of the candidate's.

    Raises:
        Broken: When the run it was read from is gone.
    """
    own = run_of_id(connection, decided.run_id)
    candidate = decided.decision.candidate
    nested = runs_of_key(connection, own.experiment_id, own.tags["gate_key"])
    return Logged(
        candidate=candidate,
        run_id=own.run_id,
        stage_run_ids={
            run.place.stage: run.run_id
            for run in nested
            if run.place.stage is not None
            and run.place == Place(kind=Kind.STAGE, candidate=candidate, stage=run.place.stage)
        },
        url=run_url(connection, own),
    )


def _decisions_on(version: Version) -> str:
    return (
        f"tags.gate_candidate = {quoted(version.uri)}"
        f" and tags.{RECORD_TAG} = '{Kind.CANDIDATE.value}'"
        f" and tags.{COMPLETE_TAG} = 'yes'"
    )


def _stored(connection: Connection, run: Found, candidate: str) -> Stored:
    record = _record(connection, run, candidate)
    return Stored.of(_decided(run, record), _evidence(connection, run, record))


def _decided(run: Found, record: CandidateRecord) -> Decided:
    return Decided(
        run_id=run.run_id,
        decided_at=record.decided_at,
        policy_name=record.policy.policy,
        policy_sha256=record.policy.sha256,
        policy=record.policy,
        round_id=record.round_id,
        baseline=record.baseline,
        decision=record.decision,
    )


def _record(connection: Connection, run: Found, candidate: str) -> CandidateRecord:
    where = f"record.json of MLflow run {run.run_id}"
    record = decode_candidate(_record_bytes(connection, run), where=where)
    if record.decision.candidate != candidate or record.key != run.tags.get("gate_key"):
        raise Broken(
            f"MLflow run {run.run_id} holds another decision than its tags say",
            why=f"{where} is about {record.decision.candidate}, key {record.key[:12]}",
            fix="do not edit the tags of decisions; decide again with gate run",
        )
    return record


def _record_bytes(connection: Connection, run: Found) -> bytes:
    body = read_file(connection, run.run_id, "record.json")
    if sha256_of_bytes(body) != run.tags.get("gate_record_sha256"):
        raise _changed(run.run_id, "record.json", "gate_record_sha256")
    return body


def _evidence(
    connection: Connection, run: Found, record: CandidateRecord
) -> Mapping[str, Mapping[StageName, Evidence]]:
    runs = {found.place: found for found in runs_of_key(connection, run.experiment_id, record.key)}
    found: dict[str, dict[StageName, Evidence]] = {}
    for candidate, stages in record.evidence_sha256.items():
        found[candidate] = {
            stage: _one(
                connection, runs, Place(kind=Kind.STAGE, candidate=candidate, stage=stage), digest
            )
            for stage, digest in stages.items()
        }
    return found


def _one(
    connection: Connection, runs: Mapping[Place, Found], place: Place, digest: str
) -> Evidence:
    run = runs.get(place)
    if run is None:
        raise Broken(
            f"the {place.stage} evidence of {place.candidate} is gone",
            why="the MLflow run that held its evidence.json was deleted",
            fix="restore it with mlflow runs restore, or decide again with gate run",
        )
    body = read_file(connection, run.run_id, "evidence.json")
    try:
        evidence = decode(body, where=f"evidence.json of MLflow run {run.run_id}")
    except InputError as error:
        raise Broken(error.message, why=error.why, fix=error.fix) from error
    matches = (evidence.candidate, evidence.stage) == (place.candidate, place.stage)
    if not matches or {evidence_sha256(evidence), run.tags.get("gate_evidence_sha256")} != {digest}:
        raise _changed(run.run_id, "evidence.json", "gate_evidence_sha256")
    return evidence


def _changed(run_id: str, path: str, tag: str) -> Broken:
    return Broken(
        f"{path} of MLflow run {run_id} was changed",
        why=f"it does not match the digest it was logged with (tag `{tag}`)",
        fix="restore the artifact from a backup, or decide again with gate run",
    )
