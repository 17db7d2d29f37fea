"""The cache of unit states: whatever happens to it, a look is the one from scratch."""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
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


SMALL = generate(Recipe(units=60))


@pytest.fixture(scope="module")
def by_day_3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """States of days 2 and 3."""
    at = tmp_path_factory.mktemp("kept")
    for day in (2.0, 3.0):
        look(SMALL, at, day, UnitFolder(path=at / "units"))
    return at


@pytest.fixture(scope="module")
def on_day_7(tmp_path_factory: pytest.TempPathFactory) -> LookData:
    return look(SMALL, tmp_path_factory.mktemp("scratch"), 7.0)


@pytest.mark.parametrize(
    ("piece", "damage"),
    [
        ("open.*", torn),
        ("open.*", foreign),
        ("settled.*", flipped),
        ("settled.*", Path.unlink),
        ("day-*", torn),
        ("day-*", Path.unlink),
        ("day-*", lambda path: path.write_text("[]")),
        ("day-*", lambda path: path.write_text('{"said": {}, "sha256": "0"}')),
        (
            "day-*",
            lambda path: path.write_text(path.read_text().replace('"exposures":', '"exposures":1')),
        ),
    ],
)
def test_a_damaged_state_is_never_believed(
    tmp_path: Path,
    by_day_3: Path,
    on_day_7: LookData,
    piece: str,
    damage: Callable[[Path], object],
) -> None:
    folder = copied(by_day_3, tmp_path)
    assert read_until(folder, by_day_3) == [START + timedelta(days=n) for n in (2, 3)]
    for path in folder.path.glob(f"*/{piece}"):
        damage(path)
    assert read_until(folder, by_day_3) == []
    assert_looks_agree(look(SMALL, by_day_3, 7.0, folder), on_day_7, rel=1e-12)


def test_of_a_damaged_newest_state_the_one_before_is_grown(
    tmp_path: Path, by_day_3: Path, on_day_7: LookData
) -> None:
    folder = copied(by_day_3, tmp_path)
    torn(max(folder.path.glob("*/day-*")))
    assert read_until(folder, by_day_3) == [START + timedelta(days=2)]
    assert_looks_agree(look(SMALL, by_day_3, 7.0, folder), on_day_7, rel=1e-12)


def copied(by_day_3: Path, to: Path) -> UnitFolder:
    """The same states elsewhere."""
    shutil.copytree(by_day_3 / "units", to, dirs_exist_ok=True)
    return UnitFolder(path=to)


def read_until(folder: UnitFolder, at: Path) -> list[datetime]:
    ab = Ab(plan=PLAN, arms=arms_of(PLAN, NAME), start=START)
    return [read.span.until for read in folder.read(tables_of(at), ab, 3.0)]


def test_old_states_are_removed_with_their_pieces_and_a_repeat_grows_nothing(
    tmp_path: Path,
) -> None:
    folder = UnitFolder(path=tmp_path / "units")
    for day in (3.0, 7.0, 10.0, 14.0):
        look(SMALL, tmp_path, day, folder)
    found = sorted(path.name for path in folder.path.glob("*/*"))
    assert [name[:18] for name in found if name.startswith("day-")] == [
        "day-0010.000000000",
        "day-0014.000000000",
    ]
    kinds = Counter(name.partition(".")[0] for name in found if name.endswith(".parquet"))
    assert kinds == {"open": 2, "settled": 4}
    repeated = look(SMALL, tmp_path, 14.0, folder)
    assert_looks_agree(repeated, look(SMALL, tmp_path, 14.0, folder), rel=1e-12)
    assert sorted(path.name for path in folder.path.glob("*/*")) == found


def test_a_look_of_an_earlier_day_finds_its_state_beside_later_ones(
    tmp_path: Path, on_day_7: LookData
) -> None:
    folder = UnitFolder(path=tmp_path / "units")
    for day in (9.0, 10.0):
        look(SMALL, tmp_path, day, folder)
    assert_looks_agree(look(SMALL, tmp_path, 7.0, folder), on_day_7, rel=1e-12)


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
