"""How often intervals of ratings hold the truth, when games of a prompt depend on each other.

Four players meet, all against all, in two games on every prompt. A prompt suits a player better or
worse than another (normal effects), so its games share their luck. The truth is what a rating would
be from endless prompts. A small version always, the full size under `make simulate`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.bradley_terry import Fitted, fit
from stages.stats.comparisons import Comparisons, collapse
from stages.stats.rating_errors import Resamples, Sandwich, clustered, resample
from stages.stats.ratings import ratings, tie_parameter, win_rates
from stages.stats.tie_models import Ties, expected_score
from tests.simulations.rates import Generator, noise
from tests.stages.stats.games import chances

NAMES = ("a", "b", "c", "d")
STRENGTHS = np.array([0.0, 0.3, 0.6, 1.2])
LOG_TIE = np.log(0.4)
LEVEL = 0.95

SMALL, FULL = 300, 10_000
SMALL_DRAWN, FULL_DRAWN, RESAMPLES = 150, 4_000, 400
"""Repetitions with the sandwich and with resamples; resamples of each."""

Draw = Callable[[Generator], Comparisons]
Spread = Callable[[Fitted, Comparisons, Generator], Sandwich | Resamples]


@dataclass(frozen=True)
class World:
    """How games are drawn.

    Attributes:
        prompts: Number of prompts.
        effect: Standard deviation of how much a prompt suits one player better than it is.
        ties: What a tie says.
    """

    prompts: int
    effect: float
    ties: Ties

    def draw(self, random: Generator) -> Comparisons:
        """Two games of each pair on every prompt."""
        own = STRENGTHS + random.normal(0, self.effect, (self.prompts, 4))
        first, second, outcomes, prompts = [], [], [], []
        for a, b in combinations(range(4), 2):
            won, drawn = _outcome_chances(self.ties, own[:, a] - own[:, b])
            u = random.random((2, self.prompts))
            for game in np.where(u < won, 1.0, np.where(u < won + drawn, 0.5, 0.0)):
                first += [NAMES[a]] * self.prompts
                second += [NAMES[b]] * self.prompts
                outcomes += game.tolist()
                prompts += range(self.prompts)
        return collapse(first, second, outcomes, prompts)

    @cached_property
    def truth(self) -> Fitted:
        """Fit of the expected counts of endless prompts, by quadrature."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        weights = weights / weights.sum()
        counts = []
        for a, b in combinations(range(4), 2):
            effect = np.sqrt(2) * self.effect * nodes
            won, drawn = _outcome_chances(self.ties, STRENGTHS[a] - STRENGTHS[b] + effect)
            win, tie = float(weights @ won), float(weights @ drawn)
            counts.append([win, tie, 1 - win - tie])
        pairs = np.array(list(combinations(range(4), 2)))
        expected = Comparisons(
            players=NAMES,
            clusters=1,
            cluster=np.zeros(6, dtype=np.intp),
            first=pairs[:, 0],
            second=pairs[:, 1],
            counts=1e3 * np.array(counts),
        )
        found = fit(expected, ties=self.ties)
        assert isinstance(found, Fitted)
        return found


def _outcome_chances(ties: Ties, difference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a win and a tie, shape (2, n)."""
    model = Ties.DAVIDSON if ties is Ties.HALF else ties  # half wins rate games with ties too
    log_tie = -LOG_TIE if ties is Ties.RAO_KUPPER else LOG_TIE
    win, tie, _ = chances(model, difference, log_tie)
    return np.array([win, tie])


def sandwich(found: Fitted, games: Comparisons, _: Generator) -> Sandwich:
    return clustered(found, games)


def bootstrap(found: Fitted, games: Comparisons, random: Generator) -> Resamples:
    return resample(found, games, resamples=RESAMPLES, random=random)


def held(world: World, spread: Spread, random: Generator) -> list[bool]:
    """Whether each interval holds the truth: ratings from an anchor, win rates, tie parameter."""
    games, truth = world.draw(random), world.truth
    found = fit(games, ties=world.ties)
    assert isinstance(found, Fitted), found.reason
    within = spread(found, games, random)
    gaps = truth.strengths[1:] - truth.strengths[0]
    shares = expected_score(world.ties, gaps, np.array(truth.log_tie))
    told = [row.found for row in ratings(found, within, level=LEVEL, anchor="a")]
    told += [row.found for row in win_rates(found, within, baseline="a", level=LEVEL)]
    values = [*gaps, *shares]
    if truth.tie_parameter is not None:
        told.append(tie_parameter(found, within, level=LEVEL))
        values.append(truth.tie_parameter)
    return [_holds(one, value) for one, value in zip(told, values, strict=True)]


def _holds(found: Estimate | Unmeasured, truth: float) -> bool:
    assert isinstance(found, Estimate), found
    assert found.low is not None
    assert found.high is not None
    return found.low <= truth <= found.high


def coverage(world: World, spread: Spread, repetitions: int) -> NDArray[np.float64]:
    """Share of repetitions in which each interval holds the truth."""
    random = np.random.default_rng(7)
    return np.mean([held(world, spread, random) for _ in range(repetitions)], axis=0)


WORLDS = [
    pytest.param(World(prompts, effect, ties), id=f"{prompts}-{effect}-{ties}".replace(" ", "-"))
    for prompts, effect, ties in (
        (50, 1.0, Ties.HALF),
        (50, 1.0, Ties.DAVIDSON),
        (100, 0.5, Ties.DAVIDSON),
        (100, 1.0, Ties.RAO_KUPPER),
        (300, 2.0, Ties.HALF),
    )
]
SPREADS = [
    pytest.param(sandwich, SMALL, FULL, id="sandwich"),
    pytest.param(bootstrap, SMALL_DRAWN, FULL_DRAWN, id="bootstrap"),
]


@pytest.mark.parametrize("world", WORLDS[:2])
@pytest.mark.parametrize(("spread", "small", "_"), SPREADS)
def test_ratings_cover_about_their_level(world: World, spread: Spread, small: int, _: int) -> None:
    found = coverage(world, spread, small)
    assert found == pytest.approx(np.full(len(found), LEVEL), abs=0.01 + 3 * noise(LEVEL, small))


FEW = [World(20, 1.0, Ties.HALF), World(20, 1.0, Ties.DAVIDSON)]


@pytest.mark.slow
@pytest.mark.parametrize("world", FEW, ids=str)
@pytest.mark.parametrize(("spread", "_", "full"), SPREADS)
def test_ratings_of_few_prompts_cover_nearly_their_level_in_full(
    world: World, spread: Spread, _: int, full: int
) -> None:
    found = coverage(world, spread, full)
    print(f"{world}: covers {np.round(found, 4)}")
    assert found.min() >= 0.93 - 2 * noise(LEVEL, full)


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize(("spread", "_", "full"), SPREADS)
def test_ratings_cover_about_their_level_in_full(
    world: World, spread: Spread, _: int, full: int
) -> None:
    found = coverage(world, spread, full)
    print(f"{world}: covers {np.round(found, 4)}")
    allowed = 0.01 + 3 * noise(LEVEL, full)
    assert (np.abs(found - LEVEL) <= allowed).all()
