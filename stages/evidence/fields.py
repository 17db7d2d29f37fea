"""Reading JSON strictly: every value is asked for by kind, and every refusal names its field."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from policies.errors import InputError
from stages.evidence.json_lines import strict_json, utf8_text

LARGEST_COUNT = 2**53
"""No count is larger: beyond it JSON readers disagree about whole numbers."""

LARGEST_SEED = 2**128
"""A seed is at most as large as numpy's entropy."""

LARGEST_NUMBER = 1e150
"""No measured number is larger; its square is still finite."""

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Field:
    """A JSON value, and where it stands.

    Attributes:
        value: What was read.
        where: The file, for errors.
        path: Dotted path inside the file; empty for the whole.
    """

    value: object
    where: str
    path: str = ""

    def keyed(self, *keys: str) -> "dict[str, Field]":
        """The values of an object that has exactly these keys."""
        if not isinstance(self.value, dict):
            raise self.refused("must be an object")
        missing = [key for key in keys if key not in self.value]
        unknown = sorted(key for key in self.value if key not in keys)
        if missing or unknown:
            said = [f"lacks `{key}`" for key in missing] + [f"has `{key}`" for key in unknown]
            raise self.refused(f"{', '.join(said)}; its keys are {', '.join(keys)}")
        prefix = f"{self.path}." if self.path else ""
        return {key: Field(self.value[key], self.where, f"{prefix}{key}") for key in keys}

    def has(self, key: str) -> bool:
        """Whether this is an object with such a key."""
        return isinstance(self.value, dict) and key in self.value

    def each(self, read: "Callable[[Field], T]") -> tuple[T, ...]:
        """Every entry of a list, read in order."""
        if not isinstance(self.value, list):
            raise self.refused("must be a list")
        entries = enumerate(self.value)
        return tuple(read(Field(v, self.where, f"{self.path}[{i}]")) for i, v in entries)

    def maybe(self, read: "Callable[[Field], T]") -> T | None:
        """None for null, else what is read."""
        return None if self.value is None else read(self)

    def text(self) -> str:
        """A text."""
        if not isinstance(self.value, str):
            raise self.refused("must be a text")
        return self.value

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self.refused("must be true or false")
        return self.value

    def number(self) -> float:
        """A finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.refused("must be a number")
        if not abs(self.value) <= LARGEST_NUMBER:
            raise self.refused("is no number that could have been measured")
        return float(self.value)

    def amount(self) -> float:
        """A finite number that is not negative."""
        number = self.number()
        if number < 0:
            raise self.refused(f"must not be negative, found {number:g}")
        return number

    def count(self) -> int:
        """A whole number from 0 to 2^53."""
        whole = self._whole()
        if not 0 <= whole <= LARGEST_COUNT:
            raise self.refused("must be a count, from 0 to 2^53")
        return whole

    def seed(self) -> int:
        """A whole number of at most 128 bits."""
        whole = self._whole()
        if abs(whole) > LARGEST_SEED:
            raise self.refused("is larger than any seed can be")
        return whole

    def _whole(self) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.refused("must be a whole number")
        return self.value

    def one_of(self, kind: type[E]) -> E:
        """A word of a closed set."""
        words = [member.value for member in kind]
        if not isinstance(self.value, str) or self.value not in words:
            raise self.refused(f"must be one of {', '.join(words)}")
        return kind(self.value)

    def built(self, build: Callable[[], T]) -> T:
        """What a value's own type makes of it; its refusal is told with this field's place."""
        try:
            return build()
        except ValueError as error:
            raise self.refused(str(error)) from error

    def refused(self, why: str) -> InputError:
        """The error to raise, naming file and field."""
        field = f"field `{self.path}` " if self.path else "it "
        return InputError(
            f"cannot read {self.where}",
            why=f"{self.where}: {field}{why}",
            fix="it is written by the gate and never edited: restore it, or measure again",
        )


def read_json(data: bytes, *, where: str) -> Field:
    """The one JSON value of a file.

    Raises:
        InputError: When the bytes are no UTF-8, no JSON, or JSON with NaN or duplicate keys.
    """
    try:
        value = strict_json(utf8_text(data, where=where))
    except ValueError as error:
        raise Field(None, where).refused(f"cannot be used: {error}") from error
    return Field(value, where)
