"""The people of a batch, changed from the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from policies.errors import WrongUsage
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.person import COMMAND_LINE, Person
from stages.side_by_side.ballots.roster import Roster
from stages.side_by_side.batch import Batch


class Action(StrEnum):
    """What may be done to people."""

    ADD = "add"
    PAUSE = "pause"
    RESUME = "resume"
    REMOVE = "remove"
    LINK = "link"
    """Their link, as it is."""
    RELINK = "relink"
    """A new one; the last opens nothing from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be done.

    Attributes:
        action: What.
        names: To whom.
        segment: What kind of user they are; None leaves it as it is.
        opted_out: Categories of harm that they are not shown; None leaves them as they are.
        why: Told to people who are paused or removed.
    """

    action: Action
    names: tuple[str, ...]
    segment: str | None = None
    opted_out: tuple[str, ...] | None = None
    why: str = "by the lead"

    @property
    def gives_links(self) -> bool:
        """Whether people need their link after it."""
        return self.action not in (Action.PAUSE, Action.REMOVE)


def lead_link(box: BallotBox, batch: str, action: Action, *, now: datetime) -> int:
    """Version of the lead's link: the one that opens, or a new one that ends it.

    Raises:
        WrongUsage: When a lead is to be added, paused, resumed or removed.
        InputError: When there is no such batch.
        Broken: When the ballot box cannot be used.
    """
    match action:
        case Action.LINK:
            return box.leads.link(batch)
        case Action.RELINK:
            return box.leads.reissue_link(batch, by=COMMAND_LINE, now=now)
        case _:
            raise WrongUsage(
                f"cannot {action} the lead",
                why="whoever has the lead's link leads; there is nobody to add or to pause",
                fix="say link for the link as it is, relink for a new one that ends it",
            )


def change(box: BallotBox, batch: str, wanted: Change, *, now: datetime) -> tuple[Person, ...]:
    """Everybody as they stand after it, in the order named; nobody is changed where one is refused.

    Raises:
        WrongUsage: When somebody is named twice, or opts out of what the batch has nothing of.
        InputError: When there is no such batch or person, or somebody cannot be added.
        Broken: When the ballot box cannot be used.
    """
    _refuse_twice(wanted.names)
    _refuse_unknown_harms(wanted.opted_out or (), box.batches.get(batch))
    for name in wanted.names:
        if wanted.action is Action.ADD:
            box.people.check_may_be_added(batch, name, segment=wanted.segment or "")
        else:
            box.people.get(batch, name)
    return tuple(_changed(box, batch, name, wanted, now) for name in wanted.names)


def _changed(box: BallotBox, batch: str, name: str, wanted: Change, now: datetime) -> Person:
    person = _acted(box.people, batch, name, wanted, now)
    if wanted.segment is not None and wanted.segment != person.segment:
        person = box.people.set_segment(batch, name, wanted.segment, by=COMMAND_LINE, now=now)
    if wanted.opted_out is not None:
        person = box.people.opt_out(batch, name, wanted.opted_out, by=COMMAND_LINE, now=now)
    return person


def _acted(people: Roster, batch: str, name: str, wanted: Change, now: datetime) -> Person:
    by = COMMAND_LINE
    match wanted.action:
        case Action.ADD:
            return people.add(batch, name, segment=wanted.segment or "", by=by, now=now)
        case Action.PAUSE:
            return people.pause(batch, name, why=wanted.why, by=by, now=now)
        case Action.RESUME:
            return people.resume(batch, name, by=by, now=now)
        case Action.REMOVE:
            return people.remove(batch, name, why=wanted.why, by=by, now=now)
        case Action.LINK:
            return people.get(batch, name)
        case Action.RELINK:
            return people.reissue_link(batch, name, by=by, now=now)
        case _:
            assert_never(wanted.action)


def _refuse_unknown_harms(opted_out: Sequence[str], batch: Batch) -> None:
    """A category that is misspelt would be shown after all."""
    named = sorted({harm for pair in batch.shown.values() for harm in pair.harms})
    unknown = [harm for harm in opted_out if harm not in named]
    if unknown:
        raise WrongUsage(
            f"nobody can opt out of {', '.join(unknown)} in batch {batch.name}",
            why=f"its items name {', '.join(named) or 'no category of harm'}",
            fix=f"say --opt-out {named[0]}, or another of these"
            if named
            else "leave --opt-out out",
        )


def _refuse_twice(names: Sequence[str]) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise WrongUsage(
            f"cannot change {', '.join(sorted(twice))}",
            why="they are named twice",
            fix="name everybody once",
        )
