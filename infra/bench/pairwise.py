"""Cluster-bootstrap resamples of Bradley-Terry, against the libraries that others use.

Crowd: 1,000 resamples of the prompts of LLMFAO's votes (59 models; votes of the same shape are made
where the data is absent), against evalica fitting the same resamples one by one. Arena: 28 models
against a baseline on 500 prompts in both orders, 100 resamples, against scikit-learn's unpenalised
logistic regression on the resampled games, as Arena-Hard does it; its design matrix is not timed.
Everything runs on one BLAS thread, and every comparison is of the same resamples.
"""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from policies.side_by_side import VotesFormat
from stages.side_by_side.votes import parse_votes
from stages.stats.bradley_terry import Fitted, fit
from stages.stats.comparisons import Comparisons, collapse
from stages.stats.rating_errors import resample
from stages.stats.tie_models import Ties, expected_score

DATA = Path(__file__).parents[3] / "shared" / "data" / "llmfao" / "crowd-comparisons.csv"
SEED, ROUNDS = 1, 3
TOLERANCE = 1e-5
"""By how much log-strengths may differ: other libraries stop where theirs still move."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Games:
    """Columns of games, as `collapse` takes them."""

    first: Sequence[str]
    second: Sequence[str]
    outcomes: Sequence[float]
    prompts: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Games with their fit, and what is drawn from them.

    Attributes:
        comparisons: The games.
        fitted: Their strengths.
        resamples: How many.
    """

    comparisons: Comparisons
    fitted: Fitted
    resamples: int

    def strengths(self) -> Floats:
        """Of every resample, shape (B, k)."""
        random = np.random.default_rng(SEED)
        return resample(
            self.fitted, self.comparisons, resamples=self.resamples, random=random
        ).strengths

    def weights(self) -> NDArray[np.int64]:
        """How often each resample drew each prompt, shape (B, G): the same draws."""
        groups = self.comparisons.clusters
        chances = np.full(groups, 1 / groups)
        return np.random.default_rng(SEED).multinomial(groups, chances, self.resamples)


def main() -> None:
    """Prints both comparisons."""
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries about their own next releases
        crowd(resamples=1_000, theirs=50)
        arena(prompts=500, resamples=100, theirs=3)


def crowd(*, resamples: int, theirs: int) -> None:
    """Half wins against evalica's `bradley_terry`, Davidson against its `newman`."""
    import evalica

    games = crowd_games()
    print(f"crowd: {len(games.first)} votes, {resamples} resamples, 1 BLAS thread")
    winners = [_winner(evalica, outcome) for outcome in games.outcomes]
    first, second, names = evalica.indexing(games.first, games.second)
    xs, ys = np.array(first), np.array(second)  # numbers, which it looks up faster than names
    _, _, index = evalica.indexing(xs, ys)
    prompts = np.array(games.prompts)
    for ties, solve in ((Ties.HALF, evalica.bradley_terry), (Ties.DAVIDSON, evalica.newman)):
        mine = sample(games, ties, resamples)

        def one(weights: Floats, solve: Callable = solve, mine: Sample = mine) -> Floats:
            found = solve(xs, ys, winners, index=index, weights=weights[prompts])
            logs = np.log(found.scores[names.get_indexer(mine.fitted.players)].to_numpy())
            return logs - logs.mean()

        compare(f"evalica.{solve.__name__}", mine, one, theirs, demanded=5)


def arena(*, prompts: int, resamples: int, theirs: int) -> None:
    """Half wins against scikit-learn."""
    from sklearn.linear_model import LogisticRegression

    games = arena_games(prompts=prompts)
    print(f"arena: {len(games.first)} games, {resamples} resamples, 1 BLAS thread")
    mine = sample(games, Ties.HALF, resamples)
    number = {name: place for place, name in enumerate(mine.fitted.players)}
    rows = np.arange(len(games.first))
    design = np.zeros((len(rows), len(number)))
    design[rows, [number[name] for name in games.first]] = 1
    design[rows, [number[name] for name in games.second]] = -1
    outcomes, of_prompt = np.array(games.outcomes), np.array(games.prompts)

    def one(weights: Floats) -> Floats:
        drawn = np.repeat(rows, weights[of_prompt].astype(int))
        columns, won = np.tile(design[drawn], (2, 1)), outcomes[drawn]
        twice = np.concatenate([won > 0, won == 1])  # a tie is won once by each
        model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-8)
        found = model.fit(columns, twice).coef_[0]
        return found - found.mean()

    compare("sklearn's LogisticRegression", mine, one, theirs, demanded=50)


