"""What people are told, each change once."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gates.masking import mask_secrets
from policies.canonical import sha256_of
from policies.errors import Broken
from stages.engine.state import Entry, State, foreign_entry

STREAM = "notify/events"
"""Stream of what was told, and of what became of it (see `delivery`)."""

LONGEST = 1_000
"""Characters of a sentence that are told; a webhook's message is a line, no report."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class EventKind(StrEnum):
    """What happened."""

    BATCH_READY = "batch_ready"
    """Pairs wait for people."""
    BATCH_DONE = "batch_done"
    """People have said all that was asked of them."""
    AB_STOP = "ab_stop"
    AB_INVALID = "ab_invalid"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    OVERRIDDEN = "overridden"
    """Two people gave an alias to a version without a PASS."""
    OVERRIDE_NEAR_EXPIRY = "override_near_expiry"
    ALIAS_MOVED_OUTSIDE = "alias_moved_outside"
    """An alias points to a version, and no record says who moved it."""
    TRIAGE_DONE = "triage_done"
    NEEDS_PERSON = "needs_person"
    """A checkpoint that nothing but a person can help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change.

    Attributes:
        kind: What happened.
        key: What tells this change from every other of its kind, such as a record's digest; the
            same change told again has the same key, and is told once.
        model: Registered model name.
        sentence: What happened, for people; secrets in it are masked, control characters are not
            kept, and it ends after `LONGEST` characters.
        url: Where more is found; None where there is no page.
    """

    kind: EventKind
    key: str
    model: str
    sentence: str
    url: str | None = None

    def __post_init__(self) -> None:
        if not self.key or not self.sentence.strip():
            raise ValueError("an event has a key and a sentence")
        object.__setattr__(self, "sentence", _line(self.sentence))
        object.__setattr__(self, "url", None if not self.url else _line(self.url))

    @property
    def id(self) -> str:
        """Digest of kind and key; whoever receives an event twice knows it by this."""
        return sha256_of([self.kind.value, self.key])


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event, and when it was told first.

    Attributes:
        event: What happened.
        at: When.
    """

    event: Event
    at: datetime


def tell(state: State, *events: Event, at: datetime) -> None:
    """Journals changes that were not told before; `deliver` posts them.

    A decision never fails for a notification: where the journal cannot be read or written, nothing
    is told, and whatever needs the journal next says so.

    Args:
        state: Where they are kept.
        events: What happened, in its order.
        at: The time, with a time zone.
    """
    with suppress(Broken):
        known = {one.event.id for one in told(state)} if events else set()
        new = {event.id: event for event in events if event.id not in known}
        state.append(STREAM, [_entry(event, at) for event in new.values()])


def told(state: State) -> tuple[Told, ...]:
    """Every change that was told, each once, in the order of the first telling.

    Raises:
        Broken: When the journal cannot be read, or an entry is not of this program's shape.
    """
    found: dict[str, Told] = {}
    for entry in _told_entries(state.read(STREAM)):
        one = _told(entry, state)
        found.setdefault(one.event.id, one)
    return tuple(found.values())


def _line(text: str) -> str:
    line = _CONTROL.sub(" ", mask_secrets(text)).strip()
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _entry(event: Event, at: datetime) -> Entry:
    return {
        "told": event.kind.value,
        "key": event.key,
        "model": event.model,
        "sentence": event.sentence,
        "url": event.url,
        "at": at.isoformat(),
    }


def _told_entries(entries: Sequence[Entry]) -> Iterator[Entry]:
    return (entry for entry in entries if "told" in entry)


def _told(entry: Entry, state: State) -> Told:
    try:
        url = entry["url"]
        event = Event(
            kind=EventKind(str(entry["told"])),
            key=str(entry["key"]),
            model=str(entry["model"]),
            sentence=str(entry["sentence"]),
            url=None if url is None else str(url),
        )
        return Told(event=event, at=datetime.fromisoformat(str(entry["at"])))
    except (KeyError, ValueError) as error:
        raise foreign_entry("an event", stream=STREAM, state=state) from error
