"""An A/B that starts: its plan and criteria, written down where an auditor sees them."""

from gates.ledger.ledger import STARTED_TAG, StartedAb
from gates.ledger.mlflow_ledger.artifacts import write_files
from gates.ledger.mlflow_ledger.connection import Connection
from gates.ledger.mlflow_ledger.contents import NOTE_TAG
from gates.ledger.mlflow_ledger.experiments import experiment_of_policy
from gates.ledger.mlflow_ledger.linking import version_link
from gates.ledger.mlflow_ledger.registry import tag_version
from gates.ledger.mlflow_ledger.runs import Kind, Place, Wanted, ensure_runs, finish
from stages.evidence.records import StageName


def write_start(connection: Connection, started: StartedAb) -> str:
    """Writes a registration; called again with the same key, it changes nothing.

    Returns:
        Id of the MLflow run.
    """
    version = started.version
    place = Place(kind=Kind.START, candidate=version.uri)
    wanted = Wanted(
        place=place,
        above=None,
        name=f"{version.name}/{version.version} A/B registered",
        tags=_tags(started),
    )
    experiment = experiment_of_policy(connection, started.policy)
    found = ensure_runs(connection, experiment, [wanted], decided_at=started.started_at)
    run_id = found[place].run_id
    write_files(connection, run_id, started.documents)
    tag_version(connection, version, {STARTED_TAG: _since(started)})
    finish(connection, run_id)
    return run_id


def _tags(started: StartedAb) -> dict[str, str]:
    said = (
        f"plan and criteria {started.plan_sha256[:12]} registered by {started.by} "
        f"at {started.started_at}"
    )
    note = f"**A/B registered**: {said}\n\n{version_link(started.version.uri)}"
    return {
        "gate_key": started.key,
        "gate_candidate": started.version.uri,
        "gate_policy": started.policy,
        "gate_stage": StageName.ONLINE.value,
        "gate_plan_sha256": started.plan_sha256,
        "gate_source_sha256": started.source_sha256,
        "gate_alpha": repr(started.alpha),
        "gate_by": started.by,
        "gate_sentence": said,
        "gate_decided_at": started.started_at,
        NOTE_TAG: note,
    }


def _since(started: StartedAb) -> str:
    return f"{started.plan_sha256} {started.started_at}"
