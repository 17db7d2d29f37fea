"""A secret is written whole, once, and only its owner may read it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gates.secret_file import check_secret, make_secret
from policies.errors import WrongUsage


def test_only_the_owner_may_read_it_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = tmp_path / "new" / "secret"
    assert make_secret(file, b"secret")
    assert file.read_bytes() == b"secret"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_what_is_there_stays(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    make_secret(file, b"first")
    assert not make_secret(file, b"second")
    assert file.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [file]


def test_of_many_at_once_one_writes(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    with ThreadPoolExecutor(8) as pool:
        wrote = list(pool.map(lambda n: make_secret(file, b"%d" % n), range(20)))
    assert wrote.count(True) == 1
    assert file.read_bytes() == b"%d" % wrote.index(True)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o611])
def test_a_secret_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret"
    make_secret(file, b"secret")
    check_secret(file, why="they could", fix="new one")
    file.chmod(mode)
    with pytest.raises(WrongUsage, match="may be read by others") as caught:
        check_secret(file, why="they could", fix="new one")
    assert caught.value.fix == f"chmod 600 {file}; new one"
