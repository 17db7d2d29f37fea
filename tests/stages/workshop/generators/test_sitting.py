from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from policies.benchmark_tasks import BenchmarkTask, Rubric, RubricTask, Scorer
from policies.canonical import Json
from policies.errors import Broken
from policies.task import Sampling
from stages.engine.data import ItemFile, read_items
from stages.engine.folder_state import FolderState
from stages.engine.progress import Silent
from stages.evidence.estimate import Unmeasured
from stages.evidence.items import Response
from stages.models.client import EmptyAnswer, EndpointError, ModelError, Request
from stages.offline.tools import Tools
from stages.stats.clusters import Floats
from stages.workshop.generators.sitting import InPart, Sitting
from stages.workshop.workroom import Workroom
from tests.stages.workshop.generators.world import Reciter, material_in, phrases

TASK = BenchmarkTask(data="math_test.jsonl", scorer=Scorer.EXACT, sampling=Sampling(max_tokens=8))
RIGHT = phrases.DICTIONARIES["math"]


@pytest.fixture
def sitting(tmp_path: Path) -> Sitting:
    material_in(tmp_path)
    room = Workroom(name="r", state=FolderState(tmp_path / "state"), base=tmp_path, folder=tmp_path)
    tools = Tools(base=tmp_path, state=room.state, progress=Silent(), classifier_for=partial(_none))
    return Sitting(room=room, tools=tools)


def _none(task: object) -> NoReturn:
    raise AssertionError(task)


def file(sitting: Sitting) -> ItemFile:
    return read_items(TASK.data, base=sitting.room.base, cluster=None, sha256=None)


def sat(sitting: Sitting, client: object, task: BenchmarkTask = TASK) -> Floats | Unmeasured:
    return sitting.scores(client, "t", task, file(sitting))  # type: ignore[arg-type]


def test_who_knows_all_scores_all_and_who_says_nothing_scores_nought(sitting: Sitting) -> None:
    right, silent = sat(sitting, Reciter(RIGHT)), sat(sitting, Reciter({}))
    assert isinstance(right, np.ndarray)
    assert isinstance(silent, np.ndarray)
    assert right.shape == silent.shape == (60,)
    assert (right == 1).all()
    assert (silent == 0).all()


def test_each_item_has_its_own_score_in_the_files_order(sitting: Sitting) -> None:
    some = {word: said for word, said in RIGHT.items() if word != "one"}
    found = sat(sitting, Reciter(some))
    assert isinstance(found, np.ndarray)
    for score, item in zip(found, file(sitting).items, strict=True):
        assert score == ("one" not in str(item.messages[-1]["content"]).split())


def test_several_answers_to_an_item_count_by_their_mean(sitting: Sitting) -> None:
    task = TASK.model_copy(update={"generations": 2, "sampling": Sampling(max_tokens=8, seed=3)})
    seeds = set()

    class Lucky(Reciter):
        def answer(self, request: Request) -> Response:
            seeds.add(request.sampling.seed)
            if request.sampling.seed == 4:
                raise EmptyAnswer("nothing was said")
            return super().answer(request)

    found = sat(sitting, Lucky(RIGHT), task)
    assert isinstance(found, np.ndarray)
    assert seeds == {3, 4}
    assert (found == 0.5).all()


def test_an_answer_that_failed_leaves_the_test_unknown(sitting: Sitting) -> None:
    class Odd(Reciter):
        def answer(self, request: Request) -> Response:
            if request.item.id.endswith("-7"):
                raise ModelError("it broke")
            return super().answer(request)

    found = sat(sitting, Odd(RIGHT))
    assert isinstance(found, Unmeasured)
    assert "1 of 60 answers failed" in found.reason


def test_a_model_that_is_down_stops_it(sitting: Sitting) -> None:
    class Down(Reciter):
        def answer(self, request: Request) -> Response:
            raise EndpointError(f"no connection for {request.item.id}")

    with pytest.raises(Broken, match="cannot have the tests sat"):
        sat(sitting, Down(RIGHT))


def test_what_cannot_be_scored_is_told(sitting: Sitting) -> None:
    task = RubricTask(data=TASK.data, rubric=(Rubric.RELEVANCE,), judge="nobody")
    with pytest.raises(Exception, match=r"gate\.toml knows no such endpoint"):
        sitting.scores(Reciter(RIGHT), "t", task, file(sitting))


def test_a_student_that_is_cut_is_scored_as_far_as_it_goes() -> None:
    class Cut:
        slots = 3
        closed = False

        @property
        def identity(self) -> Mapping[str, Json]:
            return {"kind": "local"}

        def answer_in_part(self, request: Request) -> Response:
            return Response(text=f"part of {request.item.id}")

        def close(self) -> None:
            self.closed = True

    model = Cut()
    client = InPart(model)
    request = Request(item=_item(), sampling=Sampling())
    assert client.answer(request).text == "part of 1"
    assert client.identity == {"kind": "local", "cut": "scored"}
    assert client.slots == 3
    client.close()
    assert model.closed


def _item() -> object:
    from stages.evidence.items import Item

    return Item(id="1", messages=({"role": "user", "content": "a"},), cluster="1")
