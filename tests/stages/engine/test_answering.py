import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from policies.errors import Broken
from policies.task import Sampling
from stages.engine.answering import AnswerLog, Answers, ask_all
from stages.engine.folder_state import FolderState
from stages.engine.progress import Advance
from stages.engine.state import Entry
from stages.engine.threads import Failed
from stages.evidence.estimate import Cause
from stages.evidence.items import Item, Response
from stages.evidence.records import Cost
from stages.models.client import EndpointError, ModelError, Request
from stages.models.openai_compatible import OpenAICompatible
from stages.models.recorded import Recorded, RecordedFormat
from stages.models.settings import EndpointSettings
from tests.servers import openai_server as server

SAMPLING = Sampling()


def item(name: str, question: str | None = None) -> Item:
    content = question or f"question {name}"
    return Item(id=name, messages=({"role": "user", "content": content},), cluster=name)


ITEMS = [item(str(n)) for n in range(20)]


class Fake:
    """A checkpoint that answers as told and counts what it is asked."""

    def __init__(
        self, reply: Callable[[Request], str] = lambda r: f"re: {r.item.id}", *, name: str = "a"
    ) -> None:
        self.reply = reply
        self.asked: list[str] = []
        self.name = name
        self.slots = 4

    @property
    def identity(self) -> Mapping[str, str]:
        return {"kind": "endpoint", "model": self.name}

    def answer(self, request: Request) -> Response:
        self.asked.append(request.item.id)
        text = self.reply(request)
        return Response(text=text, prompt_tokens=2, completion_tokens=1, model="m")

    def close(self) -> None: ...


@pytest.fixture
def log(tmp_path: Path) -> AnswerLog:
    return AnswerLog(state=FolderState(tmp_path), stream="answers/a")


def kinds(log: AnswerLog) -> list[object]:
    return [entry["kind"] for entry in log.state.read(log.stream)]


def test_every_item_is_answered_in_the_items_order(log: AnswerLog) -> None:
    answers = ask_all(Fake(), ITEMS, SAMPLING, log=log)

    assert list(answers.responses) == [i.id for i in ITEMS]
    assert [r.text for r in answers.responses.values()] == [f"re: {i.id}" for i in ITEMS]
    assert answers.cost == Cost(calls=20, prompt_tokens=40, completion_tokens=20)


def test_what_the_journal_holds_is_not_asked_again(log: AnswerLog) -> None:
    first = ask_all(Fake(), ITEMS[:15], SAMPLING, log=log)
    client = Fake()

    second = ask_all(client, ITEMS, SAMPLING, log=log)

    assert sorted(client.asked) == sorted(i.id for i in ITEMS[15:])
    assert {**second.responses, **first.responses} == second.responses
    assert ask_all(Fake(), ITEMS, SAMPLING, log=log) == second


def test_another_sampling_or_checkpoint_is_another_question(log: AnswerLog) -> None:
    ask_all(Fake(), ITEMS, SAMPLING, log=log)
    warm, other = Fake(), Fake(name="b")

    ask_all(warm, ITEMS, Sampling(temperature=1.0), log=log)
    ask_all(other, ITEMS, SAMPLING, log=log)

    assert len(warm.asked) == len(other.asked) == 20


def test_another_form_of_the_answer_is_another_question(log: AnswerLog) -> None:
    ask_all(Fake(), ITEMS, SAMPLING, log=log)
    forms: list[object] = []

    def noted(request: Request) -> str:
        forms.append(request.response_format)
        return "{}"

    ask_all(Fake(noted), ITEMS, SAMPLING, response_format={"type": "json_object"}, log=log)

    assert forms == [{"type": "json_object"}] * 20


def test_equal_questions_are_asked_once(log: AnswerLog) -> None:
    client = Fake()
    twins = [item("1", "same"), item("2", "same"), item("3")]

    answers = ask_all(client, twins, SAMPLING, log=log)

    assert sorted(client.asked) == ["1", "3"]
    assert answers.responses["1"] == answers.responses["2"]
    assert answers.cost.calls == 2


def test_an_answer_is_on_disk_before_it_is_used(log: AnswerLog) -> None:
    class Watching:
        @contextmanager
        def task(self, label: str, total: int) -> Iterator[Advance]:
            seen = 0

            def advance(done: int = 1) -> None:
                nonlocal seen
                seen += done
                assert len(log.state.read(log.stream)) == seen

            yield advance
            assert (label, seen) == (log.stream, total)

    ask_all(Fake(), ITEMS, SAMPLING, log=log, progress=Watching())


def test_answers_that_cannot_be_journaled_are_not_used(log: AnswerLog) -> None:
    class Full(FolderState):
        def append(self, stream: str, entries: Sequence[Entry]) -> None:
            raise Broken("disk full", why=f"{stream}: {len(entries)} entries")

    full = AnswerLog(state=Full(Path(log.state.url.removeprefix("file://"))), stream="x")
    with pytest.raises(Broken, match="disk full"):
        ask_all(Fake(), ITEMS, SAMPLING, log=full)


