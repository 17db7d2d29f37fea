"""What a model in a folder is: the digest of its files."""

import hashlib
import os
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from policies.canonical import Json, sha256_of

_SETTLED_SECONDS = 2.0
"""A file that changed less long ago may change once more without its times telling: it is read."""

Stamp = tuple[int, int, int, int, int]
"""Of a file: device, inode, size, and when its bytes and it itself changed."""

_READ: dict[Stamp, str] = {}
"""Digests of files that this process has read: weights are large, and asked about again."""


def digest_of_folder(folder: Path, *, beside: Collection[str] = ()) -> str:
    """Digest of all files below a folder, by their names; caches of Python's own are no part of it.

    A file whose device, inode, size and times are those of one that this process has read is not
    read again.

    Args:
        folder: The model's.
        beside: Names of files at its top that are no part of the model.

    Raises:
        OSError: When one cannot be read.
    """
    files: dict[str, Json] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and "__pycache__" not in path.parts and name not in beside:
            files[name] = _digest_of(path)
    return sha256_of(files)


def stamps_of_folder(folder: Path) -> Mapping[Path, Stamp]:
    """Stamps of a folder, and of all files and folders below it.

    Equal stamps before and after something was read say that what was read in between is what lies
    there: who swaps a file and puts it back changes its times, or those of its folder. Whoever
    swaps a folder above this one for a moment is not seen.
    """
    found: dict[Path, Stamp] = {}
    for path in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):  # gone meanwhile, or a link to nothing
            found[path] = _stamp(path.stat())
    return found


def _stamp(stat: os.stat_result) -> Stamp:
    return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        stat = os.fstat(file.fileno())
        stamp = _stamp(stat)
        if stamp in _READ:
            return _READ[stamp]
        begun = time.time()
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if begun - stat.st_ctime > _SETTLED_SECONDS:
        _READ[stamp] = found
    return found
