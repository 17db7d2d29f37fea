"""A benchmark fetched, turned into items and pinned: an items file with a datasheet beside it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from gates.workspace import Workspace
from policies.benchmark import Benchmark, Format, Origin, lacking
from policies.benchmark_tasks import BenchmarkTask
from policies.canonical import Json, canonical_json, sha256_of, sha256_of_bytes
from policies.catalogue import Entry
from policies.errors import Broken, WrongUsage
from stages.engine.data import ItemFile
from stages.engine.program import code_version
from stages.engine.progress import Progress
from stages.evidence.items import parse_item
from stages.offline.benchmark import Benchmark as Instrument
from stages.offline.catalogue.items import datasheet_of, drawn, items_bytes, items_of
from stages.offline.catalogue.source import Hub, SourceFile, read_source

Items = tuple[Mapping[str, Json], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be frozen.

    Attributes:
        benchmark: Its name in the catalogue.
        files: Paths or URLs to read instead of the catalogue's; empty for the catalogue's.
        out: The items file; None for `data/NAME.jsonl` of the workspace.
        limit: Most items, drawn at random; None for all.
        seed: Of that draw.
        force: Whether other items at `out` may be replaced.
        any_size: Whether the source may hold another number of questions than the entry says.
    """

    benchmark: str
    files: tuple[str, ...] = ()
    out: Path | None = None
    limit: int | None = None
    seed: int = 0
    force: bool = False
    any_size: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What was frozen.

    Attributes:
        benchmark: The benchmark.
        items: The items file.
        datasheet: Where they come from; a file beside them.
        sha256: Digest of the items file.
        count: Number of items.
        source_count: Number of questions that the source holds.
        task: What a policy of the workspace says to measure them; empty when only a harness asks.
        adds: What a policy must add to it, such as `judge`.
    """

    benchmark: Benchmark
    items: Path
    datasheet: Path
    sha256: str
    count: int
    source_count: int
    task: Mapping[str, Json]
    adds: tuple[str, ...]


def freeze(wanted: Wanted, workspace: Workspace, progress: Progress) -> Frozen:
    """Fetches a benchmark, turns it into items, and writes them with their datasheet.

    Files at a pinned revision are fetched once and kept in the workspace's cache; the same items
    are not written again.

    Raises:
        WrongUsage: When there is no such benchmark, it has nothing to fetch, its source holds
            another number of questions than the entry says, or other items are there already.
        InputError: When a file cannot be read, or is not in its benchmark's form.
        Broken: When a file cannot be written.
    """
    entry = workspace.benchmarks.entry(wanted.benchmark)
    origin = _origin(entry, wanted)
    files = _fetched(origin, wanted, workspace, progress)
    out = (wanted.out or workspace.root / "data" / f"{wanted.benchmark}.jsonl").absolute()
    task = entry.benchmark.frozen_task()
    cluster = task.get("cluster")
    items = items_of(origin, files, cluster=cluster if isinstance(cluster, str) else None)
    _check_size(entry.benchmark, len(items), wanted)
    kept = items if wanted.limit is None else drawn(items, limit=wanted.limit, seed=wanted.seed)
    data = items_bytes(kept)
    _check(task, kept, data, out)
    _write_items(out, data, force=wanted.force)
    frozen = _frozen(
        entry, out, data, count=len(kept), source_count=len(items), workspace=workspace
    )
    _write(frozen.datasheet, _datasheet(frozen, wanted, origin, files).encode())
    return frozen


def _origin(entry: Entry, wanted: Wanted) -> Origin:
    """The catalogue's origin, or files that a person names, in the format that they end with."""
    origin = entry.benchmark.origin
    if origin is None:
        raise WrongUsage(
            f"cannot freeze {wanted.benchmark}",
            why="it has no items of its own: another program's results are read",
            fix=f"gate bench show {wanted.benchmark}",
        )
    if not wanted.files:
        return origin
    formats = {_format(file, origin.format) for file in wanted.files}
    if len(formats) > 1:
        raise WrongUsage(
            f"cannot freeze {wanted.benchmark}",
            why=f"the files are written in {len(formats)} formats",
            fix="name files of one format",
        )
    [written] = formats
    members = origin.members if written is Format.ZIP else ()
    changes = {"files": wanted.files, "revision": None, "format": written, "members": members}
    return origin.model_copy(update=changes)


def _format(file: str, usual: Format) -> Format:
    ending = file.removesuffix(".gz").rpartition(".")[2]
    return Format(ending) if ending in set(Format) else usual


