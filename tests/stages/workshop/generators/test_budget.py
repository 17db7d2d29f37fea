"""A recipe's purse pays everybody who is asked beside the generator, and nobody beyond it."""

from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from policies.benchmark_tasks import Rubric, RubricTask
from policies.task import Sampling
from stages.engine.data import read_items
from stages.engine.folder_state import FolderState
from stages.engine.product import Product
from stages.engine.progress import Silent
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import Cost
from stages.judges.purse import Cap, Purse
from stages.models.prices import Price, Prices
from stages.models.settings import EndpointSettings
from stages.offline.tools import Tools
from stages.workshop.generators.cells import Cell, Instance
from stages.workshop.generators.generating import Generated
from stages.workshop.generators.intrinsic import Looking
from stages.workshop.generators.sitting import Sitting
from stages.workshop.spending import OutOfBudget, demand_paid
from stages.workshop.workroom import Workroom
from tests.servers.judge import is_probe, judging
from tests.servers.openai_server import OpenAIServer
from tests.servers.reward_server import reward_server
from tests.stages.workshop.generators.world import Reciter, material_in, phrases, recipe_of

pytestmark = pytest.mark.integration

TASK = RubricTask(
    data="math_test.jsonl",
    rubric=(Rubric.RELEVANCE,),
    judge="judge",
    sampling=Sampling(max_tokens=8),
)
ITEMS = 60


def room(folder: Path) -> Workroom:
    return Workroom(name="r", state=FolderState(folder / "state"), base=folder, folder=folder)


def tools(folder: Path, server: OpenAIServer, cap: Cap, *, price: Price | None = None) -> Tools:
    settings = EndpointSettings(base_url=server.url, model="toy", retries=0, attempts=1, slots=4)
    return Tools(
        base=folder,
        state=FolderState(folder / "state"),
        progress=Silent(),
        classifier_for=partial(_none),
        endpoints={"judge": settings},
        purse=Purse(cap),
        prices=Prices(endpoints={"judge": price or Price(usd_input=1.0, usd_output=1.0)}),
    )


def _none(task: object) -> NoReturn:
    raise AssertionError(task)


def sat(folder: Path, server: OpenAIServer, cap: Cap) -> object:
    sitting = Sitting(room=room(folder), tools=tools(folder, server, cap))
    file = read_items(TASK.data, base=folder, cluster=None, sha256=None)
    return sitting.scores(Reciter(phrases.DICTIONARIES["math"]), "t", TASK, file)


def judged(server: OpenAIServer) -> list[str]:
    return [call.prompt for call in server.calls if not is_probe(call)]


def test_judges_of_a_tests_own_task_are_paid_by_the_recipes_budget(tmp_path: Path) -> None:
    cap = Cap(calls=20)
    material_in(tmp_path)
    with OpenAIServer(judging(lambda _: 4)) as server:
        with pytest.raises(OutOfBudget, match="scoring the tests"):
            sat(tmp_path, server, cap)
        first = judged(server)
        assert 0 < len(first) <= 20
        with pytest.raises(OutOfBudget):
            sat(tmp_path, server, cap)
        assert len(judged(server)) <= 20
        found = sat(tmp_path, server, Cap(calls=200, usd=100.0))
        assert isinstance(found, np.ndarray)
        assert len(found) == ITEMS
        assert len(judged(server)) == len(set(judged(server))) == ITEMS


def rewarded(folder: Path, server: OpenAIServer, cap: Cap, **how: Price) -> Estimate | Unmeasured:
    looking = Looking(
        recipe=recipe_of(reward="judge", looked_at=30),
        room=room(folder),
        tools=tools(folder, server, cap, **how),
        embed=None,
        likelihood=None,
    )
    return looking.at(_data(folder))["reward"]


def _data(folder: Path) -> Generated:
    instances = tuple(
        Instance(id=str(n), instruction=f"do {n}", response=f"done {n}") for n in range(30)
    )
    product = Product(
        folder=folder, kind="generated", recipe="", made_from={}, files={}, facts={}, code=""
    )
    return Generated(
        cell=Cell("math", "response"),  # type: ignore[arg-type]  # as text
        product=product,
        parts={0: instances},
        asked=30,
        wasted={},
        cost=Cost(),
    )


@pytest.mark.parametrize("cap", [Cap(calls=12), Cap(usd=0.001)])
def test_reward_models_are_paid_by_it_and_go_on_with_more(tmp_path: Path, cap: Cap) -> None:
    with reward_server(lambda text: float(text.split()[-1])) as server:
        with pytest.raises(OutOfBudget, match="rewarding the responses"):
            rewarded(tmp_path, server, cap)
        first = len(server.calls)
        assert 0 < first < 30
        assert cap.calls is None or first == cap.calls
        with pytest.raises(OutOfBudget):
            rewarded(tmp_path, server, cap)
        assert len(server.calls) == first
        found = rewarded(tmp_path, server, Cap(calls=30))
        assert isinstance(found, Estimate)
        assert found.value == pytest.approx(14.5)
        assert len(server.calls) == 30


def test_what_has_no_price_is_not_asked_under_a_budget_of_money(tmp_path: Path) -> None:
    with reward_server(lambda _: 0.5) as server:
        with pytest.raises(OutOfBudget, match="has no price"):
            rewarded(tmp_path, server, Cap(usd=5.0), price=Price())
        assert not server.calls


def test_only_what_lacks_money_ends_a_step() -> None:
    demand_paid(0.5, "sitting")
    demand_paid(Unmeasured("the judge is down"), "sitting")
    with pytest.raises(OutOfBudget, match="sitting"):
        demand_paid(Unmeasured("not asked", Cause.OVER_BUDGET), "sitting")
