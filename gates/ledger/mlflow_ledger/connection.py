"""The way to MLflow: one quiet client that gives up soon, and its errors in our words."""

import logging
import os
import re
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit, urlunsplit

from gates.ledger.ledger import LedgerDown
from gates.masking import mask_secrets
from policies.errors import Broken, InputError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from mlflow.tracing.client import TracingClient

CONNECT_SECONDS = 3.0
"""How long a database may take to accept a connection."""

HEALTH_SECONDS = 5
"""How long a server may take to say that it is there."""

_SETTINGS = {
    # mlflow's own defaults let a dead server keep a command busy for minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}

_NO_ANSWER = {
    "INTERNAL_ERROR",
    "TEMPORARILY_UNAVAILABLE",
    "DEADLINE_EXCEEDED",
    "REQUEST_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "CANCELLED",
    "ABORTED",
}
"""MLflow's error codes that say nothing of the question asked."""

_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}


class Connection:
    """A tracking server or database, and the registry beside it.

    Args:
        tracking_uri: MLflow tracking URI; may hold credentials, which are never shown.
        registry_uri: MLflow registry URI; the same place when None.
    """

    def __init__(self, tracking_uri: str, registry_uri: str | None = None) -> None:
        self.tracking_uri = tracking_uri
        self._registry_uri = registry_uri or tracking_uri

    @property
    def uri(self) -> str:
        """Tracking URI, without credentials."""
        return without_credentials(self.tracking_uri)

    @property
    def pages(self) -> str:
        """Address that the pages of the UI begin with; empty for a bare database."""
        if urlsplit(self.tracking_uri).scheme in ("http", "https"):
            return self.uri.rstrip("/") + "/"
        return ""

    @property
    def artifacts(self) -> str | None:
        """Where a bare SQLite store keeps files: beside its database; None when MLflow decides."""
        database = _sqlite_path(self.tracking_uri)
        return None if database is None else (database.parent / "mlartifacts").as_uri()

    @cached_property
    def client(self) -> "MlflowClient":
        """The client, made when first asked for.

        Raises:
            LedgerDown: When the store does not answer within seconds.
        """
        self.knock()
        from mlflow import MlflowClient

        with self.answering("open the store"):
            return MlflowClient(self.tracking_uri, self._registry_uri)

    @cached_property
    def tracing(self) -> "TracingClient":
        """The client of traces, made when first asked for.

        Raises:
            LedgerDown: When the store does not answer within seconds.
        """
        self.knock()
        from mlflow.tracing.client import TracingClient

        with self.answering("open the store"):
            return TracingClient(self.tracking_uri)

    def knock(self) -> None:
        """Returns when something answers at the tracking URI.

        Raises:
            LedgerDown: When nothing does.
        """
        _prepare_mlflow()
        parts = urlsplit(self.tracking_uri)
        match parts.scheme.split("+")[0]:
            case "http" | "https":
                with self.answering("reach the server"):
                    self._ask_health()
            case "sqlite":
                self._find_folder()
            case kind if kind in _PORTS:
                self._reach(parts, _PORTS[kind])
            case _:
                pass  # MLflow knows more stores than we do; its first answer tells

    @contextmanager
    def answering(self, doing: str) -> Iterator[None]:
        """MLflow's errors inside become ours.

        Args:
            doing: What is asked of it, completing "cannot ...".

        Raises:
            LedgerDown: When it did not answer.
            Broken: When it answered with a refusal.
        """
        from mlflow.exceptions import MlflowException
        from requests import RequestException  # noqa: PLC0415 - comes with mlflow
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - comes with mlflow

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # mlflow's own, about what its libraries will drop
                yield
        except MlflowException as error:
            if error.error_code in _NO_ANSWER:
                raise self.down(doing, str(error)) from error
            raise self._refused(doing, error) from error
        except (RequestException, SQLAlchemyError, OSError) as error:
            raise self.down(doing, str(error)) from error

    @contextmanager
    def as_default(self) -> Iterator[None]:
        """MLflow's process-wide tracking URI is ours inside: a bare registry asks that one."""
        import mlflow

        is_set = mlflow.is_tracking_uri_set()  # type: ignore[no-untyped-call]
        before = mlflow.get_tracking_uri() if is_set else None
        mlflow.set_tracking_uri(self.tracking_uri)
        try:
            yield
        finally:
            mlflow.set_tracking_uri(before)  # type: ignore[arg-type]

    def down(self, doing: str, why: str) -> LedgerDown:
        """The error of a store that does not answer."""
        return LedgerDown(
            f"cannot {doing}: MLflow at {self.uri} does not answer",
            why=_first_line(why),
            fix="start it, or check [mlflow] tracking_uri and MLFLOW_TRACKING_URI; then run again",
        )

    def _refused(self, doing: str, error: "MlflowException") -> Broken:
        if error.error_code in ("UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED"):
            fix = "set MLFLOW_TRACKING_TOKEN (or _USERNAME and _PASSWORD) of someone who may"
        else:
            fix = "mend what it says; gate doctor checks the store"
        return Broken(
            f"cannot {doing}: MLflow at {self.uri} refuses", why=_first_line(str(error)), fix=fix
        )

    def _ask_health(self) -> None:
        from mlflow.utils.credentials import get_default_host_creds
        from mlflow.utils.rest_utils import http_request

        response = http_request(  # type: ignore[no-untyped-call]
            get_default_host_creds(self.tracking_uri),  # type: ignore[no-untyped-call]
            "/health",
            "GET",
            timeout=HEALTH_SECONDS,
            max_retries=0,
            # one that was kept may just be closed by a server that finds it idle: no answer, and
            # yet the server is there
            extra_headers={"Connection": "close"},
            raise_on_status=False,
        )
        if response.status_code >= 500:  # noqa: PLR2004 - HTTP's own border of server errors
            raise self.down("reach the server", f"/health says {response.status_code}")

    def _find_folder(self) -> None:
        database = _sqlite_path(self.tracking_uri)
        if database is not None and not database.parent.is_dir():
            raise self.down("open the database", f"there is no folder {database.parent}")

    def _reach(self, parts: SplitResult, port: int) -> None:
        place = (parts.hostname or "localhost", parts.port or port)
        try:
            socket.create_connection(place, timeout=CONNECT_SECONDS).close()
        except OSError as error:
            raise self.down("reach the database", str(error)) from error


