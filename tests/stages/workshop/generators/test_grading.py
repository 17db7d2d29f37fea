"""Nine cells graded: the better generator is found, and nothing is done or paid twice."""

import json
from collections import Counter

import pytest

from policies.errors import InputError
from policies.graded_task import PGR, Domain, GradedTask, Method
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.workshop.generators.graded import Graded, read_graded
from stages.workshop.generators.recipe import GraderRecipe
from stages.workshop.training.trainer import Diverged
from tests.servers.openai_server import text
from tests.stages.workshop.generators.world import Counting, World, answers, recipe_of

ONE = {"math": recipe_of().domains[Domain.MATH].model_dump(mode="json", exclude_defaults=True)}
"""One domain of the three, with its three cells."""

ALL = {
    domain: plan.model_dump(mode="json", exclude_defaults=True)
    for domain, plan in recipe_of().domains.items()
}


def graded(world: World, generator: str, **changes: object) -> Graded:
    grading = world.grading(recipe_of(**{"domains": ONE, **changes}), generator)
    to = world.folder / "made" / "grades" / generator
    return grading.grade(world.generator(grading, generator), to)


def pgr(found: Graded, of: str = PGR) -> Estimate:
    measured = found.grade.measured[of]
    assert isinstance(measured, Estimate), measured
    return measured


def test_the_ranking_of_known_generators_is_recovered(world: World) -> None:
    found = {name: graded(world, name, domains=ALL) for name in ("wrong", "noisy", "clean")}
    values = {name: pgr(one) for name, one in found.items()}
    assert values["clean"].value > 95
    assert (values["clean"].low or 0) > (values["wrong"].high or 0)
    assert (values["clean"].low or 0) > 50
    assert values["wrong"].value < 20
    cells = found["clean"].cells
    assert len(cells) == 9
    assert values["wrong"].value < values["noisy"].value <= values["clean"].value


def test_a_grade_has_every_metric_that_a_policy_may_demand(world: World) -> None:
    found = graded(world, "clean")
    names = {m.name.removeprefix("t.") for m in GradedTask(graded="g/{version}").metrics("t")}
    assert names - {f"pgr.{d}" for d in Domain} <= set(found.grade.measured)
    assert {f"pgr.{cell.cell.metric}" for cell in found.cells} <= set(found.grade.measured)
    usable = found.grade.measured["usable"]
    assert isinstance(usable, Estimate)
    assert 0 < usable.value <= 1
    assert isinstance(found.grade.measured["difficulty"], Unmeasured)
    solves = found.grade.measured["solves"]
    assert isinstance(solves, Estimate)
    assert solves.value == 1
    point = found.grade.measured["usd_per_point"]
    assert isinstance(point, Estimate)
    spent = sum(cell.cost.usd or 0 for cell in found.cells) / 3 / 3  # of three cells and students
    assert point.value == pytest.approx(spent / pgr(found).value)
    assert point.low is not None
    assert point.low < point.value < (point.high or 0)


def test_the_domains_are_the_means_of_their_cells_and_the_whole_of_the_domains(
    world: World,
) -> None:
    found = graded(world, "noisy", domains=ALL)
    for domain in Domain:
        own = [pgr(found, f"pgr.{domain}.{method}").value for method in Method]
        assert pgr(found, f"pgr.{domain}").value == pytest.approx(sum(own) / 3)
    domains = [pgr(found, f"pgr.{domain}").value for domain in Domain]
    assert pgr(found).value == pytest.approx(sum(domains) / 3)


def test_every_seed_trains_once_and_the_same_command_again_does_nothing(world: World) -> None:
    first = graded(world, "clean")
    assert len(world.trainer.trained) == 9
    asked = len(world.server.calls)
    assert graded(world, "clean") == first
    assert len(world.trainer.trained) == 9
    assert len(world.server.calls) == asked
    assert read_graded(first.product.folder) == first


def test_no_two_cells_share_a_seed_and_generators_share_all(world: World) -> None:
    """The gap's variance adds up cells, and domains, as if their trainings shared no luck."""
    graded(world, "clean")
    ours = list(world.trainer.seeds)
    graded(world, "wrong")
    assert len(set(ours)) == len(ours) == 9
    assert world.trainer.seeds == ours * 2


def test_every_student_learns_from_data_of_its_own_draw(world: World) -> None:
    """The gap's variance over seeds is then also that of a new draw of the generator's data."""
    found = graded(world, "clean")
    assert [len(ids) for ids in world.trainer.taught] == [14] * 9
    assert len(set().union(*world.trainer.taught)) == 9 * 14
    assert [cell.taught for cell in found.cells] == [3 * 14] * 3


def test_a_student_with_too_little_of_its_own_leaves_its_cell_unmeasured(world: World) -> None:
    """A pool that would do for one of them is not shared."""
    found = graded(world, "clean", instances_at_least=14, asked_at_most=1.0)
    cell = next(cell for cell in found.cells if cell.cell.method is Method.INSTANCE)
    assert 14 < cell.taught < 42
    assert isinstance(cell.pgr, Unmeasured)
    assert "each of its 3 students needs at least 14 of its own" in cell.pgr.reason
    assert cell.losses == ()


