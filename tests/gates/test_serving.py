"""A version's server is stopped whatever happens, and no two of a model run at once."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gates import serving
from gates.ledger.ledger import Version
from gates.serving import served, still_running
from policies.errors import Broken
from tests.fakes.server_script import ServerScript
from tests.fakes.workplace import Workplace

ROOT = Path(__file__).parents[2]
TOML = """
[models.assistant]
endpoint = "http://127.0.0.1:9/v1"
served_as = "toy"
serve = "ops/serve.sh"
serve_healthy_within_seconds = {0}
"""


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    found = Workplace(tmp_path)
    found.toml(TOML.format(20))
    return found


@pytest.fixture
def script(tmp_path: Path) -> ServerScript:
    found = ServerScript(tmp_path / "ops")
    found.write()
    return found


@pytest.fixture
def version(place: Workplace) -> Version:
    return place.endpoint(None)


def test_a_server_is_started_waited_for_and_stopped(
    place: Workplace, script: ServerScript, version: Version
) -> None:
    with served(version, place.services):
        assert script.up == {"1"}
        assert still_running("assistant", place.services) == ("1",)
    assert script.calls == ["start 1", "health 1", "stop 1"]
    assert script.up == set()
    assert still_running("assistant", place.services) == ()


def test_an_error_inside_stops_the_server(
    place: Workplace, script: ServerScript, version: Version
) -> None:
    with pytest.raises(KeyError), served(version, place.services):
        raise KeyError
    assert script.up == set()


@pytest.mark.parametrize(
    ("switch", "words", "called"),
    [
        ("never-healthy", "was not healthy within 1 s", ["start 1", "health 1", "stop 1"]),
        ("start-fails", r"did not start \(exit code 7\)", ["start 1", "stop 1"]),
        ("start-hangs", "did not start in time", ["start 1", "stop 1"]),
    ],
)
def test_a_server_that_never_gets_healthy_is_a_fault_and_is_stopped(
    place: Workplace,
    script: ServerScript,
    version: Version,
    *,
    switch: str,
    words: str,
    called: list[str],
) -> None:
    place.toml(TOML.format(1))
    script.switch(switch)
    with pytest.raises(Broken, match=words) as found, served(version, place.services):
        raise AssertionError
    assert script.calls == called
    assert script.up == set()
    assert "hunter2" not in str(found.value)


def test_the_fault_tells_the_scripts_last_words(
    place: Workplace, script: ServerScript, version: Version
) -> None:
    script.switch("start-fails")
    with pytest.raises(Broken, match="no GPU"), served(version, place.services):
        raise AssertionError


def test_a_script_that_is_not_there_is_a_fault(place: Workplace, version: Version) -> None:
    (place.folder / "ops").mkdir()
    with pytest.raises(Broken, match="did not start"), served(version, place.services):
        raise AssertionError


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_killed_leaves_no_server(
    place: Workplace, script: ServerScript, version: Version, by: signal.Signals
) -> None:
    del version
    program = textwrap.dedent(
        f"""
        import time
        from pathlib import Path
        from gates.serving import served
        from tests.fakes.workplace import Workplace
        place = Workplace(Path({str(place.folder)!r}))
        with served(place.endpoint(None), place.services):
            print("up", flush=True)
            time.sleep(60)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        assert script.up == {"1"}
        os.kill(process.pid, by)
        process.wait()
    soon(lambda: script.up == set())
    assert script.calls[-1] == "stop 1"


def test_what_a_dead_machine_left_is_stopped_before_anything_starts(
    place: Workplace, script: ServerScript, version: Version
) -> None:
    place.state.append(serving._stream("assistant"), [{"started": "7"}])
    with served(version, place.services):
        pass
    assert script.calls == ["stop 7", "start 1", "health 1", "stop 1"]


def test_beside_a_server_that_does_not_stop_no_other_is_started(
    place: Workplace, script: ServerScript, version: Version
) -> None:
    script.switch("stop-fails")
    with served(version, place.services):
        pass
    assert still_running("assistant", place.services) == ("1",)
    other = place.endpoint(None)
    with (
        pytest.raises(Broken, match="server of version 1 cannot be stopped"),
        served(other, place.services),
    ):
        raise AssertionError
    assert "start 2" not in script.calls
    script.switch_off("stop-fails")
    with served(other, place.services):
        assert script.up == {"2"}


def test_a_stop_that_hangs_is_ended(
    place: Workplace, script: ServerScript, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "STOP_SECONDS", 0.5)
    with served(version, place.services):
        script.path.write_text("#!/bin/sh\nsleep 60\n")
    assert still_running("assistant", place.services) == ("1",)


def test_two_versions_of_a_model_never_run_at_once(
    place: Workplace, script: ServerScript, version: Version
) -> None:
    other, seen = place.endpoint(None), list[set[str]]()

    def second() -> None:
        with served(other, place.services):
            seen.append(script.up)

    with served(version, place.services):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.5)
        assert script.up == {"1"}
    thread.join(60)
    assert seen == [{"2"}]


def test_one_that_waits_too_long_for_another_says_who_holds_the_place(
    place: Workplace, script: ServerScript, version: Version
) -> None:
    place.toml(TOML.format(1))
    with (
        place.state.lock(serving._stream("assistant")),
        pytest.raises(Broken, match="cannot work on serving"),
        served(version, place.services),
    ):
        raise AssertionError
    assert script.calls == []


def test_the_script_never_gets_a_signing_key(
    place: Workplace, script: ServerScript, version: Version
) -> None:
    place.environment = {"GATE_KEY": "secret", "PATH": os.environ["PATH"], "CUDA": "0"}
    with served(version, place.services):
        given = (script.folder / "environment").read_text()
    assert "secret" not in given
    assert "CUDA=0" in given


def test_a_version_that_others_serve_calls_nothing(place: Workplace, script: ServerScript) -> None:
    for version in (place.endpoint("http://127.0.0.1:9/v1"), place.recorded(), place.external()):
        with served(version, place.services):
            pass
    place.toml("")
    with served(place.endpoint(None), place.services):
        pass
    assert script.calls == []


def soon(holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError
