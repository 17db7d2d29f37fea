"""Where the traffic of an A/B stands: exposure and event tables, or a file of arm moments."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from policies.errors import InputError, PolicyError
from policies.online import OnlinePlan
from stages.engine.data import sha256_of_file

SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Traffic as rows.

    Attributes:
        exposures: CSV or Parquet with the plan's unit, `timestamp`, `experiment_id` and
            `variation_id` (`champion` or `challenger`): a row each time a unit met the A/B.
        events: CSV or Parquet with the plan's unit, `timestamp` and a numeric column per metric.
    """

    exposures: Path
    events: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentsTable:
    """Traffic as moments: a CSV or Parquet file with a row per A/B, metric and point in time."""

    path: Path


Source = Tables | MomentsTable


def locate(plan: OnlinePlan, *, base: Path, named: Mapping[str, Source]) -> Source:
    """The files a plan names.

    Args:
        plan: The online plan.
        base: Folder of the policy, which relative paths start from.
        named: What the workspace's `[data.NAME]` tables point at.

    Raises:
        PolicyError: The plan names a source the workspace does not have.
        InputError: A file is absent, or neither CSV nor Parquet.
    """
    source = _of_plan(plan, base, named)
    for path in paths(source).values():
        _refuse_absent(path)
    return source


def paths(source: Source) -> Mapping[str, Path]:
    """Every file of a source, by what it holds."""
    match source:
        case Tables():
            return {"events": source.events, "exposures": source.exposures}
        case MomentsTable():
            return {"moments": source.path}
        case _:
            assert_never(source)


def digests(source: Source) -> tuple[tuple[str, str], ...]:
    """(what, SHA-256) of every file, sorted; files are read in blocks, never whole."""
    return tuple((name, sha256_of_file(path)) for name, path in sorted(paths(source).items()))


def _of_plan(plan: OnlinePlan, base: Path, named: Mapping[str, Source]) -> Source:
    if plan.moments is not None:
        return MomentsTable(path=base / plan.moments)
    if plan.exposures is not None and plan.events is not None:
        return Tables(exposures=base / plan.exposures, events=base / plan.events)
    name = plan.source or ""
    if name not in named:
        raise PolicyError(
            f"the online plan reads from `source: {name}`, which this workspace does not have",
            why=f"gate.toml has {', '.join(sorted(named)) or 'no [data.NAME] table'}",
            fix=f"add [data.{name}] to gate.toml, or give `exposures` and `events` in the plan",
        )
    return named[name]


def _refuse_absent(path: Path) -> None:
    if path.suffix not in SUFFIXES:
        raise InputError(
            f"cannot read the traffic in {path}",
            why=f"its name ends in `{path.suffix}`; known are {' and '.join(SUFFIXES)}",
            fix="write the table as Parquet, or as CSV with a header line",
        )
    if not path.is_file():
        raise InputError(
            f"there is no traffic file {path}",
            why="the online plan names it",
            fix="correct the path in the policy, or export the table before the A/B is measured",
        )
