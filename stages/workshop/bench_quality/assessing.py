"""A bench judged before it is used: does it tell models apart, as people do, whoever judges?"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path

import numpy as np

from policies.errors import InputError
from stages.evidence.estimate import Estimate, Unmeasured
from stages.side_by_side.vote import Vote
from stages.stats.krippendorff import Distance, krippendorff_alpha
from stages.stats.means import clustered_mean
from stages.stats.separability import (
    HumanAgreement,
    Separation,
    agreement_with_outcomes,
    agreement_with_people,
    difference_in_agreement,
    separability,
)
from stages.stats.style_control import Effect
from stages.workshop.bench_quality.hearing import Heard
from stages.workshop.bench_quality.own_votes import demand_prompts, demand_variants
from stages.workshop.bench_quality.ranking import (
    VariantEffect,
    standings,
    style_effects,
    variant_effect,
)
from stages.workshop.bench_quality.reading import (
    Standings,
    read_outcomes,
    read_ratings,
    read_scores,
    read_verdicts,
)
from stages.workshop.bench_quality.recipe import AssessmentRecipe

TOGETHER = "together"
"""All judges' votes as one ranking."""

_RESAMPLING = 0
_Key = tuple[str, frozenset[str]]
"""A prompt and a pair of models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A ranking: a bench's scores, a judge's votes, or all judges' together.

    Attributes:
        name: Of it.
        models: How many it ranks; 0 where it is none.
        by_votes: Whether it is by votes, which tell their prompts; scores do not.
        separation: Pairs that it tells apart; or why there is no ranking.
        apart: The same over the models that people rank too; None where they do not.
        people: Held against people; None where they do not rank two of its models.
        ab: Share of decided experiments that it agrees with; None where none is known.
        style: What length and Markdown win by it; None for scores.
        variants: What changed instructions are worth by it.
        own_family: How much more it gives models of its own family than others do, in shares of a
            win; None where it has none.
    """

    name: str
    models: int
    by_votes: bool
    separation: Separation | Unmeasured
    apart: Separation | None = None
    people: HumanAgreement | None = None
    ab: Estimate | Unmeasured | None = None
    style: tuple[Effect, ...] | Unmeasured | None = None
    variants: tuple[VariantEffect, ...] = ()
    own_family: Estimate | Unmeasured | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two rankings of the same models.

    Attributes:
        one: Name of one.
        other: Name of the other.
        closer_to_people: Strict agreement with people of the one minus the other's; None without
            people.
        spearman: Rank correlation of both.
        alpha: Krippendorff's alpha of their verdicts on the same prompts and pairs; None for
            scores.
    """

    one: str
    other: str
    closer_to_people: Estimate | Unmeasured | None
    spearman: Estimate | Unmeasured
    alpha: Estimate | Unmeasured | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """What is said of a bench.

    Attributes:
        rankings: Each with its figures.
        compared: Each two of them.
        people: Pairs that people tell apart, over all models that they rank; None without.
        asked: What judges said who were asked for it; None where nobody was.
    """

    rankings: tuple[Ranked, ...]
    compared: tuple[Compared, ...]
    people: Separation | None
    asked: Heard | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """All that was read."""

    votes: Mapping[str, tuple[Vote, ...]]
    rankings: Mapping[str, Standings | Unmeasured]
    people: Standings | None
    people_votes: tuple[Vote, ...]
    outcomes: Mapping[tuple[str, str], int] | None


def assess(
    recipe: AssessmentRecipe,
    *,
    base: Path,
    prompts: Collection[str] | None = None,
    asked: Heard | None = None,
) -> Assessed:
    """Judges a bench by its scores, its judges' votes, people and experiments.

    Args:
        recipe: How.
        base: Folder that its relative paths start from.
        prompts: Ids of the bench's prompts; None where it is not known which bench it is.
        asked: What judges said who were asked; None where the recipe asks nobody.

    Raises:
        InputError: When a file cannot be read, a judge's vote is on a prompt that the bench does
            not hold or on a variant that the recipe does not name, or people's votes have no
            ranking.
    """
    known = _read(recipe, base, asked)
    demand_variants(recipe, known.votes)
    if prompts is not None:
        demand_prompts(recipe, known.votes, prompts)
    return Assessed(
        rankings=tuple(_ranked(name, recipe, known) for name in known.rankings),
        compared=tuple(
            _compared(one, other, recipe, known) for one, other in combinations(known.rankings, 2)
        ),
        people=None
        if known.people is None or len(known.people) < 2  # noqa: PLR2004 - a pair needs two
        else separability(list(known.people.values()), level=recipe.level),
        asked=asked,
    )


def _read(recipe: AssessmentRecipe, base: Path, asked: Heard | None) -> _Known:
    votes = {name: read_verdicts(judge, base=base) for name, judge in recipe.judges.items()}
    votes |= asked.votes if asked is not None else {}
    if len(votes) > 1:
        votes[TOGETHER] = tuple(vote for each in votes.values() for vote in each)
    rankings: dict[str, Standings | Unmeasured] = {
        name: read_scores(scores, base=base) for name, scores in recipe.scores.items()
    }
    rankings |= {name: _of_models(recipe, each) for name, each in votes.items()}
    people, people_votes = _people(recipe, base)
    return _Known(
        votes=votes,
        rankings=rankings,
        people=people,
        people_votes=people_votes,
        outcomes=None if recipe.ab is None else read_outcomes(recipe.ab, base=base),
    )


def _of_models(recipe: AssessmentRecipe, votes: Sequence[Vote]) -> Standings | Unmeasured:
    """A ranking of models: one told to be detailed is no other model, though it played."""
    return standings(_without_variants(recipe, votes), level=recipe.level)


def _without_variants(
    recipe: AssessmentRecipe, votes: Sequence[Vote], *, but: str | None = None
) -> tuple[Vote, ...]:
    """Votes on models; and on one variant of them."""
    variants = {each.model for each in recipe.every_variant} - {but}
    return tuple(vote for vote in votes if not vote.pair & variants)


def _people(recipe: AssessmentRecipe, base: Path) -> tuple[Standings | None, tuple[Vote, ...]]:
    if recipe.people is None:
        return None, ()
    if recipe.people.ratings is not None:
        return read_ratings(recipe.people.ratings, base=base), ()
    assert recipe.people.votes is not None
    votes = read_verdicts(recipe.people.votes, base=base)
    found = standings(votes, level=recipe.level)
    if isinstance(found, Unmeasured):
        raise InputError(
            "cannot hold a bench against people",
            why=f"their votes have no ranking: {found.reason}",
            fix="give votes that connect all models, or ratings",
        )
    return found, votes


def _ranked(name: str, recipe: AssessmentRecipe, known: _Known) -> Ranked:
    found, votes, level = known.rankings[name], known.votes.get(name), recipe.level
    style = None
    if votes is not None:
        style = style_effects(_without_variants(recipe, votes), level=level)
    variants = tuple(
        variant_effect(
            _without_variants(recipe, votes, but=each.model), each.model, each.of, level=level
        )
        for each in recipe.every_variant
        if votes is not None
    )
    own = _own_family(name, recipe, known)
    if isinstance(found, Unmeasured) or len(found) < 2:  # noqa: PLR2004 - a pair needs two
        why = found if isinstance(found, Unmeasured) else Unmeasured("it ranks one model only")
        return Ranked(
            name=name,
            models=0,
            by_votes=votes is not None,
            separation=why,
            style=style,
            variants=variants,
            own_family=own,
        )
    shared = [model for model in found if model in (known.people or {})]
    ours = [found[model] for model in shared]
    enough = len(shared) > 1 and known.people is not None
    theirs = [known.people[model] for model in shared] if known.people is not None else []
    return Ranked(
        name=name,
        models=len(found),
        by_votes=votes is not None,
        separation=separability(list(found.values()), level=level),
        apart=separability(ours, level=level) if enough else None,
        people=agreement_with_people(ours, theirs, level=level) if enough else None,
        ab=None if known.outcomes is None else _with_outcomes(found, known.outcomes, level),
        style=style,
        variants=variants,
        own_family=own,
    )


def _with_outcomes(
    found: Standings, outcomes: Mapping[tuple[str, str], int], level: float
) -> Estimate | Unmeasured:
    number = {model: place for place, model in enumerate(found)}
    decided = {
        (number[a], number[b]): winner
        for (a, b), winner in outcomes.items()
        if a in number and b in number
    }
    if not decided:
        return Unmeasured("no experiment that decided is on two of its models")
    involved = sorted({place for pair in decided for place in pair})
    places = {place: new for new, place in enumerate(involved)}
    ranked = list(found.values())
    return agreement_with_outcomes(
        [ranked[place] for place in involved],
        {(places[a], places[b]): winner for (a, b), winner in decided.items()},
        level=level,
    )


def _own_family(name: str, recipe: AssessmentRecipe, known: _Known) -> Estimate | Unmeasured | None:
    """What a judge gives its own family above what others give it on the same prompts and pairs.

    Others are people where they voted, else the other judges, whose own preferences then show as
    the opposite of this one's.
    """
    family = recipe.family_of(name)
    if family is None:
        return None
    patterns = recipe.families[family]
    others = known.people_votes or tuple(
        vote
        for other, votes in known.votes.items()
        if other not in (name, TOGETHER)
        for vote in votes
    )
    ours, theirs = _family_wins(known.votes[name], patterns), _family_wins(others, patterns)
    both = sorted(ours.keys() & theirs.keys(), key=lambda key: (key[0], sorted(key[1])))
    if not both:
        return Unmeasured("nobody else judged a pair of its family and another on the same prompt")
    differences = [ours[key] - theirs[key] for key in both]
    return clustered_mean(differences, [key[0] for key in both], level=recipe.level, unit="wins")


def _family_wins(votes: Sequence[Vote], patterns: Sequence[str]) -> Mapping[_Key, float]:
    """Mean share of a win of the family's model, by prompt and pair with one such model."""
    won: defaultdict[_Key, list[float]] = defaultdict(list)
    for vote in votes:
        a, b = (any(fnmatchcase(m, p) for p in patterns) for m in (vote.model_a, vote.model_b))
        if vote.win_a is not None and a != b:
            won[vote.prompt, vote.pair].append(vote.win_a if a else 1 - vote.win_a)
    return {key: float(np.mean(each)) for key, each in won.items()}