def compare(
    name: str, mine: Sample, one: Callable[[Floats], Floats], number: int, *, demanded: int
) -> None:
    """Prints how much faster ours is for a resample, and how far the two are apart.

    Both are run in turn, three times over; the fastest counts.
    """
    drawn, ours, theirs = mine.weights()[:number], [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        strengths = mine.strengths()
        between = time.perf_counter()
        found = [one(weights) for weights in drawn]
        ours.append(1e3 * (between - began) / mine.resamples)
        theirs.append(1e3 * (time.perf_counter() - between) / number)
        apart = float(np.abs(np.array(found) - strengths[:number]).max())
        assert apart < TOLERANCE, f"{name} differs by {apart}"
    print(
        f"  {mine.fitted.ties}: {min(ours):.3f} ms a resample, {name} {min(theirs):.3f} ms "
        f"({number} of them timed): {min(theirs) / min(ours):.0f} times faster (demanded: "
        f"{demanded}); log-strengths differ by at most {apart:.1e}"
    )


def sample(games: Games, ties: Ties, resamples: int) -> Sample:
    """Fits the games."""
    comparisons = collapse(games.first, games.second, games.outcomes, games.prompts)
    fitted = fit(comparisons, ties=ties)
    assert isinstance(fitted, Fitted), fitted.reason
    return Sample(comparisons=comparisons, fitted=fitted, resamples=resamples)


def crowd_games() -> Games:
    """LLMFAO's votes, or made ones: 13 prompts of 165 pairs, each judged by four or five."""
    if not DATA.is_file():
        return _made(models=59, prompts=13, pairs=165, votes=4)
    votes = parse_votes(DATA.read_bytes(), written_by=VotesFormat.LLMFAO, where=DATA.name)
    number = {prompt: place for place, prompt in enumerate(dict.fromkeys(v.prompt for v in votes))}
    return Games(
        first=[vote.model_a for vote in votes],
        second=[vote.model_b for vote in votes],
        outcomes=[vote.win_a for vote in votes if vote.win_a is not None],
        prompts=[number[vote.prompt] for vote in votes],
    )


def arena_games(*, prompts: int) -> Games:
    """Each of 28 models against the baseline on every prompt, in both orders."""
    random = np.random.default_rng(SEED)
    strengths = np.linspace(-2, 1, 28)
    hard = random.normal(0, 0.7, (prompts, 28, 1))
    chance = expected_score(Ties.HALF, strengths[:, None] + hard, np.zeros(()))
    drawn = random.random((prompts, 28, 2))
    won = np.where(drawn < 0.8 * chance, 1.0, np.where(drawn < 0.8 * chance + 0.2, 0.5, 0.0))
    prompt, model, _ = (places.ravel() for places in np.indices(won.shape))
    return Games(
        first=[f"model {place}" for place in model],
        second=["baseline"] * won.size,
        outcomes=won.ravel().tolist(),
        prompts=prompt.tolist(),
    )


def _made(*, models: int, prompts: int, pairs: int, votes: int) -> Games:
    random = np.random.default_rng(SEED)
    strengths = np.linspace(-1, 1, models)
    first, second, outcomes, of_prompt = [], [], [], []
    for prompt in range(prompts):
        for _ in range(pairs):
            a, b = random.choice(models, 2, replace=False)
            chance = 0.7 / (1 + np.exp(strengths[b] - strengths[a]))
            for u in random.random(votes):
                first.append(f"model {a}")
                second.append(f"model {b}")
                outcomes.append(1.0 if u < chance else 0.5 if u < chance + 0.3 else 0.0)
                of_prompt.append(prompt)
    return Games(first=first, second=second, outcomes=outcomes, prompts=of_prompt)


def _winner(evalica: ModuleType, outcome: float) -> object:
    if outcome == 0.5:  # noqa: PLR2004 - a tie
        return evalica.Winner.Draw
    return evalica.Winner.X if outcome else evalica.Winner.Y


if __name__ == "__main__":
    main()
