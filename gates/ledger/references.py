"""How people name a version: `assistant/12`, `assistant@champion`, `models:/assistant/12`."""

from dataclasses import dataclass

from policies.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A version as it was named; either by its number or by an alias.

    Attributes:
        name: Registered model name.
        version: Its number, as text; None when named by an alias.
        alias: The alias; None when named by its number.
    """

    name: str
    version: str | None = None
    alias: str | None = None


def parse_reference(text: str) -> Reference:
    """What a reference names; the forms are those of MLflow, `models:/` may be left out.

    Raises:
        InputError: When it is none of the forms.
    """
    body = text.strip().removeprefix("models:/")
    name, at, alias = body.rpartition("@")
    if at and _is_name(name) and _is_name(alias):
        return Reference(name=name, alias=alias)
    name, slash, version = body.rpartition("/")
    if slash and _is_name(name) and version.isascii() and version.isdecimal():
        return Reference(name=name, version=str(int(version)))
    raise InputError(
        f"{text!r} names no version",
        why="a version is a model's name with a number or an alias",
        fix="write assistant/12, assistant@champion or models:/assistant/12",
    )


def model_of(text: str) -> str:
    """The model's name in `assistant`, or in a reference to one of its versions.

    Raises:
        InputError: When it is neither.
    """
    return parse_reference(text).name if set(text) & set("/@") else text.strip()


def _is_name(text: str) -> bool:
    return bool(text.strip()) and not set(text) & set("/:@")
