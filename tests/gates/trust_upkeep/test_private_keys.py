"""Private keys stay in files that only their owner reads and that git never sees."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gates.trust.signers import signer_from_file
from gates.trust_upkeep.private_keys import make_key, own_key, put_in_place
from policies.errors import Broken, WrongUsage

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_git_does_not_see_keys_of_a_workspace(tmp_path: Path) -> None:
    make_key(tmp_path / ".gate" / "keys" / "ann.pem", None)
    make_key(tmp_path / ".gate" / "keys" / "bob.pem", None)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    done = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=tmp_path, check=True, capture_output=True
    )
    assert done.stdout == b""


def test_no_other_folder_is_kept_out_of_git(tmp_path: Path) -> None:
    make_key(tmp_path / "ann.pem", None)
    assert [path.name for path in tmp_path.iterdir()] == ["ann.pem"]


def test_a_key_that_is_there_is_used(tmp_path: Path) -> None:
    file = tmp_path / "ann.pem"
    first = own_key(file, password="secret")
    assert own_key(file, password="secret").public == first.public
    with pytest.raises(WrongUsage):
        own_key(file, password=None)


def test_the_old_key_is_kept_beside_its_successor(tmp_path: Path) -> None:
    file, fresh = tmp_path / "ann.pem", tmp_path / "ann.next.pem"
    old, new = make_key(file, None), make_key(fresh, None)
    kept = put_in_place(fresh, file, at=NOW)
    assert kept.name == "ann.until-20260501T000000Z.pem"
    assert signer_from_file(kept).public == old.public
    assert signer_from_file(file).public == new.public


def test_no_old_key_is_written_over(tmp_path: Path) -> None:
    file = tmp_path / "ann.pem"
    first = make_key(file, None)
    put_in_place(_fresh(tmp_path), file, at=NOW)
    with pytest.raises(Broken, match="cannot move the key"):
        put_in_place(_fresh(tmp_path), file, at=NOW)
    assert signer_from_file(tmp_path / "ann.until-20260501T000000Z.pem").public == first.public


def _fresh(folder: Path) -> Path:
    make_key(folder / "ann.next.pem", None)
    return folder / "ann.next.pem"


def test_what_cannot_be_moved_is_told(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="cannot move the key"):
        put_in_place(tmp_path / "none.next.pem", tmp_path / "none.pem", at=NOW)


def test_a_folder_that_git_would_see_is_told(tmp_path: Path) -> None:
    folder = tmp_path / ".gate" / "keys"
    folder.mkdir(parents=True)
    (folder / ".gitignore").symlink_to(tmp_path / "none" / "none")
    with pytest.raises(Broken, match="out of git"):
        make_key(folder / "ann.pem", None)
