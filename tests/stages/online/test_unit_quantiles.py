"""Errors of quantiles, as the engine computes them from events, against simulated truth."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.online.backends import engine
from stages.online.reduction import reduce_look
from stages.online.sources import Tables
from stages.online.tables import MissingColumns, open_traffic
from stages.online.unit_quantiles import Z
from stages.stats.quantiles import QuantileArm
from tests.stages.online.traffic_of import START, Traffic, plan_of, write

UNITS, METRICS = 400, 8
ARMS = ("champion", "challenger")


def sizes(rng: np.random.Generator, units: int) -> NDArray[np.int64]:
    """Events of each unit: most have few, some many."""
    return 1 + rng.poisson(rng.gamma(1.0, 6.0, units))


def seconds(rng: np.random.Generator, of_unit: NDArray[np.int64]) -> NDArray[np.float64]:
    """A value per event: units differ, and those with many events are slower."""
    own = rng.normal(0.0, 0.7, len(of_unit)) + 0.4 * np.log(of_unit)
    values: NDArray[np.float64] = np.exp(
        np.repeat(own, of_unit) + rng.normal(0.0, 0.5, of_unit.sum())
    )
    return values


def found(at: Path, level: float, rng: np.random.Generator) -> list[QuantileArm]:
    """The arms of many metrics, each with values of its own, by the whole reduction."""
    counts = sizes(rng, 2 * UNITS)
    names = [f"seconds_{n}" for n in range(METRICS)]
    units = [f"u{i}" for i in range(2 * UNITS)]
    exposures: dict[str, list[object]] = {
        "unit_id": list(units),
        "timestamp": [START] * len(units),
        "experiment_id": ["assistant/2"] * len(units),
        "variation_id": [ARMS[i % 2] for i in range(len(units))],
    }
    events: dict[str, list[object]] = {
        "unit_id": np.repeat(units, counts).tolist(),
        "timestamp": [START + timedelta(hours=1)] * int(counts.sum()),
        **{name: seconds(rng, counts).tolist() for name in names},
    }
    metrics = {name: {"kind": "quantile", "quantile": level} for name in names}
    plan = plan_of(metrics=metrics, primary=names[0], window_days=1.0)
    write(Traffic(exposures=exposures, events=events), at)
    tables = Tables(exposures=at / "exposures.parquet", events=at / "events.parquet")
    with engine() as connection:
        opened = open_traffic(connection, tables, plan)
        assert not isinstance(opened, MissingColumns)
        look = reduce_look(opened, tables, known_as="assistant/2", plan=plan, start=START, day=2.0)
    arms = [arm for one in look.metrics for arm in (one.champion, one.challenger)]
    return [arm for arm in arms if isinstance(arm, QuantileArm)]


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_the_error_of_a_quantile_is_the_spread_of_quantiles_of_clustered_events(
    tmp_path: Path, level: float
) -> None:
    """Of 16 arms, by the engine; were events independent, the median's would be 0.38 of it."""
    rng = np.random.default_rng(7)
    every = [np.quantile(seconds(rng, sizes(rng, UNITS)), level) for _ in range(1_000)]
    truth = np.quantile(seconds(rng, sizes(rng, 400_000)), level)
    spread = np.std(every)
    arms = found(tmp_path, level, rng)
    assert len(arms) == 2 * METRICS
    assert 0.9 * spread <= np.mean([arm.standard_error for arm in arms]) <= 1.15 * spread
    covered = [abs(arm.value - truth) <= Z * arm.standard_error for arm in arms]
    assert sum(covered) >= len(arms) - 3
