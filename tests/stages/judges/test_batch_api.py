from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from policies.canonical import Json
from policies.task import Sampling
from stages.engine.answering import AnswerLog, Answers, Inquiry, ask_all
from stages.engine.folder_state import FolderState
from stages.engine.threads import Failed
from stages.evidence.estimate import Cause
from stages.evidence.items import Item, Response
from stages.judges import batch_api
from stages.judges.batch_api import InBatches
from stages.judges.batch_books import BatchBooks
from stages.models.batch_endpoint import BatchEndpoint
from stages.models.openai_compatible import OpenAICompatible
from tests.servers import openai_server
from tests.servers.batch_desk import BatchDesk
from tests.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.integration

SAMPLING = Sampling(max_tokens=64)
ITEMS = [
    Item(id=str(n), messages=({"role": "user", "content": f"question {n}"},), cluster=str(n))
    for n in range(4)
]


class Killed(BaseException):
    """Stands for the death of the process."""


class Office:
    """Asks by batch, each call a process of its own."""

    def __init__(self, client: OpenAICompatible, folder: Path) -> None:
        self.client, self.folder = client, folder

    @property
    def log(self) -> AnswerLog:
        return AnswerLog(state=FolderState(self.folder), stream="judges/toy")

    def inquiry(
        self, asked: Sequence[Item] = ITEMS, form: Mapping[str, Json] | None = None
    ) -> Inquiry:
        return Inquiry(
            client=self.client,
            items=tuple(asked),
            sampling=SAMPLING,
            log=self.log,
            response_format=form,
        )

    def run(
        self,
        asked: Sequence[Item] = ITEMS,
        *,
        most: int | None = None,
        form: Mapping[str, Json] | None = None,
    ) -> Answers:
        way = InBatches(self.client)
        try:
            return way(self.inquiry(asked, form), calls_at_most=most)
        finally:
            way.close()


@pytest.fixture
def office(judge_client: OpenAICompatible, tmp_path: Path, pairs_server: OpenAIServer) -> Office:
    pairs_server.behaviour = openai_server.echo
    return Office(judge_client, tmp_path / "office")


def texts(answers: Answers) -> dict[str, str]:
    return {n: r.text for n, r in answers.responses.items() if isinstance(r, Response)}


def failures(answers: Answers) -> dict[str, Failed]:
    return {n: r for n, r in answers.responses.items() if isinstance(r, Failed)}


ALL = {item.id: f"echo: question {item.id}" for item in ITEMS}


def test_a_batch_is_put_by_one_run_and_fetched_by_another(
    office: Office, desk: BatchDesk, pairs_server: OpenAIServer
) -> None:
    waiting = failures(office.run())
    assert {f.cause for f in waiting.values()} == {Cause.WAITING}
    assert "in batch batch_0: validating" in waiting["0"].reason
    again = failures(office.run())
    assert set(again) == set(ALL)
    assert "0 of 4 done" in again["0"].reason

    desk.finish()
    found = office.run()
    assert texts(found) == ALL
    assert found.cost.calls == 4
    assert len(desk.batches) == 1
    assert not pairs_server.calls, "nothing is asked directly"


def test_a_line_is_what_would_have_been_posted(
    office: Office, desk: BatchDesk, pairs_server: OpenAIServer
) -> None:
    office.run(ITEMS[:1], form={"type": "json_object"})
    (line,) = desk.requests()
    direct = AnswerLog(state=FolderState(office.folder / "direct"), stream="judges/toy")
    ask_all(
        office.client,
        ITEMS[:1],
        SAMPLING,
        log=direct,
        response_format={"type": "json_object"},
    )
    assert line["body"] == pairs_server.calls[0].body
    assert (line["method"], line["url"]) == ("POST", "/v1/chat/completions")
    assert len(line["custom_id"]) == 64


def test_either_way_finds_what_the_other_has_asked(
    office: Office, desk: BatchDesk, pairs_server: OpenAIServer
) -> None:
    ask_all(office.client, ITEMS[:2], SAMPLING, log=office.log)
    office.run()
    assert {line["body"]["messages"][0]["content"] for line in desk.requests()} == {
        "question 2",
        "question 3",
    }
    desk.finish()
    office.run()
    assert texts(ask_all(office.client, ITEMS, SAMPLING, log=office.log)) == ALL
    assert len(pairs_server.calls) == 2


def test_a_look_puts_nothing_and_fetches_what_has_come(office: Office, desk: BatchDesk) -> None:
    looked = office.run(most=0)
    assert {f.cause for f in failures(looked).values()} == {Cause.OVER_BUDGET}
    assert not desk.asked
    office.run()
    assert {f.cause for f in failures(office.run(most=0)).values()} == {Cause.WAITING}
    desk.finish()
    assert texts(office.run(most=0)) == ALL


