"""Unreadable replies are asked for anew, readable ones never; the journal keeps them all."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from policies.canonical import Json
from policies.task import Sampling
from stages.engine.answering import AnswerLog, Answers
from stages.engine.folder_state import FolderState
from stages.engine.insisting import Insisted, Insistent, asking_of
from stages.engine.threads import Failed
from stages.evidence.items import Item, Response
from stages.models.client import ModelError, Request


def item(name: str, question: str = "") -> Item:
    said = {"role": "user", "content": question or name}
    return Item(id=name, messages=(said,), cluster=name)


class Told:
    """Replies as told."""

    slots = 2
    identity: Mapping[str, Json] = {"kind": "told"}

    def __init__(self, reply: Callable[[Request], str]) -> None:
        self.reply = reply
        self.seeds: list[int | None] = []

    def answer(self, request: Request) -> Response:
        self.seeds.append(request.sampling.seed)
        text = self.reply(request)
        if text == "down":
            raise ModelError("no reply")
        return Response(text=text, prompt_tokens=1, completion_tokens=1, model="m")

    def close(self) -> None:
        """Holds nothing."""


def ask(client: Told, folder: Path | FolderState, *items: Item, attempts: int = 1) -> Insisted:
    state = FolderState(folder) if isinstance(folder, Path) else folder
    return Insistent(
        client=client,
        sampling=Sampling(),
        log=AnswerLog(state=state, stream="judges/told"),
        attempts=attempts,
    ).ask(items, lambda _, reply: reply.text != "hm")


def texts(answers: Answers) -> list[str]:
    return [r.text if isinstance(r, Response) else "failed" for r in answers.responses.values()]


def test_each_asking_has_a_seed_of_its_own_and_the_first_readable_reply_ends_it(
    tmp_path: Path,
) -> None:
    client = Told(lambda _: "yes" if len(client.seeds) == 5 else "hm")
    last = [ask(client, tmp_path, item("a"), attempts=2) for _ in range(4)][-1]
    assert texts(last) == ["yes"]
    assert len(set(client.seeds)) == len(client.seeds) == last.cost.calls == 5
    client.reply = lambda _: "no"
    assert ask(client, tmp_path, item("a")) == last


def test_a_failed_call_is_no_unreadable_reply_and_is_made_again_by_the_same_process(
    tmp_path: Path,
) -> None:
    state, client = FolderState(tmp_path), Told(lambda _: "down")
    for _ in range(3):
        assert isinstance(ask(client, state, item("a")).responses["a"], Failed)
    client.reply = lambda _: "yes"
    assert texts(ask(client, state, item("a"))) == ["yes"]
    assert set(client.seeds) == {0}


def test_one_process_takes_so_many_unreadable_replies_and_no_more(tmp_path: Path) -> None:
    state, client = FolderState(tmp_path), Told(lambda _: "hm")
    for _ in range(3):
        assert texts(ask(client, state, item("a"), item("b"), attempts=2)) == ["hm", "hm"]
    assert len(client.seeds) == 4


def test_what_three_processes_could_not_read_is_asked_no_more_by_any(tmp_path: Path) -> None:
    client = Told(lambda _: "hm")
    spent = [ask(client, tmp_path, item("a"), attempts=2).spent for _ in range(5)]
    assert len(client.seeds) == 6
    assert spent == [frozenset(), frozenset(), *[frozenset({"a"})] * 3]
    client.reply = lambda _: "yes"
    assert texts(ask(client, tmp_path, item("a"), attempts=2)) == ["hm"], "for good"
    assert texts(ask(client, tmp_path, item("a", "in other words"), attempts=2)) == ["yes"]
    client.identity = {"kind": "told", "model": "another"}
    assert texts(ask(client, tmp_path, item("a"), attempts=2)) == ["yes"]


def test_a_readable_reply_that_is_journaled_counts_however_many_were_not(tmp_path: Path) -> None:
    client = Told(lambda _: "yes" if len(client.seeds) == 6 else "hm")
    for _ in range(3):
        ask(client, tmp_path, item("a"), attempts=2)
    found = ask(client, tmp_path, item("a"), attempts=1)
    assert (texts(found), found.spent) == (["yes"], frozenset())


def test_equal_questions_are_asked_once_and_share_their_fate(tmp_path: Path) -> None:
    client = Told(lambda _: "hm")
    answers = ask(client, tmp_path, item("a", "same"), item("b", "same"))
    assert (texts(answers), answers.cost.calls, len(client.seeds)) == (["hm", "hm"], 1, 1)


@pytest.mark.parametrize("attempts", [1, 2])
def test_the_order_of_items_is_kept_and_what_is_read_waits_for_nobody(
    tmp_path: Path, attempts: int
) -> None:
    client = Told(lambda request: "hm" if request.item.id == "a" else "yes")
    answers = ask(client, tmp_path, item("a"), item("b"), attempts=attempts)
    assert (list(answers.responses), texts(answers)) == (["a", "b"], ["hm", "yes"])
    assert answers.cost.calls == len(client.seeds) == attempts + 1


def test_an_asking_is_told_by_its_seed(tmp_path: Path) -> None:
    client = Told(lambda _: "hm")
    ask(client, tmp_path, item("a"), attempts=3)
    assert [asking_of(Sampling(seed=seed)) for seed in client.seeds] == [0, 1, 2]
    assert asking_of(Sampling(seed=None)) == asking_of(Sampling(seed=7)) == 0
