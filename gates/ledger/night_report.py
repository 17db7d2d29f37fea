"""The report of a night, as the ledger keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class NightReport:
    """What is kept of a night.

    Attributes:
        key: Unique key; logging the same key twice changes nothing.
        policy: Name of the policy.
        model: Registered model name.
        name: What the UI calls it.
        ended_at: ISO 8601 time.
        sentence: All in one sentence.
        description: Markdown, shown on its page.
        metrics: Numbers by name, which columns sort by.
        files: Contents by name, `report.html`.
    """

    key: str
    policy: str
    model: str
    name: str
    ended_at: str
    sentence: str
    description: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any(PurePosixPath(name).name != name for name in self.files):
            raise ValueError(f"files have plain names, not {sorted(self.files)}")


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
