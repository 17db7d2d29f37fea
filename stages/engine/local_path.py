"""The file on this machine that a path or a URL leads to, whichever way it is written."""

import os
from collections.abc import Iterator
from pathlib import Path

_HOPS_AT_MOST = 40
"""Links that are followed one after the other; Linux follows as many."""


def local_path(url: str, base: Path) -> Path | None:
    """The file that is read; None where it is of no file system of this machine.

    Args:
        url: A path, relative to `base`, or an fsspec URL: `file://`, `local://` and chains over
            them, such as `simplecache::file://`, lead to a file here.
        base: The folder of the file that names it.
    """
    return base / url if "://" not in url else _behind(url)


def places(file: Path) -> Iterator[Path]:
    """A file, and what it is a link to, one link after the other, to where it truly stands."""
    here = file
    for _ in range(_HOPS_AT_MOST):
        yield here
        if not here.is_symlink():
            break
        here = here.parent / here.readlink()
    yield Path(os.path.realpath(file))


def _behind(url: str) -> Path | None:
    from fsspec.core import url_to_fs  # noqa: PLC0415 - a tenth of a second, for URLs alone
    from fsspec.implementations.local import LocalFileSystem  # noqa: PLC0415

    try:
        system, path = url_to_fs(url)
    except (ImportError, OSError, ValueError, TypeError):
        return None  # whoever reads it says what is wrong
    while not isinstance(system, LocalFileSystem):
        system = getattr(system, "fs", None)
        if system is None:
            return None
    return Path(path)
