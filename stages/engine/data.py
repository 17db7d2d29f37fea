"""Input files: read whole, checked against their digest, refused by file and line."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from policies.canonical import sha256_of_bytes
from policies.errors import GateError, InputError
from stages.engine.product import check_frozen
from stages.engine.remote import read_errors, remote_failure
from stages.evidence.items import Item, parse_item
from stages.evidence.json_lines import json_lines


class DatasetChanged(InputError):  # noqa: N818 - what happened to the file
    """A data file is not the one the plan froze."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFile:
    """The items of a file.

    Attributes:
        url: As the plan names it, without credentials.
        sha256: Digest of its bytes.
        items: In the file's order, ids unique; at least one.
    """

    url: str
    sha256: str
    items: tuple[Item, ...]


def read_items(url: str, *, base: Path, cluster: str | None, sha256: str | None) -> ItemFile:
    """The items of a JSONL file.

    Args:
        url: A path, relative to `base`, or an fsspec URL.
        base: The policy's folder.
        cluster: The field that groups dependent items; None when each stands alone.
        sha256: The digest the plan froze; None when it froze none.

    Raises:
        DatasetChanged: When the digest is another.
        Broken: When its server cannot be reached.
        InputError: When the file cannot be read, is empty, holds an id twice or a bad line, or
            belongs to a product that is not what was frozen.
    """
    shown = without_credentials(url)
    data = read_bytes(url, base=base)
    check_digest(data, sha256, where=shown)
    check_frozen(url, base)
    return parse_items(data, where=shown, cluster=cluster)


def parse_items(data: bytes, *, where: str, cluster: str | None) -> ItemFile:
    """The items of a JSONL file that was read.

    Args:
        data: The file's bytes.
        where: Its name, without credentials.
        cluster: The field that groups dependent items; None when each stands alone.

    Raises:
        InputError: When it is empty, or holds an id twice or a bad line.
    """
    items: dict[str, Item] = {}
    lines: dict[str, int] = {}
    for number, record in json_lines(data, where=where):
        item = parse_item(record, where=f"{where}:{number}", cluster=cluster)
        if item.id in items:
            raise InputError(
                f"cannot read {where}:{number}",
                why=f"id `{item.id}` stands already on line {lines[item.id]}",
                fix="give every item an id of its own",
            )
        items[item.id], lines[item.id] = item, number
    if not items:
        raise InputError(
            f"cannot read {where}", why="the file holds no item", fix="write at least one item"
        )
    return ItemFile(url=where, sha256=sha256_of_bytes(data), items=_units(tuple(items.values())))


def _units(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Items, those that put the same question in one cluster: asked twice, it is one unit."""
    if len({item.digest for item in items}) == len(items):
        return items
    joined: dict[str, str] = {}  # cluster, to one that it was joined with

    def root(cluster: str) -> str:
        while cluster in joined:
            cluster = joined[cluster]
        return cluster

    first: dict[str, str] = {}
    for item in items:
        one, other = root(first.setdefault(item.digest, item.cluster)), root(item.cluster)
        if one != other:
            joined[other] = one
    return tuple(replace(item, cluster=root(item.cluster)) for item in items)


def read_bytes(url: str, *, base: Path) -> bytes:
    """The bytes of a file.

    Args:
        url: A path, relative to `base`, or an fsspec URL (`s3://`, `https://`, `file://`).
        base: The folder of the file that names it.

    Raises:
        InputError: When it cannot be read.
        Broken: When its server cannot be reached, or fails.
    """
    try:
        return _fetch(url) if "://" in url else (base / url).read_bytes()
    except ImportError as error:
        fix = "install the library that it names, e.g. pip install s3fs"
        raise _unread(url, base, str(error), fix=fix) from None
    except read_errors() as error:
        raise _failure(url, base, error) from None


def check_digest(data: bytes, sha256: str | None, *, where: str) -> None:
    """Returns when the data is what the plan froze, or it froze nothing.

    Raises:
        DatasetChanged: When it is another.
    """
    found = sha256_of_bytes(data)
    if sha256 is not None and found != sha256:
        raise DatasetChanged(
            f"cannot use {where}",
            why=f"the plan froze sha256 {sha256[:12]}..., the file has {found[:12]}...",
            fix=f"restore the frozen file, or set `sha256: {found}` where the plan says it (in the "
            "policy, which is then to be reviewed, or in the datasheet beside the file)",
        )


def without_credentials(url: str) -> str:
    """A URL without user, password and query (which may be a signature); a path as it is."""
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a URL that cannot be read"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _fetch(url: str) -> bytes:
    import fsspec  # noqa: PLC0415 - a tenth of a second that a local path need not pay

    with fsspec.open(url, "rb") as file:
        return bytes(file.read())


def _failure(url: str, base: Path, error: Exception) -> GateError:
    remote = remote_failure(without_credentials(url), error) if "://" in url else None
    if remote is not None:
        return remote
    if isinstance(error, FileNotFoundError):
        return _unread(url, base, "there is no such file")
    why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return _unread(url, base, why.replace(url, without_credentials(url)))


_CORRECT = "correct the path (it is relative to the file that names it) or the URL"


def _unread(url: str, base: Path, why: str, *, fix: str = _CORRECT) -> InputError:
    shown = without_credentials(url)
    at = "" if "://" in url else f" (looked in {base.resolve()})"
    return InputError(
        f"cannot read {shown}",
        why=f"{why}{at}",
        fix=fix,
    )
