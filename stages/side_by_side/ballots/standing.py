"""Where a batch stands."""

from dataclasses import dataclass

from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidelines:
    """What annotators are told, in one version.

    Attributes:
        version: From 1.
        text: Markdown.
        by: Which lead published it; empty where it came with the batch.
        at: When it was published, ISO 8601.
    """

    version: int
    text: str
    by: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A batch takes no more votes.

    Attributes:
        at: Since when, ISO 8601.
        why: For people.
        by: Which lead stopped it; empty where nobody said.
    """

    at: str
    why: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a batch is.

    Attributes:
        votes: Votes that stand, gold excluded.
        needed: Votes that it takes: pairs times overlap.
        pairs_done: Pairs with all their votes.
        pairs: Pairs to be shown.
        stopped: Since when it takes no more votes, and why; None while it does.
    """

    votes: int
    needed: int
    pairs_done: int
    pairs: int
    stopped: Stopped | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Somebody's remark that something is wrong with a pair.

    Attributes:
        pair: The pair's id.
        person: Whose.
        comment: In their words.
        at: When, ISO 8601.
    """

    pair: str
    person: str
    comment: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A pair that somebody left for others.

    Attributes:
        pair: The pair's id.
        person: Who.
        comment: Why, in their words; empty where a file said nothing.
        at: When, ISO 8601.
    """

    pair: str
    person: str
    comment: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjudication:
    """What a lead says of a disputed pair; a record of its own, which replaces no vote.

    Attributes:
        pair: The pair's id.
        lead: Who.
        preference: A being the pair's answer a.
        comment: Why.
        at: When, ISO 8601.
    """

    pair: str
    lead: str
    preference: Preference
    comment: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A pair whose votes contradict each other strongly.

    Attributes:
        pair: The pair's id.
        votes: Its standing votes, in order of acceptance.
        adjudication: What a lead said last; None while it is open.
    """

    pair: str
    votes: tuple[Vote, ...]
    adjudication: Adjudication | None
