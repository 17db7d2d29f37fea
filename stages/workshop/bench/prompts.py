"""Prompts out of traffic: JSON lines, conversations and tables, a record at a time."""

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from policies.canonical import Json
from policies.errors import InputError
from stages.evidence.json_lines import strict_json
from stages.workshop.bench.recipe import Traffic

LINE_AT_MOST = 8 << 20
"""Bytes of a line: a longer one is passed over without being held in memory."""

ENORMOUS, UNREADABLE, NO_TURN = "line too long to read", "not readable", "no user turn"
"""Why a record holds no prompt."""

_UNREADABLE_AT_MOST = 0.01
"""Share of records that may be unreadable before the file is taken for another kind of file."""

_FIELDS = ("prompt", "messages", "conversation", "instruction", "text")
_BLOCK = 1 << 20
_ROWS = 1_024


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record of traffic.

    Attributes:
        place: Its number over all files, from 0.
        text: The prompt, as it was written; empty where there is none.
        lacks: Why there is none; empty where there is one.
    """

    place: int
    text: str = ""
    lacks: str = ""


@dataclass(slots=True)
class TrafficReader:
    """Reads every record of some files, holding one at a time.

    Attributes:
        traffic: What to read.
        base: Folder that relative paths start from.
        digests: SHA-256 of every file that was read to its end, by its name in the recipe.
    """

    traffic: Traffic
    base: Path
    digests: dict[str, str] = field(default_factory=dict)
    _unreadable: int = 0
    _first: str = ""

    def records(self) -> Iterator[Record]:
        """Every record, in the order of the files.

        Raises:
            InputError: When a file cannot be read or holds nothing, or more than 1 % of the records
                cannot be read.
        """
        place = 0
        for path in self._files():
            before = place
            for read in self._of(path):
                yield Record(place=place, text=read.text, lacks=read.lacks)
                place += 1
            if place == before:
                raise _refused(path, "it holds no record")
            if self._unreadable > _UNREADABLE_AT_MOST * place:
                raise _refused(path, f"{self._unreadable} of {place} records: {self._first}")

    def _files(self) -> tuple[Path, ...]:
        found: dict[Path, None] = {}
        for entry in self.traffic.files:
            magic = any(c in entry for c in "*?[")
            paths = sorted(self.base.glob(entry)) if magic else [self.base / entry]
            if not paths:
                raise _refused(Path(entry), "no file has such a name")
            found |= dict.fromkeys(paths)
        return tuple(found)

    def _of(self, path: Path) -> Iterator["_Read"]:
        name = str(path.relative_to(self.base)) if path.is_relative_to(self.base) else str(path)
        try:
            with path.open("rb") as opened:
                hashed = _Hashed(opened)
                yield from self._read(path, hashed)
                self.digests[name] = hashed.whole()
        except (OSError, EOFError, zlib.error) as error:
            raise _refused(path, (getattr(error, "strerror", None) or str(error)).lower()) from None

    def _read(self, path: Path, opened: "_Hashed") -> Iterator["_Read"]:
        rows: Iterator[_Read | Mapping[str, Json]]
        match path.suffix.lower():
            case ".parquet":
                rows = _parquet(path)
            case ".csv":
                rows = _csv(opened, path)
            case ".gz":
                rows = self._lines(gzip.GzipFile(fileobj=opened), path)
            case _:
                rows = self._lines(opened, path)
        for number, row in enumerate(rows, start=1):
            yield row if isinstance(row, _Read) else self._prompt(row, f"record {number} of {path}")

    def _lines(self, opened: _Readable, path: Path) -> Iterator["_Read | Mapping[str, Json]"]:
        for number, line in enumerate(_bounded_lines(opened), start=1):
            if line is None:
                yield _Read(lacks=ENORMOUS)
            elif line.strip():
                yield self._parsed(line, f"{path}:{number}")

    def _parsed(self, line: bytes, where: str) -> "_Read | Mapping[str, Json]":
        try:
            value = strict_json(line.decode())
        except (UnicodeDecodeError, ValueError) as error:
            why = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            return self._passed_over(f"{where}: {why}")
        if isinstance(value, str):
            return {"prompt": value}
        if not isinstance(value, Mapping):
            return self._passed_over(f"{where} is no JSON object")
        return value

    def _passed_over(self, why: str) -> "_Read":
        self._unreadable += 1
        self._first = self._first or why
        return _Read(lacks=UNREADABLE)

    def _prompt(self, row: Mapping[str, Json], where: str) -> "_Read":
        wanted = self.traffic.field
        name = wanted or next((f for f in _FIELDS if row.get(f) is not None), None)
        if name is None or name not in row:
            missing = f"`{wanted}`" if wanted else ", ".join(f"`{f}`" for f in _FIELDS)
            return self._passed_over(f"{where} has no {missing}")
        text = first_user_turn(row[name])
        return _Read(text=text) if text else _Read(lacks=NO_TURN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    text: str = ""
    lacks: str = ""


def first_user_turn(value: Json) -> str:
    """The first thing that a user says; empty where none does.

    Args:
        value: A text, or a conversation: messages of `role` (or `from`) and `content` (or `value`),
            whose content is a text or a list of parts.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, Sequence):
        return ""
    for turn in value:
        if isinstance(turn, Mapping) and turn.get("role", turn.get("from")) in ("user", "human"):
            return _said(turn.get("content", turn.get("value")))
    return ""


