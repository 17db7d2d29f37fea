"""A cell's data: whole, strict, paid for once, and frozen before it teaches."""

from pathlib import Path

import pytest

from policies.canonical import sha256_of_bytes
from policies.errors import Broken, InputError
from policies.graded_task import Domain, Method
from stages.engine.product import open_product
from stages.workshop.generators.cells import Cell
from stages.workshop.generators.generating import KIND, Generated
from stages.workshop.generators.parsing import Waste
from stages.workshop.spending import OutOfBudget
from tests.servers.openai_server import Call, Reaction, cut_short, status, text
from tests.stages.workshop.generators.world import World, answers, phrases, recipe_of

NEW = Cell(Domain.MATH, Method.INSTANCE)
GIVEN = Cell(Domain.CODE, Method.RESPONSE)
BETTER = Cell(Domain.MATH, Method.QUALITY)


def made(world: World, cell: Cell = NEW, generator: str = "clean", **changes: object) -> Generated:
    grading = world.grading(recipe_of(**changes), generator)
    return grading.making.made(cell, world.folder / "made" / generator / cell.name)


@pytest.mark.parametrize("cell", [NEW, GIVEN, BETTER], ids=lambda cell: cell.name)
def test_every_method_makes_what_can_be_taught(world: World, cell: Cell) -> None:
    found = made(world, cell)
    assert len(found.instances) == 42
    for one in found.instances:
        domain, words = phrases.read(one.instruction)
        assert domain == cell.domain
        assert one.response == phrases.answer(domain, words)
    assert found.asked == len(found.instances) + sum(found.wasted.values())
    assert len({one.instruction for one in found.instances}) == 42
    assert found.cost.calls == found.asked
    assert found.cost.usd == pytest.approx(found.asked * (40 * 1 + 9 * 4) / 1e6, rel=0.9)


def test_generators_are_asked_the_same_questions(world: World) -> None:
    made(world, generator="clean", asked_at_most=1.0)
    asked = world.server.prompts()
    made(world, generator="noisy", asked_at_most=1.0)
    assert sorted(world.server.prompts()[len(asked) :]) == sorted(asked)
    assert len(set(asked)) == len(asked) == 42


def test_no_test_item_and_no_demonstration_is_taught(world: World) -> None:
    found = made(world, instances=60, asked_at_most=2.0)
    taught = {one.instruction for one in found.instances}
    material = world.grading(recipe_of(), "clean").material
    assert found.wasted[Waste.LEAKED] > 0
    assert not taught & {str(item.messages[-1]["content"]) for item in material.items}
    assert not taught & {one.instruction for one in material.given[NEW]}


@pytest.mark.parametrize("cell", [NEW, GIVEN, BETTER], ids=lambda cell: cell.name)
def test_no_two_students_learn_from_the_same(world: World, cell: Cell) -> None:
    found = made(world, cell)
    assert [len(part) for part in found.parts.values()] == [14, 14, 14]
    assert list(found.parts) == [0, 1, 2]
    taught = [one for part in found.parts.values() for one in part]
    assert len({one.id for one in taught}) == len({one.instruction for one in taught}) == 42
    assert set(taught) == set(found.instances)


def test_a_pool_is_dealt_in_turn_and_put_together_in_its_order(world: World) -> None:
    found = made(world, instances=3, seeds=[5, 9, 7, 8], asked_at_most=1.0)
    numbers = [int(one.id.rpartition("-")[2]) for one in found.instances]
    assert numbers == sorted(numbers)
    sizes = [len(part) for part in found.parts.values()]
    assert list(found.parts) == [5, 9, 7, 8]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == len(numbers) <= 12
    assert max(sizes) - min(sizes) <= 1


def test_data_dealt_for_other_seeds_is_not_taken_for_it(world: World) -> None:
    made(world)
    with pytest.raises(InputError, match="for other seeds"):
        made(world, seeds=[0, 1, 2, 3])


