"""A workroom asks once, and no more than its purse holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.errors import InputError
from policies.task import Sampling
from stages.engine.folder_state import FolderState
from stages.engine.threads import Failed
from stages.evidence.estimate import Cause
from stages.evidence.items import Item, Response
from stages.judges.purse import Cap, Purse
from stages.models.openai_compatible import OpenAICompatible
from stages.models.prices import Price
from stages.models.settings import EndpointSettings
from stages.workshop.workroom import Hand, Workroom
from tests.servers.openai_server import OpenAIServer

DRAWN = Sampling(max_tokens=16)
ITEMS = tuple(
    Item(id=f"i{n}", messages=({"role": "user", "content": f"say {n}"},), cluster=f"i{n}")
    for n in range(6)
)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def client(server: OpenAIServer) -> Iterator[OpenAICompatible]:
    opened = OpenAICompatible(EndpointSettings(base_url=server.url, model="toy", slots=2))
    yield opened
    opened.close()


def workroom(client: OpenAICompatible, folder: Path, cap: Cap | None = None) -> Workroom:
    return Workroom(
        name="support_bench",
        state=FolderState(folder / "state"),
        base=folder,
        folder=folder / "made",
        hands={"namer": Hand(name="namer", client=client, price=Price())},
        purse=Purse(cap or Cap()),
    )


def test_what_was_answered_is_not_asked_again_by_the_next_process(
    server: OpenAIServer, client: OpenAICompatible, tmp_path: Path
) -> None:
    first = workroom(client, tmp_path).ask("namer", "topics", ITEMS, DRAWN)
    assert len(server.calls) == len(ITEMS)
    assert workroom(client, tmp_path).ask("namer", "topics", ITEMS, DRAWN) == first
    assert len(server.calls) == len(ITEMS)


def test_nothing_is_asked_beyond_the_budget_and_the_rest_says_so(
    server: OpenAIServer, client: OpenAICompatible, tmp_path: Path
) -> None:
    answers = workroom(client, tmp_path, Cap(calls=4)).ask("namer", "topics", ITEMS, DRAWN)
    given = [r for r in answers.responses.values() if isinstance(r, Response)]
    lacking = [r for r in answers.responses.values() if isinstance(r, Failed)]
    assert len(given) == len(server.calls) == 4
    assert {failed.cause for failed in lacking} == {Cause.OVER_BUDGET}


def test_a_model_that_nobody_named_is_refused(client: OpenAICompatible, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot ask `judge`") as caught:
        workroom(client, tmp_path).ask("judge", "topics", ITEMS, DRAWN)
    assert caught.value.why == "the models here are namer"
