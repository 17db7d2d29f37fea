"""Whether a bench of the workshop was judged before it is used."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Never

from policies.assessment import Assessment
from policies.errors import PolicyError
from stages.engine.product import Product, open_product, product_around
from stages.evidence.codec import read_measured
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.fields import Field, read_json

BENCH, ASSESSMENT = "bench", "bench_assessment"
"""Kinds of the products."""

FINDINGS = "assessment.json"
"""The file of an assessment that says what was found."""

SCORES, VOTES = "scores", "votes"
"""What a ranking is by."""

RANKED = "separability"
"""The figure that every ranking has, measured where there is a ranking."""


def demand_assessed(
    data: str, said: Assessment | None, *, base: Path
) -> tuple[tuple[str, str], ...]:
    """Returns when items are of no bench of the workshop, or of one that was judged as is demanded.

    Args:
        data: Path of the items, relative to `base`, or a URL; links are followed, and so is a URL
            that leads to a file of this machine, but behind no other a bench is looked for.
        said: What the plan says of it.
        base: The policy's folder.

    Returns:
        What evidence says of it: `assessment`, and its digest or why there is none; empty where the
        items need none.

    Raises:
        PolicyError: When a bench has no assessment, or another's, or figures are not as demanded.
        InputError: When bench or assessment is not what was frozen.
    """
    bench = _bench_of(data, base)
    if said is None:
        if bench is not None:
            _refuse_unjudged(data, bench)
        return ()
    if said.folder is None:
        return (("assessment", f"waived: {said.waived}"),)
    if bench is None:
        raise PolicyError(
            f"cannot hold {data} against an assessment",
            why="it does not stand in a folder that `gate workshop build-bench` froze",
            fix="name the bench's own items.jsonl, or take `assessment` out",
        )
    return (("assessment", _judged(bench, said, base).sha256),)


def _bench_of(data: str, base: Path) -> Product | None:
    """The bench that items belong to; None for other items."""
    product = product_around(data, base)
    return product if product is not None and product.kind == BENCH else None


def _refuse_unjudged(data: str, bench: Product) -> Never:
    raise PolicyError(
        f"cannot use the bench behind {data}",
        why="it is not known whether it tells models apart, or as people do: the plan names no "
        "assessment of it",
        fix=f"gate workshop assess-bench RECIPE, whose recipe says `bench: {bench.folder}`; then "
        "write `assessment: {folder: ...}` beside `data`, or `assessment: {waived: why}`",
    )


def _judged(bench: Product, said: Assessment, base: Path) -> Product:
    """The assessment, which is of this bench and shows what is demanded."""
    folder = base / str(said.folder)
    product = open_product(folder, kind=ASSESSMENT)
    if said.sha256 not in (None, product.sha256):
        _refuse(
            said,
            f"the plan froze sha256 {str(said.sha256)[:12]}, it has {product.sha256[:12]}",
            f"restore the frozen one, or set `sha256: {product.sha256}`",
        )
    of = product.made_from.get("bench")
    if of != bench.sha256:
        which = "no bench that it names" if of is None else f"the bench {of[:12]}"
        _refuse(
            said,
            f"it is of {which}, and {bench.folder} is {bench.sha256[:12]}",
            f"gate workshop assess-bench RECIPE, whose recipe says `bench: {bench.folder}`",
        )
    figures = figures_of(product)
    voted = frozenset(each.name for each in _rankings(product) if each.by_votes)
    ranked = {name: figures.get(f"{name}.{RANKED}") for name in sorted(voted)}
    if not any(isinstance(found, Estimate) for found in ranked.values()):
        why = [f"`{n}`: {f.reason}" for n, f in ranked.items() if isinstance(f, Unmeasured)]
        _refuse(
            said,
            "nothing could be ranked in it by votes on the bench's prompts"
            + (f" ({'; '.join(why)})" if why else ", and scores do not say whose they are"),
            "have its recipe ask models and judges, or give it votes on this bench's prompts",
        )
    for demands, least in ((said.at_least, True), (said.at_most, False)):
        for name, limit in demands.items():
            short = _not_shown(name, figures, voted, level=said.level)
            short = short or _falls_short(name, limit, figures, least=least)
            if short is not None:
                _refuse(said, short, "build a better bench, or have another demand reviewed")
    return product


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranking:
    """A ranking of an assessment, as it was frozen."""

    name: str
    by_votes: bool
    figures: Mapping[str, Field]


def figures_of(product: Product) -> Mapping[str, Estimate | Unmeasured]:
    """What an assessment found, by ranking and figure such as `judge_a.people.strict`."""
    return {
        path: read_measured(figure)
        for ranking in _rankings(product)
        for path, figure in ranking.figures.items()
    }


def _rankings(product: Product) -> Iterator[_Ranking]:
    where = product.file(FINDINGS)
    found = read_json(where.read_bytes(), where=str(where)).value
    for ranking in found.get("rankings", ()) if isinstance(found, dict) else ():
        name = str(ranking["name"])
        paths = {f"{name}.{own}": figure for own, figure in ranking["figures"].items()}
        yield _Ranking(
            name=name,
            by_votes=ranking.get("by") == VOTES,
            figures={path: Field(said, str(where), path) for path, said in paths.items()},
        )


def _not_shown(
    name: str,
    figures: Mapping[str, Estimate | Unmeasured],
    voted: Collection[str],
    *,
    level: float,
) -> str | None:
    """Why a figure shows nothing of the bench, whatever it is; None when it shows something."""
    found, ranking = figures.get(name), name.partition(".")[0]
    if found is not None and ranking not in voted:
        return (
            f"`{name}` is of scores, which do not say of which bench's prompts they are: figures "
            f"count that are of votes on them, {', '.join(sorted(voted))}"
        )
    if isinstance(found, Estimate) and found.level < level:
        return (
            f"`{name}` has an interval at level {found.level:g}, and the plan demands {level:g}: "
            "at a lower one any interval is narrow"
        )
    return None


def _falls_short(
    name: str, limit: float, figures: Mapping[str, Estimate | Unmeasured], *, least: bool
) -> str | None:
    """Why a figure is not as is demanded; None when it is."""
    found = figures.get(name)
    if found is None:
        return f"it says nothing of `{name}`, but of {', '.join(sorted(figures))}"
    if isinstance(found, Unmeasured):
        return f"`{name}` is not measured: {found.reason}"
    end = found.low if least else found.high
    if end is None:
        return f"`{name}` has no end on that side"
    if end >= limit if least else end <= limit:
        return None
    return (
        f"`{name}` is {found.value:.4g} and its interval ends at {end:.4g}; the plan demands "
        f"{'at least' if least else 'at most'} {limit:g} of all of it"
    )


def _refuse(said: Assessment, why: str, fix: str) -> Never:
    raise PolicyError(f"cannot use the assessment {said.folder}", why=why, fix=fix)
