"""Models in order of strength, from votes on any pairs of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

import numpy as np

from gates.side_by_side.even_lengths import NEVER_MET, Lengths, at_even_lengths
from policies.errors import InputError, WrongUsage
from stages.evidence.estimate import Estimate, Unmeasured
from stages.side_by_side.style import FEATURES, style_difference, style_of
from stages.side_by_side.vote import Vote
from stages.stats.bradley_terry import Fitted, fit
from stages.stats.comparisons import LOSS, TIE, WIN, Comparisons, collapse
from stages.stats.rating_errors import Resamples, Sandwich, clustered, resample, two_way
from stages.stats.ratings import Rating, ratings, tie_parameter, win_rates
from stages.stats.style_control import Effect, StyledGame, style_controlled
from stages.stats.tie_models import Ties

ELO = 400 / np.log(10)
"""Elo points of one unit of log-odds."""


class Errors(StrEnum):
    """What intervals rest on."""

    SANDWICH = "sandwich"
    """Votes on one prompt depend on each other."""
    TWO_WAY = "two-way"
    """So do votes of one annotator."""
    BOOTSTRAP = "bootstrap"
    """Prompts drawn anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How models are ranked.

    Attributes:
        ties: What a tie says.
        errors: What intervals rest on.
        resamples: Of a bootstrap.
        seed: Draws them.
        level: Two-sided confidence level in (0, 1).
        ridge: Penalty on the strengths; 0 for none.
        baseline: The model that others are held against; None for none.
        style: Whether style is controlled for, beside the plain ranking.
        lengths: How win rates against the baseline are told at equal lengths too; None where they
            are not.
    """

    ties: Ties = Ties.HALF
    errors: Errors = Errors.SANDWICH
    resamples: int = 1_000
    seed: int = 0
    level: float = 0.95
    ridge: float = 0.0
    baseline: str | None = None
    style: bool = False
    lengths: Lengths | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One model.

    Attributes:
        model: Its name.
        games: Votes with a verdict that it took part in.
        rating: In log-odds; above 0 is stronger than average, or than the baseline.
        win_rate: Against the baseline; None without one, and of the baseline itself.
        controlled: The rating with style held equal; None where it was not asked for, and of the
            baseline.
        at_even_lengths: The win rate against the baseline were answers equally long; None where it
            was not asked for, and of the baseline.
    """

    model: str
    games: int
    rating: Estimate | Unmeasured
    win_rate: Estimate | Unmeasured | None
    controlled: Estimate | Unmeasured | None
    at_even_lengths: Estimate | Unmeasured | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Models in order, the strongest first.

    Attributes:
        how: How it was made.
        models: In order.
        votes: Votes with a verdict.
        prompts: What they are on.
        unresolved: Votes without a verdict, which are no games.
        rounded: Scores between a win, a tie and a loss, taken for the side they lean to.
        tie: The tie parameter; None where ties are half wins.
        effects: What a standard deviation of each feature of style wins; or why that is not known.
    """

    how: How
    models: tuple[Ranked, ...]
    votes: int
    prompts: int
    unresolved: int
    rounded: int
    tie: Estimate | Unmeasured | None
    effects: tuple[Effect, ...] | Unmeasured


def rank(votes: Sequence[Vote], how: How) -> Ranking | Unmeasured:
    """Models in order, or why there is none.

    Raises:
        WrongUsage: When the baseline took part in no vote, or lengths are to be equal without one.
        InputError: When style or length is to be controlled for, and a vote does not hold its
            answers or a prompt has no difficulty.
    """
    said = [vote for vote in votes if vote.win_a is not None]
    models = sorted({name for vote in said for name in vote.pair})
    _check_baseline(how, models)
    by_prompt = _games(said, [vote.prompt for vote in said])
    fitted = fit(by_prompt, ties=how.ties, ridge=how.ridge)
    if isinstance(fitted, Unmeasured):
        return fitted
    spread = _spread(fitted, by_prompt, said, how)
    styled = _styled(said, how, models) if how.style else None
    return Ranking(
        how=how,
        models=_ranked(said, fitted, spread, how, styled),
        votes=len(said),
        prompts=by_prompt.clusters,
        unresolved=len(votes) - len(said),
        rounded=sum(vote.win_a not in (LOSS, TIE, WIN) for vote in said),
        tie=None if how.ties is Ties.HALF else tie_parameter(fitted, spread, level=how.level),
        effects=() if styled is None else styled.effects,
    )


def _check_baseline(how: How, models: Sequence[str]) -> None:
    if how.baseline is None and how.lengths is not None:
        raise WrongUsage(
            "cannot hold lengths equal without a baseline",
            why="a length-controlled win rate is against one model",
            fix="name it with --baseline",
        )
    if how.baseline is not None and how.baseline not in models:
        raise WrongUsage(
            f"there is no model {how.baseline} to hold others against",
            why=f"the votes are on {', '.join(models) or 'nothing'}",
            fix="name one of these with --baseline",
        )


@dataclass(frozen=True, slots=True)
class _Styled:
    """What controlling for style says."""

    ratings: dict[str, Estimate | Unmeasured]
    effects: tuple[Effect, ...] | Unmeasured


def _games(votes: Sequence[Vote], clusters: Sequence[object]) -> Comparisons:
    return collapse(
        [vote.model_a for vote in votes],
        [vote.model_b for vote in votes],
        [_outcome(vote) for vote in votes],
        [str(cluster) for cluster in clusters],
    )


def _outcome(vote: Vote) -> float:
    assert vote.win_a is not None
    return float(np.sign(vote.win_a - TIE) + 1) / 2


def _spread(
    fitted: Fitted, by_prompt: Comparisons, votes: Sequence[Vote], how: How
) -> Sandwich | Resamples:
    match how.errors:
        case Errors.SANDWICH:
            return clustered(fitted, by_prompt)
        case Errors.TWO_WAY:
            return _two_way(fitted, by_prompt, votes)
        case Errors.BOOTSTRAP:
            random = np.random.default_rng(how.seed)
            return resample(fitted, by_prompt, resamples=how.resamples, random=random)
        case _:
            assert_never(how.errors)


def _two_way(fitted: Fitted, by_prompt: Comparisons, votes: Sequence[Vote]) -> Sandwich:
    """By prompts and by people, of whom the rule is none: what it says depends on the prompt."""
    people = [(vote.annotator, vote.prompt if vote.ruled else "") for vote in votes]
    both = [(vote.prompt, person) for vote, person in zip(votes, people, strict=True)]
    spread = two_way(fitted, one=by_prompt, other=_games(votes, people), both=_games(votes, both))
    voters: dict[str, set[str]] = {player: set() for player in fitted.players}
    for vote in votes:
        for player in () if vote.ruled else vote.pair:
            voters[player].add(vote.annotator)
    met = [len(voters[player]) for player in fitted.players]
    return replace(spread, met=np.minimum(spread.met, met))


def _ranked(
    votes: Sequence[Vote],
    fitted: Fitted,
    spread: Sandwich | Resamples,
    how: How,
    styled: _Styled | None,
) -> tuple[Ranked, ...]:
    strengths = dict(zip(fitted.players, map(float, fitted.strengths), strict=True))
    told = _by_model(ratings(fitted, spread, level=how.level, anchor=how.baseline))
    rates = (
        {}
        if how.baseline is None
        else _by_model(win_rates(fitted, spread, baseline=how.baseline, level=how.level))
    )
    even = _even(votes, how, models=strengths)
    games = Counter(model for vote in votes for model in vote.pair)
    anchor = Unmeasured("it is what the others are held against: 0 by definition")
    return tuple(
        Ranked(
            model=model,
            games=games[model],
            rating=told.get(model, anchor),
            win_rate=rates.get(model),
            controlled=None if styled is None else styled.ratings.get(model),
            at_even_lengths=even.get(model),
        )
        for model in sorted(strengths, key=lambda model: (-strengths[model], model))
    )


def _even(
    votes: Sequence[Vote], how: How, *, models: Iterable[str]
) -> Mapping[str, Estimate | Unmeasured]:
    """Win rates at equal lengths of all models but the baseline; none where nobody asked."""
    if how.lengths is None or how.baseline is None:
        return {}
    found = at_even_lengths(votes, how.lengths, baseline=how.baseline, level=how.level)
    return {model: found.get(model, NEVER_MET) for model in models if model != how.baseline}


def _by_model(found: Sequence[Rating]) -> dict[str, Estimate | Unmeasured]:
    return {rating.player: rating.found for rating in found}


def _styled(votes: Sequence[Vote], how: How, models: Sequence[str]) -> _Styled:
    anchor = how.baseline or models[0]
    found = style_controlled(
        [_game(vote) for vote in votes], features=FEATURES, anchor=anchor, level=how.level
    )
    if isinstance(found, Unmeasured):
        return _Styled({model: found for model in models if model != anchor}, found)
    return _Styled(_by_model(found.ratings), found.effects)


def _game(vote: Vote) -> StyledGame:
    if vote.answer_a is None or vote.answer_b is None:
        raise InputError(
            f"cannot control the vote at {vote.where} for style",
            why="it does not hold the answers that were compared",
            fix="give votes with their answers, as the formats gate and alpaca-eval have them",
        )
    return StyledGame(
        first=vote.model_a,
        second=vote.model_b,
        outcome=_outcome(vote),
        cluster=vote.prompt,
        style=style_difference(style_of(vote.answer_a), style_of(vote.answer_b)),
    )