def test_a_failure_is_journaled_but_never_used_and_asked_again(log: AnswerLog) -> None:
    def reply(request: Request) -> str:
        if request.item.id == "3":
            raise ModelError("no answer", why="content is null")
        if request.item.id == "4":
            raise TypeError("a bug")
        return "fine"

    first = ask_all(Fake(reply), ITEMS, SAMPLING, log=log)
    client = Fake()
    second = ask_all(client, ITEMS, SAMPLING, log=log)

    assert first.responses["3"] == Failed("no answer: content is null")
    assert first.responses["4"] == Failed("TypeError: a bug")
    assert first.cost.calls == 18
    assert kinds(log).count("failure") == 2
    assert sorted(client.asked) == ["3", "4"]
    assert second.responses["3"] == Response(
        text="re: 3", prompt_tokens=2, completion_tokens=1, model="m"
    )


def test_over_budget_is_a_failure_with_its_cause(log: AnswerLog) -> None:
    client = Fake()

    first = ask_all(client, ITEMS, SAMPLING, log=log, calls_at_most=12)
    again = ask_all(client, ITEMS, SAMPLING, log=log, calls_at_most=12)
    more = ask_all(client, ITEMS, SAMPLING, log=log, calls_at_most=15)

    assert [isinstance(r, Response) for r in first.responses.values()] == [True] * 12 + [False] * 8
    rest = set(list(first.responses.values())[12:])
    assert rest == {Failed("not asked: the budget of 12 calls is spent", Cause.OVER_BUDGET)}
    assert again == first
    assert more.cost.calls == len(client.asked) == 15


def test_failures_count_towards_the_budget(log: AnswerLog) -> None:
    def refuse(_: Request) -> str:
        raise ModelError("no")

    client = Fake(refuse)
    for _ in range(3):
        found = ask_all(client, ITEMS[:6], SAMPLING, log=log, calls_at_most=8)
        assert not any(isinstance(r, Failed) and r.unreached for r in found.responses.values())

    assert len(client.asked) == 8


def test_a_dead_endpoint_is_not_asked_every_item(log: AnswerLog) -> None:
    def dead(_: Request) -> str:
        raise EndpointError("toy does not answer", why="connection refused")

    items = [item(str(n)) for n in range(500)]
    client = Fake(dead)
    answers = ask_all(client, items, SAMPLING, log=log)

    assert 16 <= len(client.asked) <= 16 + 3 * client.slots
    assert len(answers.responses) == 500
    last = answers.responses["499"]
    assert isinstance(last, Failed)
    assert all(isinstance(r, Failed) and r.unreached for r in answers.responses.values())
    assert last.reason.startswith("not asked: the endpoint failed 1")
    assert "connection refused" in last.reason
    assert len(kinds(log)) == len(client.asked)


def test_an_endpoint_that_fails_now_and_then_is_asked_on(log: AnswerLog) -> None:
    def shaky(request: Request) -> str:
        if int(request.item.id) % 4:
            raise EndpointError("overloaded")
        return "fine"

    client = Fake(shaky)
    client.slots = 1
    ask_all(client, [item(str(n)) for n in range(100)], SAMPLING, log=log)

    assert len(client.asked) == 100


def test_recorded_outputs_are_neither_journaled_nor_paid(log: AnswerLog) -> None:
    data = b'{"id": "0", "output": "zero"}\n{"id": "1", "output": ""}\n'
    client = Recorded(data, where="outputs.jsonl", form=RecordedFormat.JSONL)

    answers = ask_all(client, ITEMS[:3], SAMPLING, log=log)

    assert answers.responses["0"] == Response(text="zero")
    assert [type(answers.responses[name]) for name in "12"] == [Failed, Failed]
    assert answers.cost == Cost()
    assert kinds(log) == []


def test_two_at_once_do_not_ask_the_same(log: AnswerLog) -> None:
    with log.state.lock(f"{log.stream}.asking"), pytest.raises(Broken, match="holds"):
        ask_all(Fake(), ITEMS, SAMPLING, log=log)


def test_what_is_answered_can_be_read_while_another_asks(log: AnswerLog) -> None:
    known = ask_all(Fake(), ITEMS[:5], SAMPLING, log=log)
    with log.state.lock(f"{log.stream}.asking"):
        assert ask_all(Fake(), ITEMS[:5], SAMPLING, log=log) == known
        partly = ask_all(Fake(), ITEMS, SAMPLING, log=log, calls_at_most=0)

    assert partly.cost == known.cost
    assert sum(isinstance(r, Response) for r in partly.responses.values()) == 5


def test_equal_ids_are_the_callers_bug(log: AnswerLog) -> None:
    with pytest.raises(ValueError, match="unique"):
        ask_all(Fake(), [ITEMS[0], ITEMS[0]], SAMPLING, log=log)


@pytest.mark.parametrize("change", [{"text": ""}, {"text": None}, {"model": 1}])
def test_a_journaled_answer_of_another_shape_is_broken(
    log: AnswerLog, change: dict[str, object]
) -> None:
    ask_all(Fake(), ITEMS[:1], SAMPLING, log=log)
    (entry,) = log.state.read(log.stream)
    other = AnswerLog(state=log.state, stream="other")
    other.state.append("other", [{**entry, **change}])

    with pytest.raises(Broken, match="not of this program's shape"):
        ask_all(Fake(), ITEMS[:1], SAMPLING, log=other)


