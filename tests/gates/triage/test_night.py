"""A night over real HTTP, with a ledger in memory: who is asked, for what share, and sorted how."""

from pathlib import Path

import pytest

from gates.triage.allowance import Allowance
from gates.triage.night import triage
from gates.triage.outcome import Night, Sort
from tests.fakes.workplace import NO_WORSE, SOUND, Workplace, policy_text
from tests.servers.openai_server import Call, OpenAIServer, Reaction, text

POLICY = policy_text(criteria=(SOUND, NO_WORSE))


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def solved(call: Call) -> Reaction:
    words = call.prompt.split()
    return text(str(int(words[2]) + int(words[4][:-1])) if words[:2] == ["what", "is"] else "hello")


def night(place: Workplace, **how: object) -> Night:
    return triage(place.policy(POLICY), place.services, pause=lambda _: None, **how)  # type: ignore[arg-type]


def sorts(found: Night) -> dict[str, Sort]:
    return {o.candidate.rpartition("/")[2]: o.sort for o in found.outcomes}


def test_new_checkpoints_are_sorted_and_not_taken_up_again(place: Workplace) -> None:
    place.champion()
    place.recorded()
    place.recorded(wrong_every=1)
    place.recorded(wrong_every=2)
    first = night(place)
    assert sorts(first) == {"2": Sort.ADVANCE, "3": Sort.REGRESSED, "4": Sort.REGRESSED}
    assert len(first.decisions) == 1
    place.later(hours=24)
    second = night(place)
    assert second.outcomes == ()
    assert second.number == 2


def test_an_endpoint_is_asked_within_the_nights_calls(place: Workplace) -> None:
    place.champion()
    with OpenAIServer(solved) as server:
        for _ in range(3):
            place.endpoint(server.url)
        found = night(place, limits=Allowance(calls=60))
        assert len(server.calls) <= 60
        assert found.cost.calls == len(server.calls)
        assert set(sorts(found).values()) == {Sort.WAITING}
        print([o.sentence for o in found.outcomes], found.cost)
        place.later(hours=24)
        more = night(place, limits=Allowance(calls=150))
        print([o.sentence for o in more.outcomes], more.cost)
        assert set(sorts(more).values()) == {Sort.ADVANCE}
