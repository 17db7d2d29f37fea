"""The ballot box: who may vote on what, and every vote that was accepted."""

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots.batches import Batches
from stages.side_by_side.ballots.cast import Accepted, Ballot, NoTask, Refused
from stages.side_by_side.ballots.disputes import Disputes
from stages.side_by_side.ballots.person import PersonSummary
from stages.side_by_side.ballots.roster import Roster
from stages.side_by_side.ballots.standing import Flag, Progress
from stages.side_by_side.vote import Vote


def open_ballots(state_url: str) -> "BallotBox":
    """The ballot box behind the state's URL; it is made when it is not there.

    Args:
        state_url: A folder (a path or `file:///...`), where it is the file `votes.sqlite`, or
            `postgresql://...`.

    Raises:
        WrongUsage: When the URL names neither.
        Broken: When it cannot be opened.
    """
    raise NotImplementedError


class BallotBox:
    """Votes of batches, append-only; safe for many threads and processes at once.

    Every method names its batch first, by name, and raises `InputError` when there is none of that
    name, and `Broken` when the database fails. The time is always an argument, with a timezone.

    Attributes:
        batches: Batches, their guidelines, and whether they were stopped.
        people: Who votes in a batch.
        disputes: Pairs whose votes contradict each other, and what a lead said of them.
    """

    batches: Batches
    people: Roster
    disputes: Disputes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives up its connections."""
        raise NotImplementedError

    def next_task(self, batch: str, person: str, *, now: datetime) -> Task | NoTask:
        """What a person should do now; the same until they did it, or their lease ran out.

        It is kept for them for the batch's `lease_minutes`, so that never more than `overlap`
        people work on a pair.

        Raises:
            InputError: When the batch has no such person.
        """
        raise NotImplementedError

    def cast(self, batch: str, ballot: Ballot, *, now: datetime) -> Accepted | Refused:
        """Takes a vote, or a skip; it survives the death of this process when this returns.

        The same token again gives the same answer again, and so does the same preference on the
        same pair; another preference on it is refused until the first is undone.
        """
        raise NotImplementedError

    def undo(self, batch: str, person: str, *, token: str, now: datetime) -> Task | Refused:
        """Takes back a person's last vote or skip that stands; its pair is their task again.

        The same token again takes nothing more back.
        """
        raise NotImplementedError

    def flag(
        self, batch: str, person: str, pair: str, *, comment: str, now: datetime
    ) -> Flag | Refused:
        """Keeps a person's remark that something is wrong with a pair; the same one only once."""
        raise NotImplementedError

    def take_over(
        self, batch: str, ballots: Sequence[Ballot], *, now: datetime
    ) -> tuple[Accepted | Refused, ...]:
        """Takes votes that were cast elsewhere, all of them or none.

        They need no lease and no place on the list of people: who is not on it is added. An answer
        per ballot, in their order; when any is `Refused`, nothing was kept, and `Accepted` only
        says that this one would have been.
        """
        raise NotImplementedError

    def standing_votes(self, batch: str) -> tuple[Vote, ...]:
        """Votes that count, in order of acceptance: none that was undone, no skip, no gold."""
        raise NotImplementedError

    def gold_votes(self, batch: str) -> tuple[Vote, ...]:
        """The same of gold pairs; `record["right"]` says whether it was read rightly."""
        raise NotImplementedError

    def flags(self, batch: str) -> tuple[Flag, ...]:
        """Every remark, oldest first."""
        raise NotImplementedError

    def progress(self, batch: str) -> Progress:
        """How far a batch is."""
        raise NotImplementedError

    def summary(self, batch: str, person: str) -> PersonSummary:
        """How one person does.

        Raises:
            InputError: When the batch has no such person.
        """
        raise NotImplementedError

    def summaries(self, batch: str) -> tuple[PersonSummary, ...]:
        """How everybody does, removed people included, by name."""
        raise NotImplementedError
