"""Opening a harness's files: whole or in chunks, plain or inside a ZIP archive."""

import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from policies.benchmark_tasks import HarnessTask
from stages.engine.digests import sha256_of_file
from stages.offline.harness.foreign import Part
from stages.offline.harness.json_stream import CHUNK_BYTES
from stages.offline.harness.results import SourceFile, refused

if TYPE_CHECKING:
    from policies.canonical import Json

ZSTANDARD = 93
"""ZIP's number of the compression that Inspect writes and Python's `zipfile` before 3.14 lacks."""

_LOCAL_HEADER = struct.Struct("<26xHH")
"""Of a member of a ZIP file: lengths of its name and of its extra field, after fixed fields."""


@contextmanager
def reading(task: HarnessTask, path: Path) -> Iterator[None]:
    """Turns what goes wrong while a file is read into a refusal that names it.

    Raises:
        ResultsRefused: When it cannot be opened, is no UTF-8, no JSON or no archive.
    """
    try:
        yield
    except FileNotFoundError:
        raise refused(task, f"there is no {path}") from None
    except RecursionError:
        raise refused(task, f"{path} is nested too deeply") from None
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise refused(task, f"{path} cannot be read: {error}") from None


def source_file(path: Path) -> SourceFile:
    """A file's name and digest."""
    return SourceFile(name=path.name, sha256=sha256_of_file(path))


def whole_json(task: HarnessTask, path: Path) -> Part:
    """The one value of a JSON file.

    Raises:
        ResultsRefused: When it cannot be read.
    """
    with reading(task, path):
        return Part(cast("Json", json.loads(path.read_bytes())), task, path.name)


def json_lines(task: HarnessTask, path: Path) -> Iterator[Part]:
    """The value of every line that is not blank, one at a time.

    Raises:
        ResultsRefused: When the file, or a line of it, cannot be read.
    """
    with reading(task, path), path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield Part(cast("Json", json.loads(line)), task, f"{path.name}:{number}")


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """A file's bytes, from where it stands to its end."""
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


@contextmanager
def zip_member(archive: zipfile.ZipFile, name: str) -> Iterator[BinaryIO]:
    """A member of an archive, unpacked while it is read.

    Raises:
        ValueError: When there is no such member, or it is packed in an unknown way.
        ImportError: When the library for its compression is not installed.
    """
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise ValueError(f"it holds no {name}") from None
    if info.compress_type != ZSTANDARD:
        with archive.open(info) as plain:
            yield cast("BinaryIO", plain)
        return
    import zstandard  # noqa: PLC0415 - for Inspect's logs only

    packed = cast("BinaryIO", _Span(cast("BinaryIO", archive.fp), info))
    unpack = zstandard.ZstdDecompressor()
    try:
        with unpack.stream_reader(packed, read_across_frames=True, closefd=False) as unpacked:
            yield cast("BinaryIO", unpacked)
    except zstandard.ZstdError as error:
        raise ValueError(f"{name} cannot be unpacked: {error}") from None


class _Span:
    """The packed bytes of a member, read independently of the archive's other readers."""

    def __init__(self, file: BinaryIO, info: zipfile.ZipInfo) -> None:
        file.seek(info.header_offset)
        name_length, extra_length = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        self._file = file
        self._at = file.tell() + name_length + extra_length
        self._end = self._at + info.compress_size

    def read(self, size: int = -1) -> bytes:
        """At most `size` of them; all that are left when it is negative."""
        left = self._end - self._at
        self._file.seek(self._at)
        data = self._file.read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data
