"""One suite over every keeper of chains: in memory, MLflow on SQLite, MLflow behind a server."""

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest

from gates.ledger.chain_keeping import ChainKeeper, Known, Lease, LeaseHeld, LeaseLost, Sealed
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from tests.fakes.memory_ledger import MemoryLedger

AT = "2026-03-01T10:00:00+00:00"
LATER = "2026-03-01T10:00:07+00:00"


@dataclass(frozen=True)
class Place:
    """A keeper and a model that no other test uses in it."""

    keeper: ChainKeeper
    model: str

    def lease(self, *, above: int = 0) -> AbstractContextManager[Lease]:
        return self.keeper.lease(
            self.model, holder="test", intent="append", patience=0, above=above
        )

    def append(self, *envelopes: bytes, first: int = 1, at: str = AT) -> None:
        with self.lease() as lease:
            said = [sealed(envelope, at) for envelope in envelopes]
            self.keeper.append(self.model, said, first=first, lease=lease)


def sealed(envelope: bytes, at: str = AT) -> Sealed:
    return Sealed(envelope=envelope, name="a record", at=at, tags={"gate_kind": "x"})


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> MlflowLedger:
    return MlflowLedger(f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'mlflow.db'}")


@pytest.fixture(params=["memory", "sqlite", pytest.param("server", marks=pytest.mark.integration)])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    keeper: ChainKeeper
    match request.param:
        case "memory":
            keeper = MemoryLedger()
        case "sqlite":
            keeper = request.getfixturevalue("sqlite")
        case _:
            keeper = MlflowLedger(request.getfixturevalue("mlflow_server"))
    return Place(keeper=keeper, model=f"my_assistant-{uuid.uuid4().hex[:8]}")


def test_a_model_without_records_has_an_empty_chain(place: Place) -> None:
    assert place.keeper.chain(place.model) == ()


def test_envelopes_come_back_byte_for_byte_in_their_order(place: Place) -> None:
    envelopes = [bytes([n]) * 9 for n in range(12)]
    place.append(*envelopes[:11])
    place.append(envelopes[11], first=12)
    assert place.keeper.chain(place.model) == tuple(envelopes)
    assert place.keeper.chain(place.model, after=Known(sequence=9, at=AT)) == tuple(envelopes[9:])
    assert place.keeper.chain(place.model, after=Known(sequence=12, at=AT)) == ()


def test_what_follows_a_known_record_is_found_by_its_time_also_in_the_same_millisecond(
    place: Place,
) -> None:
    times = (AT, "2026-03-01T10:00:00.000400+00:00", "2026-03-01T12:00:00.000900+02:00", LATER)
    for n, at in enumerate(times, 1):
        place.append(bytes([n]), first=n, at=at)
    for n, at in enumerate(times, 1):
        later = tuple(bytes([m]) for m in range(n + 1, 5))
        assert place.keeper.chain(place.model, after=Known(sequence=n, at=at)) == later


def test_two_records_of_one_sequence_are_both_there_and_one_record_twice_is_once(
    place: Place,
) -> None:
    place.append(b"one")
    place.append(b"one")
    place.append(b"another")
    assert sorted(place.keeper.chain(place.model)) == [b"another", b"one"]


def test_chains_of_models_are_apart(place: Place) -> None:
    place.append(b"mine")
    other = Place(keeper=place.keeper, model=f"{place.model}-2")
    other.append(b"theirs")
    assert place.keeper.chain(place.model) == (b"mine",)


def test_a_lease_that_is_held_is_refused_to_others_and_free_when_it_is_given_back(
    place: Place,
) -> None:
    with place.lease() as first, pytest.raises(LeaseHeld), place.lease():
        pass
    with place.lease() as second:
        assert second.number > first.number
        assert second.abandoned is None


def test_what_a_lease_was_taken_for_is_told_until_it_is_given_back(place: Place) -> None:
    assert place.keeper.unfinished(place.model) is None
    with place.lease():
        assert place.keeper.unfinished(place.model) == "append (test)"
    assert place.keeper.unfinished(place.model) is None


def test_leases_of_models_are_apart_also_where_a_name_begins_with_another(place: Place) -> None:
    other = Place(keeper=place.keeper, model=f"{place.model}-2")
    like = Place(keeper=place.keeper, model=place.model.replace("_", "x"))
    with place.lease(), other.lease(), like.lease() as third:
        third.check()


def test_a_lease_is_numbered_above_what_the_chain_has_seen(place: Place) -> None:
    with place.lease(above=41) as lease:
        assert lease.number == 42
    with place.lease() as lease:
        assert lease.number == 43


def test_a_lease_that_was_given_back_writes_nothing(place: Place) -> None:
    with place.lease() as lease:
        lease.check()
    with pytest.raises(LeaseLost):
        place.keeper.append(place.model, [sealed(b"late")], first=1, lease=lease)
    assert place.keeper.chain(place.model) == ()
