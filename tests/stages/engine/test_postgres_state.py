import sys

import psycopg
import pytest

from policies.errors import Broken, WrongUsage
from stages.engine.postgres_state import PostgresState
from tests.servers.postgres import PASSWORD


def broken(state: PostgresState) -> Broken:
    with pytest.raises(Broken) as caught:
        state.read("s")
    assert PASSWORD not in f"{caught.value}{caught.value.why}{caught.value.fix}"
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def test_a_password_is_in_no_error(postgres: str) -> None:
    host = postgres.rpartition("@")[2]

    assert (
        "authentication failed" in broken(PostgresState(f"{postgres}x".replace("gate:", "g:"))).why
    )
    assert "does not exist" in broken(PostgresState(f"{postgres}x")).why
    assert host in broken(PostgresState(f"{postgres}x")).message
    for url in (
        f"postgresql://gate:{PASSWORD}@127.0.0.1:1/x",
        f"postgresql://gate:{PASSWORD}@127.0.0.1:port/x",
        f"postgresql://gate:{PASSWORD}@[127.0.0.1/x",
        f"postgresql://127.0.0.1:1/x?password={PASSWORD}&nonsense={PASSWORD}",
    ):
        assert broken(PostgresState(url)).why


def test_the_address_is_shown_without_user_and_password(postgres: str) -> None:
    assert PostgresState(postgres).url == f"postgresql://{postgres.rpartition('@')[2]}"


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(WrongUsage, match="PostgreSQL") as caught:
        PostgresState("postgresql://host/db")

    assert "postgres" in caught.value.fix


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("DELETE FROM gate_streams WHERE number = 1", "entries are missing"),
        ("UPDATE gate_streams SET entry = '{' WHERE number = 2", "not valid JSON"),
        ("UPDATE gate_streams SET entry = '[1]' WHERE number = 2", "it is no object"),
    ],
)
def test_a_journal_that_was_tampered_with_is_never_read_as_something_else(
    postgres: str, change: str, why: str
) -> None:
    state = PostgresState(postgres)
    state.append("s", [{"n": 1}, {"n": 2}])
    execute(postgres, change)

    assert why in broken(state).why


def test_a_lost_connection_is_broken_and_the_next_call_connects_again(postgres: str) -> None:
    state = PostgresState(postgres)
    state.append("s", [{"n": 1}])
    end_connections(postgres)

    broken(state)

    assert state.read("s") == ({"n": 1},)


def test_nothing_is_written_under_a_lock_that_was_lost(postgres: str) -> None:
    state = PostgresState(postgres)
    with state.lock("round"):
        state.append("s", [{"n": 1}])
        end_connections(postgres)
        broken(state)
        with PostgresState(postgres).lock("round"):
            pass
        with pytest.raises(Broken, match="cannot use the state"):
            state.append("s", [{"n": 2}])

    assert state.read("s") == ({"n": 1},)


def test_a_lock_that_was_given_up_is_free_before_its_connection_is_gone(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[psycopg.Connection] = []

    def leave(connection: psycopg.Connection) -> None:
        left.append(connection)

    with monkeypatch.context() as busy:
        busy.setattr("psycopg.Connection.close", leave)
        with PostgresState(postgres).lock("round"):
            pass
        with PostgresState(postgres).lock("round"):
            pass
    for connection in left:
        connection.close()


def test_a_commit_waits_for_the_disk_whatever_the_server_was_set_to(postgres: str) -> None:
    database = postgres.rpartition("/")[2]
    execute(postgres, f"ALTER DATABASE {database} SET synchronous_commit = off")
    state, seen = PostgresState(postgres), []
    state.read("s")
    connection = state._streams.connection
    assert connection is not None
    execute_of = connection.execute

    def spied(statement: str, *rest: object) -> object:
        if "max(number)" in statement:
            seen.append(execute_of("SHOW synchronous_commit").fetchone())
        return execute_of(statement, *rest)

    connection.execute = spied
    state.append("s", [{"n": 1}])

    assert seen == [("on",)]


def end_connections(url: str) -> None:
    """As when the server is started anew."""
    database = url.rpartition("/")[2]
    with psycopg.connect(f"{url.rpartition('/')[0]}/postgres", autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
        )
