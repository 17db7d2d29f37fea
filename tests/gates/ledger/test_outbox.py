from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from gates.ledger.ledger import LedgerDown, Logged, Record
from gates.ledger.outbox import OUTBOX, flush, log_or_keep, waiting
from policies.errors import Broken
from stages.engine.state import Entry, State
from stages.engine.state_url import open_state
from tests.fakes import decisions
from tests.fakes.memory_ledger import MemoryLedger


@dataclass
class Watched(MemoryLedger):
    """Remembers the order of what it was asked to log."""

    order: list[str] = field(default_factory=list)

    def log(self, record: Record) -> tuple[Logged, ...]:
        logged = super().log(record)
        self.order.append(record.key)
        return logged


class KilledError(BaseException):
    """The process ends here."""


@dataclass
class Mortal:
    """A state whose process dies after so many appends."""

    state: State
    lives: int

    @property
    def url(self) -> str:
        return self.state.url

    def read(self, stream: str) -> tuple[Entry, ...]:
        return self.state.read(stream)

    def append(self, stream: str, entries: Sequence[Entry]) -> None:
        self.state.append(stream, entries)
        self.lives -= 1
        if not self.lives:
            raise KilledError

    def lock(self, name: str):  # noqa: ANN201 - as the state says
        return self.state.lock(name)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(str(tmp_path))


def record(key: str) -> Record:
    return decisions.record(key=key)


def test_a_record_is_logged_at_once_when_the_ledger_answers(state: State) -> None:
    ledger = Watched()
    logged = log_or_keep(state, ledger, record("a"))
    assert [entry.candidate for entry in logged] == [decisions.CANDIDATE, decisions.OTHER]
    assert waiting(state) == ()
    assert ledger.records["a"] == record("a")


def test_what_a_dead_ledger_missed_is_logged_later_in_order(state: State) -> None:
    ledger = Watched(is_down=True)
    assert log_or_keep(state, ledger, record("a")) == ()
    assert log_or_keep(state, ledger, record("b")) == ()
    assert flush(state, ledger) == 2
    assert waiting(state) == ("a", "b")
    ledger.is_down = False
    assert log_or_keep(state, ledger, record("c"))
    assert ledger.order == ["a", "b", "c"]
    assert flush(state, ledger) == 0
    assert ledger.order == ["a", "b", "c"]


def test_a_kept_record_is_logged_exactly_as_it_was_decided(state: State) -> None:
    ledger = Watched(is_down=True)
    log_or_keep(state, ledger, record("a"))
    ledger.is_down = False
    assert flush(state, ledger) == 0
    assert ledger.records["a"] == record("a")


def test_the_same_decision_twice_is_one_record(state: State) -> None:
    ledger = Watched()
    first = log_or_keep(state, ledger, record("a"))
    assert log_or_keep(state, ledger, record("a")) == first
    assert list(ledger.records) == ["a"]
    assert len(state.read(OUTBOX)) == 2


def test_a_decision_that_returns_after_another_is_the_newest_again(state: State) -> None:
    ledger = Watched()
    for key in ("a", "b", "a", "a", "b", "a"):
        assert log_or_keep(state, ledger, record(key))
    assert list(ledger.records) == ["a", "b", "a.2", "b.2", "a.3"]


def test_a_decision_on_one_candidate_alone_is_overtaken_by_the_round_again(state: State) -> None:
    ledger, both = Watched(), record("both")
    alone = replace(
        record("alone"),
        decision=replace(both.decision, candidates=both.decision.candidates[:1]),
    )
    for said in (both, alone, both, both):
        log_or_keep(state, ledger, said)
    assert list(ledger.records) == ["both", "alone", "both.2"]


def test_a_returned_decision_waits_under_a_key_of_its_own(state: State) -> None:
    ledger = Watched()
    for key in ("a", "b"):
        log_or_keep(state, ledger, record(key))
    ledger.is_down = True
    for _ in range(2):
        assert log_or_keep(state, ledger, record("a")) == ()
    assert waiting(state) == ("a.2",)
    ledger.is_down = False
    assert flush(state, ledger) == 0
    assert ledger.order == ["a", "b", "a.2"]


def test_a_decision_under_another_policy_comes_between_nothing(state: State) -> None:
    ledger, mine = Watched(), record("mine")
    other = replace(record("other"), policy=mine.policy.model_copy(update={"policy": "nightly"}))
    for said in (mine, other, mine):
        log_or_keep(state, ledger, said)
    assert list(ledger.records) == ["mine", "other"]


def test_the_same_decision_twice_waits_once(state: State) -> None:
    ledger = Watched(is_down=True)
    for _ in range(2):
        assert log_or_keep(state, ledger, record("a")) == ()
    assert waiting(state) == ("a",)


def test_a_logged_decision_asks_a_dead_ledger_in_vain(state: State) -> None:
    ledger = Watched()
    log_or_keep(state, ledger, record("a"))
    ledger.is_down = True
    assert log_or_keep(state, ledger, record("a")) == ()
    assert waiting(state) == ()


@pytest.mark.parametrize("lives", [1, 2, 3])
def test_killed_anywhere_nothing_is_lost_and_nothing_is_doubled(state: State, lives: int) -> None:
    ledger = Watched()
    with pytest.raises(KilledError):
        log_or_keep(Mortal(state, lives), ledger, record("a"))
    assert log_or_keep(state, ledger, record("a"))
    assert list(ledger.records) == ["a"]
    assert waiting(state) == ()


def test_while_another_process_logs_the_record_waits(state: State, tmp_path: Path) -> None:
    ledger = Watched()
    with open_state(str(tmp_path)).lock(OUTBOX):
        assert log_or_keep(state, ledger, record("a")) == ()
        assert flush(state, ledger) == 1
    assert flush(state, ledger) == 0
    assert ledger.order == ["a"]


def test_a_ledger_that_refuses_is_heard_and_the_record_stays(state: State) -> None:
    class Refusing(Watched):
        def log(self, record: Record) -> tuple[Logged, ...]:
            raise Broken(f"no permission to write {record.key}")

    with pytest.raises(Broken, match="no permission"):
        log_or_keep(state, Refusing(), record("a"))
    assert waiting(state) == ("a",)


def test_a_kept_record_that_is_gone_is_no_silence(state: State) -> None:
    state.append(OUTBOX, [{"kept": "lost"}])
    with pytest.raises(Broken, match="lost"):
        flush(state, Watched())


def test_down_is_a_kind_of_broken() -> None:
    assert issubclass(LedgerDown, Broken)
    assert LedgerDown.exit_code == 4
