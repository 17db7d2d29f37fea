"""Who may write a model's chain: an MLflow experiment with a number that only one can make."""

from collections.abc import Iterator
from contextlib import contextmanager

from gates.ledger.chain_keeping import Lease
from gates.ledger.mlflow_ledger.connection import Connection


@contextmanager
def held_lease(
    connection: Connection, model: str, *, holder: str, intent: str, patience: float, above: int
) -> Iterator[Lease]:
    """The right to write a model's chain, given back at the end."""
    raise NotImplementedError
    yield
