from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import Broken
from stages.engine.folder_state import FolderState
from stages.offline.harness import kept_files
from stages.offline.harness.kept_files import keep_files, restore_files

FILES = st.dictionaries(
    st.from_regex(r"[a-c]{1,3}(/[d-f]{1,3})?", fullmatch=True).filter(lambda p: p.count("/") <= 1),
    st.binary(max_size=200),
    max_size=5,
).filter(lambda files: not any(f"{a}/" in b for a in files for b in files))


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


@given(files=FILES)
def test_what_is_restored_is_what_was_kept(
    files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    made, state, back = (tmp_path_factory.mktemp(name) for name in ("made", "state", "back"))
    for path, content in files.items():
        (made / path).parent.mkdir(exist_ok=True)
        (made / path).write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_files, "PART", 7)
        keep_files(made, FolderState(state), "files")
    restore_files(back, FolderState(state), "files")
    assert tree(back) == files


@pytest.fixture
def state(tmp_path: Path) -> FolderState:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "a").write_bytes(bytes(range(256)) * 9)
    kept = FolderState(tmp_path / "state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_files, "PART", 100)
        keep_files(tmp_path / "made", kept, "files")
    return kept


@pytest.mark.parametrize(
    "broken",
    [
        lambda entries: entries[1:],
        lambda entries: [entries[1], entries[0], *entries[2:]],
        lambda entries: [*entries[:-1], {**entries[-1], "sha256": "0" * 64}],
        lambda entries: [{**entries[0], "part": "***"}, *entries[1:]],
        lambda entries: [{**entries[0], "path": "../a"}, *entries[1:]],
        lambda entries: [{**entries[0], "path": "/a"}, *entries[1:]],
        lambda entries: [{**entries[0], "path": None}, *entries[1:]],
    ],
)
def test_a_file_of_which_a_part_is_lost_or_foreign_is_broken_not_shorter(
    state: FolderState, tmp_path: Path, broken: object
) -> None:
    assert callable(broken)
    state.append("other", broken(list(state.read("files"))))
    with pytest.raises(Broken):
        restore_files(tmp_path / "back", state, "other")
    assert not (tmp_path / "back").exists()


def test_a_disk_that_refuses_is_broken(state: FolderState, tmp_path: Path) -> None:
    (tmp_path / "back").write_text("a file")
    with pytest.raises(Broken, match="cannot write"):
        restore_files(tmp_path / "back", state, "files")


def test_a_file_that_cannot_be_read_is_broken(
    state: FolderState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", unreadable)
    with pytest.raises(Broken, match="Permission denied"):
        keep_files(tmp_path / "made", state, "again")
