"""Who begins to trust stands under a pseudonym, and their name in one file that can be erased."""

import json
import re
from pathlib import Path

import pytest

from gates.chain.bodies import Revocation
from gates.cli.people import user_name
from tests.fakes.recorded import custody, write
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace


def everything_but_names(folder: Path) -> str:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "people.json")
    return "".join(path.read_text("utf-8", errors="replace") for path in files)


def names(folder: Path) -> dict[str, str]:
    found = json.loads((folder / "people.json").read_text("utf-8"))["people"]
    assert isinstance(found, dict)
    return found


@pytest.fixture
def lee(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> str:
    """The pseudonym of Ann Lee, who begins to trust."""
    monkeypatch.setenv("USER", "Ann Lee")
    place.policy()
    found = said("trust", "init")
    assert found.code == 0
    assert f"wrote {place.folder / 'people.json'}" in found.out
    (pseudonym,) = names(place.folder)
    assert f"Ann Lee ({pseudonym}) may do everything; root key " in found.out
    return pseudonym


def test_a_name_is_in_one_file_that_only_its_owner_reads(place: Workplace, lee: str) -> None:
    assert re.fullmatch(r"person-[0-9a-f]{8}", lee)
    assert names(place.folder) == {lee: "Ann Lee"}
    assert (place.folder / "people.json").stat().st_mode & 0o777 == 0o600
    assert "people.json" in (place.folder / ".gitignore").read_text("utf-8").splitlines()
    place.recorded()
    write(place, 1, Revocation(reason="rude"))
    assert "Ann Lee" not in everything_but_names(place.folder)
    assert "Ann Lee" not in str(custody(place).chain("assistant").records)


def test_people_are_shown_by_name_until_it_is_forgotten(place: Workplace, lee: str) -> None:
    place.recorded()
    write(place, 1, Revocation(reason="rude"))
    shown = ("history", "assistant"), ("keys", "list"), ("trust", "show")
    for command in shown:
        assert f"Ann Lee ({lee})" in said(*command).out
        assert "Ann Lee" not in said(*command, "--json").out
    assert said("audit", "forget", lee).code == 0
    for command in shown:
        found = said(*command)
        assert "Ann Lee" not in found.out
        assert lee in found.out
    assert said("verify", "assistant").code == 0


def test_a_file_of_names_that_cannot_be_read_stops_nothing(place: Workplace, lee: str) -> None:
    (place.folder / "people.json").write_text("{", encoding="utf-8")
    found = said("keys", "list")
    assert (found.code, lee in found.out) == (0, True)


def test_who_wants_their_name_in_records_says_so(place: Workplace) -> None:
    place.policy()
    found = said("trust", "init", "--owner", "ann")
    assert "\nann may do everything; root key " in found.out
    assert not (place.folder / "people.json").exists()


def test_where_nobody_begins_to_trust_nobody_is_named(place: Workplace) -> None:
    place.policy()
    assert said("trust", "init", "--owner", "ann").code == 0
    assert said("trust", "init").code == 2
    assert not (place.folder / "people.json").exists()


def test_a_new_workspace_begins_with_a_pseudonym(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USER", "ann.lee")
    found = said("init", "there")
    assert "wrote there/people.json\n" in found.out
    assert list(names(tmp_path / "there").values()) == ["ann.lee"]
    assert "ann.lee" not in everything_but_names(tmp_path / "there")
    assert said("init", "here", "--owner", "ann").code == 0
    assert not (tmp_path / "here" / "people.json").exists()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "people.json").write_text("{}", encoding="utf-8")
    assert said("init", "empty").code == 2


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "owner"),
        ({"USER": "", "USERNAME": "DOMAIN\\Bob"}, "DOMAIN\\Bob"),
        ({"USER": "Äñ"}, "Äñ"),
    ],
)
def test_a_user_is_known_by_the_name_of_the_account(environment: dict[str, str], name: str) -> None:
    assert user_name(environment) == name
