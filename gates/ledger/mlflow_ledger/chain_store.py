"""A model's chain in MLflow: an MLflow run per record, its envelope an artifact."""

from collections.abc import Sequence

from gates.ledger.chain_keeping import Lease
from gates.ledger.mlflow_ledger.connection import Connection


def read_chain(connection: Connection, model: str, *, after: int) -> tuple[bytes, ...]:
    """Envelopes of a higher sequence, oldest first."""
    raise NotImplementedError


def append_envelopes(
    connection: Connection,
    model: str,
    envelopes: Sequence[bytes],
    *,
    first: int,
    about: str,
    lease: Lease,
) -> None:
    """Appends envelopes one after the other."""
    raise NotImplementedError
