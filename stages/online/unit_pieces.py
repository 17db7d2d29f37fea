"""States of units as files: pieces that never change, and manifests that name them."""

import contextlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from policies.canonical import Json, canonical_json, sha256_of
from stages.engine.digests import sha256_of_file
from stages.online.read_rows import ReadRows
from stages.online.unit_sums import LayerTotals, as_json, from_json
from stages.online.units import Span

KEPT_BACK = 2
"""States that stay: the newest, and the one it grew from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A whole state.

    Attributes:
        place: Folder of its pieces.
        day: Day of the A/B.
        read: Rows of every stretch of time that it rests on, in the order they were read.
        pieces: SHA-256 by name.
        totals: What is told of its units; None where only the whole of them tells it.
    """

    place: Path
    day: float
    read: tuple[ReadRows, ...]
    pieces: Mapping[str, str]
    totals: LayerTotals | None = None

    def of(self, kind: str) -> list[Path]:
        """Pieces of one kind."""
        return [self.place / name for name in self.only([kind])]

    def only(self, kinds: Sequence[str]) -> Mapping[str, str]:
        """SHA-256 by name, of pieces of some kinds."""
        return {n: digest for n, digest in self.pieces.items() if n.partition(".")[0] in kinds}


@contextmanager
def drafted(place: Path) -> Iterator[Path]:
    """A folder for pieces that are being written; what was not finished goes with it."""
    draft = place / f"draft-{uuid4().hex}"
    draft.mkdir(parents=True)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def piece(draft: Path, kind: str) -> Path:
    """Where to write a piece of a kind."""
    return draft / f"{kind}.{uuid4().hex}.parquet"


def drop_empty(path: Path) -> None:
    """Removes a piece that has no row."""
    if not row_count([path]):
        path.unlink()


def row_count(paths: Iterable[Path]) -> int:
    """Rows of pieces, as they say themselves."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    return sum(pq.read_metadata(path).num_rows for path in paths)


def finished(
    draft: Path,
    day: float,
    *,
    read: Sequence[ReadRows],
    inherited: Mapping[str, str],
    totals: LayerTotals | None,
) -> Kept:
    """Puts the draft's pieces where they stay, and last of all the manifest.

    Args:
        draft: Their folder.
        day: Day of the state.
        read: What it rests on.
        inherited: Pieces of the state before that are pieces of this one too.
        totals: What is told of its units.
    """
    place, pieces = draft.parent, dict(inherited)
    for path in sorted(draft.glob("*.parquet")):
        pieces[path.name] = sha256_of_file(path)
        path.rename(place / path.name)
    kept = Kept(
        place=place,
        day=day,
        read=tuple(read),
        pieces=dict(sorted(pieces.items())),
        totals=totals,
    )
    said, name = _said(kept), f"day-{day:014.9f}-{uuid4().hex}.json"
    written = canonical_json({"said": said, "sha256": sha256_of(said)})
    (draft / name).write_text(written, encoding="utf-8")
    (draft / name).rename(place / name)
    _prune(place, mine=place / name)
    return kept


def newest(place: Path, day: float) -> Kept | None:
    """The newest whole state up to a day."""
    return next(filter(whole, manifested(place, day)), None)


def manifested(place: Path, day: float) -> Iterator[Kept]:
    """States up to a day, the newest first, whose manifests are what they were when written."""
    for manifest in sorted(place.glob("day-*.json"), reverse=True):
        kept = _read(manifest)
        if kept is not None and kept.day <= day:
            yield kept


def whole(kept: Kept) -> bool:
    """Whether every piece of a state is what it was when it was finished."""
    with contextlib.suppress(OSError), ThreadPoolExecutor() as threads:
        digests = threads.map(sha256_of_file, [kept.place / name for name in kept.pieces])
        return list(digests) == list(kept.pieces.values())
    return False


def _said(kept: Kept) -> dict[str, Json]:
    return {
        "day": kept.day,
        "pieces": dict(kept.pieces),
        "read": [
            {
                "events": one.events,
                "exposures": one.exposures,
                "since": one.span.since.isoformat() if one.span.since else None,
                "until": one.span.until.isoformat(),
            }
            for one in kept.read
        ],
        "totals": as_json(kept.totals),
    }


def _read(manifest: Path) -> Kept | None:
    with contextlib.suppress(
        OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError
    ):
        found = json.loads(manifest.read_text(encoding="utf-8"))
        said = found["said"]
        if found["sha256"] != sha256_of(said):
            return None
        read = tuple(
            ReadRows(
                span=Span(
                    since=datetime.fromisoformat(one["since"]) if one["since"] else None,
                    until=datetime.fromisoformat(one["until"]),
                ),
                exposures=one["exposures"],
                events=one["events"],
            )
            for one in said["read"]
        )
        return Kept(
            place=manifest.parent,
            day=said["day"],
            read=read,
            pieces=said["pieces"],
            totals=from_json(said["totals"]),
        )
    return None


def _prune(place: Path, *, mine: Path) -> None:
    """Removes states that nothing will grow from, and pieces that no other state has.

    The state that was just written stays: it may be of an earlier day than those that are there.
    """
    manifests = sorted(place.glob("day-*.json"))
    kept = {*manifests[-KEPT_BACK:], mine}
    for old in set(manifests) - kept:
        old.unlink(missing_ok=True)
    named = "".join(path.read_text(errors="replace") for path in kept)
    for path in place.glob("*.parquet"):
        if path.name not in named:
            path.unlink(missing_ok=True)
