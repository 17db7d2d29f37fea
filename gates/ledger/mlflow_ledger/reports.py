"""Reports that decide nothing, each an MLflow run: of a night, and of what the workshop made."""

from collections.abc import Mapping

from gates.ledger.mlflow_ledger.artifacts import write_files
from gates.ledger.mlflow_ledger.connection import Connection
from gates.ledger.mlflow_ledger.contents import NOTE_TAG
from gates.ledger.mlflow_ledger.experiments import experiment_of_policy, experiment_of_workshop
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
from gates.ledger.product_report import ProductReport
from gates.ledger.report import Report

_SENTENCE = 500


def write_night(connection: Connection, report: NightReport) -> str:
    """Writes a report beside the policy's decisions; called again, it changes nothing.

    Returns:
        Address of its page; empty when the store has no UI.
    """
    wanted = Wanted(
        place=Place(kind=Kind.NIGHT, candidate=report.model),
        above=None,
        name=report.name,
        tags={"gate_policy": report.policy, **_tags(report, about=report.model)},
    )
    experiment = experiment_of_policy(connection, report.policy)
    return _written(connection, experiment, wanted, report)


def write_product(connection: Connection, report: ProductReport) -> str:
    """Writes what the workshop made; called again, it changes nothing.

    Returns:
        Address of its page; empty when the store has no UI.
    """
    wanted = Wanted(
        place=Place(kind=Kind.PRODUCT, candidate=report.subject),
        above=None,
        name=f"{report.kind} {report.recipe} {report.named}".rstrip(),
        tags={
            "gate_product": report.kind,
            "gate_recipe": report.recipe,
            **_tags(report, about=report.subject),
        },
    )
    experiment = experiment_of_workshop(connection)
    return _written(connection, experiment, wanted, report)


def _tags(report: Report, *, about: str) -> Mapping[str, str]:
    return {
        "gate_key": report.key,
        "gate_candidate": about,
        "gate_sentence": report.sentence[:_SENTENCE],
        "gate_decided_at": report.at,
        NOTE_TAG: report.description,
    }


def _written(connection: Connection, experiment: str, wanted: Wanted, report: Report) -> str:
    made = ensure_runs(connection, experiment, [wanted], decided_at=report.at)[wanted.place]
    write_files(connection, made.run_id, list(report.files.items()))
    log_values(connection, made.run_id, metrics=report.metrics, tags={}, decided_at=report.at)
    finish(connection, made.run_id)
    return run_url(connection, made)
