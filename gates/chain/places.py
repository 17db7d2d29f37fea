"""Folders for what must outlive MLflow: on a disk, or behind an fsspec URL."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from gates.masking import mask_secrets
from policies.errors import Broken

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


_WITHOUT_FOLDERS = {"s3", "s3a", "gs", "gcs", "az", "abfs"}
"""Object stores: to make a folder there makes the bucket, also one whose name was misspelt."""


class Place(Protocol):
    """A folder of files that are read and written whole."""

    @property
    def url(self) -> str:
        """Where it is, for people."""
        ...

    def read(self, name: str) -> bytes | None:
        """A file; None when there is none.

        Raises:
            Broken: When the place does not answer.
        """
        ...

    def write(self, name: str, data: bytes, *, lasting: bool = False) -> None:
        """Writes a file, whole or not at all.

        Args:
            name: The file.
            data: What is in it.
            lasting: Whether it must outlive a power cut from now on: what is named by its digest
                is seen to be torn, and written again.

        Raises:
            Broken: When it cannot.
        """
        ...

    def remove(self, name: str) -> None:
        """Removes a file, if it is there.

        Raises:
            Broken: When it cannot.
        """
        ...

    def names(self, folder: str) -> tuple[str, ...]:
        """Names of the files of a folder, in order; none when there is no such folder."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Keeps others of this machine out, where the place can."""
        ...


class Folder:
    """A place on this machine's disks.

    Args:
        path: Made when first written to.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def url(self) -> str:
        """Its path."""
        return str(self._path)

    def read(self, name: str) -> bytes | None:
        """A file; None when there is none."""
        try:
            return (self._path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(self.url, name, error) from error

    def write(self, name: str, data: bytes, *, lasting: bool = False) -> None:
        """Writes a file beside its place and moves it there."""
        target = self._path / name
        scratch = target.with_name(f".{target.name}.{uuid4().hex}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with scratch.open("wb") as file:
                file.write(data)
                if lasting:
                    file.flush()
                    os.fsync(file.fileno())
            scratch.replace(target)
        except OSError as error:
            scratch.unlink(missing_ok=True)
            raise _unwritable(self.url, name, error) from error

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""
        try:
            (self._path / name).unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(self.url, name, error) from error

    def names(self, folder: str) -> tuple[str, ...]:
        """Names of the files of a folder, in order."""
        try:
            found = [path.name for path in (self._path / folder).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise _unreadable(self.url, folder, error) from error
        return tuple(sorted(name for name in found if not name.startswith(".")))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps others of this machine out."""
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            lock = (self._path / ".lock").open("ab")
        except OSError as error:
            raise _unwritable(self.url, ".lock", error) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Bucket:
    """A place behind an fsspec URL, whose single writes are atomic there.

    Args:
        url: Such as `s3://bucket/records`.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    @property
    def url(self) -> str:
        """Its URL, without what is secret in it."""
        return mask_secrets(self._url)

    def read(self, name: str) -> bytes | None:
        """A file; None when there is none."""
        try:
            system, root = self._opened()
            return bytes(system.cat_file(f"{root}/{name}"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, ImportError) as error:
            raise _unreadable(self.url, name, error) from error

    def write(self, name: str, data: bytes, *, lasting: bool = False) -> None:
        """Writes a file; what such a place has taken, it keeps."""
        del lasting
        try:
            system, root = self._opened()
            if self._url.partition("://")[0] not in _WITHOUT_FOLDERS:
                system.makedirs(f"{root}/{name}".rpartition("/")[0], exist_ok=True)
            system.pipe_file(f"{root}/{name}", data)
        except (OSError, ValueError, ImportError) as error:
            raise _unwritable(self.url, name, error) from error

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""
        try:
            system, root = self._opened()
            system.rm_file(f"{root}/{name}")
        except FileNotFoundError:
            return
        except (OSError, ValueError, ImportError) as error:
            raise _unwritable(self.url, name, error) from error

    def names(self, folder: str) -> tuple[str, ...]:
        """Names of the files of a folder, in order."""
        try:
            system, root = self._opened()
            system.invalidate_cache()  # others write here, too
            found = system.ls(f"{root}/{folder}", detail=False)
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, ImportError) as error:
            raise _unreadable(self.url, folder, error) from error
        return tuple(sorted(str(path).rpartition("/")[2] for path in found))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps nobody out: such places have no locks."""
        yield

    def _opened(self) -> "tuple[AbstractFileSystem, str]":
        import fsspec  # noqa: PLC0415 - a tenth of a second that a local path need not pay

        system, root = fsspec.core.url_to_fs(self._url)
        return system, str(root).rstrip("/")


def open_place(url: str) -> Place:
    """The place behind a path, a `file:` URL or an fsspec URL."""
    path = url.removeprefix("file://")
    return Bucket(url) if "://" in path else Folder(Path(path))


def _unreadable(place: str, name: str, error: Exception) -> Broken:
    return Broken(
        f"cannot read {name} in {place}",
        why=mask_secrets(str(error)),
        fix="check [state] records and [trust] anchor in gate.toml, and who may read there",
    )


def _unwritable(place: str, name: str, error: Exception) -> Broken:
    return Broken(
        f"cannot write {name} in {place}",
        why=mask_secrets(str(error)),
        fix="check [state] records and [trust] anchor in gate.toml, and who may write there; what "
        "is in MLflow already stands, and is copied by the next command",
    )