def test_what_was_made_is_opened_and_nobody_is_asked(world: World) -> None:
    first = made(world)
    asked = len(world.server.calls)
    assert made(world) == first
    assert len(world.server.calls) == asked
    assert open_product(first.product.folder, kind=KIND).sha256 == first.product.sha256


def test_data_made_otherwise_is_not_taken_for_it(world: World) -> None:
    made(world)
    with pytest.raises(InputError, match="another prompt or sampling"):
        made(world, sampling={"temperature": 0.5, "max_tokens": 64})


def test_data_that_was_changed_is_refused(world: World) -> None:
    path = made(world).product.folder / "seed-1.jsonl"
    path.write_text(path.read_text().replace("two", "three"))
    with pytest.raises(InputError, match="not what was frozen"):
        made(world)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("It depends on many things.", Waste.UNPARSABLE),
        ("I'm sorry, but I can't help with that.", Waste.REFUSED),
    ],
)
def test_a_generator_that_never_gives_anything_is_asked_one_turn_only(
    world: World, said: str, why: Waste
) -> None:
    world.server.behaviour = lambda _: text(said)
    found = made(world)
    assert found.instances == ()
    assert found.asked == 42
    assert found.wasted[why] == 42
    assert f"0 of 42 replies are taught (42 {why})" in found.words


def test_a_generator_that_repeats_itself_gives_one_instance(world: World) -> None:
    one = "<instruction>\nnext six six six six\n</instruction>\n<response>\none\n</response>"
    world.server.behaviour = lambda _: text(one)
    found = made(world)
    assert len(found.instances) <= 1
    assert found.wasted[Waste.REPEATED] + found.wasted[Waste.LEAKED] >= found.asked - 1
    assert found.asked < 84


def test_answers_that_were_cut_are_never_taught(world: World) -> None:
    world.server.behaviour = lambda call: cut_short() if call.number % 2 else answers(call)
    found = made(world, GIVEN)
    assert found.wasted[Waste.FAILED] > 0
    assert all(
        one.response == phrases.answer(*phrases.read(one.instruction)) for one in found.instances
    )


def test_a_dead_endpoint_stops_and_nothing_is_frozen(world: World) -> None:
    world.server.behaviour = lambda _: status(500)
    with pytest.raises(Broken, match="did not reach the generator"):
        made(world)
    assert not (world.folder / "made" / "clean" / NEW.name).exists()


def test_a_budget_that_ends_keeps_what_was_paid(world: World) -> None:
    with pytest.raises(OutOfBudget, match="the budget ends while generating math_instance"):
        made(world, budget={"calls_at_most": 10})
    assert len(world.server.calls) <= 10
    paid = world.server.prompts()
    found = made(world)
    assert len(found.instances) == 42
    assert len(world.server.calls) == found.asked
    assert world.server.prompts()[: len(paid)] == paid


def test_a_recipes_own_prompts_are_asked(world: World) -> None:
    asked: list[Call] = []

    def behaviour(call: Call) -> Reaction:
        asked.append(call)
        return text("<response>\np0\n</response>")

    world.server.behaviour = behaviour
    own = {"code": {"response": "In a block <response>, please: {instruction}"}}
    made(world, GIVEN, prompts=own, instances=3, instances_at_least=1)
    assert all(call.prompt.startswith("In a block <response>, please: assemble ") for call in asked)


def test_equal_runs_make_equal_files(world: World, tmp_path: Path) -> None:
    first = made(world)
    (world.folder / "state").rename(tmp_path / "state-before")
    first.product.folder.rename(tmp_path / "before")
    assert made(world).product.sha256 == first.product.sha256
    for seed in (0, 1, 2):
        lines = (tmp_path / "before" / f"seed-{seed}.jsonl").read_bytes()
        assert first.product.files[f"seed-{seed}.jsonl"] == sha256_of_bytes(lines)
