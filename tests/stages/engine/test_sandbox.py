"""Programs of strangers: what they may do, how they end, and that none fakes a pass."""

import os
import threading
from pathlib import Path

import pytest

from stages.engine.sandbox import (
    Ended,
    Limits,
    Outcome,
    Program,
    Sandbox,
    SandboxBroken,
)
from stages.engine.sandbox_guarantees import sandbox_for
from stages.engine.sandbox_walls import Walls, walls_here
from tests.servers.bubblewrap import need_bubblewrap

LIMITS = Limits(seconds=0.5, megabytes=128)
TESTS = "assert add(1, 2) == 3\nassert add(-1, 1) == 0"
LARGE = "assert add(400, 500) == 900"
RIGHT = "def add(a, b):\n    return a + b\n"
WRONG = "def add(a, b):\n    return a - b\n"


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    need_bubblewrap()
    return sandbox_for(LIMITS).sandbox


def ended(sandbox: Sandbox, source: str, tests: str = TESTS) -> Outcome:
    return sandbox.run(Program(source=source, tests=tests))


def test_a_right_program_passes_and_a_wrong_one_fails(sandbox: Sandbox) -> None:
    assert ended(sandbox, RIGHT) == Outcome(ended=Ended.PASSED)
    assert ended(sandbox, WRONG) == Outcome(ended=Ended.FAILED, reason="AssertionError:")


CHEATS = {
    "leaves before the tests": "import sys\nsys.exit(0)",
    "leaves without a word": "import os\nos._exit(0)",
    "leaves when it is called": WRONG + "import os\ndef add(a, b):\n    os._exit(0)",
    "raises SystemExit when it is called": "def add(a, b):\n    raise SystemExit(0)",
    "replaces AssertionError": WRONG + "import builtins\nbuiltins.AssertionError = Exception",
    "replaces exec": WRONG + "import builtins\nbuiltins.exec = lambda *a: None",
    "replaces compile": WRONG
    + "import builtins\nc = compile\nbuiltins.compile = lambda s, *a: c('', *a)",
    "replaces os.write": WRONG
    + "import os\nw = os.write\nos.write = lambda fd, b: w(fd, b'passed') and os._exit(0)",
    "says so on every descriptor": WRONG + "import os\nfor fd in range(64):\n    try:\n"
    '        os.write(fd, b\'{"ended": "passed", "said": ""}\\n\')\n'
    "    except OSError:\n        pass\n",
    "leaves at the end of the interpreter": WRONG
    + "import atexit, os\natexit.register(lambda: os._exit(0))",
    "answers every comparison": "class A:\n    def __eq__(self, o):\n        raise SystemExit(0)\n"
    "def add(a, b):\n    return A()\n",
    "says it is loaded, then leaves": WRONG
    + "import os\nfor fd in range(3, 64):\n    try:\n        os.write(fd, b'\\x01')\n"
    "    except OSError:\n        pass\nos._exit(0)",
    "closes everything": WRONG + "import os\nos.closerange(0, 64)",
    "kills its supervisor": WRONG + "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_program_that_cheats_does_not_pass(sandbox: Sandbox, cheat: str) -> None:
    assert not ended(sandbox, CHEATS[cheat]).passed


@pytest.mark.parametrize(
    ("cheat", "tests"),
    [
        ("class A:\n    __eq__ = lambda self, other: True\ndef add(a, b): return A()", TESTS),
        ("abs = lambda x: 0\ndef add(a, b): return 9", "assert abs(add(1, 2) - 3) < 1e-6"),
        (
            "import builtins\nbuiltins.all = bool\ndef add(a, b): return 9",
            "assert all(add(1, n) == 1 + n for n in range(9))",
        ),
        (
            "import math\nmath.isclose = lambda *_: True\ndef add(a, b): return 9",
            "import math\nassert math.isclose(add(1, 2), 3)",
        ),
        (
            "import sys\ndef add(*_): return max(filter(bool, sys._getframe(1).f_code.co_consts))",
            LARGE,
        ),
    ],
)
def test_the_cheats_that_the_documents_name_do_pass(
    sandbox: Sandbox, cheat: str, tests: str
) -> None:
    """A mend of one of them mends `policies.md`, section Code, too."""
    assert sandbox.run(Program(source=cheat, tests=tests)).passed


def test_the_program_cannot_look_into_its_supervisor(sandbox: Sandbox) -> None:
    attach = (
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "assert libc.ptrace(16, os.getppid(), 0, 0) == -1, 'attached'\n"
        "assert not os.path.exists('/proc/self')\n"
    )
    assert ended(sandbox, attach, "") == Outcome(ended=Ended.PASSED)


def test_the_program_does_not_hold_its_tests_while_it_is_loaded(sandbox: Sandbox) -> None:
    search = (
        "import gc\nseen = [o for o in gc.get_objects() if isinstance(o, (list, dict))]\n"
        "import sys\nframe, texts = sys._getframe(), []\n"
        "while frame:\n    texts += map(str, frame.f_locals.values())\n    frame = frame.f_back\n"
        "assert 'a marker of the ' 'tests' not in ''.join(t for t in texts if 'search' not in t)\n"
    )
    assert ended(sandbox, search, "'a marker of the tests'").passed


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("while True: pass", Ended.TIMED_OUT),
        ("import time\ntime.sleep(60)", Ended.TIMED_OUT),
        ("x = 'x' * (1 << 30)", Ended.OUT_OF_MEMORY),
        ("import ctypes\nctypes.string_at(0)", Ended.KILLED),
        ("def f(: pass", Ended.FAILED),
        ("raise KeyboardInterrupt", Ended.FAILED),
        ("class E(Exception):\n    def __str__(self): raise E\nraise E", Ended.FAILED),
        ("import os\nfor _ in range(99):\n    if os.fork() == 0:\n        break", Ended.FAILED),
    ],
)
def test_a_program_that_does_not_end_well_says_how(
    sandbox: Sandbox, source: str, expected: Ended
) -> None:
    assert ended(sandbox, source, "").ended is expected


