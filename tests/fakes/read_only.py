"""A folder that may only be read, also by root: as a mount is that others share with an auditor."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., object]


def read_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever would write below a folder is refused as a mount refuses it that is read-only."""
    below = folder.absolute()

    def refusing(real: Call, writes: Callable[..., bool]) -> Call:
        def called(path: Path | str, *args: object, **how: object) -> object:
            if Path(path).absolute().is_relative_to(below) and writes(path, *args):
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
            return real(path, *args, **how)

        return called

    monkeypatch.setattr(Path, "open", refusing(Path.open, _opens_to_write))
    monkeypatch.setattr(Path, "mkdir", refusing(Path.mkdir, _makes))
    monkeypatch.setattr(os, "open", refusing(os.open, _takes_to_write))


def _opens_to_write(path: Path, mode: str = "r", *_: object) -> bool:
    del path
    return bool(set(mode) & set("wax+"))


def _makes(path: Path, *_: object) -> bool:
    return not path.is_dir()


def _takes_to_write(path: str, flags: int, *_: object) -> bool:
    del path
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
