"""Generated traffic has the truth that was put in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from gates.demo.checkpoints import CANDIDATES
from gates.demo.traffic import DAYS, RESOLVED, USERS_A_DAY, Traffic, traffic, write

START = datetime(2026, 3, 1, tzinfo=UTC)
WARM = next(c for c in CANDIDATES if c.name == "harbor-10-warm")


@pytest.fixture(scope="module")
def made() -> Traffic:
    return traffic([WARM], start=START, rng=np.random.default_rng(3))


def test_every_user_is_randomised_once_within_the_run_time(made: Traffic) -> None:
    users = made.exposures["unit_id"]
    assert len(users) == len(set(users)) == DAYS * USERS_A_DAY
    times = [t for t in made.exposures["timestamp"] if isinstance(t, datetime)]
    assert START <= min(times) < max(times) < START + timedelta(days=DAYS)
    assert times == sorted(times)
    assert set(made.exposures["experiment_id"]) == {WARM.name}


def test_arms_are_as_good_as_their_truth(made: Traffic) -> None:
    arms = np.array(made.exposures["variation_id"])
    resolved = np.array(made.events["resolved"], dtype=float)
    champion = resolved[arms == "champion"].mean()
    challenger = resolved[arms == "challenger"].mean()
    assert champion == pytest.approx(RESOLVED, abs=0.015)
    assert challenger == pytest.approx(RESOLVED + WARM.resolved, abs=0.015)
    assert (arms == "challenger").mean() == pytest.approx(0.5, abs=0.015)


def test_events_follow_their_exposure(made: Traffic) -> None:
    pairs = zip(made.exposures["timestamp"], made.events["timestamp"], strict=True)
    assert all(
        isinstance(seen, datetime) and isinstance(done, datetime) and seen <= done
        for seen, done in pairs
    )
    assert made.exposures["unit_id"] == made.events["unit_id"]


def test_no_challenger_writes_tables_without_rows(tmp_path: Path) -> None:
    write(traffic([], start=START, rng=np.random.default_rng(3)), tmp_path / "new")
    table = pq.read_table(tmp_path / "new" / "exposures.parquet")
    assert table.num_rows == 0
    assert table.column_names == ["unit_id", "timestamp", "experiment_id", "variation_id"]
