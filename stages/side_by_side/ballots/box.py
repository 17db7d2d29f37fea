"""The ballot box: who may vote on what, and every vote that was accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from stages.side_by_side.assignment import Task, gold_order, own_order
from stages.side_by_side.ballots.batches import Batches
from stages.side_by_side.ballots.cast import (
    Accepted,
    Ballot,
    NoTask,
    Refusal,
    Refused,
    Rest,
)
from stages.side_by_side.ballots.choosing import Desk, choose
from stages.side_by_side.ballots.clerk import Clerk
from stages.side_by_side.ballots.counting import (
    by_person,
    progress_of,
    skips_of,
    summary_of,
    votes_of,
)
from stages.side_by_side.ballots.database import Database
from stages.side_by_side.ballots.disputes import Disputes
from stages.side_by_side.ballots.flags import keep_flag, read_flags
from stages.side_by_side.ballots.leads import Leads
from stages.side_by_side.ballots.moments import moment
from stages.side_by_side.ballots.person import PersonSummary
from stages.side_by_side.ballots.reading import read_acts, read_people, read_stop
from stages.side_by_side.ballots.roster import Roster, known_person
from stages.side_by_side.ballots.seats import seating, take_seat
from stages.side_by_side.ballots.standing import Flag, Progress, Skip
from stages.side_by_side.ballots.turns import in_turn
from stages.side_by_side.batch import Batch
from stages.side_by_side.vote import PassedOver, Vote


def open_ballots(state_url: str) -> "BallotBox":
    """The ballot box behind the state's URL; it is made when it is not there.

    Args:
        state_url: A folder (a path or `file:///...`), where it is the file `votes.sqlite`, or
            `postgresql://...`.

    Raises:
        WrongUsage: When the URL names neither.
        Broken: When it cannot be opened.
    """
    return BallotBox(Database(state_url))


class BallotBox:
    """Votes of batches, append-only; safe for many threads and processes at once.

    Every method names its batch first, by name, and raises `InputError` when there is none of that
    name, and `Broken` when the database fails. The time is always an argument, with a timezone.

    Attributes:
        batches: Batches, their guidelines, and whether they were stopped.
        people: Who votes in a batch.
        leads: Which link opens the lead's page.
        disputes: Pairs whose votes contradict each other, and what a lead said of them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._orders: dict[tuple[str, str], _Orders] = {}
        self.batches = Batches(database)
        self.people = Roster(database, self.batches)
        self.leads = Leads(database, self.batches)
        self.disputes = Disputes(database, self.batches)

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
        self._database.close()

    def next_task(self, batch: str, person: str, *, now: datetime) -> Task | NoTask:
        """What a person should do now; the same until they did it, or their lease ran out.

        It is kept for them for the batch's `lease_minutes`, so that never more than `overlap`
        people work on a pair.

        Raises:
            InputError: When the batch has no such person.
        """
        whole = self.batches.get(batch)
        with self._database.writing(batch, durable=False) as connection:
            allowed = Clerk(connection=connection, batch=whole, now=now).may_vote(person)
            if isinstance(allowed, Refused):
                known_person(connection, batch, person)
                return NoTask(Rest(allowed.why.value), allowed.sentence)
            seats = seating(connection, whole, person, now=now)
            orders = self._orders_of(whole, person)
            desk = Desk(
                usual=orders.usual,
                gold=orders.gold,
                acts=read_acts(connection, batch, person),
                held=seats.held,
                others=seats.others,
            )
            chosen = choose(whole, allowed, desk)
            if isinstance(chosen, Task) and not chosen.gold:
                take_seat(connection, whole, chosen.pair, person, now=now)
            return chosen

    def cast(self, batch: str, ballot: Ballot, *, now: datetime) -> Accepted | Refused:
        """Takes a vote, or a skip; it survives the death of this process when this returns.

        The same token again gives the same answer again, and so does the same preference on the
        same pair; another preference on it is refused until the first is undone.
        """
        whole = self.batches.get(batch)
        with self._database.writing(batch) as connection:
            return Clerk(connection=connection, batch=whole, now=now).accept(ballot)

    def undo(self, batch: str, person: str, *, token: str, now: datetime) -> Task | Refused:
        """Takes back a person's last vote or skip that stands; its pair is their task again.

        The same token again takes nothing more back.
        """
        whole = self.batches.get(batch)
        with self._database.writing(batch) as connection:
            return Clerk(connection=connection, batch=whole, now=now).take_back(person, token=token)

    def flag(
        self, batch: str, person: str, pair: str, *, comment: str, now: datetime
    ) -> Flag | Refused:
        """Keeps a person's remark that something is wrong with a pair; the same one only once."""
        whole = self.batches.get(batch)
        flag = Flag(pair=pair, person=person, comment=comment, at=moment(now))
        with self._database.writing(batch) as connection:
            allowed = Clerk(connection=connection, batch=whole, now=now).may_vote(person)
            if isinstance(allowed, Refused):
                return allowed
            if pair not in whole.shown:
                return Refused(Refusal.UNKNOWN, f"the batch shows no pair {pair!r}")
            return keep_flag(connection, batch, flag)

    def take_over(
        self,
        batch: str,
        ballots: Sequence[Ballot],
        *,
        corrections: Sequence[Ballot] = (),
        now: datetime,
    ) -> tuple[Accepted | Refused, ...]:
        """Takes votes that were cast elsewhere, and corrections, all of them or none.

        They need no lease and no place on the list of people: who is not on it is added. An answer
        per ballot and then per correction, in their order; when any is `Refused`, nothing was kept,
        and `Accepted` only says that this one would have been.

        Args:
            batch: The batch.
            ballots: Votes and skips that are new.
            corrections: As `correct` takes them.
            now: The time.
        """
        whole = self.batches.get(batch)
        with self._database.writing(batch) as connection:
            clerk = Clerk(connection=connection, batch=whole, now=now)
            taken = [clerk.accept_from_elsewhere(ballot) for ballot in ballots]
            answers = (*taken, *(clerk.correct(ballot) for ballot in corrections))
            if any(isinstance(answer, Refused) for answer in answers):
                connection.rollback()
        return answers

    def correct(
        self, batch: str, ballots: Sequence[Ballot], *, now: datetime
    ) -> tuple[Accepted | Refused, ...]:
        """Puts other verdicts in the place of those that people's votes say, all of them or none.

        Each undoes the standing vote of the same person on the same pair, and keeps its place among
        the votes: which votes count and in which order is not changed by what they say, nor by a
        look at them, and an order that followed the verdicts would make a confidence sequence
        wrong. What it said before stands in `record["corrected"]`. The same token again gives the
        same answer again, and so does the verdict that stands. Refused are a correction without
        such a vote, one by a skip (no vote that counted may vanish), and any once the batch was
        stopped. Whether the person may still vote makes no difference. Answers as of `take_over`.

        An interval that was looked at before rests on what stood then; the next one is that of the
        votes as they now stand, as if they had been said so at once. Nothing allows for corrections
        that somebody made or asked for in the light of results.
        """
        return self.take_over(batch, (), corrections=ballots, now=now)

    def standing_votes(self, batch: str) -> tuple[Vote, ...]:
        """Votes that count, as they now stand: none that was undone, no skip, no gold.

        They stand in order of acceptance; a correction stands in the place of what it corrects,
        which its record tells.
        """
        return self._votes(batch, gold=False)

    def in_turn(self, batch: str) -> tuple[Vote | PassedOver, ...]:
        """The standing votes and, where it first happened, that a pair was passed over."""
        whole = self.batches.get(batch)
        with self._database.reading() as connection:
            acts, people = read_acts(connection, batch), read_people(connection, batch)
        return in_turn(whole, acts, people)

    def gold_votes(self, batch: str) -> tuple[Vote, ...]:
        """The same of gold pairs; `record["right"]` says whether it was read rightly."""
        return self._votes(batch, gold=True)

    def flags(self, batch: str) -> tuple[Flag, ...]:
        """Every remark, oldest first."""
        self.batches.get(batch)
        with self._database.reading() as connection:
            return read_flags(connection, batch)

    def skips(self, batch: str) -> tuple[Skip, ...]:
        """Every skip that stands, oldest first."""
        self.batches.get(batch)
        with self._database.reading() as connection:
            return skips_of(read_acts(connection, batch))

    def progress(self, batch: str) -> Progress:
        """How far a batch is."""
        whole = self.batches.get(batch)
        with self._database.reading() as connection:
            return progress_of(whole, read_acts(connection, batch), read_stop(connection, batch))

    def summary(self, batch: str, person: str) -> PersonSummary:
        """How one person does.

        Raises:
            InputError: When the batch has no such person.
        """
        whole = self.batches.get(batch)
        with self._database.reading() as connection:
            who = known_person(connection, batch, person)
            return summary_of(whole, who, read_acts(connection, batch, person))

    def summaries(self, batch: str) -> tuple[PersonSummary, ...]:
        """How everybody does, removed people included, by name."""
        whole = self.batches.get(batch)
        with self._database.reading() as connection:
            acts = by_person(read_acts(connection, batch))
            people = read_people(connection, batch)
        return tuple(summary_of(whole, person, acts.get(person.name, ())) for person in people)

    def _votes(self, batch: str, *, gold: bool) -> tuple[Vote, ...]:
        whole = self.batches.get(batch)
        with self._database.reading() as connection:
            acts, people = read_acts(connection, batch), read_people(connection, batch)
        return votes_of(whole, acts, people, gold=gold)

    def _orders_of(self, batch: Batch, person: str) -> "_Orders":
        key = (batch.name, person)
        if key not in self._orders:
            orders = _Orders(usual=own_order(batch, person), gold=gold_order(batch, person))
            self._orders[key] = orders
        return self._orders[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Orders:
    """Pairs in a person's own order, which the seed decides once and for all."""

    usual: tuple[str, ...]
    gold: tuple[str, ...]
