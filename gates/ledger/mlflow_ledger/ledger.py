"""The ledger that is MLflow: registry, record of decisions, and what a reviewer sees."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from gates.ledger.chain_keeping import Known, Lease, Sealed
from gates.ledger.ledger import (
    Adoption,
    Decided,
    Logged,
    NewVersion,
    Record,
    StartedAb,
    Stored,
    Version,
)
from gates.ledger.mlflow_ledger.adoption import write_adoption
from gates.ledger.mlflow_ledger.chain_store import append_envelopes, read_chain
from gates.ledger.mlflow_ledger.connection import Connection
from gates.ledger.mlflow_ledger.files import fetch_version_file
from gates.ledger.mlflow_ledger.lock import Locks, Terms, held_lease
from gates.ledger.mlflow_ledger.reading import (
    find_decision,
    read_history,
    read_latest,
    read_record_file,
    read_stored,
)
from gates.ledger.mlflow_ledger.registry import (
    find_holder,
    find_version,
    find_versions,
    point_alias,
    register_version,
    tag_version,
)
from gates.ledger.mlflow_ledger.reports import write_night, write_product
from gates.ledger.mlflow_ledger.starting import write_start
from gates.ledger.mlflow_ledger.writing import write_record
from gates.ledger.night_report import NightReport
from gates.ledger.product_report import ProductReport


class MlflowLedger:
    """Implements `gates.ledger.ledger.Ledger` on an MLflow server, or its database directly.

    Nothing is opened before the first call; each method raises `LedgerDown` when MLflow does not
    answer, and `Broken` when it refuses.

    Args:
        tracking_uri: MLflow tracking URI.
        registry_uri: MLflow registry URI; the tracking URI when None.
        terms: What leases are worth.
    """

    def __init__(
        self, tracking_uri: str, registry_uri: str | None = None, *, terms: Terms | None = None
    ) -> None:
        self._connection = Connection(tracking_uri, registry_uri)
        self._terms = terms or Terms()

    @property
    def uri(self) -> str:
        """Tracking URI, without credentials."""
        return self._connection.uri

    def ping(self) -> None:
        """Returns when the store answers.

        Raises:
            LedgerDown: When it does not, within about ten seconds.
        """
        self._connection.knock()
        with self._connection.answering("ask for anything"):
            self._connection.client.search_experiments(max_results=1)

    def version(self, reference: str) -> Version:
        """The version behind `assistant/12`, `assistant@champion` or `models:/...`.

        Raises:
            InputError: When there is no such version, naming those that exist.
        """
        return find_version(self._connection, reference)

    def versions(self, name: str) -> tuple[Version, ...]:
        """Every version of a model, oldest first; empty when the model does not exist."""
        return find_versions(self._connection, name)

    def holder(self, name: str, alias: str) -> Version | None:
        """The version behind an alias; None when there is none, or no such model."""
        return find_holder(self._connection, name, alias)

    def register(self, new: NewVersion) -> Version:
        """A new version; the file is uploaded before the version exists."""
        return register_version(self._connection, new)

    def fetch_file(self, version: Version, folder: Path) -> Path:
        """The recorded outputs of a version, or its packed model, put into a folder."""
        return fetch_version_file(self._connection, version, folder)

    def tag(self, version: Version, tags: Mapping[str, str]) -> None:
        """Sets tags on a version."""
        tag_version(self._connection, version, tags)

    def set_alias(self, version: Version, alias: str) -> None:
        """Points an alias at a version, and reads it back."""
        point_alias(self._connection, version, alias)

    def log_adoption(self, adoption: Adoption) -> str:
        """Writes an adoption, its verdict being ADOPTED; idempotent by its key."""
        return write_adoption(self._connection, adoption)

    def log_start(self, started: StartedAb) -> str:
        """Writes what was registered of an A/B; idempotent by its key."""
        return write_start(self._connection, started)

    def log_night(self, report: NightReport) -> str:
        """Writes a night's report; idempotent by its key."""
        return write_night(self._connection, report)

    def log_product(self, report: ProductReport) -> str:
        """Writes what the workshop made; idempotent by its key."""
        return write_product(self._connection, report)

    def log(self, record: Record) -> tuple[Logged, ...]:
        """Writes a round; idempotent by the record's key."""
        return write_record(self._connection, record)

    def latest(self, version: Version, policy_name: str) -> Stored | None:
        """The newest decision on a version under a policy, with verified evidence."""
        return read_latest(self._connection, version, policy_name)

    def history(self, version: Version, *, most: int | None = None) -> Sequence[Decided]:
        """Decisions on a version under any policy, newest first, without their evidence."""
        return read_history(self._connection, version, most=most)

    def stored(self, decided: Decided) -> Stored:
        """A decision that was read back, with verified evidence."""
        return read_stored(self._connection, decided)

    def record_file(self, decided: Decided) -> bytes:
        """The file `record.json` that a decision was read back from."""
        return read_record_file(self._connection, decided)

    def found(self, decided: Decided) -> Logged:
        """Where a decision that was read back is found; a stage's run that is gone is absent."""
        return find_decision(self._connection, decided)

    def lease(
        self, model: str, *, holder: str, intent: str, patience: float, above: int = 0
    ) -> AbstractContextManager[Lease]:
        """The right to write a model's chain, given back at the end."""
        locks = Locks(connection=self._connection, model=model, terms=self._terms)
        return held_lease(locks, holder=holder, intent=intent, patience=patience, above=above)

    def unfinished(self, model: str) -> str | None:
        """What the newest lease was taken for, unless it was given back."""
        return Locks(connection=self._connection, model=model, terms=self._terms).unfinished()

    def chain(self, model: str, *, after: Known | None = None) -> tuple[bytes, ...]:
        """Envelopes of a model's chain with a higher sequence, oldest first."""
        return read_chain(self._connection, model, after=after)

    def append(self, model: str, sealed: Sequence[Sealed], *, first: int, lease: Lease) -> None:
        """Appends envelopes one after the other."""
        append_envelopes(self._connection, model, sealed, first=first, lease=lease)
