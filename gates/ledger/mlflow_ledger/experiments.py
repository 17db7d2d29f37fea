"""MLflow experiments: one per policy, one per model for what has no policy, and the workshop's."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from gates.ledger.mlflow_ledger.columns import ROOM, STAGE, VERDICT
from gates.ledger.mlflow_ledger.connection import Connection, present, quoted
from policies.canonical import Json
from policies.errors import Broken

if TYPE_CHECKING:
    from mlflow.entities import Experiment

KIND_TAG = "gate_experiment"
"""Tag of an MLflow experiment of ours: `policy`, `model` or `workshop`."""

COLUMNS = ("gate_verdict", "gate_stage", "gate_sentence", "gate_waits_for", "gate_candidate")
"""Tags that the table of verdicts shows."""

MADE = ("gate_product", "gate_recipe", "gate_sentence", "gate_candidate")
"""Tags that the table of what the workshop made shows."""

NUMBERS = (VERDICT, STAGE, ROOM)
"""Metrics that it shows: a click on the head of a column sorts by it."""

_VERDICTS, _NEAREST, _PRODUCTS = "gate", "gate-nearest", "gate"
"""Saved views: the newest decisions first, the worst room to a limit first; what was made."""


def experiment_of_policy(connection: Connection, policy_name: str) -> str:
    """Id of the policy's MLflow experiment, made when there is none."""
    return _made(connection, policy_name, kind="policy")


def experiment_of_model(connection: Connection, model_name: str) -> str:
    """Id of the MLflow experiment `gate/MODEL`, made when there is none."""
    return _made(connection, f"gate/{model_name}", kind="model")


def experiment_of_workshop(connection: Connection) -> str:
    """Id of the MLflow experiment `gate-workshop`, made when there is none."""
    return _made(connection, "gate-workshop", kind="workshop")


def find_experiment_of_model(connection: Connection, model_name: str) -> str | None:
    """Id of the MLflow experiment `gate/MODEL`; None when nothing was ever logged there."""
    found = _named(connection, f"gate/{model_name}")
    return None if found is None else str(found.experiment_id)


def verdicts_link(experiment_id: str) -> str:
    """The table of a policy's verdicts, seen from any page of the same UI."""
    return f"#/experiments/{experiment_id}/runs?viewStateShareKey={_VERDICTS}"


def nearest_link(experiment_id: str) -> str:
    """The same table, the worst room to a limit first."""
    return f"#/experiments/{experiment_id}/runs?viewStateShareKey={_NEAREST}"


def compared_link(experiment_id: str) -> str:
    """The candidates' findings side by side, a row per criterion."""
    return f"{verdicts_link(experiment_id)}&compareRunsMode=ARTIFACT"


def decisions_link(experiment_id: str, candidate: str) -> str:
    """The decisions on one version under a policy."""
    wanted = f"tags.gate_candidate = {quoted(candidate)} AND tags.gate_record = 'candidate'"
    return f"#/experiments/{experiment_id}/runs?searchFilter={quote(wanted, safe='')}"


def find_experiment(connection: Connection, policy_name: str) -> str | None:
    """Id of the policy's MLflow experiment; None when nothing was ever logged under it."""
    found = _named(connection, policy_name)
    return None if found is None else str(found.experiment_id)


def policy_experiments(connection: Connection) -> tuple[str, ...]:
    """Ids of every policy's MLflow experiment."""
    ids: list[str] = []
    token: str | None = ""
    with connection.answering("list the experiments"):
        while token is not None:
            page = connection.client.search_experiments(
                filter_string=f"tags.{KIND_TAG} = 'policy'", page_token=token or None
            )
            ids += [str(experiment.experiment_id) for experiment in page]
            token = page.token or None
    return tuple(ids)


def _made(connection: Connection, name: str, *, kind: str) -> str:
    from mlflow.exceptions import MlflowException

    found = _named(connection, name)
    with connection.answering(f"make the experiment {name}"):
        if found is None:
            place = connection.artifacts
            try:
                return str(
                    connection.client.create_experiment(
                        name,
                        artifact_location=None if place is None else f"{place}/{_folder(name)}",
                        tags=_tags(kind),
                    )
                )
            except MlflowException as error:
                if not present(error):
                    raise
            found = _named(connection, name)
        if found is None:
            raise Broken(f"MLflow at {connection.uri} has {name}, and does not show it")
        if KIND_TAG not in found.tags:
            for key, value in _tags(kind).items():
                connection.client.set_experiment_tag(found.experiment_id, key, value)
    return str(found.experiment_id)


def _tags(kind: str) -> dict[str, str]:
    """What makes the UI open on a table of decisions or products, and offer saved views of it."""
    opened = {KIND_TAG: kind, "mlflow.experimentKind": "custom_model_development"}
    if kind == "workshop":
        made = {"searchFilter": "tags.gate_record = 'product'", "selectedColumns": _tagged(MADE)}
        return {**opened, **_view(_PRODUCTS, "Made", made)}
    decided: Mapping[str, Json] = {
        "searchFilter": "tags.gate_record = 'candidate'",
        "selectedColumns": [*_tagged(COLUMNS), *(f"metrics.`{one}`" for one in NUMBERS)],
    }
    nearest = {**decided, "orderByKey": f"metrics.`{ROOM}`", "orderByAsc": True}
    return {
        **opened,
        **_view(_VERDICTS, "Verdicts", decided),
        **_view(_NEAREST, "Nearest to the limit", nearest),
    }


def _tagged(names: Sequence[str]) -> list[Json]:
    return [f"tags.`{name}`" for name in names]


def _view(key: str, name: str, state: Mapping[str, Json]) -> dict[str, str]:
    view = {"name": name, "createdAt": 0, "state": json.dumps(state)}
    return {f"mlflow.sharedViewState.{key}": json.dumps(view)}


def _named(connection: Connection, name: str) -> "Experiment | None":
    with connection.answering(f"find the experiment {name}"):
        found = connection.client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage != "active":
        raise Broken(
            f"the MLflow experiment {name} was deleted",
            why=f"decisions are kept in it, and MLflow at {connection.uri} holds its name",
            fix=f"mlflow experiments restore --experiment-id {found.experiment_id}",
        )
    return found


def _folder(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)
