"""Users of the demo's A/Bs: who was exposed to what, and what they did, with a known truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gates.demo.checkpoints import CHAMPION, Checkpoint

DAYS, USERS_A_DAY, CHALLENGER_SHARE = 15, 1_500, 0.5
RESOLVED, COMPLAINTS, SECONDS = 0.62, 0.05, 2.4
"""The champion's share of resolved conversations, of complaining users, and its mean latency."""

TYPES = {
    "unit_id": pa.string(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "experiment_id": pa.string(),
    "variation_id": pa.string(),
    "resolved": pa.int8(),
    "complained": pa.int8(),
    "seconds": pa.float64(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Two tables, as columns of equal length each."""

    exposures: dict[str, Sequence[object]]
    events: dict[str, Sequence[object]]


def traffic(
    candidates: Sequence[Checkpoint], *, start: datetime, rng: np.random.Generator
) -> Traffic:
    """Fifteen days of users, each randomised once; every A/B has its own users.

    Args:
        candidates: The challengers, one A/B each.
        start: Time of the first exposure.
        rng: Where the luck comes from.
    """
    exposures: dict[str, list[object]] = {
        "unit_id": [], "timestamp": [], "experiment_id": [], "variation_id": []
    }  # fmt: skip
    events: dict[str, list[object]] = {
        "unit_id": [], "timestamp": [], "resolved": [], "complained": [], "seconds": []
    }  # fmt: skip
    for candidate in candidates:
        size = DAYS * USERS_A_DAY
        challenger = rng.random(size) < CHALLENGER_SHARE
        times = np.sort(rng.uniform(0, DAYS, size))
        delays = rng.exponential(0.05, size)
        truth = {arm: _truth(candidate if arm else CHAMPION) for arm in (False, True)}
        for number in range(size):
            arm = bool(challenger[number])
            user = f"{candidate.name}-{number:05d}"
            seen = start + timedelta(days=float(times[number]))
            exposures["unit_id"].append(user)
            exposures["timestamp"].append(seen)
            exposures["experiment_id"].append(candidate.name)
            exposures["variation_id"].append("challenger" if arm else "champion")
            resolved, complaints, seconds = truth[arm]
            events["unit_id"].append(user)
            events["timestamp"].append(seen + timedelta(days=float(delays[number])))
            events["resolved"].append(int(rng.random() < resolved))
            events["complained"].append(int(rng.random() < complaints))
            events["seconds"].append(round(float(rng.gamma(4.0, seconds / 4.0)), 3))
    return Traffic(exposures=dict(exposures), events=dict(events))


def write(found: Traffic, folder: Path) -> None:
    """Both tables as Parquet files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in (("exposures", found.exposures), ("events", found.events)):
        schema = pa.schema([(column, TYPES[column]) for column in columns])
        pq.write_table(pa.table(columns, schema=schema), folder / f"{name}.parquet")


def _truth(checkpoint: Checkpoint) -> tuple[float, float, float]:
    return (
        RESOLVED + checkpoint.resolved,
        COMPLAINTS + checkpoint.complaints,
        SECONDS * checkpoint.seconds,
    )
