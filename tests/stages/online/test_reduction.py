"""Moments from events against numpy, with windows, crossing units and large means."""

import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from policies.online import OnlinePlan
from stages.evidence.estimate import Unmeasured
from stages.online.backends import engine
from stages.online.look_data import LookData
from stages.online.reduction import reduce_look
from stages.online.sources import Tables
from stages.online.tables import MissingColumns, open_traffic
from stages.stats.moments import Moments
from tests.stages.online.rich_traffic import assert_looks_agree
from tests.stages.online.traffic_of import START, Recipe, Traffic, generate, plan_of, write

if TYPE_CHECKING:
    from collections.abc import Iterable

DAY = timedelta(days=1)


def reduced(traffic: Traffic, folder: Path, plan: OnlinePlan, *, day: float = 10.0) -> LookData:
    write(traffic, folder)
    tables = Tables(exposures=folder / "exposures.parquet", events=folder / "events.parquet")
    with engine() as connection:
        opened = open_traffic(connection, tables, plan)
        assert not isinstance(opened, MissingColumns)
        return reduce_look(opened, tables, known_as="assistant/2", plan=plan, start=START, day=day)


def columns_of(traffic: Traffic, arm: str, plan: OnlinePlan, *, day: float) -> np.ndarray:
    """The slow way: a row per unit of resolved, seconds, sessions."""
    until, window = START + day * DAY, plan.window_days * DAY
    first: dict[object, datetime] = {}
    arms: dict[object, set[object]] = {}
    rows: Iterable[tuple[object, ...]] = zip(*traffic.exposures.values(), strict=True)
    for unit, at, _, variation in rows:
        assert isinstance(at, datetime)
        if at <= until:
            arms.setdefault(unit, set()).add(variation)
            first[unit] = min(at, first.get(unit, at))
    sums = {
        u: np.zeros(3)
        for u, at in first.items()
        if arms[u] == {arm} and (not window or at + window <= until)
    }
    for unit, at, resolved, seconds, sessions in zip(*traffic.events.values(), strict=True):
        assert isinstance(at, datetime)
        if unit not in sums or at < first[unit] or at > until:
            continue
        if not window or at < first[unit] + window:
            sums[unit] += [resolved, seconds, sessions]
    table = np.array(list(sums.values()))
    table[:, 0] = table[:, 0] != 0
    return table


@pytest.mark.parametrize("window", [0.0, 0.2, 1.0])
def test_moments_equal_numpys(tmp_path: Path, window: float) -> None:
    plan = plan_of(window_days=window)
    traffic = generate(Recipe(units=1_500))
    for name, values in traffic.exposures.items():  # some units come again, one in both arms
        values.extend(values[:100])
        if name == "timestamp":
            values[-100:] = [t + DAY for t in values[-100:] if isinstance(t, datetime)]
        if name == "variation_id":
            values[-1] = {"champion": "challenger"}.get(str(values[-1]), "champion")
    found = reduced(traffic, tmp_path, plan)
    for arm in ("champion", "challenger"):
        table = columns_of(traffic, arm, plan, day=10)
        covariance = np.cov(table, rowvar=False)
        for position, metric in enumerate(("resolved", "seconds")):
            moments = getattr(found.of(metric), arm)
            assert isinstance(moments, Moments)
            assert moments.n == len(table)
            assert moments.mean[0] == pytest.approx(table[:, position].mean(), rel=1e-9)
            assert moments.covariance[0][0] == pytest.approx(
                covariance[position, position], rel=1e-9
            )
        pace = getattr(found.of("pace"), arm)
        assert np.array(pace.mean) == pytest.approx(table[:, 1:].mean(axis=0), rel=1e-9)
        assert np.array(pace.covariance) == pytest.approx(covariance[1:, 1:], rel=1e-9)


