"""What a person did in a batch, one act after the other; and what of it stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from stages.side_by_side.preference import Preference


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A vote, a skip (its preference is unresolved), or the undoing of one of them.

    Attributes:
        number: Its number in the batch, from 1.
        person: Who.
        pair: The pair's id.
        turn: How many acts of theirs on the pair came before; odd for an undoing.
        place: Where it stands in the order of votes: its number, or, when it corrects a vote, the
            place of that one.
        gold: Whether the pair is gold.
        preference: A being the pair's answer a; that of what is undone, for an undoing.
        seconds: Time on the task; None where it was not measured.
        comment: In their words.
        guidelines: Version that they were shown.
        token: What the page gave it.
        undoes: Number of the act that it takes back; None for a vote or a skip.
        at: When, ISO 8601.
    """

    number: int
    person: str
    pair: str
    turn: int
    place: int
    gold: bool
    preference: Preference
    seconds: float | None
    comment: str
    guidelines: int
    token: str
    undoes: int | None
    at: str

    @property
    def is_vote(self) -> bool:
        """Whether it says which answer is better, rather than to skip or to undo."""
        return self.undoes is None and self.preference is not Preference.UNRESOLVED


def standing(acts: Sequence[Act]) -> tuple[Act, ...]:
    """Votes and skips that were not undone, in order; a correction stands where the first word did.

    So what is corrected later never changes which votes count or in which order, only what one of
    them says.
    """
    undone = {act.undoes for act in acts}
    stand = [act for act in acts if act.undoes is None and act.number not in undone]
    return tuple(sorted(stand, key=lambda act: act.place))


def reopened(acts: Sequence[Act]) -> tuple[str, ...]:
    """Pairs of which a person took back what they said, and said nothing since; the last first."""
    done = {act.pair for act in standing(acts)}
    undone = [act.pair for act in reversed(acts) if act.undoes is not None]
    return tuple(dict.fromkeys(pair for pair in undone if pair not in done))
