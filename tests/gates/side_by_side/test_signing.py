"""Links are signed with a secret that nobody else can read, the same in every process."""

from pathlib import Path

import pytest

from gates.side_by_side.signing import FILE, link_key
from policies.errors import Broken, WrongUsage

LONG = "k" * 32


def test_what_the_variable_says_wins(tmp_path: Path) -> None:
    assert link_key(str(tmp_path), LONG) == LONG.encode()
    assert not (tmp_path / FILE).exists()


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = link_key(str(tmp_path / "state"), None)
    assert len(first) >= 32
    assert link_key(str(tmp_path / "state"), "") == first
    (file,) = (tmp_path / "state").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    link_key(str(tmp_path), None)
    (tmp_path / FILE).chmod(0o644)
    with pytest.raises(WrongUsage, match="read by others"):
        link_key(str(tmp_path), None)


@pytest.mark.parametrize("short", ["x", "k" * 31])
def test_a_short_secret_is_refused_and_not_shown(tmp_path: Path, short: str) -> None:
    with pytest.raises(WrongUsage, match="cannot be signed") as refused:
        link_key(str(tmp_path), short)
    assert f"{short}k" not in str(refused.value) + short


def test_a_torn_secret_is_refused(tmp_path: Path) -> None:
    link_key(str(tmp_path), None)
    (tmp_path / FILE).write_bytes(b"half")
    with pytest.raises(WrongUsage, match="cannot be signed"):
        link_key(str(tmp_path), None)


def test_a_database_keeps_no_secret(tmp_path: Path) -> None:
    del tmp_path
    with pytest.raises(WrongUsage, match="cannot be signed"):
        link_key("postgresql://host/gate", None)
    assert link_key("postgresql://host/gate", LONG) == LONG.encode()


def test_a_place_where_none_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Broken, match="cannot read or make"):
        link_key(str(tmp_path / "file" / "state"), None)
