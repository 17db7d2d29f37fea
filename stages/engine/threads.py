"""Work on threads: a bounded number at once, outcomes as they come."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from policies.errors import GateError
from stages.evidence.estimate import Cause

JobT = TypeVar("JobT")
ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Done(Generic[ValueT]):
    """A call that returned."""

    value: ValueT


@dataclass(frozen=True, slots=True)
class Failed:
    """A call that raised, or was never made.

    Attributes:
        reason: Why there is no value, for people.
        cause: Whether something is broken, waited for, or a budget was spent.
        empty: Whether there was an answer, which said nothing.
        unreached: Whether an endpoint did not work at all, so that the reason says nothing of
            what was asked.
        calls: How often it was put.
        final: Whether it is not made again, by any process: nothing but another question helps.
    """

    reason: str
    cause: Cause = Cause.BROKEN
    empty: bool = False
    unreached: bool = field(default=False, compare=False)
    calls: int = field(default=1, compare=False)
    final: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Finished(Generic[JobT, ValueT]):
    """A job and how it ended."""

    job: JobT
    outcome: Done[ValueT] | Failed


def run_in_batches(
    call: Callable[[JobT], ValueT], jobs: Iterable[JobT], *, slots: int
) -> Iterator[tuple[Finished[JobT, ValueT], ...]]:
    """Calls with every job, yielding together all that finished since the last batch.

    While the caller works on a batch the threads go on: as many jobs wait for them as there are
    slots, and no more, so that memory does not grow with the number of jobs. When the caller
    stops early, or is interrupted, waiting jobs are dropped and running calls abandoned.

    Args:
        call: Safe to call from several threads; what it raises becomes `Failed`.
        jobs: Taken as places get free, on the caller's thread; may be endless.
        slots: How many calls may run at once, at least 1.

    Yields:
        Jobs as they finish, in no promised order.

    Raises:
        ValueError: When there is no slot.
    """
    if slots < 1:
        raise ValueError(f"at least one slot is needed, not {slots}")
    crew = _Crew(call, slots)
    coming = iter(jobs)
    try:
        open_jobs = crew.take(islice(coming, 2 * slots))
        while open_jobs:
            batch = crew.finished()
            open_jobs += crew.take(islice(coming, len(batch))) - len(batch)
            yield batch
    finally:
        crew.dismiss()


def attempt(call: Callable[[JobT], ValueT], job: JobT) -> Done[ValueT] | Failed:
    """A call as the engine makes it, on this thread: whatever it raises is a value."""
    return _outcome(call, job)


def cores() -> int:
    """How many cores this process may use, where the system tells; else how many there are."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


class _Crew(Generic[JobT, ValueT]):
    """Daemon threads, so that a call that hangs cannot keep the process from ending."""

    def __init__(self, call: Callable[[JobT], ValueT], slots: int) -> None:
        self._call = call
        self._slots = slots
        self._threads = 0
        self._todo: SimpleQueue[tuple[JobT] | None] = SimpleQueue()
        self._finished: SimpleQueue[Finished[JobT, ValueT]] = SimpleQueue()

    def take(self, jobs: Iterable[JobT]) -> int:
        taken = 0
        for job in jobs:
            self._todo.put((job,))  # in a tuple: a job may be None
            taken += 1
            if self._threads < self._slots:
                self._threads += 1
                Thread(target=self._work, name="gate-slot", daemon=True).start()
        return taken

    def finished(self) -> tuple[Finished[JobT, ValueT], ...]:
        """Waits for one, and takes all others that are there."""
        batch = [self._finished.get()]
        try:
            while True:
                batch.append(self._finished.get_nowait())
        except Empty:
            return tuple(batch)

    def dismiss(self) -> None:
        try:
            while True:
                self._todo.get_nowait()
        except Empty:
            for _ in range(self._threads):
                self._todo.put(None)

    def _work(self) -> None:
        while (todo := self._todo.get()) is not None:
            (job,) = todo
            self._finished.put(Finished(job, _outcome(self._call, job)))


def _outcome(call: Callable[[JobT], ValueT], job: JobT) -> Done[ValueT] | Failed:
    try:
        return Done(call(job))
    except GateError as error:
        return Failed(error.in_short)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the engine: a failure is a value
        return Failed(f"{type(error).__name__}: {error}")
