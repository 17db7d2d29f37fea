"""Who may write a model's chain: an MLflow experiment with a number that only one can make.

MLflow keeps the names of experiments unique, also those of deleted ones: whoever makes
`gate-lock/assistant/000000042` holds lease 42, and nobody ever holds it again. It is made only when
41 was given back, which deletes its experiment, or has run out.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from gates.ledger.chain_keeping import Lease, LeaseHeld, LeaseLost
from gates.ledger.ledger import LedgerDown
from gates.ledger.mlflow_ledger.connection import Connection, absent, present, quoted
from policies.errors import GateError

if TYPE_CHECKING:
    from mlflow.entities import Experiment

_ROOT = "gate-lock"
_DIGITS = 9
"""Names sort like numbers up to a thousand million leases."""

_TOKEN, _HOLDER, _INTENT, _EXPIRES = (
    f"gate_lock_{name}" for name in ("token", "holder", "intent", "expires")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What leases are worth, in seconds. All who write to one store must agree on them.

    A waiting process takes a lease over when it saw it unchanged for `lasts` by its own stopwatch,
    so that only the speed of clocks must agree; or when the time of expiry that the holder wrote
    is past by more than `clocks_differ`, so that nobody waits for one who died yesterday.

    Attributes:
        lasts: How long one is good for after it was made or prolonged.
        writes_within: What must be left of it for a write to be begun.
        clocks_differ: How far the clocks of two holders may be apart.
        looks_every: How often somebody who waits looks again, at most.
        wall: Says the seconds since 1970.
        stopwatch: Says seconds, and is never set.
        sleep: Waits.
    """

    lasts: float = 60.0
    writes_within: float = 12.0
    clocks_differ: float = 60.0
    looks_every: float = 0.5
    wall: Callable[[], float] = time.time
    stopwatch: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@contextmanager
def held_lease(
    locks: "Locks", *, holder: str, intent: str, patience: float, above: int
) -> Iterator[Lease]:
    """The right to write a model's chain, given back at the end."""
    lease = locks.acquired(holder=holder, intent=intent, patience=patience, above=above)
    try:
        yield lease
    finally:
        with suppress(GateError):  # it runs out by itself
            lease.give_back()