def _said(content: Json) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, Sequence) else ()
    texts = (part.get("text") for part in parts if isinstance(part, Mapping))
    return "\n".join(text for text in texts if isinstance(text, str))


class _Hashed(io.RawIOBase):
    """A file that is hashed while it is read from front to back."""

    def __init__(self, opened: IO[bytes]) -> None:
        self._opened = opened
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self._opened.read(size)
        self._digest.update(data)
        return data

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override] # narrower
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def whole(self) -> str:
        """Digest of the file, its rest included."""
        while self.read(_BLOCK):
            pass
        return self._digest.hexdigest()


def _bounded_lines(opened: _Readable) -> Iterator[bytes | None]:
    """Every line; None for one that is too long, whose bytes are let go of as they come."""
    held, too_long = b"", False
    while block := opened.read(_BLOCK):
        *ended, rest = block.split(b"\n")
        for part in ended:
            line, held = held + part, b""
            yield None if too_long or len(line) > LINE_AT_MOST else line
            too_long = False
        held += rest
        if len(held) > LINE_AT_MOST:
            held, too_long = b"", True
    if held or too_long:
        yield None if too_long else held


def _csv(opened: "_Hashed", path: Path) -> Iterator[_Read | Mapping[str, Json]]:
    csv.field_size_limit(LINE_AT_MOST)
    text = io.TextIOWrapper(io.BufferedReader(opened), encoding="utf-8-sig", newline="")
    rows = csv.DictReader(text, strict=True)
    try:
        for row in rows:
            yield {str(name): value for name, value in row.items()}
    except (csv.Error, UnicodeDecodeError) as error:
        raise _refused(path, f"line {rows.line_num + 1}: {error}") from None
    finally:
        text.detach()


def _parquet(path: Path) -> Iterator[_Read | Mapping[str, Json]]:
    import pyarrow as pa  # noqa: PLC0415 - a fifth of a second, only where a table is read
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_ROWS):
                yield from batch.to_pylist()
    except pa.ArrowInvalid as error:
        raise _refused(path, str(error).splitlines()[0]) from None


def _refused(path: Path, why: str) -> InputError:
    return InputError(
        f"cannot read prompts from {path}",
        why=why,
        fix='name JSON lines such as {"prompt": "..."} or {"conversation": [{"role": "user", '
        '"content": "..."}]}, a CSV or a Parquet file, and its `field` in the recipe',
    )
