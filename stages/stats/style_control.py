"""Ratings at equal style: what answers look like is taken out of what they win."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.bradley_terry import fit
from stages.stats.clusters import Floats
from stages.stats.comparisons import Comparisons, collapse
from stages.stats.levels import t_quantile, tail_of
from stages.stats.logistic import Logistic, logistic
from stages.stats.rating_errors import STILL
from stages.stats.ratings import LOG_ODDS, Rating


@dataclass(frozen=True, slots=True, kw_only=True)
class StyledGame:
    """A game between two answers.

    Attributes:
        first: One player.
        second: The other.
        outcome: 1 when the first won, 0.5 for a tie, else 0.
        cluster: What games depend on each other by, such as the prompt.
        style: By how much the first answer has more of each feature, such as normalised
            differences from -1 to 1; in the order of their names.
    """

    first: str
    second: str
    outcome: float
    cluster: Hashable
    style: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a feature of style wins.

    Attributes:
        feature: Its name.
        found: Log-odds for one standard deviation more of it.
    """

    feature: str
    found: Estimate | Unmeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleControlled:
    """Ratings and effects that were estimated together.

    Attributes:
        ratings: Of every player but the anchor, in log-odds.
        effects: Of every feature.
    """

    ratings: tuple[Rating, ...]
    effects: tuple[Effect, ...]


def style_controlled(
    games: Sequence[StyledGame], *, features: Sequence[str], anchor: str, level: float
) -> StyleControlled | Unmeasured:
    """Bradley-Terry with a tie as half a win, and the style of both answers as covariates.

    Each feature is divided by its standard deviation about 0: two answers of one style differ by
    0, and turning every game round changes nothing. With length as the only feature it is length
    control. Style that is caused by quality is taken out with it: read it beside the plain rating.

    Args:
        games: Every game.
        features: Names of the features, in the order of each game's `style`.
        anchor: The player whose rating is 0.
        level: Two-sided confidence level in (0, 1).

    Returns:
        Ratings and effects with cluster-robust errors and Student's t. `Unmeasured` where there are
        no ratings without style, where no games differ in a feature, or where players and features
        cannot be told apart.

    Raises:
        ValueError: When a game has another number of features, or the anchor did not play.

    References:
        Li et al. (2024), "Does style matter?", LMSYS blog, 29 August 2024. It also subtracts the
        mean of each feature, which says that the side an answer is on has a style.
    """
    comparisons = collapse(
        [game.first for game in games],
        [game.second for game in games],
        [game.outcome for game in games],
        [game.cluster for game in games],
    )
    without = fit(comparisons)
    if isinstance(without, Unmeasured):
        return without
    if anchor not in comparisons.players:
        raise ValueError(f"`{anchor}` did not play")
    zero = comparisons.players.index(anchor)
    style = _scaled(games, features)
    if isinstance(style, Unmeasured):
        return style
    columns = np.column_stack([np.delete(_players(games, comparisons), zero, axis=1), style])
    found = logistic(columns, [game.outcome for game in games], [game.cluster for game in games])
    if isinstance(found, Unmeasured):
        return found
    return _told(found, comparisons, features, zero, level)


def _scaled(games: Sequence[StyledGame], features: Sequence[str]) -> Floats | Unmeasured:
    if any(len(game.style) != len(features) for game in games):
        raise ValueError(f"every game has a value of each of {', '.join(features)}")
    style = np.array([game.style for game in games], dtype=np.float64)
    spread = np.sqrt((style**2).mean(axis=0))
    for name, one in zip(features, spread, strict=True):
        if not math.isfinite(one) or one == 0:
            return Unmeasured(f"{name}: answers do not differ in it, or it is not finite")
    scaled: Floats = style / spread
    return scaled


def _players(games: Sequence[StyledGame], comparisons: Comparisons) -> Floats:
    number = {name: place for place, name in enumerate(comparisons.players)}
    columns, rows = np.zeros((len(games), len(number))), np.arange(len(games))
    columns[rows, [number[game.first] for game in games]] = 1
    columns[rows, [number[game.second] for game in games]] = -1
    return columns


def _told(
    found: Logistic, comparisons: Comparisons, features: Sequence[str], zero: int, level: float
) -> StyleControlled:
    met = comparisons.met
    others = [number for number in range(len(met)) if number != zero]
    ratings = []
    for place, number in enumerate(others):
        clusters = int(min(met[number], met[zero]))
        rated = _estimate(found, place, clusters, level)
        ratings.append(Rating(player=comparisons.players[number], found=rated))
    effects = [
        Effect(feature=name, found=_estimate(found, len(others) + place, found.groups, level))
        for place, name in enumerate(features)
    ]
    return StyleControlled(ratings=tuple(ratings), effects=tuple(effects))


def _estimate(found: Logistic, place: int, clusters: int, level: float) -> Estimate | Unmeasured:
    if clusters < 2:  # noqa: PLR2004 - a spread needs two
        return Unmeasured("games of 1 cluster cannot show a spread", Cause.UNDERPOWERED)
    value, error = float(found.weights[place]), math.sqrt(float(found.covariance[place, place]))
    if error < STILL:
        return Unmeasured(f"the {clusters} clusters do not differ", Cause.UNDERPOWERED)
    half = t_quantile(tail_of(level), clusters - 1) * error
    return Estimate(
        value=value,
        standard_error=error,
        low=value - half,
        high=value + half,
        level=level,
        n=clusters,
        unit=LOG_ODDS,
        method="style-controlled Bradley-Terry, cluster-robust sandwich with Student's t",
    )
