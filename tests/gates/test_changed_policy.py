"""A policy that changes: criteria re-decide, a plan measures only what changed, an A/B stays."""

from pathlib import Path

import pytest

from gates.decide.verdict import OnlineVerdict, StageDecision, Verdict
from gates.pipeline import RoundResult, run_round
from gates.preregistration import registered
from stages.evidence.records import StageName
from tests.fakes.workplace import PLAN, SHIPS, SOUND, TRAFFIC, Workplace, lines, policy_text, sums
from tests.servers.openai_server import Call, OpenAIServer, Reaction, text

SHORT = "scorer: numeric, sampling: {max_tokens: 32}"
SUMS = f"offline: {{sums: {{data: ../data/sums.jsonl, {SHORT}}}}}"
MORE = SUMS.replace("{sums", f"{{more: {{data: ../data/more.jsonl, {SHORT}}}, sums")
ALSO = "{metric: more.accuracy, at_least: 0.1, severity: blocking, because: it is new}"
FIRST = policy_text((SUMS,), (SOUND,))


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    found = Workplace(tmp_path)
    others = [q | {"id": f"more-{q['id']}", "prompt": f"{q['prompt']} again"} for q in sums(20)]
    lines(found.data / "more.jsonl", others)
    return found


def solved(call: Call) -> Reaction:
    words = call.prompt.split()
    return text(str(2 * int(words[2])) if words[:2] == ["what", "is"] else "hello")


def run(place: Workplace, policy: str) -> RoundResult:
    return run_round(place.policy(policy), [], place.services)


def verdict_of(result: RoundResult) -> Verdict:
    (candidate,) = result.decision.candidates
    return candidate.verdict


def asked(server: OpenAIServer, since: int) -> list[str]:
    """The sums that were asked since a call; the pinned texts tell who serves, each time."""
    return [prompt for prompt in server.prompts()[since:] if prompt.startswith("what is")]


def test_changed_criteria_decide_again_and_ask_nothing(place: Workplace) -> None:
    with OpenAIServer(solved) as server:
        place.endpoint(server.url)
        assert verdict_of(run(place, FIRST)) is Verdict.PASS
        calls = len(server.calls)
        stricter = run(place, FIRST.replace("at_least: 0.6", "at_least: 0.999"))
        assert verdict_of(stricter) is Verdict.HOLD
        assert asked(server, calls) == []
    assert len(place.ledger.records) == 2


def test_a_new_task_asks_its_own_items_and_no_other(place: Workplace) -> None:
    with OpenAIServer(solved) as server:
        place.endpoint(server.url)
        run(place, FIRST)
        calls = len(server.calls)
        assert verdict_of(run(place, policy_text((MORE,), (SOUND, ALSO)))) is Verdict.PASS
        assert sorted(asked(server, calls)) == sorted(
            f"what is {n} + {n}? again" for n in range(20)
        )


def test_a_task_that_is_scored_otherwise_asks_nobody_again(place: Workplace) -> None:
    with OpenAIServer(solved) as server:
        place.endpoint(server.url)
        run(place, FIRST)
        calls = len(server.calls)
        assert (
            verdict_of(run(place, FIRST.replace("scorer: numeric", "scorer: exact")))
            is Verdict.PASS
        )
        assert asked(server, calls) == []


def test_items_that_are_added_are_the_only_ones_asked(place: Workplace) -> None:
    with OpenAIServer(solved) as server:
        place.endpoint(server.url)
        run(place, FIRST)
        calls = len(server.calls)
        lines(place.data / "sums.jsonl", sums(43))
        assert (
            verdict_of(run(place, FIRST.replace("at_least: 0.6", "at_least: 0.7"))) is Verdict.PASS
        )
        assert sorted(asked(server, calls)) == [f"what is {n} + {n}?" for n in range(40, 43)]


class RunningAb:
    """An A/B at its first look of two."""

    def __init__(self, place: Workplace) -> None:
        self.place = place
        place.champion()
        self.version = place.recorded()
        place.moments(shares=(0.5, 0.51))
        whole = (place.data / "moments.csv").read_text().splitlines(keepends=True)
        (place.data / "moments.csv").write_text("".join(whole[:2]))
        self.rest = whole[2:]
        self.text = policy_text((PLAN, TRAFFIC), (SOUND, SHIPS))

    def goes_on(self) -> None:
        with (self.place.data / "moments.csv").open("a") as file:
            file.writelines(self.rest)

    def online(self, policy: str) -> StageDecision:
        (candidate,) = run(self.place, policy).decision.candidates
        assert candidate.stages[-1].stage is StageName.ONLINE
        return candidate.stages[-1]


def test_a_running_ab_keeps_the_plan_and_criteria_that_it_began_with(place: Workplace) -> None:
    ab = RunningAb(place)
    begun = ab.online(ab.text)
    assert begun.online is OnlineVerdict.CONTINUE, begun.reason
    first = registered("release", ab.version.uri, place.state)
    assert first is not None

    easier = ab.text.replace("planned_units: 8000", "planned_units: 2000")
    refused = ab.online(easier.replace("better: {}", "at_least: 0.1"))
    assert (refused.verdict, refused.online) == (Verdict.HOLD, OnlineVerdict.INVALID)
    assert f"registered was {first.sha256[:12]}" in refused.reason
    assert registered("release", ab.version.uri, place.state) == first

    ab.goes_on()
    ended = ab.online(ab.text)
    assert ended.online is not OnlineVerdict.INVALID, ended.reason
    assert registered("release", ab.version.uri, place.state) == first
    assert ended.findings[0].demand == begun.findings[0].demand


def test_criteria_of_other_stages_change_beside_a_running_ab(place: Workplace) -> None:
    ab = RunningAb(place)
    ab.online(ab.text)
    later = ab.online(ab.text.replace("at_least: 0.6", "at_least: 0.5"))
    assert later.online is OnlineVerdict.CONTINUE, later.reason
