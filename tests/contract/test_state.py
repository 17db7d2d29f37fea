"""One suite over every state: a folder, and PostgreSQL."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.errors import Broken
from stages.engine.state_url import open_state
from tests.servers.postgres import fresh_database

ENTRIES = st.lists(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=8), max_size=3),
    min_size=1,
    max_size=4,
)
HOLD = (
    "import sys, time; from stages.engine.state_url import open_state\n"
    "with open_state(sys.argv[1]).lock('round'): print('held', flush=True); time.sleep(60)"
)
APPEND_FOR_EVER = (
    "import sys; from stages.engine.state_url import open_state\n"
    "state = open_state(sys.argv[1])\n"
    "for n in range(10**9): state.append('s', [{'n': n}]); print(n, flush=True)"
)


@pytest.fixture(params=["folder", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a test keeps its state; nothing is there."""
    if request.param == "folder":
        return str(tmp_path / "state")
    return fresh_database(request.getfixturevalue("postgres_server"))


def test_a_stream_that_was_never_written_is_empty(url: str) -> None:
    assert open_state(url).read("answers") == ()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
@given(batches=st.lists(ENTRIES, max_size=4))
def test_what_was_appended_is_read_in_order(url: str, batches: list[list[dict]]) -> None:
    state, stream = open_state(url), f"a/b-{os.urandom(8).hex()}"
    for batch in batches:
        state.append(stream, batch)

    assert open_state(url).read(stream) == tuple(entry for batch in batches for entry in batch)


def test_appending_nothing_is_nothing(url: str) -> None:
    open_state(url).append("a", [])

    assert open_state(url).read("a") == ()


def test_streams_do_not_mix(url: str) -> None:
    state = open_state(url)
    state.append("a", [{"n": 1}])
    state.append("a/b", [{"n": 2}])

    assert (state.read("a"), state.read("a/b")) == (({"n": 1},), ({"n": 2},))


def test_a_number_that_is_none_is_never_written(url: str) -> None:
    state = open_state(url)

    with pytest.raises(ValueError, match="JSON"):
        state.append("a", [{"n": 1}, {"n": float("nan")}])

    assert state.read("a") == ()


@pytest.mark.parametrize(
    "name", ["", "..", "a/../b", "/a", "a//b", "A", "a b", ".a", "a/", "a\n", "x.jsonl", "a.lock/b"]
)
def test_a_name_that_is_no_name_is_refused(url: str, name: str) -> None:
    state = open_state(url)

    with pytest.raises(ValueError, match="no stream name"):
        state.read(name)
    with pytest.raises(ValueError, match="no stream name"):
        state.append(name, [{}])
    with pytest.raises(ValueError, match="no stream name"), state.lock(name):
        pass


def test_a_held_lock_names_its_holder_and_is_free_after(url: str) -> None:
    state = open_state(url)
    with state.lock("round"):
        for other in (state, open_state(url)):
            with pytest.raises(Broken, match=f"process {os.getpid()}"), other.lock("round"):
                pass
        with state.lock("other"):
            state.append("a", [{"n": 1}])
    with state.lock("round"):
        pass


def test_a_lock_is_given_up_when_its_work_fails(url: str) -> None:
    state = open_state(url)
    with pytest.raises(RuntimeError, match="boom"), state.lock("round"):
        raise RuntimeError("boom")
    with state.lock("round"):
        pass


@pytest.mark.integration
def test_a_lock_goes_with_its_process(url: str) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, url], stdout=-1) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        state = open_state(url)
        with pytest.raises(Broken, match=f"process {process.pid}"), state.lock("round"):
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        _take(url)


def _take(url: str) -> None:
    """A server may need a moment to see that a client is gone."""
    for patience in range(50):
        try:
            with open_state(url).lock("round"):
                return
        except Broken:
            threading.Event().wait(0.1 if patience < 49 else 0)
    pytest.fail("the lock outlived its process")


@pytest.mark.integration
def test_what_was_said_to_be_written_survives_the_death_of_the_writer(url: str) -> None:
    with subprocess.Popen([sys.executable, "-c", APPEND_FOR_EVER, url], stdout=-1) as process:
        assert process.stdout is not None
        seen = [int(process.stdout.readline()) for _ in range(20)]
        os.kill(process.pid, signal.SIGKILL)
        seen += [int(line) for line in process.stdout]

    entries = [entry["n"] for entry in open_state(url).read("s")]

    assert entries[: len(seen)] == seen
    assert entries == list(range(len(entries)))


def _append_numbers(url: str, writer: int) -> None:
    state = open_state(url)
    for n in range(30):
        state.append("shared", [{"writer": writer, "n": n}, {"writer": writer, "n": -n}])


@pytest.mark.integration
def test_several_writers_of_one_stream_lose_nothing(url: str) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_append_numbers, args=(url, w)) for w in (0, 1)]
    threads = [threading.Thread(target=_append_numbers, args=(url, w)) for w in (2, 3)]
    for worker in [*writers, *threads]:
        worker.start()
    for worker in [*writers, *threads]:
        worker.join()

    entries = open_state(url).read("shared")

    for writer in range(4):
        mine = [e["n"] for e in entries if e["writer"] == writer]
        assert mine == [sign * n for n in range(30) for sign in (1, -1)]