def _compared(one: str, other: str, recipe: AssessmentRecipe, known: _Known) -> Compared:
    alpha = None
    if one in known.votes and other in known.votes and TOGETHER not in (one, other):
        alpha = _alpha((known.votes[one], known.votes[other]), recipe.level)
    first, second = known.rankings[one], known.rankings[other]
    for found in (first, second):
        if isinstance(found, Unmeasured):
            closer = None if known.people is None else found
            return Compared(
                one=one, other=other, closer_to_people=closer, spearman=found, alpha=alpha
            )
    assert not isinstance(first, Unmeasured)
    assert not isinstance(second, Unmeasured)
    shared = [model for model in first if model in second]
    return Compared(
        one=one,
        other=other,
        closer_to_people=_closer(first, second, known.people, recipe.level),
        spearman=Unmeasured("they rank fewer than two models in common")
        if len(shared) < 2  # noqa: PLR2004 - a pair needs two
        else agreement_with_people(
            [first[m] for m in shared], [second[m] for m in shared], level=recipe.level
        ).spearman,
        alpha=alpha,
    )


def _closer(
    first: Standings, second: Standings, people: Standings | None, level: float
) -> Estimate | Unmeasured | None:
    if people is None:
        return None
    models = [model for model in first if model in second and model in people]
    if len(models) < 2:  # noqa: PLR2004 - a pair needs two
        return Unmeasured("they and people rank fewer than two models in common")
    rankings = ([ranking[m] for m in models] for ranking in (first, second, people))
    return difference_in_agreement(*rankings, level=level)


def _alpha(juries: Sequence[Sequence[Vote]], level: float) -> Estimate | Unmeasured:
    said = [label for votes in juries for label in _labels(votes)]
    return krippendorff_alpha(
        [label for label, _ in said],
        [unit for _, unit in said],
        distance=Distance.NOMINAL,
        level=level,
        random=np.random.default_rng(_RESAMPLING),
    )


def _labels(votes: Sequence[Vote]) -> Iterator[tuple[str, _Key]]:
    """One verdict for each prompt and pair: of both orders together."""
    won: defaultdict[_Key, list[float]] = defaultdict(list)
    for vote in votes:
        if vote.win_a is not None:
            first = min(vote.pair)
            won[vote.prompt, vote.pair].append(
                vote.win_a if vote.model_a == first else 1 - vote.win_a
            )
    for key, each in won.items():
        mean = float(np.mean(each))
        yield ("first" if mean > 0.5 else "second" if mean < 0.5 else "tie"), key  # noqa: PLR2004
