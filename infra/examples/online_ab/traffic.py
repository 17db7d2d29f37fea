"""Writes the customers of a shop: who met which assistant, and what they did, with a known truth.

Usage: traffic.py OUT_DIR

OUT_DIR gets `exposures.parquet` and `events.parquet`, in the columns of a flag service that knows
nothing of ours; and `candidates.jsonl`, for `gate register --each`: the baseline first. Two flags
have traffic: `assistant winter`, an earlier A/B, and `assistant june`, that of the candidate, which
resolves more but fails on tablets.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

SEED = 5
DAYS, USERS_A_DAY, DAYS_BEFORE = 12, 700, 14
"""Days of an A/B, users who come on each, and how far back their visits are known."""

RAMP = ((0.0, 0.99), (1.0, 0.9), (2.0, 0.5))
"""Share of the users who keep the assistant in production, from a day on."""

COHORTS, COUNTRIES = ("public", "staff", "testers"), ("de", "fr", "nl")
DEVICES = ("app", "web", "tablet")
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ab:
    """One A/B: its flag, when it began, and what its challenger changes.

    Attributes:
        flag: As the flag service calls it.
        start: Midnight of its first day.
        resolved: By how much more of the visits are resolved, as a share.
        on_tablets: The same on tablets.
        ramp: Shares of the champion by day.
    """

    flag: str
    start: datetime
    resolved: float
    on_tablets: float
    ramp: tuple[tuple[float, float], ...]


ABS = (
    Ab(
        flag="assistant winter",
        start=datetime(2026, 1, 12, tzinfo=UTC),
        resolved=0.0,
        on_tablets=0.0,
        ramp=((0.0, 0.5),),
    ),
    Ab(
        flag="assistant june",
        start=datetime(2026, 3, 2, tzinfo=UTC),
        resolved=0.16,
        on_tablets=-0.2,
        ramp=RAMP,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """The users of one A/B, a place in each array for each.

    Attributes:
        names: What the flag service calls them.
        seen: Days from the start to their first exposure.
        habit: Visits in three days.
        more: By how much more of their visits are resolved.
    """

    names: NDArray[np.str_]
    seen: Numbers
    habit: Numbers
    more: Numbers


def main() -> None:
    """Writes the files and says how many rows there are."""
    print(write(Path(sys.argv[1])))


def write(out: Path) -> str:
    """Writes everything into a folder; says how much it is."""
    luck = np.random.default_rng(SEED)
    found = [traffic(ab, luck) for ab in ABS]
    out.mkdir(parents=True, exist_ok=True)
    exposures = pa.concat_tables([exposures for exposures, _ in found])
    events = pa.concat_tables([events for _, events in found])
    pq.write_table(exposures, out / "exposures.parquet")
    pq.write_table(events, out / "events.parquet")
    lines = (json.dumps({"known_as": name, "external": True}) for name in ("production", "june"))
    (out / "candidates.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"{exposures.num_rows:,} exposures and {events.num_rows:,} events of {len(ABS)} A/Bs"


def traffic(ab: Ab, luck: np.random.Generator) -> tuple[pa.Table, pa.Table]:
    """Exposures and events of one A/B."""
    count = DAYS * USERS_A_DAY
    seen = np.sort(luck.uniform(0, DAYS, count))
    phase = np.searchsorted([day for day, _ in ab.ramp], seen, side="right") - 1
    on = luck.random(count) >= np.array([share for _, share in ab.ramp])[phase]
    device = np.array(DEVICES)[luck.choice(3, count, p=(0.5, 0.35, 0.15))]
    users = Users(
        names=np.array([f"{ab.flag.split()[-1]}-{number:05}" for number in range(count)]),
        seen=seen,
        habit=luck.gamma(2.0, 0.5, count),
        more=on * np.where(device == "tablet", ab.on_tablets, ab.resolved),
    )
    exposures = pa.table(
        {
            "user_key": users.names,
            "ts": _times(ab, seen),
            "flag": np.full(count, ab.flag),
            "arm": np.where(on, "on", "off"),
            "cohort": np.array(COHORTS)[luck.choice(3, count, p=(0.96, 0.03, 0.01))],
            "country": np.array(COUNTRIES)[luck.choice(3, count, p=(0.5, 0.3, 0.2))],
            "device": device,
        }
    )
    return exposures, pa.concat_tables(_events(ab, users, luck))


def _events(ab: Ab, users: Users, luck: np.random.Generator) -> Iterator[pa.Table]:
    """The users' visits before their exposure, and on the day of it: habits stay the same."""
    for days, changed in ((-DAYS_BEFORE, 0.0), (1, 1.0)):
        visits = luck.poisson(users.habit * abs(days) / 3) + (days > 0)
        who = np.repeat(np.arange(len(users.names)), visits)
        habit, size = users.habit[who], len(who)
        chance = 0.25 + 0.1 * np.minimum(habit, 3.0) + changed * users.more[who]
        yield pa.table(
            {
                "user_key": users.names[who],
                "ts": _times(ab, users.seen[who] + days * luck.random(size)),
                "visits": np.ones(size, dtype=np.int8),
                "resolved": (luck.random(size) < chance).astype(np.int8),
                "messages": 1 + luck.poisson(3.0, size),
                "spent": np.round(luck.gamma(4.0, 5 * habit), 2),
                "wait": np.round(luck.lognormal(0.5, 0.5, size), 3),
            }
        )


def _times(ab: Ab, days: Numbers) -> pa.Array:
    micros = (ab.start.timestamp() + 86_400 * days) * 1e6
    return pa.array(micros.astype("int64"), type=pa.timestamp("us", tz="UTC"))


if __name__ == "__main__":
    main()
