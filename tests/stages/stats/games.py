"""Games drawn for tests of ratings, and the slow, obvious twins of what rates them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from stages.stats.comparisons import Comparisons, collapse
from stages.stats.tie_models import Ties

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Played:
    """Columns of games."""

    first: list[str]
    second: list[str]
    outcomes: list[float]
    prompts: list[int]

    @property
    def collapsed(self) -> Comparisons:
        return collapse(self.first, self.second, self.outcomes, self.prompts)


def play(
    *, players: int = 5, prompts: int = 40, ties: float = 0.5, seed: int = 0, games: int = 6
) -> Played:
    """Games of random pairs; strengths rise, and differ by prompt."""
    random = np.random.default_rng(seed)
    rows: list[tuple[str, str, float, int]] = []
    for prompt in range(prompts):
        strengths = np.linspace(-0.6, 0.6, players) + random.normal(0, 0.5, players)
        for _ in range(games):
            a, b = random.choice(players, 2, replace=False)
            win, tie, _ = chances(Ties.DAVIDSON, strengths[a] - strengths[b], np.log(ties + 1e-12))
            outcome = float(random.choice([1.0, 0.5, 0.0], p=[win, tie, 1 - win - tie]))
            rows.append((f"m{a}", f"m{b}", outcome, prompt))
    return Played(*(list(column) for column in zip(*rows, strict=True)))


def chances(ties: Ties, difference: float, log_tie: float) -> tuple[float, float, float]:
    """Probability of a win, a tie and a loss, as the models are defined."""
    p, q, v = np.exp(difference), 1.0, np.exp(log_tie)
    if ties is Ties.DAVIDSON:
        total = p + q + 2 * v * np.sqrt(p * q)
        return p / total, 2 * v * np.sqrt(p * q) / total, q / total
    if ties is Ties.RAO_KUPPER:
        win, loss = p / (p + v * q), q / (q + v * p)
        return win, 1 - win - loss, loss
    return p / (p + q), 0.0, q / (p + q)


def log_likelihood(played: Played, ties: Ties, strengths: Floats, log_tie: float) -> float:
    """Game by game."""
    number = {name: place for place, name in enumerate(played.collapsed.players)}
    total = 0.0
    for first, second, outcome in zip(played.first, played.second, played.outcomes, strict=True):
        difference = strengths[number[first]] - strengths[number[second]]
        win, tie, loss = chances(ties, difference, log_tie)
        if ties is Ties.HALF:
            total += outcome * np.log(win) + (1 - outcome) * np.log(loss)
        else:
            total += np.log({1.0: win, 0.5: tie, 0.0: loss}[outcome])
    return float(total)


def naive_fit(played: Played, ties: Ties, ridge: float = 0.0) -> Floats:
    """Strengths of mean 0 and log v by a general optimiser."""
    k = len(played.collapsed.players)

    def cost(x: Floats) -> float:
        strengths = x[:k] - x[:k].mean()
        log_tie = 0.0 if ties is Ties.HALF else float(x[k])
        if ties is Ties.RAO_KUPPER and log_tie <= 0:
            return 1e9
        penalty = ridge / 2 * (float((strengths**2).sum()) + log_tie**2)
        return penalty - log_likelihood(played, ties, strengths, log_tie)

    found = minimize(cost, np.r_[np.zeros(k), 0.5], method="BFGS", options={"gtol": 1e-6}).x
    return np.r_[found[:k] - found[:k].mean(), found[k]]
