"""Records of a file, each with its line, whoever wrote it: JSON, JSON lines, CSV or Parquet."""

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from policies.canonical import Json
from policies.errors import InputError
from stages.evidence.json_lines import strict_json, utf8_text

LISTED = 20
"""As many wrong lines are listed before reading ends."""

LONGEST_FIELD = 2**31 - 1
"""Characters: Python's own limit of 131,072 is less than a model may answer."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_CANNOT_READ = "cannot read the record at "

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record.

    Attributes:
        where: File and line.
        fields: What it holds, by name.
        fix: What a file of this format looks like, for errors.
    """

    where: str
    fields: Mapping[str, Json]
    fix: str

    def text(self, name: str) -> str:
        """A text that says something."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self.refused(f"`{name}` must be a text that says something")
        return value

    def name(self, name: str) -> str:
        """A text that says something, or a whole number, as a text."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
            raise self.refused(f"`{name}` must be a text or a whole number that says something")
        return str(value)

    def maybe_text(self, name: str) -> str | None:
        """A text, empty or not; None when there is none."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, str):
            raise self.refused(f"`{name}` must be a text")
        return value

    def one_of(self, name: str, words: Iterable[str]) -> str:
        """One of some words."""
        value = self.fields.get(name)
        if not isinstance(value, str) or value not in words:
            raise self.refused(f"`{name}` is {value!r}, not one of {', '.join(words)}")
        return value

    def two_models(self, one: str, other: str) -> tuple[str, str]:
        """Two names that differ."""
        names = self.text(one), self.text(other)
        if names[0] == names[1]:
            raise self.refused(f"`{names[0]}` is compared with itself")
        return names

    def share(self, name: str) -> float | None:
        """A number from 0 to 1, or None when there is none."""
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self.refused(f"`{name}` is {value!r}, not a number from 0 to 1")
        return float(value)

    def inside(self, name: str, fields: Json) -> "Row":
        """An object of the record, as a row of its own."""
        if not isinstance(fields, Mapping):
            raise self.refused(f"`{name}` must be a JSON object")
        return Row(where=self.where, fields=fields, fix=self.fix)

    def refused(self, why: str) -> InputError:
        """What is wrong with it."""
        return _wrong(self.where, why, self.fix)


Rows = Iterator[Row | InputError]
"""Records, or what is wrong with a line that holds none."""


def all_or_none(rows: Rows, read: Callable[[Row], Iterable[Read]]) -> tuple[Read, ...]:
    """What all the records of a file say.

    Raises:
        InputError: When a line is wrong, naming file and line; the first 20 are listed.
    """
    found: list[Read] = []
    wrong: list[InputError] = []
    for row in rows:
        if isinstance(row, InputError):
            wrong.append(row)
        else:
            try:
                found.extend(read(row))
            except InputError as error:
                wrong.append(error)
        if len(wrong) == LISTED:
            break
    if wrong:
        raise listed(wrong)
    return tuple(found)


def listed(wrong: Sequence[InputError]) -> InputError:
    """Several wrong lines in one error; one is itself."""
    if len(wrong) == 1:
        return wrong[0]
    lines = [f"{place_of(error)}: {error.why}" for error in wrong]
    more = " or more" if len(wrong) == LISTED else ""
    others = "1 other line" if len(wrong) == 2 else f"{len(wrong) - 1}{more} other lines"  # noqa: PLR2004 - the first and one more
    return InputError(
        f"{wrong[0].message}, and {others}",
        why="; ".join(lines),
        fix=wrong[0].fix,
    )


def place_of(error: InputError) -> str:
    """File and line of a record that cannot be read."""
    return error.message.removeprefix(_CANNOT_READ)


def json_rows(data: bytes, *, where: str, fix: str) -> Rows:
    """Objects of a JSON list, or one a line; NaN in a list, which data frames write, is null."""
    text = utf8_text(data.removeprefix(BYTE_ORDER_MARK), where=where)
    entries = _list_entries if text.lstrip().startswith("[") else _line_entries
    for line, entry in entries(text, where):
        if isinstance(entry, InputError):
            yield entry
        elif isinstance(entry, Mapping):
            yield Row(where=line, fields=entry, fix=fix)
        else:
            yield _wrong(line, "a record must be a JSON object", fix)


def csv_rows(data: bytes, *, where: str, columns: Sequence[str], fix: str) -> Rows:
    """Rows of a CSV file, by its header, in which some columns must stand; all fields are texts.

    A row is named by the line that it begins on.
    """
    text = utf8_text(data.removeprefix(BYTE_ORDER_MARK), where=where)
    csv.field_size_limit(LONGEST_FIELD)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(rows, [])
        missing = [name for name in columns if name not in header]
        if missing:
            yield _without(missing, header, where=f"{where}:1", fix=fix)
            return
        if len(set(header)) < len(header):
            yield _wrong(f"{where}:1", "a column stands twice", fix)
            return
        begins = rows.line_num + 1
        for row in rows:
            line, begins = f"{where}:{begins}", rows.line_num + 1
            if len(row) == len(header):
                yield Row(where=line, fields=dict(zip(header, row, strict=True)), fix=fix)
            else:
                yield _wrong(line, f"{len(row)} fields under {len(header)} columns", fix)
    except csv.Error as error:
        yield _wrong(f"{where}:{rows.line_num}", str(error), fix)


def _without(missing: Sequence[str], header: Sequence[str], *, where: str, fix: str) -> InputError:
    """That columns are missing, and why, where a program wrote something else between them."""
    said = f"there is no column {', '.join(missing)}"
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and mark in header[0]:
            why = f"{said}: {name} stand between its columns, not commas"
            return _wrong(where, why, "save the table as CSV with commas between its columns")
    return _wrong(where, said, fix)


def parquet_rows(data: bytes, *, where: str, fix: str) -> Rows:
    """Rows of a Parquet file, numbered from 1; times are ISO 8601 texts, NaN is null."""
    import pyarrow as pa  # noqa: PLC0415 - only where a Parquet file is read
    from pyarrow import parquet  # noqa: PLC0415

    try:
        table = parquet.read_table(pa.BufferReader(data))
        records = table.to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        yield _wrong(f"{where}:1", f"not a Parquet file: {error}", fix)
        return
    for number, record in enumerate(records, start=1):
        yield Row(where=f"{where}:{number}", fields=_as_json(record), fix=fix)


def is_parquet(data: bytes) -> bool:
    """Whether a file says that it is Parquet."""
    return data.startswith(b"PAR1")


def is_json(data: bytes) -> bool:
    """Whether a file is JSON rather than CSV, as far as its first character tells."""
    return data.removeprefix(BYTE_ORDER_MARK).lstrip()[:1] in (b"[", b"{")


def _line_entries(text: str, where: str) -> Iterator[tuple[str, Json | InputError]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            place = f"{where}:{number}"
            try:
                yield place, strict_json(line)
            except ValueError as error:
                yield place, _wrong(place, str(error), "write one JSON object a line, or a list")


def _list_entries(text: str, where: str) -> Iterator[tuple[str, Json]]:
    decoder = json.JSONDecoder(
        object_pairs_hook=_object, parse_constant=_constant, parse_float=_finite
    )
    try:
        entries = decoder.decode(text)
        if "\\u" in text:
            json.dumps(entries, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise _not_json(f"{where}:{error.lineno}", error.msg) from None
    except UnicodeEncodeError:
        raise _not_json(f"{where}:1", "half a surrogate pair, which UTF-8 cannot write") from None
    except (ValueError, RecursionError) as error:
        raise _not_json(f"{where}:1", str(error)) from None
    at = text.index("[") + 1
    line = 1 + text.count("\n", 0, at)
    for entry in entries:
        begin = _begin(text, at)
        line += text.count("\n", at, begin)
        yield f"{where}:{line}", entry
        _, end = decoder.raw_decode(text, begin)
        line, at = line + text.count("\n", begin, end), end


def _begin(text: str, at: int) -> int:
    """Where the next element of a valid list begins."""
    while text[at] in " \t\r\n,":
        at += 1
    return at


def _object(pairs: list[tuple[str, Json]]) -> Json:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _constant(name: str) -> None:
    if name != "NaN":
        raise ValueError(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large a number")
    return number


def _as_json(value: object) -> dict[str, Json]:
    """A record of Arrow as JSON would hold it."""
    written = json.dumps(value, default=_plain)
    read: dict[str, Json] = json.loads(written, parse_constant=lambda _: None)
    return read


def _plain(value: object) -> Json:
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat()) if isoformat else str(value)


def _not_json(place: str, why: str) -> InputError:
    return _wrong(place, f"not valid JSON: {why}", "write one JSON object a line, or a list")


def _wrong(place: str, why: str, fix: str) -> InputError:
    return InputError(f"{_CANNOT_READ}{place}", why=why, fix=fix)