def test_what_was_done_before_a_failure_is_not_done_again(world: World) -> None:
    def die(to: object) -> None:
        if len(world.trainer.trained) == 4:
            raise KeyboardInterrupt(str(to))

    world.trainer.before = die
    with pytest.raises(KeyboardInterrupt):
        graded(world, "clean")
    asked = Counter(world.server.prompts())
    assert not (world.folder / "made" / "grades").exists()
    world.trainer = Counting(trained=list(world.trainer.trained))
    found = graded(world, "clean")
    assert len(world.trainer.trained) == len(set(world.trainer.trained)) == 9
    again = Counter(world.server.prompts()) - asked
    material = world.grading(recipe_of(), "clean").material
    tests = {str(item.messages[-1]["content"]) for item in material.items}
    assert set(again) <= tests
    assert pgr(found).value > 95


@pytest.mark.parametrize("way", [1, 2])
def test_what_an_older_version_left_half_done_never_stands_beside_other_students(
    way: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its students shared data, and seeds: answers are kept, every student is made anew."""

    def die(to: object) -> None:
        if len(world.trainer.trained) == 4:
            raise KeyboardInterrupt(str(to))

    with monkeypatch.context() as older:
        older.setattr("stages.workshop.generators.material._WAY", way)
        older.setattr(
            "stages.workshop.generators.generating.dealt",
            lambda taught, seeds: dict.fromkeys(seeds, taught),
        )
        older.setattr(GraderRecipe, "pool", property(lambda recipe: recipe.instances))
        if way == 1:
            older.setattr("stages.workshop.generators.schooling.seed_of", lambda seed, _: seed)
        world.trainer.before = die
        with pytest.raises(KeyboardInterrupt):
            graded(world, "clean")
    asked = Counter(p for p in world.server.prompts() if "<response>" in p)
    world.trainer = Counting()
    found = graded(world, "clean")
    assert len(world.trainer.trained) == len(set(world.trainer.seeds)) == 9
    assert not {0, 1, 2} & set(world.trainer.seeds)
    assert len(set().union(*world.trainer.taught)) == sum(map(len, world.trainer.taught))
    again = Counter(p for p in world.server.prompts() if "<response>" in p)
    assert asked < again
    assert set(again.values()) == {1}
    with monkeypatch.context() as older:
        older.setattr("stages.workshop.generators.material._WAY", way)
        with pytest.raises(InputError, match="a version of this program that grades otherwise"):
            graded(world, "clean")
    assert pgr(found).value > 95


def test_a_student_that_diverges_stops_it_and_nothing_stands_there(world: World) -> None:
    def diverge(to: object) -> None:
        raise Diverged(f"cannot train {to}", why="the loss is no number", fix="lower the rate")

    world.trainer.before = diverge
    with pytest.raises(Diverged, match="loss is no number"):
        graded(world, "clean")
    assert not (world.folder / "made" / "grades").exists()


def test_a_generator_without_enough_to_teach_has_no_grade_to_pass_with(world: World) -> None:
    def refusing(call: object) -> object:
        prompt = call.prompt  # type: ignore[attr-defined]
        refuses = "<response>" in prompt and "programming" in prompt
        return text("I'm sorry, but I can't help with that.") if refuses else answers(call)  # type: ignore[arg-type]

    world.server.behaviour = refusing  # type: ignore[assignment]
    found = graded(world, "clean", domains={name: ALL[name] for name in ("math", "code")})
    whole, code = found.grade.measured[PGR], found.grade.measured["pgr.code"]
    for measured in (whole, code):
        assert isinstance(measured, Unmeasured)
        assert measured.cause is Cause.UNDERPOWERED
        assert (
            "0 of 42 replies are taught (42 refused); each of its 3 students needs"
            in measured.reason
        )
    assert pgr(found, "pgr.math").value > 95
    assert "is not measured" in found.sentence


def test_a_reference_that_is_no_better_leaves_everything_unmeasured(world: World) -> None:
    def silly(call: object) -> object:
        if call.body["model"] == "teacher":  # type: ignore[attr-defined]
            return text("nothing that is right")
        return answers(call)  # type: ignore[arg-type]

    world.server.behaviour = silly  # type: ignore[assignment]
    found = graded(world, "clean")
    for name in (PGR, "pgr.math", "pgr.instance", "pgr.math.quality", "usd_per_point"):
        measured = found.grade.measured[name]
        assert isinstance(measured, Unmeasured)
        assert "not clearly better" in measured.reason


def test_few_seeds_have_no_interval(world: World) -> None:
    found = graded(world, "clean", seeds=[0, 1])
    measured = found.grade.measured[PGR]
    assert isinstance(measured, Unmeasured)
    assert "at least 3 seeds" in measured.reason


def test_another_checkpoint_or_recipe_is_not_graded_into_the_same_folder(world: World) -> None:
    graded(world, "clean")
    grading = world.grading(recipe_of(domains=ONE), "noisy")
    to = world.folder / "made" / "grades" / "clean"
    with pytest.raises(InputError, match="another generator"):
        grading.grade(world.generator(grading, "noisy"), to)
    with pytest.raises(InputError, match="another recipe"):
        graded(world, "clean", instances=15)


def test_a_larger_budget_is_no_other_recipe(world: World) -> None:
    first = graded(world, "clean")
    assert graded(world, "clean", budget={"calls_at_most": 10_000}) == first


def test_a_grade_that_was_changed_is_refused(world: World) -> None:
    folder = graded(world, "wrong").product.folder
    path = folder / "grade.json"
    said = json.loads(path.read_text())
    said["measurements"][0]["measured"]["value"] = 99.0
    path.write_text(json.dumps(said))
    with pytest.raises(InputError, match="not what was frozen"):
        graded(world, "wrong")
