"""LLMFAO: ratings of 59 models from crowd votes with ties, with intervals.

Usage: python -m infra.figures llmfao_bt FOLDER

FOLDER holds `crowd-comparisons.csv`. Every vote counts once. Intervals are clustered by prompt and
by worker at once, and by resampling prompts.
"""

import math
import sys
from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np

from policies.side_by_side import VotesFormat
from stages.evidence.estimate import Estimate, Unmeasured
from stages.side_by_side.vote import Vote
from stages.side_by_side.votes import parse_votes
from stages.stats.bradley_terry import Fitted, fit
from stages.stats.comparisons import Comparisons, collapse
from stages.stats.rating_errors import Sandwich, resample, two_way
from stages.stats.ratings import Rating, ratings, tie_parameter
from stages.stats.tie_models import Ties

LEVEL, RESAMPLES, SEED = 0.95, 1_000, 1
ELO = 400 / math.log(10)


def main(arguments: Sequence[str]) -> None:
    """Prints the figures."""
    if len(arguments) != 1:
        sys.exit("usage: python -m infra.figures llmfao_bt FOLDER")
    votes = read(Path(arguments[0]))
    prompts = by([vote.prompt for vote in votes], votes)
    print(
        f"{prompts.games} votes on {len(prompts.players)} models, {prompts.clusters} prompts, "
        f"{len({vote.annotator for vote in votes})} workers"
    )
    for ties in (Ties.DAVIDSON, Ties.RAO_KUPPER):
        print(f"{ties}: tie parameter {_interval(parameter(votes, ties), 5)}")
    _print_ratings(votes, rated(prompts, Ties.DAVIDSON))


def read(folder: Path) -> tuple[Vote, ...]:
    """Every vote of the crowd."""
    path = folder / "crowd-comparisons.csv"
    return parse_votes(path.read_bytes(), written_by=VotesFormat.LLMFAO, where=str(path))


def by(clusters: Sequence[Hashable], votes: Sequence[Vote]) -> Comparisons:
    """The votes as games, clustered."""
    outcomes = [vote.win_a for vote in votes if vote.win_a is not None]
    return collapse(
        [vote.model_a for vote in votes], [vote.model_b for vote in votes], outcomes, clusters
    )


def rated(games: Comparisons, ties: Ties) -> Fitted:
    """Strengths of all models."""
    found = fit(games, ties=ties)
    assert isinstance(found, Fitted)
    return found


def parameter(votes: Sequence[Vote], ties: Ties) -> Estimate | Unmeasured:
    """The tie parameter, clustered both ways."""
    prompts = by([vote.prompt for vote in votes], votes)
    found = rated(prompts, ties)
    return tie_parameter(found, _both_ways(votes, prompts, found), level=LEVEL)


def _both_ways(votes: Sequence[Vote], prompts: Comparisons, found: Fitted) -> Sandwich:
    return two_way(
        found,
        one=prompts,
        other=by([vote.annotator for vote in votes], votes),
        both=by([(vote.prompt, vote.annotator) for vote in votes], votes),
    )


def _print_ratings(votes: Sequence[Vote], found: Fitted) -> None:
    prompts = by([vote.prompt for vote in votes], votes)
    crossed = ratings(found, _both_ways(votes, prompts, found), level=LEVEL)
    drawn = resample(found, prompts, resamples=RESAMPLES, random=np.random.default_rng(SEED))
    resampled = {row.player: row for row in ratings(found, drawn, level=LEVEL)}
    print(f"{found.ties} ratings in Elo points about the mean, {100 * LEVEL:.0f} % intervals")
    print(f"{'model':32} rating  prompts and workers  {RESAMPLES} resamples of prompts")
    for place in np.argsort(-found.strengths):
        row = crossed[place]
        again = resampled[row.player]
        print(f"{row.player:32} {ELO * found.strengths[place]:6.1f}  {_elo(row)}  {_elo(again)}")


def _elo(row: Rating) -> str:
    found = row.found
    if isinstance(found, Unmeasured):
        return f"not measured: {found.reason}"
    assert found.low is not None
    assert found.high is not None
    return f"[{ELO * found.low:7.1f}, {ELO * found.high:7.1f}]"


def _interval(found: Estimate | Unmeasured, digits: int) -> str:
    if isinstance(found, Unmeasured):
        return f"not measured: {found.reason}"
    return f"{found.value:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"
