"""Values as a policy would write them."""

from collections.abc import Mapping

from policies.canonical import Json


def value_words(value: Json) -> str:
    """A value as a policy would write it, without what is not said; `-` where there is none."""
    match value:
        case None:
            return "-"
        case Mapping():
            said = (
                f"{key}: {value_words(inside)}"
                for key, inside in value.items()
                if not _unsaid(inside)
            )
            return "{" + ", ".join(said) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(value_words, value)) + "]"
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _unsaid(value: Json) -> bool:
    return value is None or value in ([], {})
