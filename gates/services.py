"""The outside world a command works with: workspace, ledger, state, clock and progress."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gates.chain.custody import Custody
from gates.ledger.ledger import Ledger
from gates.workspace import Workspace
from stages.engine.progress import Progress
from stages.engine.state import State

Clock = Callable[[], datetime]
"""Says what time it is, with a timezone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that is not a value, handed in from the edge.

    Attributes:
        workspace: Settings and secrets.
        ledger: Where checkpoints and decisions are kept.
        state: Journals and locks.
        cache: Folder for files fetched from the ledger; may be emptied at any time.
        clock: Says what time it is.
        progress: Where long work shows how far it is.
        looks_as_of: Time that the looks of A/Bs are taken as of; None: now.
        custody: Signed records; None where the workspace names no trust file.
    """

    workspace: Workspace
    ledger: Ledger
    state: State
    cache: Path
    clock: Clock
    progress: Progress
    looks_as_of: datetime | None = None
    custody: Custody | None = None
