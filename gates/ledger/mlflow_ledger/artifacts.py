"""Files of an MLflow run: written together, read one by one."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from gates.ledger.ledger import Document
from gates.ledger.mlflow_ledger.connection import Connection, absent
from policies.errors import Broken


def write_files(
    connection: Connection, run_id: str, files: Sequence[tuple[str, bytes] | Document]
) -> None:
    """Writes files to an MLflow run; those that exist are replaced."""
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            path, content = (file.path, file.content) if isinstance(file, Document) else file
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        with connection.answering("write the artifacts"):
            connection.client.log_artifacts(run_id, folder)


def read_file(connection: Connection, run_id: str, path: str) -> bytes:
    """A file of an MLflow run.

    Raises:
        Broken: When there is none.
    """
    from mlflow.exceptions import MlflowException

    with (
        tempfile.TemporaryDirectory() as folder,
        connection.answering(f"read {path} of MLflow run {run_id}"),
    ):
        try:
            found = connection.client.download_artifacts(run_id, path, folder)
        except MlflowException as error:
            if absent(error):
                raise missing(run_id, path) from error
            raise
        return Path(found).read_bytes()


def missing(run_id: str, path: str) -> Broken:
    """The error of a file that a decision rests on and that is not there."""
    return Broken(
        f"MLflow run {run_id} has lost {path}",
        why="a decision whose evidence is missing cannot be trusted",
        fix="restore the artifact from a backup, or decide again with gate run",
    )
