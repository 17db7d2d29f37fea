"""The reduction of an A/B's events against the SQL that a person would write, and a daily look.

50 million events of 2 million users in 14 days, made by DuckDB; two threads, 2 GB of memory. The
bare SQL finds every user's first exposure and arm, sums the events of a day after it, and gives
means, variances and a covariance per arm: the same numbers, without covariates, without skewness,
and with DuckDB's own one-pass variance. All are measured in one run, in turn; the fastest counts.
Seconds of the processors are told beside those of the clock: on a busy machine only they compare.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from policies.online import OnlinePlan
from stages.online.backends import engine
from stages.online.look_data import LookData, alike
from stages.online.reduction import reduce_look
from stages.online.sources import Tables
from stages.online.tables import Traffic, open_traffic
from stages.online.unit_folder import UnitFolder
from stages.stats.moments import Moments

Found = TypeVar("Found")
USERS, EVENTS, DAYS = 2_000_000, 50_000_000, 14
ROUNDS = 2
START = datetime(2024, 3, 1, tzinfo=UTC)

PLAN = OnlinePlan.model_validate(
    {
        "exposures": "exposures.parquet",
        "events": "events.parquet",
        "metrics": {
            "resolved": {"kind": "proportion"},
            "seconds": {},
            "pace": {"kind": "ratio", "column": "seconds", "denominator": "sessions"},
        },
        "primary": "resolved",
        "looks": tuple(float(day) for day in range(1, DAYS + 1)),
        "days": DAYS,
        "window_days": 1.0,
        "planned_units": USERS,
    },
    strict=False,
)

BARE = """
WITH shown AS (
  SELECT unit_id, min(timestamp) AS first, min(variation_id) AS arm
  FROM '{folder}/exposures.parquet' WHERE experiment_id = 'assistant/2'
  GROUP BY unit_id HAVING min(variation_id) = max(variation_id)
), summed AS (
  SELECT unit_id, max((resolved <> 0)::DOUBLE) AS r, sum(seconds) AS s, sum(sessions) AS n
  FROM '{folder}/events.parquet' JOIN shown USING (unit_id)
  WHERE timestamp >= first AND timestamp < first + INTERVAL 1 DAY GROUP BY unit_id
), closed AS (
  SELECT arm, coalesce(r, 0) AS r, coalesce(s, 0) AS s, coalesce(n, 0) AS n
  FROM shown LEFT JOIN summed USING (unit_id) WHERE first <= TIMESTAMPTZ '2024-03-14 00:00:00+00'
)
SELECT arm, count(*), avg(r), var_samp(r), avg(s), var_samp(s), avg(n), var_samp(n),
  covar_samp(s, n) FROM closed GROUP BY arm ORDER BY arm
"""


def main() -> None:
    """Prints events a second of both, and how much faster a look of one more day is."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = ("memory_limit='2GB'", "threads=2", f"temp_directory='{folder}/spill'")
        generate(folder, settings)
        bare_s, whole_s, daily_s = [], [], []
        looks: list[LookData] = []
        for _ in range(ROUNDS):
            bare, taken = timed(lambda: of_sql(folder, settings))
            bare_s.append(taken)
            whole, taken = timed(lambda: look(folder, settings, DAYS))
            whole_s.append(taken)
            assert_same(whole, bare)
            looks.append(whole)
        kept = UnitFolder(path=folder / "units")
        for day in (DAYS - 2, DAYS - 1):
            look(folder, settings, day, kept)
        yesterday = folder / "yesterday"
        shutil.copytree(kept.path, yesterday)
        for _ in range(ROUNDS):
            shutil.rmtree(kept.path)
            shutil.copytree(yesterday, kept.path)
            daily, taken = timed(lambda: look(folder, settings, DAYS, kept))
            assert all(map(alike, daily.metrics, looks[-1].metrics))
            daily_s.append(taken)
    print(f"{EVENTS:,} events of {USERS:,} users in {DAYS} days, 2 threads, memory_limit 2 GB")
    for place, of in enumerate(("of the clock", "of the processors")):
        sql, whole_took, daily_took = (min(s[place] for s in t) for t in (bare_s, whole_s, daily_s))
        print(
            f"seconds {of}: bare SQL {sql:.1f}, the whole reduction {whole_took:.1f} "
            f"({EVENTS / whole_took / 1e6:.1f} million events a second, {sql / whole_took:.2f} of "
            f"bare SQL, demanded 0.7), a look of one more day {daily_took:.2f} "
            f"({whole_took / daily_took:.1f} times faster, demanded 5)"
        )


