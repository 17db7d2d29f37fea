"""The report of a night, as the ledger keeps it."""

from dataclasses import dataclass
from typing import Protocol

from gates.ledger.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class NightReport(Report):
    """What is kept of a night.

    Attributes:
        policy: Name of the policy.
        model: Registered model name.
        name: What the UI calls it.
    """

    policy: str
    model: str
    name: str


class ReportKeeper(Protocol):
    """Keeps reports of nights."""

    def log_night(self, report: NightReport) -> str:
        """Writes a night's report; idempotent by its key.

        Returns:
            Address of its page; empty where the store has no UI.

        Raises:
            LedgerDown: When the store does not answer.
        """
        ...
