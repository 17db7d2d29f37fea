"""Files of a run, kept in the state's streams: where a state is no folder, any machine has them."""

import base64
import binascii
import zlib
from collections.abc import Iterator
from pathlib import Path

from policies.canonical import sha256_of_bytes
from policies.errors import Broken
from stages.engine.state import Entry, State, foreign_entry

PART = 2_000_000
"""Bytes of a compressed file that one entry holds."""


def keep_files(folder: Path, state: State, stream: str) -> None:
    """Appends every file below a folder to a stream, which must be new.

    Raises:
        Broken: When a file cannot be read, or the state cannot be written.
    """
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            content = file.read_bytes()
        except OSError as error:
            raise Broken(f"cannot read {file}", why=error.strerror or str(error)) from error
        state.append(stream, list(_entries(file.relative_to(folder).as_posix(), content)))


def restore_files(folder: Path, state: State, stream: str) -> None:
    """Writes the files of a stream into an empty folder.

    Raises:
        Broken: When a part is missing or foreign, a file is not what was kept, or the disk refuses.
    """
    parts: dict[str, bytearray] = {}
    for entry in state.read(stream):
        path, digest, part = _read(entry, stream, state)
        held = parts.setdefault(path, bytearray())
        held += part
        if digest is not None:
            _write(folder, path, bytes(held), digest, _lost(path, stream, state))


def _entries(path: str, content: bytes) -> Iterator[Entry]:
    """The last part of a file carries the digest of the whole."""
    packed = zlib.compress(content)
    for start in range(0, len(packed), PART):
        last = start + PART >= len(packed)
        text = base64.b64encode(packed[start : start + PART]).decode()
        digest = sha256_of_bytes(content) if last else None
        yield {"path": path, "part": text, "sha256": digest}


def _read(entry: Entry, stream: str, state: State) -> tuple[str, str | None, bytes]:
    path, part, digest = (entry.get(key) for key in ("path", "part", "sha256"))
    foreign = foreign_entry("a file", stream=stream, state=state)
    if not isinstance(path, str) or ".." in Path(path).parts or Path(path).is_absolute():
        raise foreign
    try:
        packed = base64.b64decode(str(part), validate=True)
    except (ValueError, binascii.Error):
        raise foreign from None
    return path, None if digest is None else str(digest), packed


def _write(folder: Path, path: str, packed: bytes, digest: str, lost: Broken) -> None:
    try:
        content = zlib.decompress(packed)
    except zlib.error:
        raise lost from None
    if sha256_of_bytes(content) != digest:
        raise lost
    try:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    except OSError as error:
        raise Broken(f"cannot write {folder / path}", why=error.strerror or str(error)) from error


def _lost(path: str, stream: str, state: State) -> Broken:
    return Broken(
        f"cannot read {path} in stream {stream} of {state.url}",
        why="it is not the file that was kept",
        fix="restore the state from a backup",
    )
