"""Every response counts by itself: what stands beside it in a batch changes nothing."""

import json
import math
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from policies.graded_task import Domain, Method
from stages.engine.progress import Silent
from stages.evidence.estimate import Estimate, Unmeasured
from stages.models.local_likelihood import Likelihood
from stages.models.local_transformers import LocalTransformers, Told
from stages.offline.tools import Tools
from stages.workshop.generators.cells import Cell
from stages.workshop.generators.intrinsic import Looking, perplexity
from tests.servers.openai_server import text
from tests.stages.workshop.generators.world import World, phrases, recipe_of

CELL = Cell(Domain.MATH, Method.QUALITY)


def told(*nats: float, tokens: int = 4) -> list[Likelihood]:
    return [Likelihood(log_probability=-n * tokens, tokens=tokens) for n in nats]


def test_every_response_has_a_perplexity_of_its_own() -> None:
    found = perplexity([*told(1.0, tokens=2), *told(2.0, tokens=200), *told(3.0)], level=0.95)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(math.exp(2.0))
    assert found.low is not None
    assert 0 < found.low < found.value < (found.high or 0)
    assert found.n == 3


def test_one_response_without_a_likelihood_leaves_it_unmeasured() -> None:
    found = perplexity([*told(1.0, 2.0), Unmeasured("too long")], level=0.95)
    assert isinstance(found, Unmeasured)
    assert "1 of 3 responses: too long" in found.reason


def test_neither_padding_nor_the_batch_counts(tmp_path: Path) -> None:
    """The paper's scripts give each row its batch's mean, padding among it: ours must not."""
    pytest.importorskip("transformers", reason="the extra `workshop` is not installed")
    from tests.tiny_models import tiny_llama

    model = LocalTransformers(tiny_llama(tmp_path / "student", phrases.WORDS, hidden=32))
    rows = [
        Told(messages=({"role": "user", "content": f"next {asked}"},), answer=answer)
        for asked, answer in (
            ("one", "two"),
            ("one two three four five six " * 6, "two three four five six one " * 6),
            ("six six", "one one"),
        )
    ]
    together = model.log_likelihood(rows)
    alone = [one for row in rows for one in model.log_likelihood([row])]
    for one, other in zip(together, alone, strict=True):
        assert isinstance(one, Likelihood)
        assert isinstance(other, Likelihood)
        assert one.tokens == other.tokens
        assert one.perplexity == pytest.approx(other.perplexity, rel=1e-4)
    assert len({round(one.perplexity, 3) for one in alone if isinstance(one, Likelihood)}) == 3
    whole = perplexity(together, level=0.95)
    assert isinstance(whole, Estimate)
    by_hand = [one.perplexity for one in alone if isinstance(one, Likelihood)]
    assert whole.value == pytest.approx(float(np.prod(by_hand)) ** (1 / 3), rel=1e-4)


def looking(world: World, **changes: object) -> Looking:
    recipe = recipe_of(**{"judge": "judge", "looked_at": 20, **changes})
    room = world.room(recipe, "clean", "noisy", "judge")
    return Looking(
        recipe=recipe,
        room=room,
        tools=Tools(
            base=world.folder, state=room.state, progress=Silent(), classifier_for=partial(_none)
        ),
        embed=lambda _, texts: np.array(
            [[float(t.count(word)) for word in phrases.DICTIONARIES["math"]] for t in texts]
        ),
        likelihood=lambda rows: told(*(float(len(row.answer)) / 9 for row in rows)),
    )


def _none(task: object) -> NoReturn:
    raise AssertionError(task)


def looked(world: World, generator: str, **changes: object) -> dict[str, Estimate | Unmeasured]:
    data = world.grading(recipe_of(), generator).making.made(CELL, world.folder / generator)
    return dict(looking(world, **changes).at(data))


def test_a_judge_tells_right_answers_from_wrong_ones(world: World) -> None:
    clean, noisy = looked(world, "clean"), looked(world, "noisy")
    best, mixed = clean["quality"], noisy["quality"]
    assert isinstance(best, Estimate)
    assert isinstance(mixed, Estimate)
    assert (best.value, best.high) == (5, 5)
    assert best.low is not None
    assert 4 < best.low < 5  # twenty fives do not prove that all are
    assert mixed.value < 4.9
    assert isinstance(clean["instruction_diversity"], Estimate)
    assert 0 < clean["instruction_diversity"].value < 1
    assert isinstance(clean["perplexity"], Estimate)
    assert isinstance(clean["reward"], Unmeasured)
    usable = clean["usable"]
    assert isinstance(usable, Estimate)
    assert usable.value == 1


def test_a_judge_that_never_parses_leaves_it_unmeasured(world: World) -> None:
    data = world.grading(recipe_of(), "clean").making.made(CELL, world.folder / "clean")
    world.server.behaviour = lambda _: text("very good, I think")
    found = looking(world).at(data)
    for name in ("difficulty", "quality"):
        measured = found[name]
        assert isinstance(measured, Unmeasured)
        assert "no verdict" in measured.reason


def test_what_nothing_can_measure_says_why(world: World) -> None:
    data = world.grading(recipe_of(), "clean").making.made(CELL, world.folder / "clean")
    bare = looking(world, judge=None, reward="nowhere")
    found = Looking(
        recipe=bare.recipe, room=bare.room, tools=bare.tools, embed=None, likelihood=None
    ).at(data)
    said = {name: one.reason for name, one in found.items() if isinstance(one, Unmeasured)}
    assert "no judge" in said["difficulty"]
    assert "no embeddings" in said["response_diversity"]
    assert "no folder" in said["perplexity"]
    assert "nowhere" in said["reward"]


def test_nothing_to_look_at_is_unmeasured_and_none_of_it_usable(world: World) -> None:
    world.server.behaviour = lambda _: text(json.dumps({"no": "blocks"}))
    data = world.grading(recipe_of(), "clean").making.made(CELL, world.folder / "none")
    found = looking(world).at(data)
    usable = found.pop("usable") if isinstance(found, dict) else None
    assert isinstance(usable, Estimate)
    assert usable.value == 0
    assert all(isinstance(one, Unmeasured) for one in found.values())
