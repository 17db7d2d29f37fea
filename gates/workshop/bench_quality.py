"""Benches judged before they are used: what was found, frozen and logged."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gates.reports.dot_plot import dots_png
from gates.reports.escaping import inert
from gates.reports.wording import measured_words
from gates.services import Services
from gates.workshop.keeping import Made, keep
from gates.workshop.opening import open_workroom
from gates.workshop.recipe_file import RecipeFile
from policies.canonical import Json, canonical_json, sha256_of, sha256_of_bytes
from stages.engine.assessed import ASSESSMENT, BENCH, FINDINGS, SCORES, VOTES
from stages.engine.data import read_bytes, read_items
from stages.engine.product import Product, freeze, open_product
from stages.evidence.codec import measured_json
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.json_lines import json_lines
from stages.evidence.records import Cost, Measurement, Quantity
from stages.side_by_side.formats.gate_votes import write_gate_votes
from stages.stats.separability import Separation
from stages.stats.shares import SHARE
from stages.workshop.bench.drift import ITEMS
from stages.workshop.bench_quality.assessing import Assessed, Compared, Ranked, assess
from stages.workshop.bench_quality.hearing import Heard, heard
from stages.workshop.bench_quality.recipe import AssessmentRecipe

PICTURE = "figures.png"
"""The picture on its page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A bench that was judged.

    Attributes:
        assessed: What was found.
        bench: Which bench it is about; None where the recipe names none.
        product: What was frozen.
        page: Address of its page in MLflow; empty where the store has none.
    """

    assessed: Assessed
    bench: Product | None
    product: Product
    page: str


def assess_bench(file: RecipeFile[AssessmentRecipe], services: Services) -> Assessment:
    """Judges a bench, by its files and by who is asked; freezes what was found, and logs it.

    Raises:
        InputError: When a file cannot be read, or the bench is not what was frozen or not what the
            judges voted on.
        OutOfBudget: When the recipe's budget does not pay for a step.
        Broken: When somebody who is asked does not work, or another process assesses by the recipe.
        LedgerDown: When MLflow does not answer; what was frozen stays.
    """
    recipe = file.recipe
    with services.state.lock(f"workshop/{recipe.recipe}.assessing"):
        bench = _bench(file)
        asked = None if bench is None else _asked(file, bench, services)
        assessed = assess(
            recipe,
            base=file.folder,
            prompts=None if bench is None else _prompts(bench),
            asked=None if asked is None else asked.heard,
        )
        made_from = {
            **{n: sha256_of_bytes(read_bytes(n, base=file.folder)) for n in _files(recipe)},
            **({} if bench is None else {"bench": bench.sha256}),
            **({} if asked is None else asked.models),
        }
        product = _frozen(file, assessed, bench, made_from)
    made = Made(
        product=product,
        recipe=recipe.recipe,
        sentence="; ".join(sentences(assessed))[:500],
        description="\n".join(f"- {line}" for line in words(assessed, bench)),
        measurements=tuple(m for ranking in assessed.rankings for m in measurements(ranking)),
        files={FINDINGS: product.file(FINDINGS).read_bytes(), PICTURE: _picture(assessed)},
        cost=Cost() if asked is None else asked.cost,
    )
    page = keep(made, services)
    return Assessment(assessed=assessed, bench=bench, product=product, page=page)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """What came of asking, of whom, and what it cost."""

    heard: Heard
    models: Mapping[str, str]
    cost: Cost


def _bench(file: RecipeFile[AssessmentRecipe]) -> Product | None:
    named = file.recipe.bench
    return None if named is None else open_product(file.folder / named, kind=BENCH)


def _asked(
    file: RecipeFile[AssessmentRecipe], bench: Product, services: Services
) -> _Asking | None:
    asked = file.recipe.asked
    if asked is None:
        return None
    items = read_items(ITEMS, base=bench.folder, cluster=None, sha256=None).items
    with open_workroom(file, services, names=asked.names, folder=bench.folder) as room:
        found = heard(asked, items, room)
        models = {
            f"model {name}": sha256_of(dict(room.hand(name).client.identity))
            for name in asked.names
        }
        return _Asking(heard=found, models=models, cost=room.purse.spent())


def _frozen(
    file: RecipeFile[AssessmentRecipe],
    assessed: Assessed,
    bench: Product | None,
    made_from: Mapping[str, str],
) -> Product:
    """What was found, and the votes that were asked for, beside the recipe."""
    recipe = file.recipe
    key = sha256_of([recipe.sha256, made_from])[:12]
    folder = file.folder / "assessments" / f"{recipe.recipe}-{key}"
    making = folder.with_name(f".{folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)  # what a killed run left
    making.mkdir(parents=True)
    said = canonical_json(assessed_json(assessed, bench))
    (making / FINDINGS).write_text(f"{said}\n", encoding="utf-8")
    for judge, votes in (assessed.asked.votes if assessed.asked else {}).items():
        (making / f"votes-{judge}.jsonl").write_bytes(write_gate_votes(votes))
    return freeze(
        making, folder, kind=ASSESSMENT, recipe=recipe.sha256, made_from=made_from, facts={}
    )


def _picture(assessed: Assessed) -> bytes:
    """Every share that was found, each ranking a colour."""
    rows = {
        ranking.name: {
            name: found
            for name, found in _figures(ranking).items()
            if isinstance(found, Unmeasured) or found.unit == SHARE
        }
        for ranking in assessed.rankings
    }
    return dots_png(rows, label="share, with its interval", marks=(0, 1))


def sentences(assessed: Assessed) -> Iterable[str]:
    """Each ranking in a sentence."""
    for ranking in assessed.rankings:
        if isinstance(ranking.separation, Unmeasured):
            yield f"{inert(ranking.name)} ranks nothing: {ranking.separation.reason}"
            continue
        found = ranking.separation
        told = f"{inert(ranking.name)} tells {found.pairs - found.overlaps} of {found.pairs} pairs"
        strict = None if ranking.people is None else ranking.people.strict
        also = f", {strict.value:.1%} of pairs as people" if isinstance(strict, Estimate) else ""
        yield f"{told} apart{also}"


def words(assessed: Assessed, bench: Product | None) -> Iterable[str]:
    """Which bench it is about, and every figure with its interval, a line each."""
    if bench is None:
        yield "of no bench: the recipe does not say in `bench` which one these figures are about"
    else:
        yield f"of the bench in {inert(str(bench.folder))} ({bench.sha256[:12]})"
    if assessed.asked is not None:
        yield from _asked_words(assessed.asked)
    for ranking in assessed.rankings:
        name = inert(ranking.name)
        yield f"{name}: {ranking.models} models"
        for one in measurements(ranking):
            yield f"{inert(one.metric)}: {measured_words(one)}"
    for both in assessed.compared:
        for one in _of_both(both):
            yield f"{inert(one.metric)}: {measured_words(one)}"


def _asked_words(asked: Heard) -> Iterable[str]:
    names = ", ".join(inert(name) for name in asked.lost)
    yield f"{names} were asked {asked.prompts:,} prompts"
    for name, lost in asked.lost.items():
        if lost:
            yield f"{inert(name)} did not answer {lost:,} of them, which nobody judged"


def measurements(ranking: Ranked) -> Iterable[Measurement]:
    """Every figure of a ranking, as its page in MLflow names it."""
    for what, measured in _figures(ranking).items():
        yield _measurement(f"{ranking.name}.{what}", measured)


def _figures(ranking: Ranked) -> Mapping[str, Estimate | Unmeasured]:
    found = {"separability": _share(ranking.separation)}
    if ranking.apart is not None:
        found["separability_of_shared"] = ranking.apart.share
    if ranking.people is not None:
        for name in ("strict", "agreement", "brier", "log_loss", "spearman"):
            found[f"people.{name}"] = getattr(ranking.people, name)
    if ranking.ab is not None:
        found["ab.agreement"] = ranking.ab
    if ranking.own_family is not None:
        found["own_family"] = ranking.own_family
    return {**found, **_effects(ranking)}


def _effects(ranking: Ranked) -> Mapping[str, Estimate | Unmeasured]:
    """What looks and instructions are worth to a judge."""
    found: dict[str, Estimate | Unmeasured] = {}
    if isinstance(ranking.style, Unmeasured):
        found["style"] = ranking.style
    else:
        found |= {f"style.{effect.feature}": effect.found for effect in ranking.style or ()}
    for variant in ranking.variants:
        name = f"variant.{variant.model}"
        found[name] = variant.plain
        found[f"{name}.at_equal_style"] = variant.at_equal_style
        found[f"{name}.wins"] = variant.wins
        found[f"{name}.length"] = variant.length
    return found


def _share(separation: Separation | Unmeasured) -> Estimate | Unmeasured:
    return separation if isinstance(separation, Unmeasured) else separation.share


def _of_both(both: Compared) -> Iterable[Measurement]:
    name = f"{both.one}.and.{both.other}"
    if both.closer_to_people is not None:
        yield _measurement(f"{name}.closer_to_people", both.closer_to_people)
    yield _measurement(f"{name}.spearman", both.spearman)
    if both.alpha is not None:
        yield _measurement(f"{name}.alpha", both.alpha)


def _measurement(name: str, measured: Estimate | Unmeasured) -> Measurement:
    n = measured.n if isinstance(measured, Estimate) else 1
    return Measurement(metric=name, quantity=Quantity.VALUE, measured=measured, planned=n)


def assessed_json(assessed: Assessed, bench: Product | None) -> Mapping[str, Json]:
    """Everything that was found, and of which bench, as JSON."""
    return {
        "schema": "gate.bench-assessment/1",
        "bench": None if bench is None else bench.sha256,
        "prompts_asked": 0 if assessed.asked is None else assessed.asked.prompts,
        "unanswered": {} if assessed.asked is None else dict(assessed.asked.lost),
        "rankings": [
            {
                "name": ranking.name,
                "by": VOTES if ranking.by_votes else SCORES,
                "models": ranking.models,
                "separation": _separation_json(ranking.separation),
                "separation_of_shared": _separation_json(ranking.apart),
                "figures": {
                    name: measured_json(found) for name, found in _figures(ranking).items()
                },
            }
            for ranking in assessed.rankings
        ],
        "compared": [
            {
                "one": both.one,
                "other": both.other,
                "closer_to_people": None
                if both.closer_to_people is None
                else measured_json(both.closer_to_people),
                "spearman": measured_json(both.spearman),
                "alpha": None if both.alpha is None else measured_json(both.alpha),
            }
            for both in assessed.compared
        ],
        "people": _separation_json(assessed.people),
    }


def _separation_json(found: Separation | Unmeasured | None) -> Json:
    if not isinstance(found, Separation):
        return None
    return {"pairs": found.pairs, "overlaps": found.overlaps}


def _prompts(bench: Product) -> frozenset[str]:
    """Ids of a bench's prompts."""
    rows = json_lines(bench.file(ITEMS).read_bytes(), where=str(bench.file(ITEMS)))
    return frozenset(str(row["id"]) for _, row in rows if isinstance(row, Mapping))


def _files(recipe: AssessmentRecipe) -> Iterable[str]:
    """Every file that a recipe names."""
    for scores in recipe.scores.values():
        yield scores.file
        if scores.names is not None:
            yield scores.names
    verdicts = [*recipe.judges.values()]
    for judge in verdicts:
        yield from judge.votes
    if recipe.people is not None and recipe.people.ratings is not None:
        yield recipe.people.ratings
    if recipe.people is not None and recipe.people.votes is not None:
        yield from recipe.people.votes.votes
    if recipe.ab is not None:
        yield recipe.ab
