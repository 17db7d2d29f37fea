"""How likely a win, a tie and a loss are between players of known strength.

Players i and j of strengths theta_i and theta_j (natural logarithms; p is their exponential):

- half wins (Bradley-Terry): P(i beats j) = p_i / (p_i + p_j), and a tie is half a win of each;
- Davidson: P(i beats j) = p_i / D, P(tie) = 2 v sqrt(p_i p_j) / D with
  D = p_i + p_j + 2 v sqrt(p_i p_j), v > 0;
- Rao-Kupper: P(i beats j) = p_i / (p_i + v p_j), the rest being ties, v > 1. Its likelihood is that
  of half wins where a tie is won by both, with the threshold log v, times (v^2 - 1) for each tie.

References:
    Davidson (1970), JASA 65, 317-328; Rao and Kupper (1967), JASA 62, 194-204; Newman (2023), JMLR
    24(238), whose tie parameter is Davidson's v.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from stages.stats.comparisons import Floats


class Ties(StrEnum):
    """What a tie says."""

    HALF = "half wins"
    DAVIDSON = "Davidson"
    RAO_KUPPER = "Rao-Kupper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Games:
    """Counts of games of B samples.

    Attributes:
        held: Games that the row's player did not lose against the column's, shape (B, k, k).
        played: Games that the two played, shape (B, k, k).
        points: Games that a player won, and half of those it tied, shape (B, k).
        ties: Games tied by anybody, shape (B,).
    """

    held: Floats
    played: Floats
    points: Floats
    ties: Floats

    def of(self, samples: NDArray[np.bool_]) -> "Games":
        """Those of some of the samples."""
        return Games(
            held=self.held[samples],
            played=self.played[samples],
            points=self.points[samples],
            ties=self.ties[samples],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Slopes:
    """First and second derivatives of the log-likelihood of B samples.

    Attributes:
        gradient: By strength, shape (B, k).
        shared: How much information the games of each pair hold, shape (B, k, k), symmetric.
        gradient_tie: By log v, shape (B,).
        cross: Information on strength and log v together, shape (B, k).
        information_tie: Information on log v, shape (B,).
    """

    gradient: Floats
    shared: Floats
    gradient_tie: Floats
    cross: Floats
    information_tie: Floats


def slopes(ties: Ties, games: Games, strengths: Floats, log_tie: Floats) -> Slopes:
    """Derivatives at strengths of shape (B, k) and log v of shape (B,)."""
    match ties:
        case Ties.HALF:
            return _half_wins(games, strengths)
        case Ties.DAVIDSON:
            return _davidson(games, strengths, np.exp(log_tie)[:, None, None])
        case Ties.RAO_KUPPER:
            return _rao_kupper(games, strengths, np.exp(log_tie))
        case _:
            assert_never(ties)


def scores(ties: Ties, counts: Floats, difference: Floats, log_tie: float) -> Floats:
    """Gradient of the log-likelihood of rows of games.

    Args:
        ties: The model.
        counts: Wins of the first player, ties, wins of the second, shape (C, 3).
        difference: Strength of the first minus that of the second, shape (C,).
        log_tie: log v.

    Returns:
        By the difference and by log v, shape (C, 2).
    """
    win, tie, loss = counts.T
    p: Floats = np.exp(difference)
    v = math.exp(log_tie)
    match ties:
        case Ties.HALF:
            return np.column_stack([win + tie / 2 - counts.sum(axis=1) * p / (1 + p), 0 * p])
        case Ties.DAVIDSON:
            root = 2 * v * np.sqrt(p)
            games, total = counts.sum(axis=1), p + 1 + root
            surprise = win + tie / 2 - games * (p + root / 2) / total
            return np.column_stack([surprise, tie - games * root / total])
        case Ties.RAO_KUPPER:
            up, down = (win + tie) * v / (p + v), (loss + tie) * v * p / (1 + v * p)
            return np.column_stack([up - down, tie * 2 * v**2 / (v**2 - 1) - up - down])
        case _:
            assert_never(ties)


def expected_score(ties: Ties, difference: Floats, log_tie: Floats) -> Floats:
    """Probability of a win plus half that of a tie, 0 to 1, of any shape."""
    p: Floats = np.exp(difference)
    v: Floats = np.exp(log_tie)
    match ties:
        case Ties.HALF:
            return p / (1 + p)
        case Ties.DAVIDSON:
            root = v * np.sqrt(p)
            return (p + root) / (p + 1 + 2 * root)
        case Ties.RAO_KUPPER:
            return (1 + p / (p + v) - 1 / (1 + v * p)) / 2
        case _:
            assert_never(ties)


def _half_wins(games: Games, strengths: Floats) -> Slopes:
    p = np.exp(strengths)
    share = p[:, :, None] / (p[:, :, None] + p[:, None, :])
    expected = games.played * share
    none = np.zeros_like(games.ties)
    return Slopes(
        gradient=games.points - expected.sum(axis=2),
        shared=expected * (1 - share),
        gradient_tie=none,
        cross=np.zeros_like(games.points),
        information_tie=none,
    )


def _davidson(games: Games, strengths: Floats, v: Floats) -> Slopes:
    p, root = np.exp(strengths), np.exp(strengths / 2)
    tied = 2 * v * root[:, :, None] * root[:, None, :]
    total = p[:, :, None] + p[:, None, :] + tied
    tied /= total
    lead = (p[:, :, None] - p[:, None, :]) / total
    met = games.played * tied
    expected = games.played.sum(axis=2) + np.einsum("bij,bij->bi", games.played, lead)
    number = met.sum(axis=(1, 2))
    return Slopes(
        gradient=games.points - expected / 2,
        shared=games.played * (1 - tied - lead**2) / 4,
        gradient_tie=games.ties - number / 2,
        cross=-np.einsum("bij,bij->bi", met, lead) / 2,
        information_tie=(number - np.einsum("bij,bij->b", met, tied)) / 2,
    )


def _rao_kupper(games: Games, strengths: Floats, v: Floats) -> Slopes:
    p = np.exp(strengths)
    rival = v[:, None, None] * p[:, None, :]
    missed = rival / (p[:, :, None] + rival)
    surprise = games.held * missed
    known = surprise * (1 - missed)
    square = v**2
    return Slopes(
        gradient=surprise.sum(axis=2) - surprise.sum(axis=1),
        shared=known + known.transpose(0, 2, 1),
        gradient_tie=games.ties * 2 * square / (square - 1) - surprise.sum(axis=(1, 2)),
        cross=known.sum(axis=1) - known.sum(axis=2),
        information_tie=known.sum(axis=(1, 2)) + games.ties * 4 * square / (square - 1) ** 2,
    )
