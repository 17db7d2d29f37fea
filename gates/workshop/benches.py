"""Benches built from traffic: a recipe worked through, frozen, and logged."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from gates.reports.escaping import inert
from gates.reports.wording import cost_words, measured_words
from gates.services import Services
from gates.workshop.keeping import Made, keep
from gates.workshop.opening import open_workroom
from gates.workshop.recipe_file import RecipeFile
from stages.engine.product import Product, open_product
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Measurement, Quantity
from stages.workshop.bench.building import KIND, Built, build, demand_room
from stages.workshop.bench.freezing import DATASHEET, MAP, TOPICS, freeze_bench
from stages.workshop.bench.recipe import BenchRecipe

_TOPICS_TOLD, _CHANGES_TOLD = 20, 3

_OF_DRIFT = {
    "overlap.exact": "prompts whose words the old bench holds",
    "overlap.near": "prompts that are nearly one of the old bench's",
    "drift.energy": "energy distance of this month's prompts from that month's",
}
"""Measurements of drift, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A bench that was built.

    Attributes:
        built: All that is told of it.
        product: What was frozen.
        page: Address of its page in MLflow; empty where the store has none.
    """

    built: Built
    product: Product
    page: str


def build_bench(
    file: RecipeFile[BenchRecipe], services: Services, *, to: Path, after: Path | None = None
) -> Bench:
    """Builds a bench, freezes it and logs it; what was asked before is asked of the journal.

    Args:
        file: The recipe.
        services: Workspace, journals and ledger.
        to: Folder in which it is to stand.
        after: Folder of an old bench, that overlap and drift are told of.

    Raises:
        InputError: When the traffic or the old bench cannot be used, or nothing passes.
        OutOfBudget: When the recipe's budget does not pay for a step.
        Broken: When somebody who is asked does not work, or another process builds it.
        LedgerDown: When MLflow does not answer; what was frozen stays, for the next run to log.
    """
    recipe = file.recipe
    old = None if after is None else open_product(after, kind=KIND)
    with (
        services.state.lock(f"workshop/{recipe.recipe}.building"),
        open_workroom(file, services, names=recipe.models, folder=to) as room,
    ):
        demand_room(recipe, room)
        built = build(recipe, room, after=old)
        product = freeze_bench(built, recipe, to)
    made = Made(
        product=product,
        recipe=recipe.recipe,
        sentence=sentence(built),
        description="\n".join(_description(built, recipe)),
        measurements=tuple(measurements(built)),
        files={name: product.file(name).read_bytes() for name in (DATASHEET, MAP, TOPICS)},
        cost=built.cost,
    )
    return Bench(built=built, product=product, page=keep(made, services))


def sentence(built: Built) -> str:
    """A bench in one sentence."""
    topics = sum(topic.chosen > 0 for topic in built.topics)
    return (
        f"{len(built.entries):,} prompts of {topics:,} topics, out of {built.gathered.records:,} "
        f"records of traffic in {len(built.topics):,} topics"
    )


def measurements(built: Built) -> Iterable[Measurement]:
    """What was measured of a bench, by the names that its page in MLflow has."""
    told = {f"criteria.{name}": share for name, share in built.criteria.items()}
    if built.graders is not None:
        told["graders.alpha"] = built.graders
    if built.drift is not None:
        told |= {"overlap.exact": built.drift.exact, "overlap.near": built.drift.near}
        moved = built.drift.vectors
        told["drift.energy"] = moved if isinstance(moved, Unmeasured) else moved.distance
    for name, measured in told.items():
        yield _measurement(name, measured)


def _description(built: Built, recipe: BenchRecipe) -> Iterable[str]:
    yield f"{sentence(built)}."
    yield ""
    yield f"Source: {inert(recipe.traffic.source)}; licence: {inert(recipe.traffic.licence)}. "
    yield f"Topics: {inert(built.method)}. Cost: {cost_words(built.cost)}."
    yield ""
    yield "| step | left | left out |"
    yield "| --- | --- | --- |"
    for step in built.steps:
        out = ", ".join(f"{n:,} {inert(why)}" for why, n in step.out.items())
        yield f"| {step.name} | {step.left:,} | {out} |"
    yield ""
    yield "| topic | prompts | mean score | in the bench |"
    yield "| --- | --- | --- | --- |"
    for topic in built.topics[:_TOPICS_TOLD]:
        score = "?" if topic.score is None else f"{topic.score:.2f}"
        yield f"| {inert(topic.name)} | {topic.prompts:,} | {score} | {topic.chosen} |"
    yield ""
    yield from (f"- {line}" for line in drift_words(built))


def drift_words(built: Built) -> Iterable[str]:
    """What has changed since an old bench, a line each; nothing without one."""
    found = built.drift
    if found is None:
        return
    for one in measurements(built):
        if one.metric in _OF_DRIFT:
            yield f"{_OF_DRIFT[one.metric]}: {measured_words(one)}"
    if not isinstance(found.vectors, Unmeasured):
        yield f"permutation test that prompts did not move: p = {found.vectors.p:.3f}"
    if isinstance(found.shares, Unmeasured):
        yield f"topics' shares of the traffic: not measured: {found.shares.reason}"
        return
    yield f"chi-square test that topics kept their shares of the traffic: p = {found.shares.p:.3g}"
    for change in found.topics[:_CHANGES_TOLD]:
        moved = replace(_measurement("share", change.change), quantity=Quantity.DIFFERENCE)
        was = f"{100 * change.before:.1f} %"
        yield f"{inert(change.name)}: share was {was}; change {measured_words(moved)}"


def _measurement(name: str, measured: Estimate | Unmeasured) -> Measurement:
    n = measured.n if isinstance(measured, Estimate) else 1
    return Measurement(metric=name, quantity=Quantity.VALUE, measured=measured, planned=n)
