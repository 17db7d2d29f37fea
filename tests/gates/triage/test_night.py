"""A night over real HTTP, with a ledger in memory: who is asked, for what share, and sorted how."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gates.ledger.ledger import LedgerDown, Version
from gates.pipeline import run_round
from gates.triage import night as nights
from gates.triage.allowance import Allowance
from gates.triage.due import GIVEN_UP_AFTER
from gates.triage.night import AlreadyRunning, Manner, triage
from gates.triage.outcome import Night, Sort
from policies.errors import WrongUsage
from stages.engine.threads import attempt
from stages.evidence.records import StageName
from stages.models.fingerprint import CANARIES
from tests.fakes.server_script import ServerScript
from tests.fakes.workplace import (
    NO_WORSE,
    PLAN,
    QUESTIONS,
    SOUND,
    VOTED,
    WINS,
    Workplace,
    policy_text,
)
from tests.servers.openai_server import Call, OpenAIServer, Reaction, status, text

POLICY = policy_text(criteria=(SOUND, NO_WORSE))
WHOLE = QUESTIONS + 2 * len(CANARIES)
"""Calls that one checkpoint takes."""

PRICED = "[models.assistant]\nusd_per_million_tokens = { input = 1000, output = 1000 }\n"


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def solved(call: Call) -> Reaction:
    """The sum, or something else to anything that is no sum."""
    words = call.prompt.split()
    return text(str(int(words[2]) + int(words[4][:-1])) if words[:2] == ["what", "is"] else "hello")


def night(
    place: Workplace,
    *,
    policy: str = POLICY,
    limits: Allowance | None = None,
    pauses: list[float] | None = None,
) -> Night:
    noted = [] if pauses is None else pauses
    how = Manner(limits=limits or Allowance(), pause=noted.append)
    return triage(place.policy(policy), place.services, how)


def sorts(found: Night) -> dict[str, Sort]:
    return {o.candidate.rpartition("/")[2]: o.sort for o in found.outcomes}


def sentence(found: Night, number: int) -> str:
    return next(o.sentence for o in found.outcomes if o.candidate.endswith(f"/{number}"))


def next_day(place: Workplace) -> None:
    place.later(hours=24)


def test_each_checkpoint_is_sorted_with_one_sentence(place: Workplace) -> None:
    place.champion()
    for wrong_every in (0, 1, 4):
        place.recorded(wrong_every=wrong_every)
    found = night(place, policy=policy_text(criteria=(SOUND.replace("0.6", "0.1"), NO_WORSE)))
    assert sorts(found) == {"2": Sort.ADVANCE, "3": Sort.REGRESSED, "4": Sort.WAITING}
    assert sentence(found, 3).startswith("worse than assistant/1: ")
    assert [o.candidate for o in found.for_people] == ["models:/assistant/2"]
    alone = night(place, policy=policy_text().replace("policy: release", "policy: alone"))
    assert sorts(alone)["3"] is Sort.BLOCKED


def test_a_decided_checkpoint_is_not_taken_up_again(place: Workplace) -> None:
    place.champion()
    place.recorded()
    place.recorded(wrong_every=1)
    assert len(night(place).outcomes) == 2
    next_day(place)
    again = night(place)
    assert (again.outcomes, again.number) == ((), 2)
    place.recorded()
    next_day(place)
    assert sorts(night(place)) == {"4": Sort.ADVANCE}


def test_what_gate_run_decided_is_not_new(place: Workplace) -> None:
    place.champion()
    place.recorded()
    run_round(place.policy(POLICY), (), place.services)
    assert night(place).outcomes == ()
    logged = len(place.ledger.records)
    next_day(place)
    place.ledger.history = None  # type: ignore[method-assign,assignment] # nobody asks again
    assert night(place).outcomes == ()
    assert len(place.ledger.records) == logged


def test_only_stage_1_runs_and_who_passed_it_goes_to_people(place: Workplace) -> None:
    place.champion()
    place.recorded()
    place.votes()
    found = night(place, policy=policy_text((PLAN, VOTED), (SOUND, NO_WORSE, WINS)))
    (outcome,) = found.outcomes
    assert outcome.sort is Sort.ADVANCE
    assert outcome.decision is not None
    last = outcome.decision.stages[-1]
    assert (last.stage, last.evidence_sha256) == (StageName.SIDE_BY_SIDE, None)


def test_a_quota_is_the_nights_and_the_best_go_first(place: Workplace) -> None:
    place.champion(wrong_every=4)
    for wrong_every in (8, 0, 20):
        place.recorded(wrong_every=wrong_every)
    place.ledger.files["models:/assistant/2"] = b"?\n"
    for _ in range(1):
        place.recorded(wrong_every=10)
    keep = "keep: {offline: {most: 2, by: sums.accuracy}}"
    found = night(place, policy=policy_text(criteria=(SOUND, NO_WORSE), more=keep))
    assert [o.candidate for o in found.for_people] == ["models:/assistant/3", "models:/assistant/4"]
    assert sorts(found)["5"] is Sort.BLOCKED
    assert "third of 3" in sentence(found, 5)
    assert sorts(found)["2"] is Sort.INFRASTRUCTURE


def test_no_call_more_than_the_nights_cap_and_everybody_moves(place: Workplace) -> None:
    place.champion()
    with OpenAIServer(solved) as server:
        made = [place.endpoint(server.url) for _ in range(3)]
        first = night(place, limits=Allowance(calls=90))
        assert len(server.calls) <= 90
        assert first.cost.calls == len(server.calls)
        assert set(sorts(first).values()) == {Sort.WAITING}
        assert all(_answers(place, version) >= 20 for version in made)
        next_day(place)
        second = night(place, limits=Allowance(calls=200))
        assert set(sorts(second).values()) == {Sort.ADVANCE}
        asked = [c for c in server.calls if c.prompt.startswith("what")]
        assert len(asked) == 3 * QUESTIONS  # nothing was asked twice


def test_what_one_leaves_goes_to_the_next(place: Workplace) -> None:
    place.champion()
    with OpenAIServer(solved) as server:
        small = place.endpoint(server.url)
        run_round(place.policy(POLICY, name="other"), (small.uri,), place.services)
        paid = len(server.calls)
        for _ in range(2):
            place.endpoint(server.url)
        place.ledger.records.clear()
        found = night(place, limits=Allowance(calls=2 * WHOLE))
        assert set(sorts(found).values()) == {Sort.ADVANCE}
        assert len(server.calls) - paid == 2 * WHOLE


def test_money_is_a_cap_whatever_an_answer_turns_out_to_cost(place: Workplace) -> None:
    place.champion()
    place.toml(PRICED)
    with OpenAIServer(solved) as server:
        for _ in range(2):
            place.endpoint(server.url)
        found = night(place, limits=Allowance(usd=12.0))
        assert found.cost.usd is not None
        assert 0 < found.cost.usd <= 12.0
        assert server.calls


def test_a_cap_on_money_without_a_price_asks_nobody(place: Workplace) -> None:
    place.champion()
    with OpenAIServer(solved) as server:
        place.endpoint(server.url)
        found = night(place, limits=Allowance(usd=1000.0))
        assert server.calls == []
    assert sorts(found) == {"2": Sort.WAITING}
    assert "USD are limited, and nobody can tell" in sentence(found, 2)


def test_when_the_time_is_over_what_was_answered_is_kept(place: Workplace) -> None:
    place.toml("[models.assistant]\nslots = 1\n")  # one call after the other, a second each
    place.champion()

    def slow(call: Call) -> Reaction:
        place.later(seconds=1)
        return solved(call)

    with OpenAIServer(slow) as server:
        for _ in range(2):
            place.endpoint(server.url)
        found = night(place, limits=Allowance(seconds=40))
        assert set(sorts(found).values()) == {Sort.WAITING}
        assert 20 <= len(server.calls) <= 100
        next_day(place)
        assert set(sorts(night(place)).values()) == {Sort.ADVANCE}
        asked = [c for c in server.calls if c.prompt.startswith("what")]
        assert len(asked) == 2 * QUESTIONS


def test_one_broken_checkpoint_stops_no_other(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.champion()
    for _ in range(4):
        place.recorded()
    place.ledger.files["models:/assistant/3"] = b"?\n"
    place.ledger.tag(place.ledger.version("assistant/4"), {"gate_source": "telepathy"})
    opened = nights.Turns.candidate

    def bad(self: nights.Turns, version: Version, *args: object, **how: object) -> object:
        if version.version == "5":
            raise ZeroDivisionError("a bug")
        return opened(self, version, *args, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(nights.Turns, "candidate", bad)
    found = night(place)
    assert sorts(found) == {
        "2": Sort.ADVANCE,
        **dict.fromkeys("345", Sort.INFRASTRUCTURE),
    }
    assert sentence(found, 5) == "ZeroDivisionError: a bug"


def test_infrastructure_is_tried_again_and_not_for_ever(place: Workplace) -> None:
    place.champion()
    pauses: list[float] = []
    failing = [True]
    with OpenAIServer(lambda call: status(500) if failing[0] else solved(call)) as server:
        place.toml("[models.assistant]\nretries = 0\n")
        place.endpoint(server.url)
        found = night(place, pauses=pauses)
        assert sorts(found) == {"2": Sort.INFRASTRUCTURE}
        assert pauses == [30.0, 60.0]
        failing[0] = False
        next_day(place)
        assert sorts(night(place)) == {"2": Sort.ADVANCE}


def test_a_fault_that_passes_is_a_fault_no_more(place: Workplace) -> None:
    place.champion()
    place.toml("[models.assistant]\nretries = 0\n")
    with OpenAIServer(lambda call: status(500) if call.number < 4 else solved(call)) as server:
        place.endpoint(server.url)
        assert sorts(night(place)) == {"2": Sort.ADVANCE}


def test_what_is_no_fault_of_the_infrastructure_is_not_tried_again(place: Workplace) -> None:
    place.champion()
    pauses: list[float] = []
    with OpenAIServer(lambda _: text("-1")) as server:
        place.endpoint(server.url)
        found = night(place, pauses=pauses)
        assert sorts(found) == {"2": Sort.REGRESSED}
    assert pauses == []


def test_after_a_week_of_faults_only_a_person_takes_it_up(place: Workplace) -> None:
    place.champion()
    place.recorded()
    place.ledger.files["models:/assistant/2"] = b"?\n"
    for _ in range(GIVEN_UP_AFTER):
        assert not night(place).needs_person
        next_day(place)
    found = night(place)
    (outcome,) = found.needs_person
    assert outcome.sentence.startswith("given up after 7 nights: ")
    assert outcome.command == "gate run release assistant/2"


def test_an_endpoint_that_changes_is_flaky_and_never_a_pass(place: Workplace) -> None:
    place.champion()

    def turning(call: Call) -> Reaction:
        return text(f"hello {call.number}") if "what is" not in call.prompt else solved(call)

    with OpenAIServer(turning) as server:
        place.endpoint(server.url)
        found = night(place)
    (outcome,) = found.outcomes
    assert outcome.sort is Sort.FLAKY
    assert outcome.needs_person
    assert outcome.decision is not None
    assert outcome.decision.verdict == "HOLD"
    next_day(place)
    assert night(place).outcomes == ()


def test_a_second_answer_under_one_identity_is_flaky(place: Workplace) -> None:
    place.champion()
    with OpenAIServer(solved) as server:
        version = place.endpoint(server.url)
        run_round(place.policy(POLICY, name="other"), (version.uri,), place.services)
        place.ledger.records.clear()
        stream = _answer_stream(place, version)
        place.state.append(stream, [{**place.state.read(stream)[0], "text": "another"}])
        found = night(place)
    assert sorts(found) == {"2": Sort.FLAKY}
    assert "was asked twice" in sentence(found, 2)


def test_a_verdict_that_turned_under_the_same_policy_is_flaky(place: Workplace) -> None:
    place.champion()
    version = place.recorded(wrong_every=1)
    file = place.policy(POLICY)
    run_round(file, (version.uri,), place.services)
    place.recorded()
    place.ledger.files[version.uri] = place.ledger.files["models:/assistant/3"]
    tags = {"gate_sha256": place.ledger.version("assistant/3").tags["gate_sha256"]}
    place.ledger.tag(version, tags)
    stream = nights.NightBook(state=place.state, policy="release").stream
    found_before = {
        "candidate": version.uri,
        "sort": Sort.WAITING.value,
        "sentence": "it was left open",
    }
    place.state.append(
        stream,
        [
            {"night": 1, "began": place.now.isoformat()},
            {
                "night": 1,
                "ended": place.now.isoformat(),
                "found": [found_before],
                "cost": dict.fromkeys(("calls", "prompt_tokens", "completion_tokens", "votes"), 0),
            },
        ],
    )
    found = night(place)
    assert sorts(found)["2"] is Sort.FLAKY
    assert "says PASS and said FAIL" in sentence(found, 2)


def test_a_second_triage_at_the_same_time_does_nothing(place: Workplace) -> None:
    place.champion()
    entered, leave = threading.Event(), threading.Event()

    def held(call: Call) -> Reaction:
        entered.set()
        return Reaction(until=leave.is_set, status=200, body=solved(call).body)

    with OpenAIServer(held) as server:
        place.endpoint(server.url)
        file = place.policy(POLICY)
        first: list[object] = []
        thread = threading.Thread(
            target=lambda: first.append(attempt(lambda _: triage(file, place.services), None))
        )
        thread.start()
        assert entered.wait(60)
        asked = len(server.calls)
        with pytest.raises(AlreadyRunning, match="another triage of policy release is running"):
            triage(file, place.services)
        assert len(server.calls) - asked <= 16  # what the first one has under way
        leave.set()
        thread.join(120)
    assert len(first) == 1


def test_an_interrupted_night_goes_on_and_asks_nothing_twice(place: Workplace) -> None:
    place.champion()

    class Killed(BaseException):
        """As a signal would."""

    with OpenAIServer(solved) as server:
        made = [place.endpoint(server.url) for _ in range(3)]
        real = place.ledger.history
        place.ledger.history = _raising(Killed)  # type: ignore[method-assign]
        with pytest.raises(Killed):
            night(place)
        place.ledger.history = real  # type: ignore[method-assign]
        # the first lookup of `due` is killed: nothing was asked
        assert not server.calls
        log = place.ledger.log
        place.ledger.log = _raising(Killed)  # type: ignore[method-assign]
        with pytest.raises(Killed):
            night(place, limits=Allowance(calls=1000))
        paid = len(server.calls)
        assert paid == 3 * WHOLE
        place.ledger.log = log  # type: ignore[method-assign]
        found = night(place, limits=Allowance(calls=1000))
        assert len(server.calls) == paid
    assert found.number == 1
    assert found.cost.calls == paid  # of the whole night, the interrupted part among it
    assert set(sorts(found)) == {version.version for version in made}


def test_a_checkpoint_that_kills_the_process_is_passed_over(place: Workplace) -> None:
    place.champion()
    place.recorded()
    place.recorded()
    book = nights.NightBook(state=place.state, policy="release")
    begun = book.begin(place.now)
    for _ in range(2):
        book.begin_turn(begun, "models:/assistant/2", nights.Cost())
    found = night(place)
    assert sorts(found) == {"3": Sort.ADVANCE, "2": Sort.INFRASTRUCTURE}
    assert "the process ended 2 times" in sentence(found, 2)


def test_a_night_left_open_long_ago_is_another_night(place: Workplace) -> None:
    book = nights.NightBook(state=place.state, policy="release")
    assert book.begin(place.now).number == 1
    place.later(hours=11)
    assert book.begin(place.now).number == 1
    place.later(hours=2)
    assert book.begin(place.now).number == 2


def test_nobody_new_is_a_night_too(place: Workplace) -> None:
    place.champion()
    found = night(place)
    assert (found.outcomes, found.decisions, found.cost.calls) == ((), (), 0)


def test_since_leaves_out_the_old_and_keeps_those_left_open(place: Workplace) -> None:
    place.champion()
    place.recorded()
    file = place.policy(POLICY)
    from datetime import timedelta

    assert triage(file, place.services, Manner(since=timedelta(hours=24))).outcomes == ()
    assert len(triage(file, place.services, Manner(since=timedelta(days=9999))).outcomes) == 1


def test_without_a_ledger_or_an_offline_stage_nothing_begins(place: Workplace) -> None:
    place.champion()
    place.recorded()
    place.ledger.is_down = True
    with pytest.raises(LedgerDown):
        night(place)
    with pytest.raises(WrongUsage, match="nothing to measure at night"):
        night(place, policy=policy_text((VOTED,), (WINS,)))


def served_place(place: Workplace, url: str) -> ServerScript:
    place.toml(
        f'[models.assistant]\nendpoint = "{url}"\nserved_as = "toy-{{version}}"\n'
        'serve = "ops/serve.sh"\n'
        "serve_healthy_within_seconds = 1\nretries = 0\n"
    )
    script = ServerScript(place.folder / "ops")
    script.write()
    place.environment = {"PATH": os.environ["PATH"]}
    return script


def test_servers_run_one_at_a_time_and_the_baselines_first(place: Workplace) -> None:
    with OpenAIServer(solved) as server:
        script = served_place(place, server.url)
        first = place.endpoint(None)
        place.ledger.set_alias(first, "champion")
        for _ in range(2):
            place.endpoint(None)
        found = night(place)
        assert set(sorts(found).values()) == {Sort.ADVANCE}
        assert script.calls == [
            f"{what} {number}" for number in (1, 2, 3) for what in ("start", "health", "stop")
        ]
        place.endpoint(None)
        next_day(place)
        assert sorts(night(place)) == {"4": Sort.ADVANCE}
        assert "start 1" not in script.calls[9:]  # its answers are journaled


def test_a_server_that_never_gets_healthy_is_infrastructure(place: Workplace) -> None:
    place.champion()
    with OpenAIServer(solved) as server:
        script = served_place(place, server.url)
        script.switch("never-healthy")
        place.endpoint(None)
        place.recorded()
        found = night(place)
        assert sorts(found) == {"2": Sort.INFRASTRUCTURE, "3": Sort.ADVANCE}
        assert "was not healthy within 1 s" in sentence(found, 2)
        assert server.calls == []
        assert script.calls.count("stop 2") == nights.TRIES


def test_a_server_that_cannot_be_stopped_is_a_persons_business(place: Workplace) -> None:
    place.champion()
    with OpenAIServer(solved) as server:
        script = served_place(place, server.url)
        script.switch("stop-fails")
        place.endpoint(None)
        found = night(place)
    assert sorts(found) == {"2": Sort.ADVANCE}  # what it answered is journaled
    (remark,) = found.remarks
    assert remark.startswith("the server of assistant/2 could not be stopped")


def test_without_the_baseline_nobody_passes_and_the_bad_are_still_found(place: Workplace) -> None:
    place.champion()
    place.recorded()
    place.recorded(wrong_every=1)
    place.ledger.files["models:/assistant/1"] = b"?\n"
    found = night(place)
    assert sorts(found) == {"2": Sort.INFRASTRUCTURE, "3": Sort.INFRASTRUCTURE}
    assert any("the baseline models:/assistant/1 was not asked all" in r for r in found.remarks)


def _raising(error: type[BaseException]) -> Callable[..., object]:
    def call(*_: object, **__: object) -> object:
        raise error

    return call


def _answer_stream(place: Workplace, version: Version) -> str:
    from contextlib import ExitStack

    from gates.subjects import opened

    with ExitStack() as clients:
        return f"answers/{opened(version, place.services, clients).digest}"


def _answers(place: Workplace, version: Version) -> int:
    entries = place.state.read(_answer_stream(place, version))
    return sum(entry["kind"] == "answer" for entry in entries)
