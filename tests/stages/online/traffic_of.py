"""Generated traffic with a known truth, and the tables it is written to."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from policies.online import OnlinePlan
from stages.engine.subject import Subject
from stages.evidence.records import Evidence
from stages.online.look_journal import LookJournal
from stages.online.measure import OnlineStage, World
from stages.online.sources import Source
from stages.online.unit_folder import UnitFolder
from stages.online.validity import Registration
from tests.stages.online.plans import plan_of

START = datetime(2024, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What an arm's users do."""

    resolved: float = 0.5
    seconds: float = 3.0
    sessions: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Both tables, as columns."""

    exposures: dict[str, list[object]]
    events: dict[str, list[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How much traffic, and what is true of it."""

    units: int = 3_000
    days: float = 15.0
    champion: Truth = field(default_factory=Truth)
    challenger: Truth = field(default_factory=Truth)
    challenger_share: float = 0.5
    name: str = "assistant/2"
    seed: int = 1


def generate(recipe: Recipe) -> Traffic:
    """Every unit is randomised once, and has three events soon after its first exposure."""
    rng = np.random.default_rng(recipe.seed)
    exposures: dict[str, list[object]] = {
        k: [] for k in ("unit_id", "timestamp", "experiment_id", "variation_id")
    }
    events: dict[str, list[object]] = {
        k: [] for k in ("unit_id", "timestamp", "resolved", "seconds", "sessions")
    }
    times = np.sort(rng.uniform(0, recipe.days, recipe.units))
    times[0] = 0.0
    for i in range(recipe.units):
        challenger = bool(rng.random() < recipe.challenger_share)
        truth = recipe.challenger if challenger else recipe.champion
        seen = START + timedelta(days=float(times[i]))
        exposures["unit_id"].append(f"u{i}")
        exposures["timestamp"].append(seen)
        exposures["experiment_id"].append(recipe.name)
        exposures["variation_id"].append("challenger" if challenger else "champion")
        resolved = rng.random() < truth.resolved
        for k in range(3):
            events["unit_id"].append(f"u{i}")
            events["timestamp"].append(seen + timedelta(hours=1 + 3 * k))
            events["resolved"].append(float(resolved and k == 2))
            events["seconds"].append(float(rng.gamma(4.0, truth.seconds / 12.0)))
            events["sessions"].append(float(rng.poisson(truth.sessions) + 1))
    return Traffic(exposures=exposures, events=events)


def write(traffic: Traffic, folder: Path, *, suffix: str = ".parquet") -> None:
    """Both tables as files of a folder."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in (("exposures", traffic.exposures), ("events", traffic.events)):
        table = pa.table(columns)
        if suffix == ".parquet":
            pq.write_table(table, folder / f"{name}.parquet")
        else:
            pa.csv.write_csv(table, folder / f"{name}.csv")


CANDIDATE = Subject(uri="models:/assistant/2", known_as="assistant/2", digest="c", client=None)
BASELINE = Subject(uri="models:/assistant/1", known_as="assistant/1", digest="b", client=None)
DIGEST = "0" * 64
REGISTERED = Registration(sha256=DIGEST, at=START, current_sha256=DIGEST)


def stage_of(
    plan: OnlinePlan,
    folder: Path,
    *,
    now: datetime,
    registration: Registration = REGISTERED,
    journal: LookJournal | None = None,
    units: UnitFolder | None = None,
    **sources: Source,
) -> OnlineStage:
    """The stage on a folder's traffic."""
    world = World(base=folder, now=now, sources=sources, journal=journal, units=units)
    return OnlineStage(plan, registration, world)


def measured(
    folder: Path,
    *,
    day: float = 15.0,
    registered: str | None = DIGEST,
    journal: LookJournal | None = None,
    units: UnitFolder | None = None,
    **changes: object,
) -> Evidence:
    """The evidence that the stage gives of a folder's traffic on one day."""
    stage = stage_of(
        plan_of(**changes),
        folder,
        now=START + timedelta(days=day),
        registration=replace(REGISTERED, sha256=registered),
        journal=journal,
        units=units,
    )
    return stage.measure_next(CANDIDATE, BASELINE)


def until(traffic: Traffic, day: float) -> Traffic:
    """The rows that had been written by a day."""
    end = START + timedelta(days=day)
    return Traffic(exposures=_kept(traffic.exposures, end), events=_kept(traffic.events, end))


def _kept(columns: dict[str, list[object]], end: datetime) -> dict[str, list[object]]:
    keep = [isinstance(t, datetime) and t <= end for t in columns["timestamp"]]
    return {
        name: [v for v, k in zip(values, keep, strict=True) if k]
        for name, values in columns.items()
    }
