"""The journal of a policy's nights: what an interrupted one has begun, what each one found."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gates.triage.outcome import Outcome, Sort
from policies.canonical import Json, sha256_of_bytes
from stages.engine.state import Entry, State, foreign_entry
from stages.evidence.codec import cost_json
from stages.evidence.costs import total
from stages.evidence.records import Cost

RESUMED_WITHIN = timedelta(hours=12)
"""A night that was interrupted is gone on with until then; later another one begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """How a checkpoint was sorted last.

    Attributes:
        sort: What became of it.
        sentence: Why.
        nights: For how many nights in a row it was this.
    """

    sort: Sort
    sentence: str
    nights: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What the journal says when a night begins.

    Attributes:
        number: Of this night, from 1.
        began: When this night began.
        before: What each checkpoint had cost when it first had its turn tonight, by URI.
        deaths: How often the process ended while a checkpoint had its turn tonight, by URI.
        last: How every checkpoint was sorted last, by URI.
        known: Versions that were decided before any night took them up, by URI.
        cost: Of every night that ended.
    """

    number: int
    began: datetime
    before: Mapping[str, Cost] = field(default_factory=dict)
    deaths: Mapping[str, int] = field(default_factory=dict)
    last: Mapping[str, Last] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    cost: Cost = field(default_factory=Cost)


@dataclass(frozen=True, kw_only=True)
class NightBook:
    """Reads and writes the journal of one policy's nights; the caller holds their lock.

    Attributes:
        state: Where it is.
        policy: Name of the policy.
    """

    state: State
    policy: str

    @property
    def stream(self) -> str:
        """Its name."""
        return f"triage/{sha256_of_bytes(self.policy.encode())}"

    def begin(self, now: datetime) -> Book:
        """Begins a night, or goes on with one that was interrupted.

        Raises:
            Broken: When the journal cannot be read or written, or is not of this program's shape.
        """
        entries = self.state.read(self.stream)
        try:
            book = _read(entries, now)
        except (KeyError, TypeError, ValueError) as error:
            raise foreign_entry("a night", stream=self.stream, state=self.state) from error
        if not any(entry.get("night") == book.number for entry in entries):
            self.state.append(self.stream, [{"night": book.number, "began": now.isoformat()}])
        return book

    def begin_turn(self, book: Book, candidate: str, before: Cost) -> None:
        """Notes whose turn it is: a process that ends meanwhile may have ended for it."""
        self._append(book, {"turn": candidate, "before": cost_json(before)})

    def end_turn(self, book: Book, candidate: str) -> None:
        """Notes that the turn ended as turns do."""
        self._append(book, {"over": candidate})

    def note_known(self, book: Book, candidates: Sequence[str]) -> None:
        """Notes versions that were decided before: no later night looks them up again."""
        if candidates:
            self._append(book, {"known": list(candidates)})

    def end(self, book: Book, outcomes: Sequence[Outcome], cost: Cost, now: datetime) -> None:
        """Notes what the night found."""
        found: list[Json] = [
            {"candidate": o.candidate, "sort": o.sort.value, "sentence": o.sentence}
            for o in outcomes
        ]
        self._append(book, {"ended": now.isoformat(), "found": found, "cost": cost_json(cost)})

    def _append(self, book: Book, entry: Entry) -> None:
        self.state.append(self.stream, [{"night": book.number, **entry}])


def _read(entries: Sequence[Entry], now: datetime) -> Book:
    began = {_number(e): datetime.fromisoformat(str(e["began"])) for e in entries if "began" in e}
    ended = [e for e in entries if "ended" in e]
    newest = max(began, default=0)
    done = newest in {_number(e) for e in ended}
    goes_on = newest and not done and now - began[newest] < RESUMED_WITHIN
    number = newest if goes_on else newest + 1
    own = [e for e in entries if _number(e) == number]
    return Book(
        number=number,
        began=began.get(number, now),
        before=dict(reversed([(str(e["turn"]), _cost(e["before"])) for e in own if "turn" in e])),
        deaths=dict(_deaths(own)),
        last=_last(ended),
        known=frozenset(str(uri) for e in entries for uri in _texts(e.get("known"))),
        cost=total(_cost(e["cost"]) for e in ended),
    )


def _deaths(own: Sequence[Entry]) -> Iterator[tuple[str, int]]:
    for candidate in {str(e["turn"]) for e in own if "turn" in e}:
        turns = sum(e.get("turn") == candidate for e in own)
        yield candidate, turns - sum(e.get("over") == candidate for e in own)


def _last(ended: Sequence[Entry]) -> dict[str, Last]:
    found: dict[str, Last] = {}
    for entry in ended:
        for one in _entries(entry["found"]):
            uri, sort = str(one["candidate"]), Sort(str(one["sort"]))
            before = found.get(uri)
            again = before.nights if before is not None and before.sort is sort else 0
            found[uri] = Last(sort=sort, sentence=str(one["sentence"]), nights=again + 1)
    return found


def _number(entry: Entry) -> int:
    number = entry["night"]
    if not isinstance(number, int):
        raise TypeError(number)
    return number


def _texts(value: Json) -> Sequence[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _entries(value: Json) -> Sequence[Mapping[str, Json]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _cost(value: Json) -> Cost:
    if not isinstance(value, Mapping):
        raise TypeError(value)
    return Cost(
        calls=_whole(value["calls"]),
        prompt_tokens=_whole(value["prompt_tokens"]),
        completion_tokens=_whole(value["completion_tokens"]),
        votes=_whole(value["votes"]),
        usd=_amount(value.get("usd")),
        gpu_minutes=_amount(value.get("gpu_minutes")),
    )


def _whole(value: Json) -> int:
    if not isinstance(value, int):
        raise TypeError(value)
    return value


def _amount(value: Json) -> float | None:
    if value is not None and not isinstance(value, int | float):
        raise TypeError(value)
    return value
