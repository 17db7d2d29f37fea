import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.errors import Broken
from stages.engine.threads import Done, Failed, Finished, cores, run_in_batches

JobT = TypeVar("JobT")
ValueT = TypeVar("ValueT")


def run_all(
    call: Callable[[JobT], ValueT], jobs: Iterable[JobT], *, slots: int
) -> Iterator[Finished[JobT, ValueT]]:
    return chain.from_iterable(run_in_batches(call, jobs, slots=slots))


@settings(max_examples=25, deadline=None)
@given(jobs=st.lists(st.integers(), max_size=30), slots=st.integers(1, 8))
def test_every_job_finishes_once_with_its_own_value(jobs: list[int], slots: int) -> None:
    found = list(run_all(lambda n: n * 2, jobs, slots=slots))

    assert sorted(f.job for f in found) == sorted(jobs)
    assert all(f.outcome == Done(f.job * 2) for f in found)


def test_what_a_call_raises_is_a_value_that_says_type_and_message() -> None:
    def call(n: int) -> int:
        if n == 1:
            raise KeyError("no such thing")
        if n == 2:
            raise SystemExit(3)
        if n == 3:
            raise Broken("cannot ask", why="it is down", fix="start it")
        return n

    found = {f.job: f.outcome for f in run_all(call, range(4), slots=2)}

    assert found == {
        0: Done(0),
        1: Failed("KeyError: 'no such thing'"),
        2: Failed("SystemExit: 3"),
        3: Failed("cannot ask: it is down"),
    }


def test_a_job_may_be_none() -> None:
    assert [f.outcome for f in run_all(lambda job: job, [None], slots=1)] == [Done(None)]


def test_as_many_calls_run_at_once_as_there_are_slots_and_never_more() -> None:
    running, most, lock = 0, 0, threading.Lock()
    all_here = threading.Barrier(8)

    def call(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        all_here.wait(timeout=60)
        with lock:
            running -= 1

    outcomes = [f.outcome for f in run_all(call, range(32), slots=8)]

    assert outcomes == [Done(None)] * 32
    assert most == 8


def test_jobs_are_taken_only_as_places_get_free() -> None:
    taken = 0

    def jobs() -> Iterator[int]:
        nonlocal taken
        for n in count():
            taken += 1
            yield n

    finished = run_all(lambda n: n, jobs(), slots=3)
    for n, _ in enumerate(finished, start=1):
        assert taken <= n + 4 * 3
        if n == 200:
            break


def test_slots_go_on_while_the_caller_works_on_a_batch() -> None:
    called: list[int] = []
    batches = run_in_batches(called.append, range(100), slots=4)
    next(batches)
    patience = time.monotonic() + 60
    while len(called) < 8 and time.monotonic() < patience:
        time.sleep(0.01)

    assert len(called) >= 8
    batches.close()


def test_stopping_early_drops_the_jobs_that_wait() -> None:
    started = []
    go_on = threading.Event()

    def call(n: int) -> None:
        started.append(n)
        if n:
            go_on.wait(timeout=60)

    batches = run_in_batches(call, range(100), slots=2)
    next(batches)
    batches.close()
    go_on.set()
    time.sleep(0.2)

    assert len(started) <= 5


@pytest.mark.integration
def test_ctrl_c_ends_the_process_though_calls_hang() -> None:
    program = (
        "import signal, time\n"
        "from stages.engine.threads import run_in_batches\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` ignores it\n"
        "def call(n):\n"
        "    print('asked', flush=True)\n"
        "    time.sleep(120)\n"
        "list(run_in_batches(call, range(1000), slots=1))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=-1, stderr=-1) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"asked\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)

    assert b"KeyboardInterrupt" in said


def test_no_slots_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one slot"):
        list(run_all(lambda n: n, [1], slots=0))


def test_there_is_a_core_also_where_the_system_does_not_say_which(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert cores() >= 1
    monkeypatch.delattr("os.sched_getaffinity")
    assert cores() >= 1
