from pathlib import Path

import pytest

from policies.errors import WrongUsage
from stages.engine.postgres_state import PostgresState
from stages.engine.state_url import open_state


def test_a_path_and_a_file_url_are_the_same_place(tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    open_state(str(folder)).append("s", [{"n": 1}])

    again = open_state(folder.as_uri())

    assert again.read("s") == ({"n": 1},)
    assert again.url == folder.as_uri()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_postgresql_is_opened_and_not_connected_to_before_it_is_used(scheme: str) -> None:
    state = open_state(f"{scheme}://u:secret@host.invalid/db")

    assert isinstance(state, PostgresState)
    assert state.url == f"{scheme}://host.invalid/db"


@pytest.mark.parametrize("url", ["s3://u:secret@bucket/state", "mysql://u:secret@h/d", ""])
def test_state_elsewhere_is_wrong_usage(url: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        open_state(url)

    assert "a folder of this machine, or a PostgreSQL database" in caught.value.why
    assert "secret" not in str(caught.value)


def test_a_file_is_no_state(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")

    with pytest.raises(WrongUsage, match="it is a file"):
        open_state(str(tmp_path / "f"))
