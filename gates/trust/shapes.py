"""JSON values taken for what they should be."""

from collections.abc import Mapping, Sequence

from policies.canonical import Json


def exactly(value: Json, names: Sequence[str]) -> Mapping[str, Json]:
    """An object with these fields and no others.

    Raises:
        ValueError: When it is anything else.
    """
    if set(an_object(value)) != set(names):
        raise ValueError(f"it has other fields than {', '.join(names)}")
    return an_object(value)


def an_object(value: Json) -> Mapping[str, Json]:
    """An object.

    Raises:
        ValueError: When it is anything else.
    """
    if not isinstance(value, Mapping):
        raise ValueError("a value is no object")  # noqa: TRY004 - what is wrong with a file
    return value


def a_list(value: Json) -> Sequence[Json]:
    """A list.

    Raises:
        ValueError: When it is anything else.
    """
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ValueError("a value is no list")  # noqa: TRY004 - what is wrong with a file
    return value


def a_text(value: Json) -> str:
    """A text.

    Raises:
        ValueError: When it is anything else.
    """
    if not isinstance(value, str):
        raise ValueError("a value is no text")  # noqa: TRY004 - what is wrong with a file
    return value
