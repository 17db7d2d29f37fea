"""The report of a night as an MLflow run beside the policy's decisions."""

from gates.ledger.mlflow_ledger.artifacts import write_files
from gates.ledger.mlflow_ledger.connection import Connection
from gates.ledger.mlflow_ledger.contents import NOTE_TAG
from gates.ledger.mlflow_ledger.experiments import experiment_of_policy
from gates.ledger.mlflow_ledger.runs import (
    Kind,
    Place,
    Wanted,
    ensure_runs,
    finish,
    log_values,
)
from gates.ledger.mlflow_ledger.writing import run_url
from gates.ledger.night_report import NightReport

_SENTENCE = 500


def write_night(connection: Connection, report: NightReport) -> str:
    """Writes a report; called again with the same key, it changes nothing.

    Returns:
        Address of its page; empty when the store has no UI.
    """
    place = Place(kind=Kind.NIGHT, candidate=report.model)
    wanted = Wanted(
        place=place,
        above=None,
        name=report.name,
        tags={
            "gate_key": report.key,
            "gate_candidate": report.model,
            "gate_policy": report.policy,
            "gate_sentence": report.sentence[:_SENTENCE],
            "gate_decided_at": report.ended_at,
            NOTE_TAG: report.description,
        },
    )
    experiment = experiment_of_policy(connection, report.policy)
    found = ensure_runs(connection, experiment, [wanted], decided_at=report.ended_at)[place]
    write_files(connection, found.run_id, list(report.files.items()))
    log_values(
        connection, found.run_id, metrics=report.metrics, tags={}, decided_at=report.ended_at
    )
    finish(connection, found.run_id)
    return run_url(connection, found)
