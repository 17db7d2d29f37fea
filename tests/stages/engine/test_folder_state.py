import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.errors import Broken
from stages.engine.folder_state import FolderState

ENTRIES = st.lists(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=8), max_size=3),
    min_size=1,
    max_size=4,
)


def number(values: Sequence[int]) -> list[dict[str, int]]:
    return [{"n": n} for n in values]


def test_a_stream_that_was_never_written_is_empty(tmp_path: Path) -> None:
    assert FolderState(tmp_path / "new").read("answers") == ()
    assert not (tmp_path / "new").exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(batches=st.lists(ENTRIES, max_size=4))
def test_what_was_appended_is_read_in_order(tmp_path: Path, batches: list[list[dict]]) -> None:
    state = FolderState(tmp_path / os.urandom(8).hex())
    for batch in batches:
        state.append("a/b-1.x", batch)

    assert state.read("a/b-1.x") == tuple(entry for batch in batches for entry in batch)


def test_appending_nothing_writes_nothing(tmp_path: Path) -> None:
    state = FolderState(tmp_path)

    state.append("a", [])

    assert list(tmp_path.iterdir()) == []


def test_a_line_torn_at_any_byte_is_no_entry_and_is_healed_by_the_next_append(
    tmp_path: Path,
) -> None:
    state = FolderState(tmp_path)
    file = tmp_path / "s.jsonl"
    state.append("s", number([1]))
    kept = file.stat().st_size
    state.append("s", [{"text": "è\n"}, {"n": 3}])
    whole = file.read_bytes()
    second = whole.index(b"\n", kept) + 1

    for cut in range(kept, len(whole)):
        file.write_bytes(whole[:cut])
        before = state.read("s")
        assert before == ({"n": 1}, {"text": "è\n"})[: 1 + (cut >= second)]

        state.append("s", number([4]))

        assert state.read("s") == (*before, {"n": 4})


def test_a_long_torn_line_is_cut_off_whole(tmp_path: Path) -> None:
    state = FolderState(tmp_path)
    state.append("s", number([1]))
    with (tmp_path / "s.jsonl").open("ab") as file:
        file.write(b"x" * 200_000)

    state.append("s", number([2]))

    assert state.read("s") == ({"n": 1}, {"n": 2})


def test_a_file_that_is_one_torn_line_is_emptied(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_bytes(b'{"crc32"')
    state = FolderState(tmp_path)

    assert state.read("s") == ()
    state.append("s", number([2]))
    assert state.read("s") == ({"n": 2},)


def test_any_changed_byte_of_a_whole_line_is_seen(tmp_path: Path) -> None:
    state = FolderState(tmp_path)
    file = tmp_path / "s.jsonl"
    state.append("s", [{"right": True, "n": 12}, {"n": 2}])
    whole = bytearray(file.read_bytes())

    for position in range(whole.index(b"\n") + 1):
        for flip in (1, 0x80):
            damaged = bytearray(whole)
            damaged[position] ^= flip
            file.write_bytes(damaged)
            with pytest.raises(Broken) as caught:
                state.read("s")
            assert f"{file}:1" in caught.value.message
            assert "delete that line" in caught.value.fix


def test_a_file_without_permission_is_broken_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").mkdir()
    state = FolderState(tmp_path)

    with pytest.raises(Broken, match="cannot read"):
        state.read("s")
    with pytest.raises(Broken, match="cannot write"):
        state.append("s", number([1]))


def test_a_lock_file_that_cannot_be_made_is_broken(tmp_path: Path) -> None:
    (tmp_path / "s.lock").mkdir()

    with pytest.raises(Broken, match="cannot lock"), FolderState(tmp_path).lock("s"):
        pass


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = FolderState(tmp_path)
    state.append("s", number([1]))
    write = os.write

    def half(descriptor: int, data: memoryview) -> int:
        if len(data) < 20:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(Broken) as caught:
        state.append("s", number([2, 3]))
    monkeypatch.undo()

    assert "No space left" in caught.value.why
    assert (tmp_path / "s.jsonl").read_bytes().endswith(b"}\n")
    assert state.read("s") == ({"n": 1},)


@pytest.mark.parametrize(
    "name", ["", "..", "a/../b", "/a", "a//b", "A", "a b", ".a", "a/", "a\n", "x.jsonl", "a.lock/b"]
)
def test_a_name_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    state = FolderState(tmp_path)

    with pytest.raises(ValueError, match="no stream name"):
        state.read(name)
    with pytest.raises(ValueError, match="no stream name"), state.lock(name):
        pass


def test_a_held_lock_names_its_holder_and_is_free_after(tmp_path: Path) -> None:
    state = FolderState(tmp_path)
    with state.lock("round"):
        with pytest.raises(Broken, match=f"process {os.getpid()} holds"), state.lock("round"):
            pass
        with state.lock("other"):
            pass
    with state.lock("round"):
        pass


def test_a_lock_is_given_up_when_its_work_fails(tmp_path: Path) -> None:
    state = FolderState(tmp_path)
    with pytest.raises(RuntimeError, match="boom"), state.lock("round"):
        raise RuntimeError("boom")
    with state.lock("round"):
        pass


def test_a_lock_goes_with_its_process(tmp_path: Path) -> None:
    hold = (
        "import sys, time; from stages.engine.state_url import open_state\n"
        "with open_state(sys.argv[1]).lock('round'): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], stdout=-1) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        state = FolderState(tmp_path)
        with pytest.raises(Broken, match=f"process {process.pid} holds"), state.lock("round"):
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with state.lock("round"):
            pass


def _append_numbers(folder: str, writer: int) -> None:
    state = FolderState(Path(folder))
    for n in range(30):
        state.append("shared", [{"writer": writer, "n": n}, {"writer": writer, "n": -n}])


def test_several_writers_of_one_stream_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_append_numbers, args=(str(tmp_path), w)) for w in (0, 1)]
    for writer in writers:
        writer.start()
    threads = [threading.Thread(target=_append_numbers, args=(str(tmp_path), w)) for w in (2, 3)]
    for thread in threads:
        thread.start()
    for worker in [*writers, *threads]:
        worker.join()

    entries = FolderState(tmp_path).read("shared")

    for writer in range(4):
        mine = [e["n"] for e in entries if e["writer"] == writer]
        assert mine == [sign * n for n in range(30) for sign in (1, -1)]


def test_a_line_is_json_with_its_entry(tmp_path: Path) -> None:
    FolderState(tmp_path).append("s", number([1]))

    line = json.loads((tmp_path / "s.jsonl").read_text())

    assert line["entry"] == {"n": 1}


def test_an_append_returns_only_after_file_and_new_folders_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(
        os, "fsync", lambda fd: synced.append(Path(f"/proc/self/fd/{fd}").resolve())
    )
    state = FolderState(tmp_path / "state")

    state.append("a/b", number([1]))
    assert synced == [
        tmp_path,
        tmp_path / "state",
        tmp_path / "state" / "a" / "b.jsonl",
        tmp_path / "state" / "a",
    ]

    state.append("a/b", number([2]))
    assert synced[4:] == [tmp_path / "state" / "a" / "b.jsonl"]
