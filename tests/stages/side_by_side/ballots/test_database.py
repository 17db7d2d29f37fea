import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Timer

import pytest
from sqlalchemy import create_engine, inspect, text

from policies.errors import Broken, GateError, InputError, WrongUsage
from stages.side_by_side.ballots.box import BallotBox, open_ballots
from stages.side_by_side.ballots.database import FILE, Database, _database_url
from tests.fakes.batches import NOW, batch
from tests.servers.postgres import PASSWORD, fresh_database


@pytest.fixture(params=["folder", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a test keeps its votes; nothing is there."""
    if request.param == "folder":
        return str(tmp_path / "state")
    return fresh_database(request.getfixturevalue("postgres_server"))


def refused(url: str, kind: type[GateError]) -> GateError:
    with pytest.raises(kind) as caught:
        open_ballots(url)
    assert PASSWORD not in f"{caught.value}{caught.value.why}{caught.value.fix}"
    assert caught.value.__cause__ is None
    return caught.value


def test_a_folder_is_made_and_holds_one_file_of_votes(tmp_path: Path) -> None:
    for url in (str(tmp_path / "a" / "b"), (tmp_path / "c d").as_uri()):
        open_ballots(url).close()

    assert (tmp_path / "a" / "b" / FILE).is_file()
    assert (tmp_path / "c d" / FILE).is_file()


def test_what_is_no_place_for_votes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    refused("s3://bucket/votes", WrongUsage)
    refused("", WrongUsage)
    refused(str(tmp_path / "file"), WrongUsage)
    refused("/proc/nowhere", Broken)
    refused(f"postgresql://gate:{PASSWORD}@host:port/x", WrongUsage)


def test_a_password_is_in_no_error(postgres: str) -> None:
    assert "does not exist" in refused(f"{postgres}x", Broken).why
    refused(postgres.replace("gate:", "nobody:"), Broken)
    refused(f"postgresql://gate:{PASSWORD}@127.0.0.1:1/x", Broken)


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    assert "postgres" in refused("postgresql://host/db", WrongUsage).fix


def test_a_file_that_is_no_database_is_broken(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("this is no database, and long enough to be read as one" * 40)

    assert "not a database" in refused(str(tmp_path), Broken).why


def test_an_accepted_vote_is_synced_to_the_disk(tmp_path: Path) -> None:
    database = Database(str(tmp_path))
    for durable, synchronous in ((True, 2), (False, 1), (True, 2)):
        with database.writing(durable=durable) as connection:
            found = {
                name: connection.execute(text(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert found == {
            "journal_mode": "wal",
            "synchronous": synchronous,
            "foreign_keys": 1,
            "busy_timeout": 30_000,
        }
    database.close()


def test_an_error_leaves_nothing_of_a_change(tmp_path: Path) -> None:
    with open_ballots(str(tmp_path)) as box:
        box.batches.open(batch(), now=NOW)
        with pytest.raises(Broken):
            stop_twice(box)

        assert box.batches.stopped("b") is None


def stop_twice(box: BallotBox) -> None:
    with box._database.writing("b") as connection:
        for _ in range(2):
            connection.execute(text("INSERT INTO sxs_stops VALUES ('b', 'why', 'lea', 'at')"))


def test_the_database_itself_refuses_a_doubled_vote_or_seat(tmp_path: Path) -> None:
    with open_ballots(str(tmp_path)) as box:
        box.batches.open(batch(), now=NOW)
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA foreign_keys = ON")
    acts = (
        "INSERT INTO sxs_acts VALUES "
        "('b', {}, 'ann', 'p', {}, 1, 0, 'A>B', 1, '', 1, '{}', NULL, '')"
    )
    seats = "INSERT INTO sxs_seats VALUES ('b', 'p', {}, '{}', NULL)"
    connection.execute(acts.format(1, 0, "t1"))
    connection.execute(seats.format(0, "ann"))

    for doubled in (
        acts.format(2, 0, "t2"),
        acts.format(2, 1, "t1"),
        acts.format(1, 1, "t2"),
        seats.format(0, "bob"),
        seats.format(1, "ann"),
    ):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(doubled)
    connection.close()


def schema(version: int | None) -> str:
    """What makes the tables those of another version; None: of none that is written down."""
    if version is None:
        return "DROP TABLE sxs_schema"
    return f"UPDATE sxs_schema SET version = {version}"


@pytest.mark.parametrize(
    ("version", "shown", "fix"),
    [(2, "schema 2", "or a newer one"), (None, "schema 0", "export the votes")],
)
def test_tables_of_another_version_are_refused_and_left_alone(
    url: str, version: int | None, shown: str, fix: str
) -> None:
    with open_ballots(url) as box:
        box.batches.open(batch(), now=NOW)
        with box._database.writing() as connection:
            connection.execute(text(schema(version)))
            connection.execute(text("DROP TABLE sxs_flags"))

    error = refused(url, Broken)

    assert (shown in error.why, fix in error.fix) == (True, True)
    engine = create_engine(_database_url(url))
    assert not inspect(engine).has_table("sxs_flags")
    engine.dispose()


def test_a_batch_that_is_not_there_is_named(tmp_path: Path) -> None:
    with open_ballots(str(tmp_path)) as box, pytest.raises(InputError, match="no batch 'x'"):
        box.standing_votes("x")


def test_who_opens_a_place_that_another_is_making_waits_for_it(tmp_path: Path) -> None:
    maker = sqlite3.connect(tmp_path / FILE, isolation_level=None, check_same_thread=False)
    maker.execute("BEGIN IMMEDIATE")
    done = Timer(0.3, maker.rollback)
    done.start()

    open_ballots(str(tmp_path)).close()

    assert done.finished.is_set()
    maker.close()


def test_many_who_open_a_new_place_at_once_all_find_it(tmp_path: Path) -> None:
    for attempt in range(5):
        together = Barrier(8)

        def opens(_: int, url: str = str(tmp_path / str(attempt)), at: Barrier = together) -> None:
            at.wait()
            open_ballots(url).close()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(opens, range(8)))
