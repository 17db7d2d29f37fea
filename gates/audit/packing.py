"""A dossier as one file: a zip without compression, so that equal dossiers are equal bytes."""

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from gates.trust.untrusted import Untrusted
from policies.errors import InputError

MOST_BYTES = 1024**3
"""Of a dossier; ten thousand records with their evidence have a fifth of that."""

MOST_OF_ONE = 64 * 1024**2
"""Bytes of one file; evidence of the largest rounds has under one MiB."""

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_NAME = re.compile(r"([a-z]+/)?[a-z0-9_]+\.(json|html|py)")


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip that depends on the files only.

    Args:
        files: By their places.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.create_system = _UNIX
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name])
    return packed.getvalue()


def unpack(path: Path) -> Mapping[str, bytes]:
    """The files of a zip that `pack` wrote.

    Raises:
        InputError: When it cannot be read, or is too large to be a dossier.
        Untrusted: When it was not written by `pack`: it is compressed, has names that lead out of
            it, or a byte in it was changed.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _unreadable(path, f"it has more than {MOST_BYTES:,} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check(path, archive, size=len(data))
            files = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, RuntimeError) as error:
        raise _refused(path, f"it is no zip that can be read: {error}") from None
    if pack(files) != data:
        raise _refused(path, "it was not written by gate audit export, or was changed since")
    return files


def _check(path: Path, archive: zipfile.ZipFile, *, size: int) -> None:
    entries = archive.infolist()
    for entry in entries:
        if not _NAME.fullmatch(entry.filename):
            raise _refused(path, f"it holds {entry.filename[:80]!r}, which no dossier does")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > MOST_OF_ONE:
            raise _refused(path, f"{entry.filename} is compressed, or too large")
    if sum(entry.file_size for entry in entries) > size:
        raise _refused(path, "its files lie over one another")


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        f"cannot read the dossier {path}", why=why, fix="name a file of gate audit export"
    )


def _refused(path: Path, why: str) -> Untrusted:
    return Untrusted(
        f"cannot believe the dossier {path}", why=why, fix="ask for it again, as it was exported"
    )
