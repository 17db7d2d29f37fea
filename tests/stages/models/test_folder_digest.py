"""A folder's digest is that of its files, which are read once for as long as they stay."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from stages.models import folder_digest
from stages.models.folder_digest import digest_of_folder


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often a file was read; the clock stands an hour ahead, so that every file is old."""
    found: list[int] = []
    digest = hashlib.file_digest

    def counted(file: object, name: str) -> object:
        found.append(1)
        return digest(file, name)  # type: ignore[arg-type]

    monkeypatch.setattr(folder_digest.hashlib, "file_digest", counted)
    now = folder_digest.time.time()
    monkeypatch.setattr(folder_digest.time, "time", lambda: now + 3600)
    return found


def test_a_file_is_read_once(tmp_path: Path, reads: list[int]) -> None:
    (tmp_path / "weights").write_text("one")
    (tmp_path / "settings").write_text("two")
    assert digest_of_folder(tmp_path) == digest_of_folder(tmp_path)
    assert len(reads) == 2


def test_a_file_that_changed_is_read_again(tmp_path: Path, reads: list[int]) -> None:
    path = tmp_path / "weights"
    path.write_text("one")
    before, times = digest_of_folder(tmp_path), path.stat()
    time.sleep(0.02)  # file systems count in ticks
    path.write_text("two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as who hides a change would
    assert digest_of_folder(tmp_path) != before
    assert len(reads) == 2


def test_a_file_that_was_just_written_is_read_every_time(
    tmp_path: Path, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights"
    path.write_text("one")
    monkeypatch.setattr(folder_digest.time, "time", lambda: path.stat().st_ctime + 1)
    digest_of_folder(tmp_path)
    digest_of_folder(tmp_path)
    assert len(reads) == 2


def test_what_is_beside_and_what_python_caches_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("one")
    before = digest_of_folder(tmp_path)
    (tmp_path / "product.json").write_text("{}")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").write_text("")
    assert digest_of_folder(tmp_path, beside=("product.json",)) == before
    assert digest_of_folder(tmp_path) != before