def timed(work: Callable[[], Found]) -> tuple[Found, tuple[float, float]]:
    """What it gave; seconds of the clock and of this process's processors."""
    clock, processors = time.perf_counter(), time.process_time()
    found = work()
    return found, (time.perf_counter() - clock, time.process_time() - processors)


def generate(folder: Path, settings: tuple[str, ...]) -> None:
    """Both tables; users come in evenly, events are in order of time, as logs are."""
    moment = "(TIMESTAMP '2024-03-01' + to_microseconds(({share} * {us})::BIGINT))::TIMESTAMPTZ"
    micros = DAYS * 86_400 * 1_000_000
    came = moment.format(share="(hash(i) % 1000003) / 1000003.0", us=micros)
    logged = moment.format(share=f"i / {EVENTS}.0", us=micros)
    with engine(*settings) as connection:
        connection.raw_sql(
            f"COPY (SELECT 'user-' || i AS unit_id, {came} AS timestamp, 'assistant/2' AS "
            "experiment_id, CASE WHEN hash(i * 7 + 1) % 2 = 0 THEN 'champion' ELSE 'challenger' "
            f"END AS variation_id FROM range({USERS}) t(i)) TO '{folder}/exposures.parquet'"
        )
        connection.raw_sql(
            f"COPY (SELECT 'user-' || (hash(i) % {USERS}) AS unit_id, {logged} AS timestamp, "
            "(hash(i + 3) % 10 = 0)::INT::DOUBLE AS resolved, (hash(i + 5) % 100000) / 1000.0 AS "
            "seconds, (1 + hash(i + 11) % 5)::DOUBLE AS sessions "
            f"FROM range({EVENTS}) t(i)) TO '{folder}/events.parquet'"
        )


def of_sql(folder: Path, settings: tuple[str, ...]) -> list[tuple[float, ...]]:
    """A row per arm."""
    with engine(*settings) as connection:
        found: list[tuple[float, ...]] = connection.raw_sql(BARE.format(folder=folder)).fetchall()
    return found


def look(
    folder: Path, settings: tuple[str, ...], day: float, kept: UnitFolder | None = None
) -> LookData:
    """Both arms on a day."""
    tables = Tables(exposures=folder / "exposures.parquet", events=folder / "events.parquet")
    with engine(*settings) as connection:
        traffic = open_traffic(connection, tables, PLAN)
        assert isinstance(traffic, Traffic)
        return reduce_look(
            traffic, tables, known_as="assistant/2", plan=PLAN, start=START, day=day, folder=kept
        )


def assert_same(look: LookData, rows: list[tuple[float, ...]]) -> None:
    """That the reduction gives what the SQL gives."""
    for row, arm in zip(rows, ("challenger", "champion"), strict=True):
        pace, resolved = getattr(look.of("pace"), arm), getattr(look.of("resolved"), arm)
        assert isinstance(pace, Moments)
        assert pace.n == row[1]
        (ss, sn), (_, nn) = pace.covariance
        mine = (resolved.mean[0], resolved.covariance[0][0], pace.mean[0], ss, pace.mean[1], nn, sn)
        assert all(abs(a - b) <= 1e-9 * abs(b) for a, b in zip(mine, row[2:], strict=True)), row


if __name__ == "__main__":
    main()
