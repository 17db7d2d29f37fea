"""MLflow runs of one record: found by its key, made once, never doubled."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from gates.ledger.mlflow_ledger.connection import Connection, quoted
from policies.errors import Broken
from stages.evidence.records import StageName

if TYPE_CHECKING:
    from mlflow.entities import Run

RECORD_TAG = "gate_record"
COMPLETE_TAG = "gate_complete"
"""Set last on a candidate's MLflow run; readers pass over those without it."""

PARENT_TAG = "mlflow.parentRunId"
MOST_IN_BATCH = 1000
"""Metrics and tags together that MLflow takes in one batch."""

_PAGE = 1000


class Kind(StrEnum):
    """What an MLflow run of ours is about."""

    CANDIDATE = "candidate"
    STAGE = "stage"
    LOOK = "look"
    ADOPTION = "adoption"
    START = "start"
    NIGHT = "night"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which MLflow run of a record: at most one of each exists.

    Attributes:
        kind: What it is about.
        candidate: MLflow URI of the version.
        stage: Its stage; None on the candidate's own.
    """

    kind: Kind
    candidate: str
    stage: StageName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An MLflow run that must exist.

    Attributes:
        place: Which one.
        above: The one it is nested in; None at the top.
        name: Its name in the UI.
        tags: Its tags, `gate_key` among them.
    """

    place: Place
    above: Place | None
    name: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An MLflow run of ours.

    Attributes:
        place: Which one.
        run_id: Its id.
        experiment_id: The MLflow experiment it stands in.
        tags: Its tags.
    """

    place: Place
    run_id: str
    experiment_id: str
    tags: Mapping[str, str]


def ensure_runs(
    connection: Connection, experiment_id: str, wanted: Sequence[Wanted], *, decided_at: str
) -> Mapping[Place, Found]:
    """Every wanted MLflow run, made where it is missing; doubles are deleted.

    Doubles appear when a request is answered too late and asked again, so what was made is looked
    up once more before anything is written to it.

    Args:
        connection: The store.
        experiment_id: Where they stand.
        wanted: Those of one record, each after the one it is nested in.
        decided_at: ISO 8601 time, shown as their start.
    """
    key = wanted[0].tags["gate_key"]
    found = _single(connection, runs_of_key(connection, experiment_id, key))
    missing = [one for one in wanted if one.place not in found]
    made: dict[Place, str] = {place: run.run_id for place, run in found.items()}
    for one in missing:
        above = {} if one.above is None else {PARENT_TAG: made[one.above]}
        made[one.place] = _make(connection, experiment_id, one, above, decided_at)
    if missing:
        found = _single(connection, runs_of_key(connection, experiment_id, key))
    _adopt_orphans(connection, found, wanted)
    return found


def runs_of_key(connection: Connection, experiment_id: str, key: str) -> tuple[Found, ...]:
    """Every MLflow run of a record, oldest id first."""
    runs = search(connection, [experiment_id], f"tags.gate_key = {quoted(key)}")
    return tuple(sorted(runs, key=lambda run: run.run_id))


def run_of_id(connection: Connection, run_id: str) -> Found:
    """The MLflow run of ours that has an id.

    Raises:
        Broken: When it is gone.
    """
    with connection.answering(f"read MLflow run {run_id}"):
        found = _known(connection.client.get_run(run_id))
    assert found is not None  # the ids that are asked for were read from runs of ours
    return found


def search(
    connection: Connection, experiment_ids: Sequence[str], query: str, *, most: int | None = None
) -> tuple[Found, ...]:
    """MLflow runs of ours that a filter finds, the newest decision first.

    Args:
        connection: The store.
        experiment_ids: Where to look.
        query: Filter in MLflow's language.
        most: No more than these many; all when None.
    """
    found: list[Found] = []
    token: str | None = ""
    with connection.answering("search the decisions"):
        while token is not None and (most is None or len(found) < most):
            page = connection.client.search_runs(
                list(experiment_ids),
                query,
                max_results=min(most or _PAGE, _PAGE),
                order_by=["attributes.start_time DESC", "attributes.end_time DESC"],
                page_token=token or None,
            )
            found += [known for run in page if (known := _known(run)) is not None]
            token = page.token or None
    return tuple(found if most is None else found[:most])


def log_values(
    connection: Connection,
    run_id: str,
    *,
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    decided_at: str,
) -> None:
    """Tags and metrics in one batch, or as few as MLflow allows."""
    from mlflow.entities import Metric, RunTag

    time = milliseconds(decided_at)
    numbers = [Metric(name, value, time, 0) for name, value in metrics.items()]
    rows = [RunTag(name, value) for name, value in tags.items()]
    first = MOST_IN_BATCH - len(rows)
    with connection.answering("log the metrics"):
        connection.client.log_batch(run_id, metrics=numbers[:first], tags=rows)
        for start in range(first, len(numbers), MOST_IN_BATCH):
            connection.client.log_batch(run_id, metrics=numbers[start : start + MOST_IN_BATCH])


def mark_complete(connection: Connection, run_id: str) -> None:
    """Lets readers see a decision."""
    with connection.answering("complete the decision"):
        connection.client.set_tag(run_id, COMPLETE_TAG, "yes")


def finish(connection: Connection, run_id: str) -> None:
    """Marks an MLflow run as finished now."""
    with connection.answering("finish the MLflow run"):
        connection.client.set_terminated(run_id, "FINISHED")


def milliseconds(iso: str) -> int:
    """An ISO 8601 time in milliseconds since 1970, as MLflow counts."""
    try:
        return int(datetime.fromisoformat(iso).timestamp() * 1000)
    except ValueError as error:
        raise Broken(f"{iso!r} is no time", why="a record's time is ISO 8601") from error


def _make(
    connection: Connection,
    experiment_id: str,
    wanted: Wanted,
    above: Mapping[str, str],
    decided_at: str,
) -> str:
    place = {RECORD_TAG: wanted.place.kind.value, **above}
    with connection.answering("make an MLflow run"):
        run = connection.client.create_run(
            experiment_id,
            start_time=milliseconds(decided_at),
            tags={**wanted.tags, **place},
            run_name=wanted.name,
        )
    return str(run.info.run_id)


def _single(connection: Connection, runs: Sequence[Found]) -> dict[Place, Found]:
    kept: dict[Place, Found] = {}
    for run in _complete_first(runs):
        if run.place in kept:
            with connection.answering("delete a doubled MLflow run"):
                connection.client.delete_run(run.run_id)
        else:
            kept[run.place] = run
    return kept


def _complete_first(runs: Sequence[Found]) -> Iterator[Found]:
    yield from (run for run in runs if COMPLETE_TAG in run.tags)
    yield from (run for run in runs if COMPLETE_TAG not in run.tags)


def _adopt_orphans(
    connection: Connection, found: Mapping[Place, Found], wanted: Sequence[Wanted]
) -> None:
    for one in wanted:
        if one.above is None:
            continue
        above = found[one.above].run_id
        if found[one.place].tags.get(PARENT_TAG) != above:
            with connection.answering("nest an MLflow run"):
                connection.client.set_tag(found[one.place].run_id, PARENT_TAG, above)


def _known(run: "Run") -> Found | None:
    tags = dict(run.data.tags)
    kind, stage = tags.get(RECORD_TAG, ""), tags.get("gate_stage", "")
    if kind not in set(Kind) or "gate_candidate" not in tags:
        return None
    nested = kind in (Kind.STAGE, Kind.LOOK)
    if nested and stage not in set(StageName):
        return None
    return Found(
        place=Place(
            kind=Kind(kind),
            candidate=tags["gate_candidate"],
            stage=StageName(stage) if nested else None,
        ),
        run_id=str(run.info.run_id),
        experiment_id=str(run.info.experiment_id),
        tags=tags,
    )