@dataclass(kw_only=True)
class HeldLease:
    """A lease that this process made.

    Attributes:
        locks: Those of the model.
        number: Its fencing number.
        experiment_id: Of its MLflow experiment.
        abandoned: What the holder before never finished.
        ends: When it runs out, by the stopwatch.
        looked: When the store was asked last, by the stopwatch.
    """

    locks: "Locks"
    number: int
    experiment_id: str
    abandoned: str | None
    ends: float
    looked: float = float("-inf")

    def check(self, *, within: float = 0.0) -> None:
        """Returns while the lease is ours, with time for a write; prolongs it when half is gone.

        Args:
            within: The store need not be asked again when it was within so many seconds.

        Raises:
            LeaseLost: When it ran out or was taken over.
        """
        terms, now = self.locks.terms, self.locks.terms.stopwatch()
        left = self.ends - now
        if left < terms.writes_within:
            raise self._lost("it ran out")
        if left < terms.lasts / 2:
            self._prolong()
        elif now - self.looked < within:
            return
        newest = self.locks.newest()
        self.looked = now
        if newest is None or not newest.is_active or newest.experiment_id != self.experiment_id:
            raise self._lost("somebody took it over" if newest else "it was deleted")

    def give_back(self) -> None:
        """Lets the next one write at once; nothing more is written under this one."""
        self.ends = float("-inf")
        self.locks.delete(self.experiment_id)

    def _prolong(self) -> None:
        began = self.locks.terms.stopwatch()
        self.locks.prolong(self.experiment_id)
        self.ends = began + self.locks.terms.lasts

    def _lost(self, why: str) -> LeaseLost:
        return LeaseLost(
            f"the lease {self.number} on the records of {self.locks.model} is lost",
            why=why,
            fix="nothing more was written; run the same command again",
        )


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A lease as MLflow shows it."""

    number: int
    experiment_id: str
    is_active: bool
    token: str
    holder: str
    intent: str
    expires: str

    @property
    def unfinished(self) -> str | None:
        """What it was taken for, and by whom, unless it was given back."""
        return f"{self.intent} ({self.holder})" if self.is_active else None


@dataclass(kw_only=True)
class Locks:
    """The leases of a model.

    Attributes:
        connection: The store.
        model: Registered model name.
        terms: What they are worth.
    """

    connection: Connection
    model: str
    terms: Terms = field(default_factory=Terms)

    def acquired(self, *, holder: str, intent: str, patience: float, above: int) -> HeldLease:
        """A new lease, once nobody holds one.

        Raises:
            LeaseHeld: When others held one all the time.
            LedgerDown: When the store did not answer at the end.
        """
        waiting = _Waiting(terms=self.terms, ends=self.terms.stopwatch() + patience)
        while True:
            found = self._tried(waiting, holder=holder, intent=intent, above=above)
            if isinstance(found, HeldLease):
                return found
            waiting.rest_or(found)

    def newest(self) -> _Seen | None:
        """The lease with the highest number; None when there never was one."""
        from mlflow.entities import ViewType

        token: str | None = ""
        with self.connection.answering(f"look at the lock of {self.model}"):
            while token is not None:
                page = self.connection.client.search_experiments(
                    ViewType.ALL,
                    max_results=5,
                    filter_string=f"name LIKE {quoted(f'{self._prefix}%')}",
                    order_by=["name DESC"],
                    page_token=token or None,
                )
                for experiment in page:
                    if (seen := self._seen(experiment)) is not None:
                        return seen
                token = page.token or None
        return None

    def unfinished(self) -> str | None:
        """What the newest lease was taken for, unless it was given back."""
        newest = self.newest()
        return newest.unfinished if newest else None

    def prolong(self, experiment_id: str) -> None:
        """Writes a new time of expiry."""
        with self.connection.answering(f"prolong the lock of {self.model}"):
            self.connection.client.set_experiment_tag(experiment_id, _EXPIRES, self._expiry())

    def delete(self, experiment_id: str) -> None:
        """Gives a lease back; its name stays taken."""
        from mlflow.exceptions import MlflowException

        with self.connection.answering(f"give back the lock of {self.model}"):
            try:
                self.connection.client.delete_experiment(experiment_id)
            except MlflowException as error:
                if not absent(error):
                    raise

    def _tried(
        self, waiting: "_Waiting", *, holder: str, intent: str, above: int
    ) -> HeldLease | GateError:
        """A new lease, or why there is none now."""
        try:
            newest = self.newest()
            free = newest is None or not newest.is_active or waiting.sees_expired(newest)
            made = self._made(newest, holder=holder, intent=intent, above=above) if free else None
        except LedgerDown as error:
            return error  # a busy store refuses some of many who ask at once
        return made or self._held(newest)

    def _made(
        self, before: _Seen | None, *, holder: str, intent: str, above: int
    ) -> HeldLease | None:
        """The next lease; None when somebody else was faster."""
        number = max(above, before.number if before else 0) + 1
        token, began = uuid4().hex, self.terms.stopwatch()
        self._make(number, {_TOKEN: token, _HOLDER: holder[:500], _INTENT: intent[:500]})
        with self.connection.answering(f"look at the lock of {self.model}"):
            found = self.connection.client.get_experiment_by_name(self._name(number))
        seen = None if found is None else self._seen(found)
        if seen is None or seen.token != token:
            return None
        if before is not None and before.is_active:
            self.delete(before.experiment_id)
        return HeldLease(
            locks=self,
            number=number,
            experiment_id=seen.experiment_id,
            abandoned=before.unfinished if before else None,
            ends=began + self.terms.lasts,
        )

    def _make(self, number: int, tags: dict[str, str]) -> None:
        """Asks for a number; who got it shows by the token, also after an answer that was lost."""
        from mlflow.exceptions import MlflowException

        name, place = self._name(number), self.connection.artifacts
        with self.connection.answering(f"take the lock of {self.model}"):
            try:
                self.connection.client.create_experiment(
                    name,
                    artifact_location=None if place is None else f"{place}/{_ROOT}",
                    tags={**tags, _EXPIRES: self._expiry(), "gate_experiment": "lock"},
                )
            except MlflowException as error:
                if not present(error):
                    raise

    def _expiry(self) -> str:
        return f"{self.terms.wall() + self.terms.lasts:.3f}"

    def _held(self, newest: _Seen | None) -> LeaseHeld:
        held = newest is not None and newest.is_active
        return LeaseHeld(
            f"somebody else writes the records of {self.model}",
            why=f"{newest.holder} holds lease {newest.number} to {newest.intent}"
            if newest and held
            else "others were faster each time",
            fix="run the same command again when it is done; a lease that nobody prolongs ends "
            f"after {self.terms.lasts:g} s",
        )

    def _seen(self, experiment: "Experiment") -> _Seen | None:
        number = experiment.name.removeprefix(self._prefix)
        if number == experiment.name or not (number.isascii() and number.isdecimal()):
            return None
        tags = experiment.tags
        return _Seen(
            number=int(number),
            experiment_id=str(experiment.experiment_id),
            is_active=experiment.lifecycle_stage == "active",
            token=tags.get(_TOKEN, ""),
            holder=tags.get(_HOLDER, "somebody"),
            intent=tags.get(_INTENT, "do something"),
            expires=tags.get(_EXPIRES, ""),
        )

    @property
    def _prefix(self) -> str:
        return f"{_ROOT}/{self.model}/"

    def _name(self, number: int) -> str:
        return f"{self._prefix}{number:0{_DIGITS}}"


@dataclass(kw_only=True)
class _Waiting:
    """Somebody who waits for a lease, and since when what they see has not changed."""

    terms: Terms
    ends: float
    seen: tuple[str, str] | None = None
    since: float = 0.0

    def sees_expired(self, lease: _Seen) -> bool:
        """Whether a lease that was not given back may be taken over."""
        now, seen = self.terms.stopwatch(), (lease.token, lease.expires)
        if seen != self.seen:
            self.seen, self.since = seen, now
        with suppress(ValueError):
            if self.terms.wall() > float(lease.expires) + self.terms.clocks_differ:
                return True
        return now - self.since > self.terms.lasts

    def rest_or(self, error: GateError) -> None:
        """Waits a moment.

        Raises:
            GateError: The one given, when patience is over.
        """
        if self.terms.stopwatch() >= self.ends:
            raise error
        self.terms.sleep(self.terms.looks_every * (0.5 + secrets.randbelow(500) / 1000))
