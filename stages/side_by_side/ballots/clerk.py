"""Accepting votes and skips, and taking them back, inside one transaction."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select

from stages.side_by_side.assignment import Task, a_first
from stages.side_by_side.ballots.cast import Accepted, Ballot, Refusal, Refused
from stages.side_by_side.ballots.choosing import task
from stages.side_by_side.ballots.history import Act, standing
from stages.side_by_side.ballots.moments import moment
from stages.side_by_side.ballots.person import Person, Status
from stages.side_by_side.ballots.reading import last_number, read_acts, read_person, read_stop
from stages.side_by_side.ballots.roster import join, keep_person, known_person
from stages.side_by_side.ballots.seats import leave_seat, take_seat
from stages.side_by_side.ballots.supervising import supervised
from stages.side_by_side.ballots.tables import ACTS, GUIDELINES
from stages.side_by_side.batch import Batch
from stages.side_by_side.preference import Preference


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """Takes what people send in.

    Attributes:
        connection: A transaction that changes the batch.
        batch: The batch.
        now: The time.
    """

    connection: Connection
    batch: Batch
    now: datetime

    def accept(self, ballot: Ballot) -> Accepted | Refused:
        """Takes a ballot of somebody who may vote now."""
        acts = read_acts(self.connection, self.batch.name, ballot.person)
        before = self._said_before(ballot, acts)
        if before is not None:
            return before
        person = self.may_vote(ballot.person)
        return person if isinstance(person, Refused) else self._accept(ballot, person, acts)

    def accept_from_elsewhere(self, ballot: Ballot) -> Accepted | Refused:
        """Takes a vote that was cast elsewhere, whether or not the person may vote here.

        It takes the place of a skip, which is undone: whoever left a pair may answer it later.
        """
        acts = read_acts(self.connection, self.batch.name, ballot.person)
        skip = _standing_on(ballot.pair, acts)
        if skip is not None and (skip.is_vote or ballot.said is Preference.UNRESOLVED):
            skip = None
        said_before = self._said_before if skip is None else self._sent_before
        before = said_before(ballot, acts) or self._stopped()
        if before is not None:
            return before
        if skip is not None:
            acts = (*acts, self._undo(skip, token=f"{ballot.token}/undo"))
        person = read_person(self.connection, self.batch.name, ballot.person)
        if person is None:
            person = join(self.connection, self.batch, ballot.person, now=self.now)
        return self._accept(ballot, person, acts)

    def correct(self, ballot: Ballot) -> Accepted | Refused:
        """Takes another verdict in the place of the one that the same person's vote says."""
        acts = read_acts(self.connection, self.batch.name, ballot.person)
        before = self._sent_before(ballot, acts) or self._stopped() or self._unknown(ballot)
        if before is not None:
            return before
        if ballot.said is Preference.UNRESOLVED:
            return _NO_VERDICT
        stands = _standing_on(ballot.pair, acts)
        if stands is None or not stands.is_vote:
            return Refused(Refusal.NOTHING, "there is no vote of yours on this pair to correct")
        if stands.preference is self._preference(ballot):
            return _accepted(stands)
        undone = [*acts, self._undo(stands, token=f"{ballot.token}/undo")]
        act = replace(self._act(ballot, undone), place=stands.place)
        if act.gold:
            self._supervise(known_person(self.connection, self.batch.name, act.person), undone, act)
        self._write(act)
        return _accepted(act)

    def take_back(self, name: str, *, token: str) -> Task | Refused:
        """Undoes a person's last act that stands; its pair is kept for them again."""
        acts = read_acts(self.connection, self.batch.name, name)
        position = len(standing(acts))
        sent = next((act for act in acts if act.token == token), None)
        if sent is not None and sent.undoes is not None:
            return task(self.batch, name, sent.pair, position=position)
        person = self.may_vote(name)
        if isinstance(person, Refused):
            return person
        if sent is not None or not position:
            return Refused(Refusal.NOTHING, "there is nothing to undo")
        last = standing(acts)[-1]
        if not last.gold and not self._take_seat(last.pair, name):
            return _TAKEN
        self._undo(last, token=token)
        return task(self.batch, name, last.pair, position=position - 1)

    def may_vote(self, name: str) -> Person | Refused:
        """A person who may vote now, or why they may not."""
        stopped = self._stopped()
        if stopped is not None:
            return stopped
        person = read_person(self.connection, self.batch.name, name)
        if person is None:
            return Refused(Refusal.UNKNOWN, f"nobody of the name {name!r} was added to this batch")
        if person.status is Status.WORKING:
            return person
        why = Refusal.PAUSED if person.status is Status.PAUSED else Refusal.REMOVED
        return Refused(why, f"you were {person.status.value}: {person.reason or 'ask the lead'}")

    def _accept(self, ballot: Ballot, person: Person, acts: Sequence[Act]) -> Accepted | Refused:
        unknown = self._unknown(ballot)
        if unknown is not None:
            return unknown
        act = self._act(ballot, acts)
        if act.gold:
            self._supervise(person, acts, act)
        elif not act.is_vote:
            leave_seat(self.connection, self.batch, act.pair, act.person)
        elif not self._take_seat(act.pair, act.person, for_good=True):
            return _TAKEN
        self._write(act)
        return _accepted(act)

    def _act(self, ballot: Ballot, acts: Sequence[Act]) -> Act:
        number = last_number(self.connection, self.batch.name) + 1
        return Act(
            number=number,
            person=ballot.person,
            pair=ballot.pair,
            turn=sum(act.pair == ballot.pair for act in acts),
            place=number,
            gold=self.batch.shown[ballot.pair].gold is not None,
            preference=self._preference(ballot),
            seconds=ballot.seconds,
            comment=ballot.comment,
            guidelines=ballot.guidelines,
            token=ballot.token,
            undoes=None,
            at=ballot.at or moment(self.now),
        )

    def _said_before(self, ballot: Ballot, acts: Sequence[Act]) -> Accepted | Refused | None:
        """The answer to a ballot that was sent before, or that contradicts what was said."""
        sent = self._sent_before(ballot, acts)
        stands = _standing_on(ballot.pair, acts)
        if stands is None or isinstance(sent, Refused):
            return sent
        if stands.preference is not self._preference(ballot):
            return _ALREADY
        return sent or _accepted(stands)

    def _sent_before(self, ballot: Ballot, acts: Sequence[Act]) -> Accepted | Refused | None:
        """The answer to a ballot whose token was sent before."""
        for act in acts:
            if act.token == ballot.token:
                same = act.pair == ballot.pair and act.preference is self._preference(ballot)
                return _accepted(act) if same and not act.undoes else _ALREADY
        return None

    def _preference(self, ballot: Ballot) -> Preference:
        """What a ballot says, A being the pair's answer a."""
        a_was_first = a_first(self.batch.terms, ballot.person, ballot.pair)
        return ballot.said if a_was_first else ballot.said.turned

    def _unknown(self, ballot: Ballot) -> Refused | None:
        if ballot.pair not in self.batch.shown:
            return Refused(Refusal.UNKNOWN, f"the batch shows no pair {ballot.pair!r}")
        asked = {"of_batch": self.batch.name, "version": ballot.guidelines}
        if self.connection.execute(_VERSION, asked).first() is None:
            why = f"the guidelines have no version {ballot.guidelines}"
            return Refused(Refusal.UNKNOWN, why)
        return None

    def _stopped(self) -> Refused | None:
        stopped = read_stop(self.connection, self.batch.name)
        if stopped is None:
            return None
        return Refused(Refusal.STOPPED, f"the batch takes no more votes: {stopped.why}")

    def _undo(self, act: Act, *, token: str) -> Act:
        """Takes an act back."""
        undoing = replace(
            act,
            number=last_number(self.connection, self.batch.name) + 1,
            turn=act.turn + 1,
            seconds=None,
            comment="",
            token=token,
            undoes=act.number,
            at=moment(self.now),
        )
        self._write(undoing)
        return undoing

    def _supervise(self, person: Person, acts: Sequence[Act], act: Act) -> None:
        """Draws what follows for a person from their act on a gold pair."""
        after = supervised(self.batch, person, [*acts, act])
        keep_person(self.connection, self.batch.name, after, now=self.now)

    def _take_seat(self, pair: str, person: str, *, for_good: bool = False) -> bool:
        return take_seat(self.connection, self.batch, pair, person, now=self.now, for_good=for_good)

    def _write(self, act: Act) -> None:
        row = asdict(act) | {"preference": act.preference.value}
        self.connection.execute(_ADD, {"batch": self.batch.name, **row})


_ADD = insert(ACTS)
_VERSION = select(GUIDELINES.c.version).where(
    GUIDELINES.c.batch == bindparam("of_batch"), GUIDELINES.c.version == bindparam("version")
)
_TAKEN = Refused(Refusal.TAKEN, "others have voted on this pair, or work on it, meanwhile")
_ALREADY = Refused(Refusal.ALREADY, "you said something else of this pair; undo that first")
_NO_VERDICT = Refused(Refusal.ALREADY, "a vote that counts is corrected by a verdict, not a skip")


def _standing_on(pair: str, acts: Sequence[Act]) -> Act | None:
    return next((act for act in standing(acts) if act.pair == pair), None)


def _accepted(act: Act) -> Accepted:
    return Accepted(number=act.number, pair=act.pair, at=act.at)
