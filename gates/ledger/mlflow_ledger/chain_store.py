"""A model's chain in MLflow: an MLflow run per record, its envelope an artifact.

Tags are an index: anybody who may write to MLflow may change them, and what they say is believed of
nothing. A run that is not finished is no record yet.
"""

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gates.ledger.chain_keeping import Known, Lease, Sealed
from gates.ledger.ledger import LedgerDown
from gates.ledger.mlflow_ledger.artifacts import read_file
from gates.ledger.mlflow_ledger.connection import Connection
from gates.ledger.mlflow_ledger.experiments import experiment_of_model, find_experiment_of_model
from gates.ledger.mlflow_ledger.runs import RECORD_TAG, milliseconds
from policies.canonical import sha256_of_bytes
from policies.errors import Broken

if TYPE_CHECKING:
    from mlflow.entities import Run

ENVELOPE = "envelope.json"
"""Artifact of a record's MLflow run."""

SEQUENCE_TAG = "gate_sequence"
DIGEST_TAG = "gate_record_sha256"

_RECORDS = f"tags.{RECORD_TAG} = 'record'"
_DIGITS = 9
_FIRST_PAGE, _PAGE = 10, 500
"""MLflow runs read at once: of a chain that is known, mostly nothing is new."""

_LOOKS_WITHIN = 2.0
"""Seconds; far less than a lease is good for."""
_READERS = 8
"""Envelopes that are fetched at the same time."""


def read_chain(connection: Connection, model: str, *, after: Known | None) -> tuple[bytes, ...]:
    """Envelopes of a higher sequence than is known, by that in their tags; oldest first.

    One that is missing is empty, and nobody's.

    Raises:
        LedgerDown: When the store does not answer.
    """
    experiment = find_experiment_of_model(connection, model)
    if experiment is None:
        return ()
    rows = sorted(_rows(connection, experiment, after=after), key=lambda row: row.sequence)
    with ThreadPoolExecutor(_READERS) as pool:
        read = pool.map(lambda row: _envelope(connection, row.run_id), rows)
        envelopes = dict.fromkeys(read)  # one that was kept twice is one
    return tuple(envelopes)


def append_envelopes(
    connection: Connection, model: str, sealed: Sequence[Sealed], *, first: int, lease: Lease
) -> None:
    """Appends envelopes one after the other; each is a record once its run is finished."""
    experiment = experiment_of_model(connection, model)
    _sweep(connection, experiment)
    for sequence, one in enumerate(sealed, first):
        lease.check(within=_LOOKS_WITHIN)
        _append(connection, experiment, one, sequence)


def _envelope(connection: Connection, run_id: str) -> bytes:
    try:
        return read_file(connection, run_id, ENVELOPE)
    except LedgerDown:
        raise
    except Broken:
        return b""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    sequence: int
    run_id: str


def _append(connection: Connection, experiment: str, sealed: Sealed, sequence: int) -> None:
    tags = {
        **sealed.tags,
        RECORD_TAG: "record",
        SEQUENCE_TAG: f"{sequence:0{_DIGITS}}",
        DIGEST_TAG: sha256_of_bytes(sealed.envelope),
    }
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    with (
        tempfile.TemporaryDirectory() as folder,
        connection.answering(f"append record {sequence}"),
    ):
        file = Path(folder) / ENVELOPE
        file.write_bytes(sealed.envelope)
        client = connection.client
        run = client.create_run(
            experiment, start_time=milliseconds(sealed.at), tags=tags, run_name=sealed.name
        )
        place = run.info.artifact_uri  # known: the client's own method would ask for it once more
        repository = get_artifact_repository(place, tracking_uri=connection.tracking_uri)
        repository.log_artifact(str(file))  # type: ignore[no-untyped-call]
        client.set_terminated(run.info.run_id, "FINISHED")


def _rows(connection: Connection, experiment: str, *, after: Known | None) -> Iterator[_Row]:
    """Finished records above a sequence; those whose tag was spoilt are among them.

    They are found by their time, which MLflow has a column for: sorting 5,000 by a tag takes it
    seconds.
    """
    query, known = f"{_RECORDS} and attributes.status = 'FINISHED'", 0
    if after is not None:
        query += f" and attributes.start_time >= {milliseconds(after.at)}"
        known = after.sequence
    for run in _search(connection, experiment, query):
        text = str(run.data.tags.get(SEQUENCE_TAG, ""))
        plain = text.isascii() and text.isdecimal()
        if plain and int(text) <= known:
            continue
        yield _Row(sequence=int(text) if plain else 10**_DIGITS, run_id=str(run.info.run_id))


def _sweep(connection: Connection, experiment: str) -> None:
    """Deletes what a killed process left unfinished: only the holder of the lease appends."""
    for run in _search(connection, experiment, f"{_RECORDS} and attributes.status = 'RUNNING'"):
        with connection.answering("delete an unfinished record"):
            connection.client.delete_run(run.info.run_id)


def _search(connection: Connection, experiment: str, query: str) -> "Iterator[Run]":
    """MLflow runs of records, the newest first."""
    token: str | None = ""
    most = _FIRST_PAGE
    while token is not None:
        with connection.answering("search the records"):
            page = connection.client.search_runs(
                [experiment],
                query,
                max_results=most,
                order_by=["attributes.start_time DESC"],
                page_token=token or None,
            )
        yield from page
        most = _PAGE
        token = page.token or None
