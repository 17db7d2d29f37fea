"""A night whose journal is in PostgreSQL: one at a time, and gone on with on another machine."""

from dataclasses import replace
from pathlib import Path

import pytest

from gates.services import Services
from gates.triage.night import AlreadyRunning, Manner, triage
from gates.triage.outcome import Sort
from stages.engine.state_url import open_state
from stages.models.fingerprint import CANARIES
from tests.fakes.workplace import NO_WORSE, QUESTIONS, SOUND, Workplace, policy_text
from tests.servers.openai_server import Call, OpenAIServer, Reaction, text

POLICY = policy_text(criteria=(SOUND, NO_WORSE))


class KilledError(BaseException):
    """As a signal would."""


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def machine(place: Workplace, url: str) -> Services:
    """Another client of the same state."""
    return replace(place.services, state=open_state(url))


def solved(call: Call) -> Reaction:
    words = call.prompt.split()
    return text(str(int(words[2]) + int(words[4][:-1])) if words[:2] == ["what", "is"] else "hello")


def test_a_second_triage_on_another_machine_does_nothing(place: Workplace, postgres: str) -> None:
    place.champion()
    place.recorded()
    file = place.policy(POLICY)
    one, other = machine(place, postgres), machine(place, postgres)
    with one.state.lock("triage/release"), pytest.raises(AlreadyRunning):
        triage(file, other)
    assert not place.ledger.records
    assert [o.sort for o in triage(file, other).outcomes] == [Sort.ADVANCE]


def test_an_interrupted_night_goes_on_elsewhere_and_asks_nothing_twice(
    place: Workplace, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.champion()
    file, how = place.policy(POLICY), Manner(pause=lambda _: None)
    with OpenAIServer(solved) as server:
        place.endpoint(server.url)

        def killed(_: object) -> object:
            raise KilledError

        with monkeypatch.context() as patch:
            patch.setattr(place.ledger, "log", killed)
            with pytest.raises(KilledError):
                triage(file, machine(place, postgres), how)
        paid = len(server.calls)
        assert paid == QUESTIONS + 2 * len(CANARIES)
        found = triage(file, machine(place, postgres), how)
        assert len(server.calls) == paid
    assert (found.number, found.cost.calls) == (1, paid)
    assert [o.sort for o in found.outcomes] == [Sort.ADVANCE]
