"""Judges taught by a recipe, for real: a tiny transformer, and a writer over HTTP."""

import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from numpy.random import default_rng

from gates.workshop.judges import Judges, sentence, train_judges
from gates.workshop.recipe_file import RecipeFile
from stages.evidence.estimate import Estimate
from stages.workshop.self_taught.recipe import SelfTaught
from stages.workshop.self_taught.standing import Came, standings
from stages.workshop.training.settings import Training
from tests.fakes.workplace import Workplace
from tests.servers.openai_server import Call, OpenAIServer, Reaction
from tests.servers.openai_server import text as reply

EXAMPLES = Path(__file__).parents[3] / "infra" / "examples"
FORM = Training(learning_rate=2e-3, batch=8, warmup=0.05, max_length=64)
SFT = {
    "epochs": 30,
    "learning_rate": 0.001,
    "warmup": 0.05,
    "weight_decay": 0.1,
    "batch": 8,
    "max_length": 64,
}
RECIPE: Mapping[str, Any] = {
    "recipe": "fetching",
    "instructions": "instructions.jsonl",
    "writer": {"by": "writer"},
    "judging": {"brief": "short", "samples": 1, "max_tokens": 32},
    "pupil": {"model": {"where": "seed"}, "sft": SFT},
    "held_out": 0.4,
    "not_worse_by": 0.1,
}


VERBS = ("take", "lift", "hold", "move", "want")
WISHES = ("slowly", "gently", "twice", "later", "first")


@dataclass
class World:
    """The example's scripts, in a world of two colours and one thing, asked for in many ways."""

    place: Workplace
    server: OpenAIServer
    untaught: ModuleType

    def file(self, **changes: object) -> RecipeFile[SelfTaught]:
        recipe = SelfTaught.model_validate_json(json.dumps({**RECIPE, **changes}))
        return RecipeFile(recipe=recipe, path=self.place.folder / "recipe.yaml")

    def train(self, to: str = "made", **changes: object) -> Judges:
        folder = self.place.folder / to
        return train_judges(self.file(**changes), self.place.services, to=folder)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    pytest.importorskip("trl", reason="the extra `workshop` is not installed")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.syspath_prepend(str(EXAMPLES / "train_judge"))
    fetching, writer, untaught = map(importlib.import_module, ("fetching", "writer", "untaught"))
    monkeypatch.setattr(fetching, "THINGS", fetching.THINGS[:1])
    monkeypatch.setattr(fetching, "COLOURS", fetching.COLOURS[:2])
    monkeypatch.setattr(fetching, "VERBS", (*fetching.VERBS, *VERBS))
    monkeypatch.setattr(fetching, "WISHES", (*fetching.WISHES, *WISHES))
    monkeypatch.setattr(untaught, "WORDS", (*fetching.WORDS, *VERBS, *WISHES))

    def behaviour(call: Call) -> Reaction:
        return reply(writer.said("writer", call.body["messages"]))

    with OpenAIServer(behaviour) as server:
        place = Workplace(tmp_path)
        place.toml(f'[endpoints.writer]\nbase_url = "{server.url}"\nmodel = "writer"\n')
        yield World(place=place, server=server, untaught=untaught)


def accuracy(judges: Judges, iteration: int) -> Estimate:
    measured = standings(judges.course, iteration)[0].value.measured
    assert isinstance(measured, Estimate)
    return measured


@pytest.mark.integration
def test_two_iterations_teach_a_tiny_transformer_to_judge_and_every_judge_is_logged_once(
    world: World,
) -> None:
    """A harder world is in tests/infra/examples; this one is learned in half a minute."""
    chance = default_rng(0)
    world.untaught.write_data(world.place.folder, 120, 0, chance)
    world.untaught.teach_the_form(world.place.folder, 2400, chance, FORM, hidden=128)
    judges = world.train()
    assert [judge.iteration for judge in judges.course.judges] == [0, 1, 2]
    assert accuracy(judges, 0).value == pytest.approx(0.5, abs=0.1)
    learned = standings(judges.course, 2)[0]
    assert learned.p_untaught is not None
    assert learned.p_untaught < 0.001
    assert judges.came is Came.FURTHER
    reports = list(world.place.ledger.products.values())
    assert [report.kind for report in reports] == ["judge", "judge"]
    assert [report.named for report in reports] == ["iteration 1", "iteration 2"]
    assert reports[1].metrics["held_out.accuracy"] == accuracy(judges, 2).value
    assert "held_out.accuracy.difference" in reports[1].metrics
    assert "held_out.accuracy.since_untaught.difference" in reports[1].metrics
    assert reports[1].files["judges.png"].startswith(b"\x89PNG")
    assert "| iteration 2 | held_out.accuracy |" in reports[1].description
    assert "2 judges taught by 72 pairs: " in sentence(judges)
    calls = len(world.server.calls)
    again = world.train()
    assert len(world.server.calls) == calls
    assert len(world.place.ledger.products) == 2
    assert again.came is judges.came
    assert [s.value for s in standings(again.course, 2)] == [
        s.value for s in standings(judges.course, 2)
    ]