def test_a_mean_of_1e8_leaves_the_variance_intact(tmp_path: Path) -> None:
    plan = plan_of(metrics={"seconds": {}}, primary="seconds", window_days=0.0)
    traffic = generate(Recipe(units=2_000, days=5.0))
    rng = np.random.default_rng(5)
    for name in traffic.events:
        traffic.events[name] = traffic.events[name][::3]
    traffic.events["seconds"] = list(1e8 + rng.normal(size=2_000))
    found = reduced(traffic, tmp_path, plan)
    arms = np.array(traffic.exposures["variation_id"])
    values = np.array(traffic.events["seconds"], dtype=float)
    for arm in ("champion", "challenger"):
        moments = getattr(found.of("seconds"), arm)
        mine = values[arms == arm]
        assert moments.mean[0] == pytest.approx(mine.mean(), rel=1e-12)
        assert moments.covariance[0][0] == pytest.approx(mine.var(ddof=1), rel=1e-9)


def test_times_without_an_offset_are_utc_in_parquet_too(tmp_path: Path) -> None:
    traffic = generate(Recipe(units=60, days=5.0))
    naive = Traffic(exposures=dict(traffic.exposures), events=dict(traffic.events))
    for table in (naive.exposures, naive.events):
        table["timestamp"] = [
            at.replace(tzinfo=None) for at in table["timestamp"] if isinstance(at, datetime)
        ]
    plan = plan_of()
    assert_looks_agree(
        reduced(naive, tmp_path / "naive", plan), reduced(traffic, tmp_path, plan), rel=1e-12
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_never_becomes_a_moment(tmp_path: Path, value: float) -> None:
    traffic = generate(Recipe(units=60, days=5.0))
    traffic.events["seconds"][4] = value
    found = reduced(traffic, tmp_path, plan_of())
    for arm in ("champion", "challenger"):  # values of both are centred on a common mean
        assert isinstance(getattr(found.of("seconds"), arm), Unmeasured)
        assert isinstance(getattr(found.of("resolved"), arm), Moments)


def test_units_whose_window_is_open_count_for_the_split_only(tmp_path: Path) -> None:
    traffic = generate(Recipe(units=1_000))
    closed = reduced(traffic, tmp_path, plan_of(window_days=2.0))
    everyone = reduced(traffic, tmp_path, plan_of(window_days=0.0))
    assert closed.champion_units == everyone.champion_units
    assert closed.challenger_units == everyone.challenger_units
    some, all_ = closed.of("resolved").units, everyone.of("resolved").units
    assert some is not None
    assert all_ is not None
    assert some < all_
    assert all_ == everyone.champion_units + everyone.challenger_units


def test_units_without_events_count_as_zero(tmp_path: Path) -> None:
    traffic = generate(Recipe(units=1_000))
    for name in traffic.events:
        traffic.events[name] = traffic.events[name][: 3 * 500]
    found = reduced(traffic, tmp_path, plan_of(window_days=0.0), day=15).of("seconds").champion
    assert isinstance(found, Moments)
    assert found.mean[0] < 2


def test_no_unit_or_no_value_is_no_moment(tmp_path: Path) -> None:
    traffic = generate(Recipe(units=300))
    traffic.exposures["variation_id"] = ["champion"] * 300
    traffic.events["seconds"] = [None] * 900
    found = reduced(traffic, tmp_path, plan_of())
    assert isinstance(found.of("resolved").challenger, Unmeasured)
    assert found.of("resolved").units is None
    silent = found.of("seconds").champion
    assert isinstance(silent, Unmeasured)
    assert "no unit of the champion arm has any value of seconds" in silent.reason
    with pytest.raises(KeyError):
        found.of("unknown")


def test_where_every_unit_of_an_arm_wins_its_share_is_one(tmp_path: Path) -> None:
    """Centred around both arms' mean, it came to 1.0000000000000013, which is no share."""
    traffic = generate(Recipe(units=900))
    arms = dict(zip(traffic.exposures["unit_id"], traffic.exposures["variation_id"], strict=True))
    traffic.events["resolved"] = [
        1.0 if arms[unit] == "challenger" else value
        for unit, value in zip(traffic.events["unit_id"], traffic.events["resolved"], strict=True)
    ]
    for day in (3.0, 5.0, 7.0, 10.0):
        found = reduced(traffic, tmp_path, plan_of(window_days=1.0), day=day).of("resolved")
        assert isinstance(found.challenger, Moments)
        assert found.challenger.mean[0] == pytest.approx(1.0)
        assert found.challenger.mean[0] <= 1