def test_questions_that_wait_are_not_put_again_beside_new_ones(
    office: Office, desk: BatchDesk
) -> None:
    office.run(ITEMS[:2])
    office.run(ITEMS)
    assert [len(desk._lines(batch)) for batch in desk.batches.values()] == [2, 2]


def test_equal_questions_are_put_once(office: Office, desk: BatchDesk) -> None:
    twin = Item(id="twin", messages=ITEMS[0].messages, cluster="twin")
    office.run([ITEMS[0], twin])
    assert len(desk.requests()) == 1
    desk.finish()
    found = office.run([ITEMS[0], twin])
    assert texts(found) == {"0": ALL["0"], "twin": ALL["0"]}


@pytest.mark.parametrize("after", ["begin", "upload", "uploaded", "create"])
def test_a_process_that_is_killed_anywhere_leaves_no_second_batch(
    office: Office, desk: BatchDesk, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room: Any = BatchBooks if after in ("begin", "uploaded") else BatchEndpoint
    whole: Callable[..., object] = getattr(room, after)

    def dies(*args: object, **more: object) -> object:
        whole(*args, **more)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(room, after, dies)
        with pytest.raises(Killed):
            office.run()
    office.run()
    office.run()
    assert len(desk.batches) == 1
    desk.finish()
    assert texts(office.run()) == ALL
    assert len(desk.requests()) == 4


def test_a_batch_is_found_on_a_later_page(
    office: Office, desk: BatchDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = BatchEndpoint.create

    def dies(*args: object, **more: object) -> object:
        whole(*args, **more)  # type: ignore[arg-type]
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(BatchEndpoint, "create", dies)
        with pytest.raises(Killed):
            office.run()
    for number in range(5):
        desk.batches[f"other_{number}"] = {
            **desk.batches["batch_0"],
            "id": f"other_{number}",
            "metadata": None,
        }
    office.run()
    assert [name for name in desk.batches if name.startswith("batch")] == ["batch_0"]


def test_a_reply_to_create_that_was_lost_is_looked_for_and_not_repeated(
    office: Office, desk: BatchDesk
) -> None:
    desk.deaf.add("POST batches")
    lost = failures(office.run())
    assert all(f.unreached and f.cause is Cause.BROKEN for f in lost.values())
    assert {f.cause for f in failures(office.run()).values()} == {Cause.WAITING}
    assert len(desk.batches) == 1


@pytest.mark.parametrize("what", ["POST files", "POST batches", "GET batch", "GET content"])
@pytest.mark.parametrize("code", [400, 404, 429, 503])
def test_an_endpoint_that_fails_is_said_to_and_loses_nothing(
    office: Office, desk: BatchDesk, what: str, code: int
) -> None:
    if what.startswith("GET"):
        office.run()
        desk.finish()
    desk.refuse[what] = code
    refused = failures(office.run())
    assert all(f.unreached for f in refused.values())
    assert set(refused) == set(ALL)
    office.run()
    desk.finish()
    assert texts(office.run()) == ALL
    assert len(desk.batches) == 1


def test_lines_that_expired_are_put_again(office: Office, desk: BatchDesk) -> None:
    office.run()
    desk.finish("expired", answers=1)
    found = office.run()
    assert texts(found) == {"0": ALL["0"]}
    assert {f.cause for f in failures(found).values()} == {Cause.WAITING}
    assert [len(desk._lines(batch)) for batch in desk.batches.values()] == [4, 3]
    desk.finish()
    assert texts(office.run()) == ALL


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_batch_that_came_to_nothing_is_put_once_more_and_then_asked_directly(
    office: Office, desk: BatchDesk, pairs_server: OpenAIServer, status: str
) -> None:
    for _ in range(2):
        office.run()
        desk.finish(status, answers=0)
    assert texts(office.run()) == ALL
    assert len(desk.batches) == 2
    assert len(pairs_server.calls) == 4


def test_what_two_batches_could_not_answer_is_no_result_and_asked_directly(
    office: Office, desk: BatchDesk, pairs_server: OpenAIServer
) -> None:
    pairs_server.behaviour = lambda call: (
        openai_server.status(400, "too long")
        if call.prompt == "question 2"
        else openai_server.refusal()
        if call.prompt == "question 3"
        else openai_server.echo(call)
    )
    for _ in range(2):
        office.run()
        desk.finish()
    found = office.run()
    assert set(texts(found)) == {"0", "1"}
    assert {n: f.cause for n, f in failures(found).items()} == {
        "2": Cause.BROKEN,
        "3": Cause.BROKEN,
    }
    assert not any(f.unreached for f in failures(found).values())
    reasons = [e.get("reason") for e in office.log.state.read("judges/toy") if "reason" in e]
    assert "status 400: too long" in reasons
    pairs_server.behaviour = openai_server.echo
    assert texts(office.run()) == ALL


Tamper = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@pytest.mark.parametrize(
    ("tamper", "left"),
    [
        (lambda lines: [{**lines[0], "custom_id": "0" * 64}, *lines[1:]], {"1", "2", "3"}),
        (lambda lines: lines[1:], {"1", "2", "3"}),
        (lambda lines: [lines[0], *lines], {"0", "1", "2", "3"}),
        (lambda lines: [{"raw": b"{torn\n"}, *lines[1:]], {"1", "2", "3"}),
        (lambda lines: [{"raw": b'{"custom_id": 7}\n'}, *lines[1:]], {"1", "2", "3"}),
        (lambda lines: [{"raw": b"\xff\xfe\n"}, *lines], {"0", "1", "2", "3"}),
        (lambda lines: [{**lines[0], "response": None}, *lines[1:]], {"1", "2", "3"}),
        (lambda lines: [{"custom_id": lines[0]["custom_id"]}, *lines[1:]], {"1", "2", "3"}),
        (lambda lines: list(reversed(lines)), {"0", "1", "2", "3"}),
        (lambda _: [], set()),
    ],
    ids=["foreign", "missing", "twice", "torn", "no id", "bytes", "null", "bare", "turned", "none"],
)
def test_a_file_is_read_as_far_as_it_can_be_and_the_rest_is_put_again(
    office: Office, desk: BatchDesk, tamper: Tamper, left: set[str]
) -> None:
    office.run()
    desk.tamper = tamper
    desk.finish()
    found = office.run()
    heard = texts(found)
    assert set(heard) == left
    assert {f.cause for f in failures(found).values()} <= {Cause.WAITING}
    assert heard == {name: ALL[name] for name in heard}, "no answer goes to another's question"


def test_a_second_answer_to_a_question_changes_nothing(office: Office, desk: BatchDesk) -> None:
    def twice(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        other = {**lines[0], "response": lines[1]["response"]}
        broken = {"custom_id": lines[2]["custom_id"], "error": {"code": "x"}}
        return [broken, *lines, other]

    office.run()
    desk.tamper = twice
    desk.finish()
    assert texts(office.run()) == ALL
    assert [e["kind"] for e in office.log.state.read("judges/toy")] == ["answer"] * 4


def test_a_process_killed_between_replies_and_the_end_of_a_batch_journals_each_reply_once(
    office: Office, desk: BatchDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.run()
    desk.finish()
    whole = BatchBooks._note

    def dies(self: BatchBooks, said: dict[str, Any]) -> None:
        if said["kind"] == "ended":
            raise Killed
        whole(self, said)

    with monkeypatch.context() as patched:
        patched.setattr(BatchBooks, "_note", dies)
        with pytest.raises(Killed):
            office.run()
    assert texts(office.run()) == ALL
    other = Item(id="o", messages=({"role": "user", "content": "other"},), cluster="o")
    office.run([*ITEMS, other])
    assert len(office.log.state.read("judges/toy")) == 4
    ends = [e["status"] for e in office.log.state.read("judges/toy.batches") if "status" in e]
    assert ends == ["completed"]


def test_large_lists_are_put_in_several_batches(
    office: Office, desk: BatchDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_api, "LINES_AT_MOST", 3)
    office.run()
    assert [len(desk._lines(batch)) for batch in desk.batches.values()] == [3, 1]
    monkeypatch.setattr(batch_api, "BYTES_AT_MOST", 1)
    more = [
        Item(id=f"m{n}", messages=({"role": "user", "content": f"more {n}"},), cluster=str(n))
        for n in range(2)
    ]
    office.run(more)
    assert [len(desk._lines(batch)) for batch in desk.batches.values()] == [3, 1, 1, 1]


@pytest.mark.parametrize("status", ["thinking", None, 7])
def test_a_status_that_nobody_knows_is_an_error_and_no_answer(
    office: Office, desk: BatchDesk, status: object
) -> None:
    office.run()
    desk.batches["batch_0"]["status"] = status
    assert all(f.unreached for f in failures(office.run()).values())
    desk.batches["batch_0"]["status"] = "in_progress"
    desk.finish()
    assert texts(office.run()) == ALL


def test_batches_are_one_judges_own(office: Office) -> None:
    other = OpenAICompatible(office.client.settings)
    with pytest.raises(ValueError, match="another judge"):
        InBatches(other)(office.inquiry())
