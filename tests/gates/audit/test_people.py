"""Who somebody is stands in one file that can be erased; records know pseudonyms only."""

import stat
from pathlib import Path

import pytest

from gates.audit.people import forget, give_pseudonym, people_file, read_people
from policies.errors import Broken, InputError, WrongUsage


def test_a_name_is_given_a_pseudonym_and_forgotten(tmp_path: Path) -> None:
    path = people_file(tmp_path / "trust.json")
    owner = give_pseudonym(path, "Ann Exämple", draw=lambda: "0123abcd")
    assert owner == "person-0123abcd"
    assert read_people(path).names == {owner: "Ann Exämple"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    forget(path, owner)
    assert read_people(path).names == {}
    assert "Ann" not in path.read_text()
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".people")] == []


def test_the_file_is_kept_out_of_git_beside_what_is_ignored_already(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("build")
    path = tmp_path / "people.json"
    for number in range(2):
        give_pseudonym(path, f"person {number}", draw=lambda n=number: f"{n:08x}")  # type: ignore[misc]
    assert (tmp_path / ".gitignore").read_text() == "build\npeople.json\n"
    assert len(read_people(path).names) == 2


def test_a_person_has_one_pseudonym(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    give_pseudonym(path, "Ann", draw=lambda: "00000001")
    with pytest.raises(InputError, match="Ann is person-00000001 already"):
        give_pseudonym(path, "Ann", draw=lambda: "00000002")


def test_what_the_records_themselves_say_cannot_be_forgotten(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        forget(tmp_path / "people.json", "ann")
    assert "ann is what the records themselves say" in caught.value.why
    with pytest.raises(InputError) as caught:
        forget(tmp_path / "people.json", "person-00000001")
    assert "themselves" not in caught.value.why


def test_a_file_that_cannot_be_read_and_a_workspace_without_trust_are_told(tmp_path: Path) -> None:
    (tmp_path / "people.json").write_text("[]")
    with pytest.raises(Broken, match="cannot read"):
        read_people(tmp_path / "people.json")
    with pytest.raises(WrongUsage, match="nobody to name"):
        people_file(None)
    (tmp_path / "gone").write_text("")
    with pytest.raises(Broken, match="cannot write"):
        give_pseudonym(tmp_path / "none" / "people.json", "Ann", draw=lambda: "00000001")
