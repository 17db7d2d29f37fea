"""State in a folder of one machine: a file per stream, and lock files."""

import fcntl
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from policies.canonical import canonical_json
from policies.errors import Broken
from stages.engine.state import Entry, LockHeld, checked_name
from stages.evidence.json_lines import strict_json

_LINE = re.compile(rb'\{"crc32":"([0-9a-f]{8})","entry":(\{.*\})\}')


class FolderState:
    """Streams and locks in a folder.

    A stream `a/b` is the file `a/b.jsonl`, one line per entry: `{"crc32": "...", "entry": {...}}`.
    A line counts once its newline is on disk; what stands after the last newline was torn by a
    death of the writer, is no entry, and is cut off by the next append. A line with a newline that
    cannot be read or does not match its checksum is never skipped.

    Args:
        folder: Where the files are; made when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    @property
    def url(self) -> str:
        """`file:///...`."""
        return self._folder.as_uri()

    def read(self, stream: str) -> tuple[Entry, ...]:
        """Every durable entry, oldest first; empty for a stream that was never written.

        Raises:
            Broken: When a line other than a torn last one cannot be read.
        """
        path = self._path(stream, ".jsonl")
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                data = file.read()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise _unusable(path, "read", error) from error
        lines = data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]
        return tuple(_entry(line, where=f"{path}:{n}") for n, line in enumerate(lines, start=1))

    def append(self, stream: str, entries: Sequence[Entry]) -> None:
        """Adds entries; they are on disk when this returns.

        Raises:
            Broken: When the disk refuses; nothing of the entries is kept then.
        """
        path = self._path(stream, ".jsonl")
        lines = b"".join(_line(entry) for entry in entries)
        if not lines:
            return
        try:
            _make_folder(path.parent)
            _append(path, lines)
        except OSError as error:
            raise _unusable(path, "write", error) from error

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Exclusive hold on a name, given up when the process ends.

        Raises:
            LockHeld: When another process (or another thread) holds it, naming the process.
            Broken: When the folder cannot be written.
        """
        path = self._path(name, ".lock")
        try:
            _make_folder(path.parent)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _unusable(path, "lock", error) from error
        try:
            _hold(descriptor, name, path)
            yield
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def _path(self, name: str, suffix: str) -> Path:
        return self._folder / f"{checked_name(name)}{suffix}"


def _line(entry: Entry) -> bytes:
    body = canonical_json(entry).encode()
    return b'{"crc32":"%08x","entry":%s}\n' % (zlib.crc32(body), body)


def _entry(line: bytes, *, where: str) -> Entry:
    found = _LINE.fullmatch(line)
    if found is None:
        raise _unreadable(where, "the line is not an entry")
    if int(found[1], 16) != zlib.crc32(found[2]):
        raise _unreadable(where, "the entry does not match its checksum")
    return cast("Entry", strict_json(found[2].decode()))


def _append(path: Path, lines: bytes) -> None:
    with path.open("ab+", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        end = _cut_torn_line(file.fileno())
        try:
            _write_all(file.fileno(), lines)
            os.fsync(file.fileno())
        except OSError:
            os.ftruncate(file.fileno(), end)
            raise
        if not end:  # the file may be new: its name must be on disk too
            _sync_folder(path.parent)


def _cut_torn_line(descriptor: int) -> int:
    """Ends the file after its last newline; returns its length then."""
    size = os.fstat(descriptor).st_size
    end = size
    while end and os.pread(descriptor, 1, end - 1) != b"\n":
        start = max(0, end - 65_536)
        end = start + os.pread(descriptor, end - start, start).rfind(b"\n") + 1
    if end < size:
        os.ftruncate(descriptor, end)
    return end


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _hold(descriptor: int, name: str, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
        raise LockHeld(
            f"cannot work on {name}",
            why=f"process {holder or '(unknown)'} holds {path}",
            fix="wait until it ends, or end it; the lock goes with the process",
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unreadable(where: str, why: str) -> Broken:
    return Broken(
        f"cannot read the journal at {where}",
        why=f"{why}; the file was changed by something else, or the disk is damaged",
        fix="restore the file from a backup, or delete that line to have its entry measured again",
    )


def _unusable(path: Path, verb: str, error: OSError) -> Broken:
    return Broken(
        f"cannot {verb} {path}",
        why=error.strerror or str(error),
        fix="free space or mend the permissions of the folder, then run the same command again",
    )
