"""What a person sends in, and what becomes of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from stages.side_by_side.preference import Preference


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What a person says of a pair.

    Attributes:
        person: Who says it.
        pair: The pair's id.
        said: What they prefer, A being the answer that THEY were shown first (or on the left);
            UNRESOLVED skips the pair, which then goes to somebody else.
        seconds: Time on the task, 0 or more; None where it was not measured.
        comment: In their words; empty for none.
        guidelines: Version of the guidelines that they were shown.
        token: What the page gave this ballot: the same token is the same ballot, sent again.
        at: When it was given, ISO 8601, of votes from elsewhere; empty: when it is accepted.
    """

    person: str
    pair: str
    said: Preference
    seconds: float | None = None
    comment: str = ""
    guidelines: int
    token: str
    at: str = ""

    def __post_init__(self) -> None:
        if not self.token:
            raise ValueError("a ballot needs a token")
        if self.seconds is not None and not 0 <= self.seconds < float("inf"):
            raise ValueError(f"time on a task is 0 or more seconds, not {self.seconds}")
        if self.at:
            datetime.fromisoformat(self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """It is on disk, and will never be changed or deleted.

    Attributes:
        number: Its number in the batch, from 1, in order of acceptance.
        pair: The pair's id.
        at: When it was accepted (or given elsewhere), ISO 8601.
    """

    number: int
    pair: str
    at: str


class Refusal(StrEnum):
    """Why something was not accepted; nothing was kept of it."""

    STOPPED = "stopped"
    """The batch was stopped."""
    PAUSED = "paused"
    """The person was paused."""
    REMOVED = "removed"
    """The person was removed."""
    UNKNOWN = "unknown"
    """The batch has no such person, pair or version of guidelines."""
    ALREADY = "already"
    """The person said something else of this pair, and did not undo it."""
    TAKEN = "taken"
    """The pair has all its votes, or others work on it."""
    NOTHING = "nothing"
    """There is nothing to undo."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not accepted.

    Attributes:
        why: Which case.
        sentence: The same for people.
    """

    why: Refusal
    sentence: str


class Rest(StrEnum):
    """Why a person is given no task."""

    DONE = "done"
    """There is nothing left that they could vote on."""
    OTHERS = "others"
    """What is left is with others just now; some of it may come back."""
    STOPPED = "stopped"
    PAUSED = "paused"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class NoTask:
    """There is no task for a person now.

    Attributes:
        why: Which case.
        sentence: The same for people.
    """

    why: Rest
    sentence: str
