"""The version that was in production before the gate: written down as adopted, never as passed."""

from gates.ledger.ledger import Adoption
from gates.ledger.mlflow_ledger.connection import Connection
from gates.ledger.mlflow_ledger.contents import NOTE_TAG
from gates.ledger.mlflow_ledger.experiments import experiment_of_model
from gates.ledger.mlflow_ledger.linking import version_link
from gates.ledger.mlflow_ledger.runs import Kind, Place, Wanted, ensure_runs, finish


def write_adoption(connection: Connection, adoption: Adoption) -> str:
    """Writes an adoption; called again with the same key, it changes nothing.

    Returns:
        Id of the MLflow run.
    """
    version = adoption.version
    place = Place(kind=Kind.ADOPTION, candidate=version.uri)
    note = f"**ADOPTED** as {adoption.alias}: {adoption.reason}\n\n{version_link(version.uri)}"
    wanted = Wanted(
        place=place,
        above=None,
        name=f"{version.name}/{version.version} ADOPTED",
        tags={
            "gate_key": adoption.key,
            "gate_candidate": version.uri,
            "gate_verdict": "ADOPTED",
            "gate_alias": adoption.alias,
            "gate_sentence": adoption.reason[:500],
            "gate_decided_at": adoption.adopted_at,
            NOTE_TAG: note,
        },
    )
    experiment = experiment_of_model(connection, version.name)
    found = ensure_runs(connection, experiment, [wanted], decided_at=adoption.adopted_at)
    finish(connection, found[place].run_id)
    return found[place].run_id
