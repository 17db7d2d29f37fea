"""Votes of a judge, or of people, as a ranking of models; with style held equal too."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stages.evidence.estimate import Estimate, Unmeasured
from stages.side_by_side.style import FEATURES, style_difference, style_of
from stages.side_by_side.vote import Vote
from stages.stats.bradley_terry import fit
from stages.stats.comparisons import TIE, collapse
from stages.stats.means import clustered_mean
from stages.stats.paired import paired_difference
from stages.stats.rating_errors import clustered
from stages.stats.ratings import ratings
from stages.stats.separability import Standing
from stages.stats.style_control import Effect, StyleControlled, StyledGame, style_controlled
from stages.workshop.bench_quality.reading import Standings

NO_ANSWERS = Unmeasured("the votes do not hold the answers that were compared")


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantEffect:
    """What a change of instructions alone is worth to a judge.

    Attributes:
        model: The variant.
        of: What it is a variant of.
        plain: Its rating above that, in log-odds.
        at_equal_style: The same with length and Markdown held equal.
        wins: What it wins more of the same opponents on the same prompts, in shares of a win.
        length: How many times as long its answers to the same prompts are.
    """

    model: str
    of: str
    plain: Estimate | Unmeasured
    at_equal_style: Estimate | Unmeasured
    wins: Estimate | Unmeasured
    length: Estimate | Unmeasured


def standings(votes: Sequence[Vote], *, level: float) -> Standings | Unmeasured:
    """Where models stand by Bradley and Terry, with intervals clustered by prompt.

    Args:
        votes: Those without a verdict do not count.
        level: Two-sided confidence level in (0, 1).
    """
    found = _ratings(votes, level=level, anchor=None)
    if isinstance(found, Unmeasured):
        return found
    told: dict[str, Standing] = {}
    for model, rated in found.items():
        match rated:
            case Estimate(value=value, standard_error=float(e), low=float(low), high=float(high)):
                told[model] = Standing(score=value, low=low, high=high, mean=value, variance=e**2)
            case Estimate():
                return Unmeasured(f"the rating of {model} has no interval")
            case Unmeasured(reason=reason, cause=cause):
                return Unmeasured(f"{model} has no rating: {reason}", cause)
    return told


def style_effects(votes: Sequence[Vote], *, level: float) -> tuple[Effect, ...] | Unmeasured:
    """What a standard deviation more of length and of each Markdown element wins, in log-odds."""
    said = [vote for vote in votes if vote.win_a is not None]
    anchor = min((model for vote in said for model in vote.pair), default=None)
    styled = NO_ANSWERS if anchor is None else _styled(said, anchor=anchor, level=level)
    return styled if isinstance(styled, Unmeasured) else styled.effects


def variant_effect(votes: Sequence[Vote], model: str, of: str, *, level: float) -> VariantEffect:
    """What a variant's instructions are worth to a judge, plainly and at equal style.

    References:
        Li et al. (2024), arXiv 2406.11939, section 6.4: models told to be detailed or chatty.
    """
    said = [vote for vote in votes if vote.win_a is not None]
    played = {name for vote in said for name in vote.pair}
    if not {model, of} <= played:
        why = Unmeasured(f"no vote is on {model if model not in played else of}")
        return VariantEffect(
            model=model, of=of, plain=why, at_equal_style=why, wins=why, length=why
        )
    plain = _ratings(said, level=level, anchor=of)
    styled = _styled(said, anchor=of, level=level)
    return VariantEffect(
        model=model,
        of=of,
        plain=plain if isinstance(plain, Unmeasured) else plain[model],
        at_equal_style=styled
        if isinstance(styled, Unmeasured)
        else next(rating.found for rating in styled.ratings if rating.player == model),
        wins=_more_wins(said, model, of, level=level),
        length=_times_as_long(said, model, of, level=level),
    )


def _more_wins(
    votes: Sequence[Vote], model: str, of: str, *, level: float
) -> Estimate | Unmeasured:
    """Mean over prompts and opponents that both met, of the difference in shares of a win."""
    won = {name: _wins(votes, name, without={model, of}) for name in (model, of)}
    both = sorted(won[model].keys() & won[of].keys())
    if not both:
        return Unmeasured("they met no opponent on the same prompt")
    differences = [won[model][key] - won[of][key] for key in both]
    return clustered_mean(differences, [prompt for prompt, _ in both], level=level, unit="wins")


def _wins(
    votes: Sequence[Vote], name: str, *, without: Collection[str]
) -> Mapping[tuple[str, str], float]:
    """Mean share of a win by prompt and opponent, over orders and judges."""
    won: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for vote in votes:
        if vote.win_a is None or name not in vote.pair:
            continue
        (other,) = vote.pair - {name}
        if other not in without:
            won[vote.prompt, other].append(vote.win_a if vote.model_a == name else 1 - vote.win_a)
    return {key: float(np.mean(each)) for key, each in won.items()}


def _times_as_long(
    votes: Sequence[Vote], model: str, of: str, *, level: float
) -> Estimate | Unmeasured:
    """Ratio of the mean lengths of answers to prompts that both answered, in characters."""
    length: dict[str, dict[str, float]] = {model: {}, of: {}}
    for vote in votes:
        for name, answer in ((vote.model_a, vote.answer_a), (vote.model_b, vote.answer_b)):
            if name in length and answer is not None:
                length[name][vote.prompt] = len(answer)
    both = sorted(length[model].keys() & length[of].keys())
    if not both:
        return NO_ANSWERS
    return paired_difference(
        [length[model][prompt] for prompt in both],
        [length[of][prompt] for prompt in both],
        both,
        level=level,
        unit="characters",
        higher_is_better=True,
    ).ratio


def _ratings(
    votes: Sequence[Vote], *, level: float, anchor: str | None
) -> dict[str, Estimate | Unmeasured] | Unmeasured:
    said = [vote for vote in votes if vote.win_a is not None]
    if not said:
        return Unmeasured("no vote has a verdict")
    comparisons = collapse(
        [vote.model_a for vote in said],
        [vote.model_b for vote in said],
        [_outcome(vote) for vote in said],
        [vote.prompt for vote in said],
    )
    fitted = fit(comparisons)
    if isinstance(fitted, Unmeasured):
        return fitted
    spread = clustered(fitted, comparisons)
    return {r.player: r.found for r in ratings(fitted, spread, level=level, anchor=anchor)}


def _styled(votes: Sequence[Vote], *, anchor: str, level: float) -> StyleControlled | Unmeasured:
    """Ratings with those features held equal in which answers differ."""
    styles = []
    for vote in votes:
        if vote.answer_a is None or vote.answer_b is None:
            return NO_ANSWERS
        styles.append(style_difference(style_of(vote.answer_a), style_of(vote.answer_b)))
    differing = [place for place in range(len(FEATURES)) if any(style[place] for style in styles)]
    if not differing:
        return Unmeasured(f"answers do not differ in {', '.join(FEATURES)}")
    games = [
        StyledGame(
            first=vote.model_a,
            second=vote.model_b,
            outcome=_outcome(vote),
            cluster=vote.prompt,
            style=tuple(style[place] for place in differing),
        )
        for vote, style in zip(votes, styles, strict=True)
    ]
    features = [FEATURES[place] for place in differing]
    return style_controlled(games, features=features, anchor=anchor, level=level)


def _outcome(vote: Vote) -> float:
    assert vote.win_a is not None
    return float(np.sign(vote.win_a - TIE) + 1) / 2
