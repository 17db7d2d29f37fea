"""Checkpoints graded as generators: a recipe worked through, every grade frozen and logged."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gates.admission import admissions
from gates.measuring import judging_endpoints, offline_judges, prices_of
from gates.reports.generator_plot import gaps_png
from gates.reports.wording import cost_words
from gates.services import Services
from gates.subjects import opened
from gates.workshop.keeping import Made, keep
from gates.workshop.opening import open_workroom
from gates.workshop.recipe_file import RecipeFile
from gates.workshop.students import FREE, local_model, open_students
from policies.canonical import sha256_of
from policies.errors import InputError
from policies.graded_task import PGR
from stages.engine.product import MANIFEST
from stages.evidence.costs import total
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Cost, Measurement, Quantity
from stages.offline.tools import Tools
from stages.offline.toxicity.detoxify_model import load_classifier
from stages.workshop.bench.embedding import embedded
from stages.workshop.bench.near_duplicates import repeated
from stages.workshop.bench.recipe import Embeddings, NearDuplicates
from stages.workshop.generators.generating import Generating
from stages.workshop.generators.graded import Graded, read_graded
from stages.workshop.generators.grading import Generator, Grading
from stages.workshop.generators.intrinsic import Embed, Looking
from stages.workshop.generators.material import Material, read_material, recipe_digest
from stages.workshop.generators.ranking import Ranking, ranked
from stages.workshop.generators.recipe import GraderRecipe, Vectors
from stages.workshop.generators.schooling import School
from stages.workshop.generators.sitting import InPart, Sitting
from stages.workshop.workroom import Hand, Workroom

_ALIKE_WORDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades:
    """Generators that were graded.

    Attributes:
        made: Their grades, in the order in which they were named.
        ranking: All grades of the recipe that stand beside them.
        pages: Addresses of their pages in MLflow, in the order of `made`.
    """

    made: tuple[Graded, ...]
    ranking: Ranking
    pages: tuple[str, ...]


def grade_generators(
    file: RecipeFile[GraderRecipe], services: Services, *, named: Sequence[str], to: Path
) -> Grades:
    """Grades checkpoints, freezes and logs the grades; what was done before is not done again.

    Args:
        file: The recipe.
        services: Workspace, journals and ledger.
        named: Registered versions (`assistant/12`) and endpoints (`gpt`), each once.
        to: Folder in which data, students and grades are to stand.

    Raises:
        InputError: When a file or a checkpoint cannot be used, or a training diverged.
        OutOfBudget: When the recipe's budget does not pay for a step.
        Broken: When somebody who is asked does not work, or another process works on the recipe.
        LedgerDown: When MLflow does not answer; what was frozen stays, for the next run to log.
    """
    recipe = file.recipe
    made, pages = [], []
    with (
        services.state.lock(f"workshop/{recipe.recipe}.grading"),
        ExitStack() as clients,
        open_workroom(file, services, names=_endpoints(recipe, named), folder=to) as plain,
    ):
        generators = [_generator(name, plain, services, clients) for name in named]
        hands = {one.hand.name: one.hand for one in generators}
        room = replace(plain, hands={**plain.hands, **hands})
        with _workplace(recipe, room, services) as work:
            for name, generator in zip(named, generators, strict=True):
                making = replace(work.making, generator=generator.hand)
                found = replace(work, making=making).grade(generator, to / "grades" / name)
                made.append(found)
                ranking = _ranking(to / "grades", found)
                pages.append(keep(_made(found, ranking, recipe), services))
            ranking = _ranking(to / "grades", made[-1])
    return Grades(made=tuple(made), ranking=ranking, pages=tuple(pages))


def pgr_rows(ranking: Ranking) -> Iterator[tuple[str, ...]]:
    """A row per generator, best first: what it recovers, costs and solves."""
    for one in ranking.grades:
        found = one.grade.measured
        yield (
            one.grade.checkpoint,
            *(_words(found[name]) for name in (PGR, "usd_per_point", "solves")),
        )


HEADINGS = ("generator", "gap recovered, %", "USD a point", "solves itself")
"""Of these rows."""


def cell_rows(graded: Graded) -> Iterator[tuple[str, ...]]:
    """A row per cell: how much was taught, what was recovered, by both intervals."""
    for cell in graded.cells:
        wasted = ", ".join(f"{n:,} {why}" for why, n in cell.wasted.items() if n)
        yield (
            cell.cell.name,
            f"{cell.taught:,} of {cell.asked:,}" + (f" ({wasted})" if wasted else ""),
            _words(cell.pgr),
            _words(cell.resampled),
        )


CELL_HEADINGS = ("cell", "taught", "gap recovered, %", "by the bootstrap")
"""Of these rows."""


def ranking_words(ranking: Ranking) -> Iterator[str]:
    """What goes with teaching well, a sentence each."""
    explained, components = ranking.explained, ranking.components
    if isinstance(explained, Unmeasured) or isinstance(components, Unmeasured):
        why = explained if isinstance(explained, Unmeasured) else components
        assert isinstance(why, Unmeasured)
        yield f"what intrinsic measures explain of the gap recovered is not told: {why.reason}"
    else:
        held = sum(components.shares[: explained.components])
        yield (
            f"{explained.components} components of the intrinsic measures ({held:.0%} of their "
            f"variance) explain {explained.r_squared:.0%} of the gap recovered over "
            f"{explained.cases} cells of {explained.groups} generators, {explained.adjusted:.0%} "
            f"adjusted for their number, and {explained.left_out:.0%} of generators left out of "
            "the fit; these shares have no intervals, which so few generators cannot give honestly"
        )
    solving = ranking.solving
    if isinstance(solving, Unmeasured):
        yield f"whether who solves also teaches is not told: {solving.reason}"
    else:
        yield (
            f"rank correlation of solving with teaching {solving.value:.2f} "
            f"({solving.low or 0.0:.2f} to {solving.high or 0.0:.2f})"
        )


def _endpoints(recipe: GraderRecipe, named: Sequence[str]) -> Iterable[str]:
    vectors = recipe.embeddings.endpoint if recipe.embeddings else None
    return (
        *recipe.endpoints,
        *([] if vectors is None else [vectors]),
        *(name for name in named if "/" not in name),
    )


def _generator(name: str, room: Workroom, services: Services, clients: ExitStack) -> Generator:
    """A registered version, or an endpoint, that is to be graded."""
    if "/" not in name:
        hand = room.hand(name)
        return Generator(uri=name, digest=sha256_of(dict(hand.client.identity)), hand=hand)
    version = services.ledger.version(name)
    subject = opened(version, services, clients)
    if subject.client is None or subject.client.identity.get("kind") == "recorded":
        raise InputError(
            f"cannot grade {name} as a generator",
            why="it cannot be asked: it has no endpoint and no model that runs",
            fix="register it with an endpoint, or grade another version",
        )
    price = prices_of(version.name, services).checkpoint
    hand = Hand(name=name, client=subject.client, price=price)
    return Generator(uri=subject.uri, digest=subject.digest, hand=hand)


@contextmanager
def _workplace(recipe: GraderRecipe, room: Workroom, services: Services) -> Iterator[Grading]:
    """Everything that is the same for all generators."""
    material = read_material(recipe, room.base)
    endpoints = judging_endpoints(services)
    for plan in recipe.domains.values():
        admissions(offline_judges(plan.tests, endpoints), endpoints, services)
    tools = Tools(
        base=room.base,
        state=services.state,
        progress=services.progress,
        classifier_for=partial(load_classifier, base=room.base, actors=None),
        endpoints=endpoints,
        purse=room.purse,
        prices=prices_of("", services),
    )
    reference = (
        room.hand(recipe.reference)
        if isinstance(recipe.reference, str)
        else Hand(name="reference", client=InPart(local_model(recipe.reference, room)), price=FREE)
    )
    with open_students(recipe, room, services) as students:
        digests = {
            "base": sha256_of(dict(students.teaching.untaught.client.identity)),
            "reference": sha256_of(dict(reference.client.identity)),
        }
        yield Grading(
            recipe=recipe,
            digest=recipe_digest(recipe, material, models=digests),
            material=material,
            room=room,
            making=_making(recipe, material, room),
            looking=Looking(
                recipe=recipe,
                room=room,
                tools=tools,
                embed=_embedding(recipe.embeddings, room),
                likelihood=students.likelihood,
            ),
            school=School(
                recipe=recipe,
                material=material,
                sitting=Sitting(room=room, tools=tools),
                teaching=students.teaching,
                reference=reference,
                digests=digests,
            ),
        )


def _making(recipe: GraderRecipe, material: Material, room: Workroom) -> Generating:
    rules = NearDuplicates(similarity=recipe.alike_at, words=_ALIKE_WORDS)
    return Generating(
        recipe=recipe,
        material=material,
        room=room,
        generator=next(iter(room.hands.values())),
        repeated=lambda texts, known: repeated(texts, rules, known=known),
    )


def _embedding(vectors: Vectors | None, room: Workroom) -> Embed | None:
    if vectors is None:
        return None
    how = Embeddings(endpoint=vectors.endpoint, folder=vectors.folder)

    def embed(step: str, texts: Sequence[str]) -> NDArray[np.float64] | Unmeasured:
        own = replace(room, name=f"{room.name}/{step}")
        found = embedded(texts, range(len(texts)), how, own, records=len(texts))
        if found.lacking:
            why = next(iter(found.lacking.values()))
            return Unmeasured(f"{len(found.lacking)} of {len(texts)} texts have no vector: {why}")
        return np.asarray(found.vectors, dtype=np.float64)

    return embed


def _ranking(folder: Path, like: Graded) -> Ranking:
    """All grades that stand in a folder and were made as this one was."""
    whole = [path.parent for path in folder.rglob(MANIFEST) if path.parent.name[0] != "."]
    found = [read_graded(path) for path in sorted(whole)]
    same = [one for one in found if one.product.recipe == like.product.recipe]
    return ranked(same, level=like.grade.level)


def _made(graded: Graded, ranking: Ranking, recipe: GraderRecipe) -> Made:
    who = graded.grade.checkpoint
    cost = total(cell.cost for cell in graded.cells)
    return Made(
        product=graded.product,
        recipe=recipe.recipe,
        sentence=graded.sentence,
        description="\n".join(_description(graded, ranking, cost)),
        subject=who if "/" in who else "",
        named=who.removeprefix("models:/"),
        measurements=[
            Measurement(
                metric=name,
                quantity=Quantity.VALUE,
                measured=measured,
                planned=measured.n if isinstance(measured, Estimate) else 1,
            )
            for name, measured in graded.grade.measured.items()
        ],
        files={"plots/gaps.png": gaps_png({who: _by_cell(graded)})},
        cost=cost,
    )


def _by_cell(graded: Graded) -> dict[str, Estimate | Unmeasured]:
    own = {cell.cell.name: cell.pgr for cell in graded.cells}
    return {"all": graded.grade.measured[PGR], **own}


def _description(graded: Graded, ranking: Ranking, cost: Cost) -> Iterator[str]:
    yield f"{graded.sentence}\n"
    yield from _markdown(CELL_HEADINGS, cell_rows(graded))
    yield ""
    found = graded.grade.measured
    yield from _markdown(
        ("measured", "value"), ((name, _words(one)) for name, one in found.items())
    )
    yield f"\nGenerating cost {cost_words(cost)}.\n"
    if len(ranking.grades) > 1:
        yield "All generators that this recipe has graded so far:\n"
        yield from _markdown(HEADINGS, pgr_rows(ranking))
        yield ""
        yield from (f"- {words}" for words in ranking_words(ranking))


def _markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(headings) + " |"
    yield "| " + " | ".join("---" for _ in headings) + " |"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _words(measured: Estimate | Unmeasured) -> str:
    """In one cell of a table; how it was come by stands in the grade's files."""
    if isinstance(measured, Unmeasured):
        return f"not measured: {measured.reason}"
    low, high = (measured.value if end is None else end for end in (measured.low, measured.high))
    return f"{measured.value:.4g} ({low:.4g} to {high:.4g})"
