"""Every judge has its page when its iteration ends, once, whatever happens between."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gates.ledger.ledger import LedgerDown
from gates.ledger.product_report import ProductReport
from gates.services import Services
from gates.workshop.judges import Judges, train_judges
from gates.workshop.recipe_file import RecipeFile
from stages.workshop.self_taught.choosing import Lessons
from stages.workshop.self_taught.recipe import SelfTaught
from stages.workshop.training.trainer import Trained
from stages.workshop.workroom import Workroom
from tests.fakes.workplace import Workplace
from tests.servers.openai_server import OpenAIServer
from tests.stages.workshop.self_taught.scene import ToySchool, recipe, write_instructions, writes


@dataclass
class Bench:
    """A school whose teacher may do something before an iteration, and a ledger in memory."""

    place: Workplace
    monkeypatch: pytest.MonkeyPatch

    def train(self, school: type[ToySchool] = ToySchool, to: str = "made") -> Judges:
        @contextmanager
        def opened(said: SelfTaught, room: Workroom, services: Services) -> Iterator[ToySchool]:
            del said, services
            room.folder.mkdir(parents=True, exist_ok=True)
            yield school(room.folder)

        self.monkeypatch.setattr("gates.workshop.judges.open_school", opened)
        file = RecipeFile(recipe=recipe(), path=self.place.folder / "recipe.yaml")
        return train_judges(file, self.place.services, to=self.place.folder / to)

    def pages(self) -> list[ProductReport]:
        return list(self.place.ledger.products.values())


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    write_instructions(tmp_path)
    with OpenAIServer(writes) as server:
        place = Workplace(tmp_path)
        place.toml(f'[endpoints.writer]\nbase_url = "{server.url}"\nmodel = "writer"\n')
        yield Bench(place=place, monkeypatch=monkeypatch)


class Killed(BaseException):
    """As a signal that nobody handles."""


class DiesInTheSecond(ToySchool):
    def teach(self, lessons: Lessons, iteration: int, before: Trained | None) -> Trained:
        if iteration == 2:
            raise Killed
        return super().teach(lessons, iteration, before)


def test_a_judge_is_logged_when_its_iteration_ends_and_never_again(bench: Bench) -> None:
    with pytest.raises(Killed):
        bench.train(DiesInTheSecond)
    [first] = bench.pages()
    assert first.named == "iteration 1"
    judges = bench.train()
    assert [page.named for page in bench.pages()] == ["iteration 1", "iteration 2"]
    assert bench.pages()[0] is first
    assert len(judges.pages) == 2
    assert bench.train().pages == judges.pages
    assert len(bench.pages()) == 2


def test_a_page_says_what_was_known_when_its_iteration_ended(bench: Bench) -> None:
    bench.train()
    first, second = bench.pages()
    assert "| iteration 1 |" in first.description
    assert "| iteration 2 |" not in first.description
    assert "| iteration 2 |" in second.description
    assert first.metrics["calls"] <= second.metrics["calls"]


def test_a_page_is_the_same_whether_the_run_was_killed_after_it_or_not(bench: Bench) -> None:
    with pytest.raises(Killed):
        bench.train(DiesInTheSecond)
    bench.train()
    torn = bench.pages()
    bench.place.ledger.products.clear()
    bench.train()
    assert bench.pages() == torn


def test_nobody_waits_for_mlflow_between_iterations(bench: Bench) -> None:
    ledger = bench.place.ledger

    class MlflowComesBack(ToySchool):
        def teach(self, lessons: Lessons, iteration: int, before: Trained | None) -> Trained:
            ledger.is_down = iteration == 1
            return super().teach(lessons, iteration, before)

    bench.train(MlflowComesBack)
    assert [page.named for page in bench.pages()] == ["iteration 1", "iteration 2"]


def test_where_mlflow_is_down_at_the_end_the_next_run_logs_everything(bench: Bench) -> None:
    bench.place.ledger.is_down = True
    with pytest.raises(LedgerDown):
        bench.train()
    assert ToySchool(bench.place.folder / "made").trainings() == ["1 12", "2 14"]
    bench.place.ledger.is_down = False
    bench.train()
    assert [page.named for page in bench.pages()] == ["iteration 1", "iteration 2"]
    assert ToySchool(bench.place.folder / "made").trainings() == ["1 12", "2 14"]
