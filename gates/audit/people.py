"""Names behind the pseudonyms under which people stand in records: kept apart, so they can go.

A record is never changed. What can be forgotten is who an owner is: the one file that says so is
beside the trust file, in no dossier, in no record, and kept out of git.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from uuid import uuid4

from pydantic import ConfigDict, Field, ValidationError

from policies.base import Strict, Text
from policies.errors import Broken, InputError, WrongUsage

FILE = "people.json"
_PSEUDONYM = re.compile(r"person-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class People:
    """Names by pseudonym.

    Attributes:
        names: Of everybody who was not forgotten.
    """

    names: Mapping[str, str] = field(repr=False)


def people_file(trust_file: Path | None) -> Path:
    """Where names are: beside the trust file.

    Raises:
        WrongUsage: When there is no trust file.
    """
    if trust_file is None:
        raise WrongUsage(
            "there is nobody to name",
            why="[trust] root in gate.toml names no trust file",
            fix="gate trust init makes a key and a trust file",
        )
    return trust_file.with_name(FILE)


def read_people(path: Path) -> People:
    """Names that are known; none where the file is not there.

    Raises:
        Broken: When it cannot be read.
    """
    try:
        return People(_File.model_validate_json(path.read_bytes()).people)
    except FileNotFoundError:
        return People({})
    except (OSError, ValidationError) as error:
        raise Broken(
            f"cannot read {path}",
            why=str(error).splitlines()[0],
            fix="restore it from a backup; without it nobody knows who is who, and all else works",
        ) from None


def give_pseudonym(path: Path, name: str, *, draw: Callable[[], str]) -> str:
    """A new owner's name for the trust file, which stands for a person's.

    Args:
        path: `people.json`.
        name: The person's name.
        draw: Eight hexadecimal digits at random.

    Raises:
        InputError: When the person has one.
    """
    owner = pseudonym_for(path, name, draw=draw)
    if owner in read_people(path).names:
        raise InputError(
            f"{name} is {owner} already", why=f"{path} says so", fix=f"gate keys new {owner}"
        )
    remember(path, owner, name)
    return owner


def pseudonym_for(path: Path, name: str, *, draw: Callable[[], str]) -> str:
    """The pseudonym that stands for a person, or a new one; nothing is written.

    Args:
        path: `people.json`.
        name: The person's name.
        draw: Eight hexadecimal digits at random.
    """
    known = read_people(path).names.items()
    owner = next((owner for owner, theirs in known if theirs == name), None) or f"person-{draw()}"
    assert _PSEUDONYM.fullmatch(owner)
    return owner


def remember(path: Path, owner: str, name: str) -> None:
    """Writes down whom a pseudonym stands for, where git does not look.

    Raises:
        Broken: When it cannot be written.
    """
    _keep_out_of_git(path)
    _write(path, {**read_people(path).names, owner: name})


def forget(path: Path, owner: str) -> None:
    """Erases a person's name; records under the pseudonym stay as they are.

    Raises:
        InputError: When no name is known for this owner.
    """
    before = read_people(path).names
    if owner not in before:
        pseudonym = _PSEUDONYM.fullmatch(owner)
        raise InputError(
            f"there is no name of {owner} to forget",
            why=f"{path} says none"
            + ("" if pseudonym else f", and {owner} is what the records themselves say"),
            fix="gate audit people lists the names that are known; records are never changed, so "
            "give people pseudonyms before they sign: gate audit pseudonym NAME",
        )
    _write(path, {known: name for known, name in before.items() if known != owner})


def _write(path: Path, names: Mapping[str, str]) -> None:
    """Writes the file beside its place, and moves it there; only its owner may read it."""
    text = json.dumps(
        {"schema": "gate.people/1", "people": dict(sorted(names.items()))},
        indent=2,
        ensure_ascii=False,
    )
    scratch = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(f"{text}\n".encode())
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise _unwritable(path, error) from None


def _keep_out_of_git(path: Path) -> None:
    ignored = path.with_name(".gitignore")
    try:
        before = ignored.read_text(encoding="utf-8") if ignored.exists() else ""
        if path.name not in before.splitlines():
            line = "" if not before or before.endswith("\n") else "\n"
            ignored.write_text(f"{before}{line}{path.name}\n", encoding="utf-8")
    except OSError as error:
        raise _unwritable(ignored, error) from None


def _unwritable(path: Path, error: OSError) -> Broken:
    return Broken(
        f"cannot write {path}", why=error.strerror or str(error), fix="check who may write there"
    )


class _File(Strict):
    model_config = ConfigDict(populate_by_name=True)

    schema_: Literal["gate.people/1"] = Field(alias="schema")
    people: dict[Text, Text]
