"""People who vote, and how they do."""

from dataclasses import dataclass
from enum import StrEnum

COMMAND_LINE = "command line"
"""Whoever runs `gate`, as what they do is recorded."""


class Status(StrEnum):
    """Whether a person may vote."""

    WORKING = "working"
    PAUSED = "paused"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who votes in a batch, as they stand now.

    Attributes:
        name: Who: one word for every batch, such as a worker's id.
        segment: What kind of user they are; empty where it is not known.
        status: Whether they may vote.
        reason: Why they are paused or removed; empty otherwise.
        link: Version of their link; a link of another version opens nothing.
        opted_out: Categories of harm that they are not shown.
        qualified: Whether they passed the qualification round, or there is none.
        since: Gold counts from this number of the batch on: a lead who resumes somebody lets them
            begin anew.
        changed_by: Who made the last change to them: a lead, or `COMMAND_LINE`; empty for the
            batch's own rules, for an import, and for themselves.
    """

    name: str
    segment: str = ""
    status: Status = Status.WORKING
    reason: str = ""
    link: int = 1
    opted_out: tuple[str, ...] = ()
    qualified: bool = True
    since: int = 0
    changed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSummary:
    """How a person does in a batch; nothing that was undone counts.

    Attributes:
        person: Who.
        votes: Accepted votes on pairs that are not gold.
        gold: Gold pairs that they voted on.
        gold_right: How many of these they read rightly.
        skipped: Pairs that they skipped.
        undone: How often they took something back.
        seconds: Time on all votes together, gold included, where it was measured.
        median_seconds: Median time on a vote; None when it was never measured.
        fast: Votes in less than the batch's floor, gold included.
        first_position: Share of their clear preferences that fell on what was shown first, gold
            excluded; None when there is none.
        warned: Whether their gold is below the batch's warning.
        last: When they last voted, ISO 8601; empty for never.
    """

    person: Person
    votes: int
    gold: int
    gold_right: int
    skipped: int
    undone: int
    seconds: float
    median_seconds: float | None
    fast: int
    first_position: float | None
    warned: bool
    last: str

    @property
    def gold_accuracy(self) -> float | None:
        """Share of gold pairs read rightly, 0 to 1; None when there is none."""
        return self.gold_right / self.gold if self.gold else None
