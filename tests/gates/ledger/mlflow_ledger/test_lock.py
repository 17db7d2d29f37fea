"""A lease ends by itself, is taken over once it has, and clocks that differ do no harm."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gates.ledger.chain_keeping import Lease, LeaseHeld, LeaseLost
from gates.ledger.mlflow_ledger.connection import Connection
from gates.ledger.mlflow_ledger.lock import HeldLease, Locks, Terms, held_lease


@dataclass
class Time:
    """A moment that passes when somebody sleeps, or a test says so."""

    now: float = 1_000_000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Machine:
    """A promoter, whose clock is off by some seconds and whose stopwatch began when it liked."""

    store: str
    time: Time
    off_by: float = 0.0

    @property
    def locks(self) -> Locks:
        terms = Terms(
            lasts=30,
            writes_within=12,
            clocks_differ=60,
            wall=lambda: self.time.now + self.off_by,
            stopwatch=lambda: self.time.now - 7 * self.off_by,
            sleep=self.time.sleep,
        )
        return Locks(connection=Connection(self.store), model="assistant", terms=terms)

    def takes(self, *, patience: float = 0.0, above: int = 0) -> HeldLease:
        return self.locks.acquired(
            holder="a test", intent="promote 12", patience=patience, above=above
        )


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that is there already: making one takes seconds."""
    file = tmp_path_factory.mktemp("made") / "mlflow.db"
    Connection(f"sqlite:///{file}").client.search_experiments(max_results=1)
    return file


@pytest.fixture
def here(database: Path, tmp_path: Path) -> Machine:
    copy = tmp_path / "mlflow.db"
    copy.write_bytes(database.read_bytes())
    return Machine(f"sqlite:///{copy}", Time())


def there(here: Machine, *, off_by: float = 0.0) -> Machine:
    return Machine(here.store, here.time, off_by=off_by)


@pytest.mark.parametrize("off_by", [-59.0, -3.0, 3.0, 59.0])
def test_a_lease_that_runs_is_never_taken_over_by_a_clock_that_differs(
    here: Machine, off_by: float
) -> None:
    here.takes()
    with pytest.raises(LeaseHeld):
        there(here, off_by=off_by).takes(patience=29)


@pytest.mark.parametrize("off_by", [-3600.0, 0.0, 59.0])
def test_a_lease_that_nobody_prolongs_is_taken_over_after_it_was_watched_so_long(
    here: Machine, off_by: float
) -> None:
    dead = here.takes()
    began = here.time.now
    found = there(here, off_by=off_by).takes(patience=90)
    assert 30 < here.time.now - began < 32
    assert found.number == dead.number + 1
    assert found.abandoned == "promote 12 (a test)"


def test_the_lease_of_one_who_died_yesterday_is_taken_over_at_once(here: Machine) -> None:
    here.takes()
    here.time.now += 86_400
    there(here).takes(patience=0)
    assert here.time.slept == []


def test_a_lease_that_is_prolonged_is_watched_anew(here: Machine) -> None:
    lease = here.takes()

    def prolonging(seconds: float) -> None:
        here.time.now += seconds
        if here.time.now < 1_000_100:
            lease.check()

    other = there(here)
    locks = other.locks
    patient = Locks(
        connection=locks.connection,
        model="assistant",
        terms=Terms(
            lasts=30,
            looks_every=2,  # never past the time in which it is prolonged
            wall=lambda: here.time.now,
            stopwatch=lambda: here.time.now,
            sleep=prolonging,
        ),
    )
    found = patient.acquired(holder="x", intent="y", patience=200, above=0)
    assert here.time.now > 1_000_100 + 10
    assert found.number == 2


def test_one_who_slept_too_long_writes_nothing_though_nobody_took_over(here: Machine) -> None:
    lease = here.takes()
    here.time.now += 18
    lease.check()
    here.time.now += 18.1
    with pytest.raises(LeaseLost, match="is lost") as caught:
        lease.check()
    assert caught.value.why == "it ran out"


def test_one_who_was_overtaken_writes_nothing_though_its_time_has_not_run_out(
    here: Machine,
) -> None:
    lease = here.takes()
    rude = there(here, off_by=3600)  # its clock is wrong beyond all tolerance
    assert rude.takes().number == 2
    with pytest.raises(LeaseLost) as caught:
        lease.check()
    assert caught.value.why == "somebody took it over"


def test_one_whose_lock_somebody_deleted_by_hand_writes_nothing(here: Machine) -> None:
    lease = here.takes()
    here.locks.delete(lease.experiment_id)
    with pytest.raises(LeaseLost):
        lease.check()


def test_a_lock_that_was_purged_from_mlflow_does_not_count_from_one_again(here: Machine) -> None:
    assert here.takes(above=99).number == 100


def test_a_name_that_is_no_number_is_passed_over(here: Machine) -> None:
    for name in ("gate-lock/assistant/zzz", "gate-lock/assistant/\u0661", "gate-lock/assistants/9"):
        here.locks.connection.client.create_experiment(name)
    assert here.takes().number == 1


def test_a_lease_that_two_ask_for_at_once_has_one_holder(
    here: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = there(here).locks
    monkeypatch.setattr(Locks, "newest", lambda _: None)
    here.takes()
    with pytest.raises(LeaseHeld) as caught:
        late.acquired(holder="x", intent="y", patience=0, above=0)
    assert caught.value.why == "others were faster each time"


def test_an_error_inside_gives_the_lease_back(here: Machine) -> None:
    def fails(lease: Lease) -> None:
        lease.check()
        raise ValueError("no")

    with (
        pytest.raises(ValueError, match="no"),
        held_lease(here.locks, holder="x", intent="y", patience=0, above=0) as lease,
    ):
        fails(lease)
    assert there(here).takes().abandoned is None
