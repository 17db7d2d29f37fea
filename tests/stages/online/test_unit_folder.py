"""The cache of unit states: whatever happens to it, a look is the one from scratch."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from stages.online.arms import arms_of
from stages.online.backends import engine
from stages.online.look_data import LookData
from stages.online.reduction import reduce_look
from stages.online.sources import Tables
from stages.online.tables import Traffic as Opened
from stages.online.tables import open_traffic
from stages.online.unit_folder import UnitFolder
from stages.online.units import Ab
from tests.stages.online.rich_traffic import assert_looks_agree
from tests.stages.online.traffic_of import START, Recipe, Traffic, generate, plan_of, write

PLAN = plan_of()
NAME = "assistant/2"


def tables_of(at: Path) -> Tables:
    return Tables(exposures=at / "exposures.parquet", events=at / "events.parquet")


def look(traffic: Traffic, at: Path, day: float, folder: UnitFolder | None = None) -> LookData:
    write(traffic, at)
    with engine() as connection:
        opened = open_traffic(connection, tables_of(at), PLAN)
        assert isinstance(opened, Opened)
        return reduce_look(
            opened,
            tables_of(at),
            known_as=NAME,
            plan=PLAN,
            start=START,
            day=day,
            folder=folder,
        )


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flipped(path: Path) -> None:
    """One bit, in the middle of the values."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def foreign(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"unit": ["somebody"]}), path)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("units.parquet", torn),
        ("units.parquet", flipped),
        ("units.parquet", foreign),
        ("units.parquet", Path.unlink),
        ("whole.json", torn),
        ("whole.json", Path.unlink),
        ("whole.json", lambda path: path.write_text("[]")),
        ("whole.json", lambda path: path.write_text('{"said": {}, "sha256": "0"}')),
        (
            "whole.json",
            lambda path: path.write_text(path.read_text().replace('"exposures":', '"exposures":1')),
        ),
    ],
)
def test_a_damaged_state_is_never_believed(
    tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    traffic = generate(Recipe(units=60))
    folder = UnitFolder(path=tmp_path / "units")
    look(traffic, tmp_path, 3.0, folder)
    (state,) = folder.path.glob("*/day-*")
    damage(state / name)
    assert_looks_agree(
        look(traffic, tmp_path, 7.0, folder), look(traffic, tmp_path, 7.0), rel=1e-12
    )


def test_old_states_are_removed_and_a_repeat_grows_nothing(tmp_path: Path) -> None:
    traffic = generate(Recipe(units=60))
    folder = UnitFolder(path=tmp_path / "units")
    for day in (3.0, 7.0, 10.0, 14.0):
        look(traffic, tmp_path, day, folder)
    states = sorted(path.name[:18] for path in folder.path.glob("*/*"))
    assert states == ["day-0010.000000000", "day-0014.000000000"]
    assert look(traffic, tmp_path, 14.0, folder) == look(traffic, tmp_path, 14.0, folder)


def test_another_plan_finds_no_state_of_this_one(tmp_path: Path) -> None:
    folder = UnitFolder(path=tmp_path / "units")
    look(generate(Recipe(units=60)), tmp_path, 3.0, folder)
    ab = Ab(plan=PLAN, arms=arms_of(PLAN, NAME), start=START)
    assert len(folder.read(tables_of(tmp_path), ab, 3.0)) == 1
    other = Ab(plan=plan_of(window_days=0.5), arms=ab.arms, start=START)
    assert folder.read(tables_of(tmp_path), other, 3.0) == ()
    assert folder.read(tables_of(tmp_path), ab, 2.0) == ()
    shutil.rmtree(folder.path)
    assert folder.read(tables_of(tmp_path), ab, 3.0) == ()


@pytest.mark.parametrize("table", ["exposures", "events"])
def test_rows_that_come_late_or_are_gone_are_read_again(tmp_path: Path, table: str) -> None:
    traffic = generate(Recipe(units=300))
    folder = UnitFolder(path=tmp_path / "units")
    look(traffic, tmp_path, 3.0, folder)
    changed = getattr(generate(Recipe(units=300)), table)
    for name in changed:  # some of the first day's rows are gone
        changed[name] = [*changed[name][:1], *changed[name][4:]]
    now = replace(traffic, **{table: changed})
    assert_looks_agree(look(now, tmp_path, 7.0, folder), look(now, tmp_path, 7.0), rel=1e-12)
    look(now, tmp_path, 7.0, folder)
    assert_looks_agree(
        look(traffic, tmp_path, 10.0, folder), look(traffic, tmp_path, 10.0), rel=1e-12
    )
