"""Generators graded for real: tiny transformers, servers over HTTP, MLflow's stand-in."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gates.workshop.generators import (
    Grades,
    cell_rows,
    grade_generators,
    pgr_rows,
    ranking_words,
)
from gates.workshop.recipe_file import RecipeFile
from policies.errors import InputError, WrongUsage
from policies.graded_task import PGR, Domain
from stages.evidence.estimate import Estimate, Unmeasured
from stages.workshop.training.trainer import Diverged
from tests.fakes.workplace import Workplace
from tests.servers.openai_server import OpenAIServer
from tests.stages.workshop.generators.world import answers, prepare, recipe_of, serve

TRAINING = {
    "epochs": 12,
    "learning_rate": 0.006,
    "batch": 16,
    "max_length": 64,
    "schedule": "constant",
}
NAMES = ("clean", "wrong", "teacher", "judge", "vectors")


@dataclass
class World:
    """A workspace with the example's material, a tiny student, and generators behind HTTP."""

    place: Workplace
    server: OpenAIServer

    def grade(self, *named: str, to: str = "made", **changes: object) -> Grades:
        domain = recipe_of().domains[Domain.MATH].model_dump(mode="json", exclude_defaults=True)
        few = {key: domain[key] for key in ("pairs", "tests")}
        recipe = recipe_of(
            **{
                "domains": {"math": few},
                "training": TRAINING,
                "instances": 100,
                "looked_at": 20,
                "judge": "judge",
                "embeddings": {"endpoint": "vectors"},
                **changes,
            }
        )
        file = RecipeFile(recipe=recipe, path=self.place.folder / "recipe.yaml")
        folder = self.place.folder / to
        return grade_generators(file, self.place.services, named=named, to=folder)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    pytest.importorskip("trl", reason="the extra `workshop` is not installed")
    import torch

    torch.set_num_threads(1)
    prepare.prepare(tmp_path, hidden=32)
    routes = [Route("/v1/embeddings", _embedded, methods=["POST"])]
    with OpenAIServer(answers, routes=routes) as server:
        place = Workplace(tmp_path)
        place.toml(
            "".join(
                f'[endpoints.{name}]\nbase_url = "{server.url}"\nmodel = "{name}"\n'
                for name in NAMES
            )
        )
        yield World(place=place, server=server)


async def _embedded(request: Request) -> JSONResponse:
    toy = serve.Toy(says=serve.said, vector=serve.counted)
    return JSONResponse(toy.reply(request.url.path, await request.json()))


@pytest.mark.integration
def test_tiny_students_learn_from_who_is_right_and_nothing_from_who_is_wrong(world: World) -> None:
    found = world.grade("wrong", "clean")
    wrong, clean = (one.grade.measured[PGR] for one in found.made)
    assert isinstance(clean, Estimate)
    assert isinstance(wrong, Estimate)
    assert clean.value > 80
    assert wrong.value < 20
    assert (clean.low or 0) > (wrong.high or 0)
    assert [row[0] for row in pgr_rows(found.ranking)] == ["clean", "wrong"]
    own = found.made[1].grade.measured
    for name in ("difficulty", "quality", "perplexity", "instruction_diversity", "solves"):
        assert isinstance(own[name], Estimate), own[name]
    assert isinstance(own["usd_per_point"], Unmeasured)
    assert len(list(cell_rows(found.made[1]))) == 1
    assert len(list(ranking_words(found.ranking))) == 2
    _logged(world, found)
    asked, models = len(world.server.calls), _models(world)
    again = world.grade("wrong", "clean")
    assert again.made == found.made
    assert (len(world.server.calls), _models(world)) == (asked, models)


def _models(world: World) -> dict[str, int]:
    made = (world.place.folder / "made").rglob("model.safetensors")
    return {str(path): path.stat().st_mtime_ns for path in made}


def _logged(world: World, found: Grades) -> None:
    reports = list(world.place.ledger.products.values())
    assert len(reports) == len(found.pages) == 2
    last = next(one for one in reports if "clean" in one.sentence)
    assert last.kind == "generator_grade"
    assert "clean" in last.named
    assert len({one.named for one in reports}) == 2
    assert last.metrics["pgr"] > 80
    assert last.metrics["pgr.low"] < last.metrics["pgr"] < last.metrics["pgr.high"]
    assert last.files["plots/gaps.png"].startswith(b"\x89PNG")
    assert "| math_quality | 300 of 300 |" in last.description
    assert "All generators that this recipe has graded" in last.description
    assert json.loads(last.files["evidence.json"])["schema"] == "gate.product-evidence/1"


def test_a_student_that_diverges_is_told_and_nothing_is_graded(world: World) -> None:
    hot = {**TRAINING, "learning_rate": 1e12, "precision": "bf16"}
    with pytest.raises(Diverged, match=r"loss|number"):
        world.grade("clean", training=hot, instances=20)
    assert not (world.place.folder / "made" / "grades").exists()


def test_who_cannot_be_asked_cannot_be_graded(world: World) -> None:
    with pytest.raises(WrongUsage, match="cannot ask `nobody`"):
        world.grade("nobody")
    with pytest.raises(InputError, match="assistant/7"):
        world.grade("assistant/7")