def absent(error: "MlflowException") -> bool:
    """Whether MLflow says that what was asked for does not exist."""
    return error.error_code in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND")


def present(error: "MlflowException") -> bool:
    """Whether MLflow says that what was to be made exists already."""
    return error.error_code in ("RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS")


def quoted(text: str) -> str:
    """A text as MLflow's search filters want it.

    Raises:
        InputError: When it has both kinds of quotation marks, which the filters cannot say.
    """
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text:
        return f'"{text}"'
    raise InputError(
        f"cannot search MLflow for {text}",
        why="its search knows no name with both kinds of quotation marks",
        fix="rename the model",
    )


def without_credentials(uri: str) -> str:
    """A URI without user name and password, and with what else is secret in it masked."""
    parts = urlsplit(uri)
    if "@" in parts.netloc:
        uri = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return mask_secrets(uri)


def _prepare_mlflow() -> None:
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)  # noqa: TID251 - mlflow takes settings nowhere else
    import mlflow  # noqa: F401 - configures the loggers that are silenced below

    for name in ("mlflow", "alembic", "sqlalchemy.engine", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _sqlite_path(uri: str) -> Path | None:
    parts = urlsplit(uri)
    if parts.scheme.split("+")[0] != "sqlite" or not parts.path.strip("/"):
        return None
    return Path(parts.path.removeprefix("/")).absolute()


def _first_line(text: str) -> str:
    line = next((line for line in text.splitlines() if line.strip()), "it gives no reason")
    return mask_secrets(re.sub(r"//[^/@\s]+@", "//", line.strip()))[:500]