def endpoint(url: str, **changes: object) -> OpenAICompatible:
    settings = {"timeout_seconds": 20.0, "retries": 1, "slots": 8, **changes}
    return OpenAICompatible(EndpointSettings(base_url=url, model="toy", **settings))


def ask(url: str, log: AnswerLog, items: Sequence[Item], **changes: object) -> Answers:
    client = endpoint(url, **changes)
    try:
        return ask_all(client, items, SAMPLING, log=log)
    finally:
        client.close()


FAULTS = {
    "500": lambda: server.status(500),
    "429": server.too_many,
    "truncated": server.truncated_json,
    "no choices": server.empty_choices,
    "null": server.null_content,
    "empty": server.empty_text,
    "cut": server.cut_short,
    "not UTF-8": server.not_utf8,
    "400": lambda: server.status(400),
}


@pytest.mark.integration
@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_only_the_missing_is_asked_again(fault: str, log: AnswerLog) -> None:
    def faulty(call: server.Call) -> server.Reaction:
        return FAULTS[fault]() if call.prompt in ("question 3", "question 7") else server.echo(call)

    with server.OpenAIServer(faulty) as served:
        first = ask(served.url, log, ITEMS)
        failed = [name for name, r in first.responses.items() if isinstance(r, Failed)]
        served.behaviour = server.echo
        before = len(served.calls)
        second = ask(served.url, log, ITEMS)

        assert failed == ["3", "7"]
        assert _empty(first) == (failed if fault in ("null", "empty") else [])
        assert before <= 18 + 2 * 2
        assert sorted(served.prompts()[before:]) == ["question 3", "question 7"]
        assert all(isinstance(r, Response) for r in second.responses.values())
        assert second.cost.calls == 20


@pytest.mark.integration
def test_a_checkpoint_that_once_said_something_unusable_did_not_say_nothing(
    log: AnswerLog,
) -> None:
    replies = iter([server.null_content(), server.empty_choices()])
    with server.OpenAIServer(lambda _: next(replies)) as served:
        assert _empty(ask(served.url, log, ITEMS[:1])) == []


def test_an_empty_recorded_output_is_told_from_a_missing_one(log: AnswerLog) -> None:
    data = json.dumps({"prompt": "question 0", "output": ""}).encode()
    client = Recorded(data, where="o.jsonl", form=RecordedFormat.JSONL)
    assert _empty(ask_all(client, ITEMS[:2], SAMPLING, log=log)) == ["0"]


def _empty(answers: Answers) -> list[str]:
    return [n for n, r in answers.responses.items() if isinstance(r, Failed) and r.empty]


@pytest.mark.integration
def test_64_slots_are_all_in_use(log: AnswerLog) -> None:
    with server.OpenAIServer() as served:
        served.behaviour = lambda _: server.Reaction(
            body=server.completion("fine"), until=lambda: served.max_in_flight >= 64
        )
        ask(served.url, log, [item(str(n)) for n in range(300)], slots=64)

        assert served.max_in_flight == 64
        assert len(served.calls) == 300


ASKING = """
import json, sys
from policies.task import Sampling
from stages.engine.answering import AnswerLog, ask_all
from stages.engine.state_url import open_state
from stages.evidence.items import Item
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings

url, folder = sys.argv[1:]
items = [
    Item(id=str(n), messages=({"role": "user", "content": f"question {n}"},), cluster=str(n))
    for n in range(200)
]
client = OpenAICompatible(EndpointSettings(base_url=url, model="toy", slots=8))
log = AnswerLog(state=open_state(folder), stream="answers/a")
answers = ask_all(client, items, Sampling(), log=log)
client.close()
print(json.dumps([{n: r.text for n, r in answers.responses.items()}, answers.cost.calls]))
"""


@pytest.mark.integration
def test_killed_at_random_points_it_resumes_and_repeats_no_journaled_call(tmp_path: Path) -> None:
    points = np.random.default_rng(7).integers(1, 60, size=4)
    log = AnswerLog(state=FolderState(tmp_path), stream="answers/a")
    known: set[str] = set()
    with server.OpenAIServer(lambda call: server.text(call.prompt, latency=0.02)) as served:
        command = [sys.executable, "-c", ASKING, served.url, str(tmp_path)]
        for point in points:
            before = len(served.calls)
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
                while len(served.calls) < before + point and process.poll() is None:
                    threading.Event().wait(0.002)
                process.kill()
            assert known.isdisjoint(served.prompts()[before:])
            known = {f"question {e['item']}" for e in log.state.read(log.stream)}
        before = len(served.calls)
        ended = subprocess.run(command, capture_output=True, check=True, timeout=60)

        assert 0 < len(known) < 200
        assert known.isdisjoint(served.prompts()[before:])
    responses, calls = json.loads(ended.stdout)
    assert responses == {str(n): f"question {n}" for n in range(200)}
    assert calls == 200
    assert len(log.state.read(log.stream)) == 200