def _fetched(
    origin: Origin, wanted: Wanted, workspace: Workspace, progress: Progress
) -> tuple[SourceFile, ...]:
    hub = Hub(endpoint=workspace.secret("HF_ENDPOINT"), token=workspace.secret("HF_TOKEN"))
    cache = workspace.cache / "benchmarks"
    files = []
    with progress.task(f"fetch {wanted.benchmark}", len(origin.files)) as advance:
        for url in origin.files:
            kept = cache / sha256_of(url)
            if origin.revision is not None and kept.is_file():
                data = kept.read_bytes()
                file = SourceFile(url=url, sha256=sha256_of_bytes(data), data=data)
            else:
                file = read_source(url, base=Path(), hub=hub)
                if origin.revision is not None:
                    _write(kept, file.data)
            files.append(file)
            advance()
    return tuple(files)


def _check_size(benchmark: Benchmark, found: int, wanted: Wanted) -> None:
    """Returns when a source is as large as it is said to be, or may be of any size."""
    if benchmark.size in (None, found) or wanted.any_size or wanted.limit is not None:
        return
    stale = "empty `benchmarks` in .gate/cache (or in GATE_CACHE), fetch again"
    where = "name the whole source" if wanted.files else stale
    raise WrongUsage(
        f"cannot freeze {benchmark.benchmark}",
        why=f"the source holds {found:,} questions, the catalogue's entry says {benchmark.size:,}: "
        "it may have been cut off, or be another split",
        fix=f"{where}; or freeze what there is with --any-size, and its datasheet will say so",
    )


def _check(task: Mapping[str, Json], items: Items, data: bytes, out: Path) -> None:
    """Returns when the items can be scored by their task, as far as items can tell."""
    if "scorer" not in task:
        return
    whole = {**task, "data": out.name}
    scored = TypeAdapter(BenchmarkTask).validate_json(canonical_json(whole))
    parsed = tuple(
        parse_item(item, where=f"{out.name}:{number}", cluster=scored.cluster)
        for number, item in enumerate(items, start=1)
    )
    Instrument(scored).check(ItemFile(url=out.name, sha256=sha256_of_bytes(data), items=parsed))


def _write_items(out: Path, data: bytes, *, force: bool) -> None:
    there = _content(out)
    if there == data:
        return
    if there is not None and not force:
        raise WrongUsage(
            f"will not write over {out}",
            why=f"it has other items: sha256 {sha256_of_bytes(there)[:12]}..., not "
            f"{sha256_of_bytes(data)[:12]}...",
            fix="write elsewhere with --out, or over it with --force",
        )
    _write(out, data)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error) from error


def _write(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> Broken:
    return Broken(
        f"cannot write {path}",
        why=error.strerror or str(error),
        fix="free space, mend the permissions, or write elsewhere with --out",
    )


def _frozen(
    entry: Entry, out: Path, data: bytes, *, count: int, source_count: int, workspace: Workspace
) -> Frozen:
    benchmark, sha256 = entry.benchmark, sha256_of_bytes(data)
    task = benchmark.frozen_task()
    place = os.path.relpath(out, (workspace.root / "policies").absolute())
    said: Mapping[str, Json] = {"benchmark": benchmark.benchmark, "data": place, "sha256": sha256}
    return Frozen(
        benchmark=benchmark,
        items=out,
        datasheet=datasheet_of(out),
        sha256=sha256,
        count=count,
        source_count=source_count,
        task=said if task else {},
        adds=lacking({**task, **said}) if task else (),
    )


def _datasheet(frozen: Frozen, wanted: Wanted, origin: Origin, files: Sequence[SourceFile]) -> str:
    benchmark = frozen.benchmark
    sheet = {
        "benchmark": benchmark.benchmark,
        "title": benchmark.title,
        "measures": benchmark.measures,
        "paper": benchmark.paper,
        "licence": benchmark.licence,
        "redistributable": benchmark.redistributable,
        "revision": origin.revision,
        "source": [
            {"file": url, "sha256": file.sha256}
            for url, file in zip(origin.files, files, strict=True)
        ],
        "items": frozen.items.name,
        "sha256": frozen.sha256,
        "count": frozen.count,
        "source_count": frozen.source_count,
        "size": benchmark.size,
        "drawn": None if wanted.limit is None else {"limit": wanted.limit, "seed": wanted.seed},
        "entry_sha256": sha256_of(benchmark.model_dump(mode="json")),
        "program": code_version(),
    }
    return yaml.safe_dump(sheet, sort_keys=False, allow_unicode=True, width=100)