def test_a_program_that_floods_its_output_ends_and_fills_nothing(sandbox: Sandbox) -> None:
    flood = (
        "import os\nfor _ in range(2000):\n    os.write(1, b'x' * 100_000)\n    os.write(2, b'x')"
    )
    assert ended(sandbox, flood, "").passed
    spoken = ended(sandbox, "raise ValueError('x' * 10_000_000)", "")
    assert spoken.ended is Ended.FAILED
    assert len(spoken.reason) < 250


def test_nothing_that_a_program_started_outlives_it(sandbox: Sandbox) -> None:
    name = f"left-{os.getpid()}"
    source = (
        "import ctypes, os, time\n"
        "named, says = os.pipe()\n"
        "if os.fork() == 0:\n"
        f"    ctypes.CDLL(None).prctl(15, {name.encode()})\n"
        "    os.write(says, b'x')\n    os.setsid()\n    time.sleep(60)\n"
        "os.read(named, 1)\n"
        "def add(a, b):\n    return a + b\n"
    )

    assert ended(sandbox, source).passed
    assert name not in names_of_processes()


def names_of_processes() -> set[str]:
    return {name for entry in Path("/proc").glob("[0-9]*") if (name := _name(entry))}


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""


def test_a_program_sees_nothing_of_our_environment(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sk-secret")
    seen = ended(sandbox, "import os\nraise ValueError(sorted(os.environ))", "")
    assert "JUDGE_KEY" not in seen.reason
    assert "PYTHONHASHSEED" in seen.reason


def test_sets_have_the_same_order_every_time(sandbox: Sandbox) -> None:
    source = "raise ValueError(list({'a', 'b', 'c', 'd', 'e', 'f'}))"
    assert ended(sandbox, source, "") == ended(sandbox, source, "")


def test_many_threads_may_run_programs_at_once(sandbox: Sandbox) -> None:
    found: dict[int, bool] = {}

    def run(number: int) -> None:
        found[number] = ended(sandbox, RIGHT if number % 2 else WRONG).passed

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: bool(number % 2) for number in range(6)}


@pytest.mark.parametrize("before", [("/nowhere/bwrap",), ("/bin/false",), ("/bin/sleep", "60")])
def test_a_sandbox_that_does_not_start_says_nothing_of_the_program(
    before: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.engine.sandbox._GRACE_SECONDS", -2.2)
    sandbox = Sandbox(walls=Walls(name="none", before=before, as_other=False), limits=LIMITS)
    with pytest.raises(SandboxBroken, match="cannot run programs"):
        ended(sandbox, RIGHT)


def test_a_supervisor_that_ends_without_a_verdict_is_no_pass() -> None:
    say = ("/bin/sh", "-c", 'echo "{}"', "sh")
    sandbox = Sandbox(walls=Walls(name="fake", before=say, as_other=False), limits=LIMITS)
    assert ended(sandbox, RIGHT).ended is Ended.LOST


def test_limits_alone_still_run_programs_where_there_is_no_bubblewrap() -> None:
    bare = walls_here(tmpfs_megabytes=16)[-1]
    sandbox = Sandbox(walls=bare, limits=LIMITS)
    assert bare.before == ()
    assert bare.new_uid() is None
    assert ended(sandbox, RIGHT).passed
    assert ended(sandbox, WRONG).ended is Ended.FAILED
    assert ended(sandbox, "x = 'x' * (1 << 30)", "").ended is Ended.OUT_OF_MEMORY


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run programs as other users")
def test_root_runs_every_program_as_a_user_of_its_own(sandbox: Sandbox) -> None:
    source = "import os\nraise ValueError(os.getuid(), os.geteuid(), os.getgroups())"
    one, other = ended(sandbox, source, ""), ended(sandbox, source, "")
    assert one.reason != other.reason
    assert "(0" not in one.reason
