"""A ration ends the asking without a call too many; what is missing waits, and is not broken."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from policies.task import Sampling
from stages.engine.checkpoints import Checkpoints, Questions
from stages.engine.folder_state import FolderState
from stages.engine.progress import Silent
from stages.engine.ration import Ration
from stages.engine.subject import Subject
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.items import Item
from stages.models.fingerprint import CANARIES
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings
from tests.servers.openai_server import OpenAIServer

QUESTIONS = Questions(
    items=tuple(
        Item(id=f"q{n}", messages=({"role": "user", "content": f"item {n}"},), cluster=str(n))
        for n in range(40)
    ),
    sampling=Sampling(temperature=0, max_tokens=8),
)


def asked(server: OpenAIServer) -> int:
    return sum(call.prompt.startswith("item") for call in server.calls)


def checkpoints(folder: Path, ration: Ration | None = None) -> Checkpoints:
    return Checkpoints(state=FolderState(folder), progress=Silent(), ration=ration or Ration())


@contextmanager
def toy() -> Iterator[tuple[OpenAIServer, Subject]]:
    with OpenAIServer() as server:
        client = OpenAICompatible(EndpointSettings(base_url=server.url, model="toy", slots=4))
        with closing(client):
            yield server, Subject(uri="models:/a/1", known_as="a/1", digest="d", client=client)


def cause(found: object) -> Cause:
    assert isinstance(found, Unmeasured)
    return found.cause


@pytest.mark.parametrize("calls", [1, 7, 39])
def test_never_a_call_more_than_the_ration_says(tmp_path: Path, calls: int) -> None:
    with toy() as (server, subject):
        found = checkpoints(tmp_path, Ration(calls=calls)).texts(subject, QUESTIONS)
        assert asked(server) == calls
        assert cause(found) is Cause.OVER_BUDGET
        assert len(checkpoints(tmp_path).texts(subject, QUESTIONS) or ()) == 40
        assert asked(server) == 40


def test_one_ration_holds_over_several_lists(tmp_path: Path) -> None:
    ration = Ration(calls=50)
    other = Questions(items=QUESTIONS.items, sampling=Sampling(temperature=0, max_tokens=9))
    with toy() as (server, subject):
        having = checkpoints(tmp_path, ration)
        assert not isinstance(having.texts(subject, QUESTIONS), Unmeasured)
        assert cause(having.texts(subject, other)) is Cause.OVER_BUDGET
        assert asked(server) == 50
    assert ration.is_spent


def test_without_a_ration_not_even_pinned_texts_are_put(tmp_path: Path) -> None:
    with toy() as (server, subject):
        found = checkpoints(tmp_path, Ration(calls=0)).texts(subject, QUESTIONS)
        assert server.calls == []
    assert cause(found) is Cause.OVER_BUDGET


def test_without_a_ration_a_full_journal_still_answers(tmp_path: Path) -> None:
    with toy() as (server, subject):
        before = checkpoints(tmp_path).texts(subject, QUESTIONS)
        put = len(server.calls)
        assert checkpoints(tmp_path, Ration(calls=0)).texts(subject, QUESTIONS) == before
        assert len(server.calls) == put == 40 + 2 * len(CANARIES)


def test_at_a_deadline_what_runs_is_kept_and_nothing_more_begins(tmp_path: Path) -> None:
    with toy() as (server, subject):
        ration = Ration(is_over=lambda: asked(server) >= 10)
        found = checkpoints(tmp_path, ration).texts(subject, QUESTIONS)
        put = asked(server)
    assert cause(found) is Cause.OVER_BUDGET
    assert 10 <= put <= 10 + 2 * 4  # what was handed out to the four threads already
    kept = FolderState(tmp_path).read("answers/d")
    assert sum(entry["kind"] == "answer" for entry in kept) == put


def test_a_ration_counts_down_to_nothing_and_no_further() -> None:
    ration = Ration(calls=3)
    assert ration.most(5) == 3
    ration.take(4)
    assert (ration.calls, ration.is_spent, ration.most(5)) == (0, True, 0)
    assert Ration().most(5) == 5
    assert Ration(is_over=lambda: True).most(5) == 0
