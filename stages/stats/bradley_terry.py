"""Strengths of players from the games between them, by maximum likelihood."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from stages.evidence.estimate import Cause, Unmeasured
from stages.stats.comparisons import Comparisons, Floats
from stages.stats.tie_models import Games, Slopes, Ties, slopes

TOLERANCE, LIMIT = 1e-5, 100
"""Newton's method ends with a step smaller than this, when the error is about its square; a fit
that takes more steps has none."""

BLOCK = 2**16
"""Pairs of players in the samples that are solved together: they stay in the processor's cache."""

RIDGE = 1e-6
"""Penalty on resamples, which may lack a maximum although the sample has one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """Strengths of k players.

    Attributes:
        players: Their names.
        ties: The model.
        strengths: Natural logarithms of the strengths, of mean 0, shape (k,).
        log_tie: Logarithm of the tie parameter; 0 where ties are half wins.
        ridge: Penalty that was used.
        iterations: Newton steps taken.
        tolerance: What the last of them was below.
    """

    players: tuple[str, ...]
    ties: Ties
    strengths: Floats
    log_tie: float
    ridge: float
    iterations: int
    tolerance: float = TOLERANCE

    @property
    def tie_parameter(self) -> float | None:
        """Davidson's v (above 0) or Rao-Kupper's (above 1); None where ties are half wins."""
        return None if self.ties is Ties.HALF else float(np.exp(self.log_tie))


@dataclass(frozen=True, kw_only=True, eq=False)
class Fits:
    """The same of B samples.

    Attributes:
        strengths: Shape (B, k).
        log_tie: Shape (B,).
        found: Whether each has a maximum that was found, shape (B,).
        iterations: Newton steps that the slowest took.
    """

    strengths: Floats
    log_tie: Floats
    found: NDArray[np.bool_]
    iterations: int


def fit(
    comparisons: Comparisons, *, ties: Ties = Ties.HALF, ridge: float = 0.0
) -> Fitted | Unmeasured:
    """Maximum-likelihood strengths; each game counts the same.

    Args:
        comparisons: The games.
        ties: What a tie says.
        ridge: Penalty: `ridge` / 2 times the sum of squares of the strengths, and of log v, is
            subtracted from the log-likelihood, as if they were drawn with the variance 1 / `ridge`.
            With 0 only the games speak; with a small one, such as 0.01, players who win every game
            have a strength.

    Returns:
        The strengths; or `Unmeasured` without games, without a penalty when some players never
        lost to the others (or never met them), and for a model of ties when no or every game was
        tied.

    References:
        Ford (1957), American Mathematical Monthly 64(8), 28-33: the maximum is finite and unique
        when, however the players are split in two, each part won something against the other.
    """
    refused = _refused(comparisons, ties, ridge)
    if refused is not None:
        return refused
    start = Fitted(
        players=comparisons.players,
        ties=ties,
        strengths=np.zeros(len(comparisons.players)),
        log_tie=0.0 if ties is Ties.HALF else 0.5,
        ridge=ridge,
        iterations=0,
    )
    fits = fit_samples(comparisons, np.ones((1, comparisons.clusters)), start=start)
    if not fits.found[0]:
        return Unmeasured(f"no maximum was found in {LIMIT} steps of Newton's method", Cause.BROKEN)
    return replace(
        start,
        strengths=fits.strengths[0],
        log_tie=float(fits.log_tie[0]),
        iterations=fits.iterations,
    )


def fit_samples(comparisons: Comparisons, weights: Floats, *, start: Fitted) -> Fits:
    """Fits many samples of clusters at once.

    Args:
        comparisons: The games.
        weights: How often each cluster counts in each sample, shape (B, G).
        start: Model, penalty, and the strengths that all begin from.
    """
    size = max(1, BLOCK // len(comparisons.players) ** 2)
    blocks = [
        _newton(_games(comparisons, weights[at : at + size]), start)
        for at in range(0, len(weights), size)
    ]
    return Fits(
        strengths=np.concatenate([block.strengths for block in blocks]),
        log_tie=np.concatenate([block.log_tie for block in blocks]),
        found=np.concatenate([block.found for block in blocks]),
        iterations=max(block.iterations for block in blocks),
    )


def information(comparisons: Comparisons, fitted: Fitted) -> Floats:
    """Second derivatives of the negative log-likelihood at the fit, with its penalty.

    By the strengths and then, for a model of ties, log v: shape (p, p). A constant is added in the
    direction of the strengths' mean, on which games say nothing.
    """
    found = slopes(
        fitted.ties,
        _games(comparisons, np.ones((1, comparisons.clusters))),
        fitted.strengths[None],
        np.array([fitted.log_tie]),
    )
    system: Floats = _system(found, fitted)[0]
    return system


def _refused(comparisons: Comparisons, ties: Ties, ridge: float) -> Unmeasured | None:
    tied = round(float(comparisons.ties.sum()))
    if not comparisons.games:
        return Unmeasured("no games were played", Cause.WAITING)
    if ties is not Ties.HALF and tied in (0, comparisons.games):
        return Unmeasured(
            f"{tied} of {comparisons.games} games were tied, which gives no tie parameter",
            Cause.UNDERPOWERED,
        )
    return None if ridge else _unbeaten(comparisons)


def _unbeaten(comparisons: Comparisons) -> Unmeasured | None:
    """Why the maximum is not finite: some players never lost to the others, or never won."""
    k = len(comparisons.players)
    held = (comparisons.won + comparisons.tied).sum(axis=0).reshape(k, k) > 0
    parts, part = connected_components(held, connection="strong")
    if parts == 1:
        return None
    groups = [part == number for number in range(parts)]
    ends = [g for g in groups if not (held[g][:, ~g].any() and held[~g][:, g].any())]
    few = min(ends, key=lambda inside: int(inside.sum()))
    names = [f"`{comparisons.players[number]}`" for number in np.flatnonzero(few)]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
    won, lost = held[few][:, ~few].any(), held[~few][:, few].any()
    how = "never lost to" if won else "never won against" if lost else "never met"
    return Unmeasured(
        f"{shown} {how} the other players, which gives no finite strength", Cause.UNDERPOWERED
    )


def _games(comparisons: Comparisons, weights: Floats) -> Games:
    k = len(comparisons.players)
    won, tied = (
        np.ascontiguousarray((counts.T @ weights.T).T).reshape(-1, k, k)
        for counts in (comparisons.won, comparisons.tied)
    )
    held = won + tied
    return Games(
        held=held,
        played=held + won.transpose(0, 2, 1),
        points=(won.sum(axis=2) + held.sum(axis=2)) / 2,
        ties=tied.sum(axis=(1, 2)) / 2,
    )


def _newton(games: Games, start: Fitted) -> Fits:
    """Maximises the penalised log-likelihood of every sample."""
    samples, k = len(games.ties), len(start.players)
    found = np.tile(np.r_[start.strengths, start.log_tie], (samples, 1))
    moving, steps = np.arange(samples), 0
    while len(moving) and steps < LIMIT:
        now, steps = found[moving], steps + 1
        moves = _step(slopes(start.ties, games, now[:, :k], now[:, k]), now, start)
        found[moving] += moves
        still = np.abs(moves).max(axis=1) >= TOLERANCE
        if not still.all():
            moving = moving[still]
            games = games.of(still)
    reached = np.ones(samples, dtype=np.bool_)
    reached[moving] = False
    return Fits(strengths=found[:, :k], log_tie=found[:, k], found=reached, iterations=steps)


def _step(at: Slopes, now: Floats, start: Fitted) -> Floats:
    """Newton's step for each sample, shape (B, k + 1).

    No difference of strengths moves, together with log v, by more than 1: the curvature then
    changes by less than a factor e, and the step climbs. Rao-Kupper's log v stays positive: it goes
    at most halfway to 0, and strengths move as suits that.
    """
    k, slope = len(start.players), np.c_[at.gradient, at.gradient_tie] - start.ridge * now
    free = k if start.ties is Ties.HALF else k + 1
    system, moves = _system(at, start), np.zeros_like(now)
    moves[:, :free] = _solved(system, slope[:, :free])
    if start.ties is Ties.RAO_KUPPER:
        beyond = moves[:, k] < -now[:, k] / 2
        system[beyond, k] = np.eye(free)[k]
        slope[beyond, k] = -now[beyond, k] / 2
        moves[beyond] = _solved(system[beyond], slope[beyond])
    reach = np.ptp(moves[:, :k], axis=1) + np.abs(moves[:, k])
    moves /= np.maximum(1, reach)[:, None]
    return moves


def _solved(system: Floats, slope: Floats) -> Floats:
    return np.asarray(np.linalg.solve(system, slope[:, :, None])[:, :, 0], dtype=np.float64)


def _system(at: Slopes, fitted: Fitted) -> Floats:
    """Information of each sample, shape (B, p, p), with the penalty and the free direction."""
    k = len(fitted.players)
    own = at.shared.sum(axis=2)
    free = k if fitted.ties is Ties.HALF else k + 1
    system = np.empty((len(own), free, free))
    system[:, :k, :k] = own.mean(axis=1)[:, None, None] / k - at.shared
    rows = np.arange(k)
    system[:, rows, rows] += own + fitted.ridge
    if free > k:
        system[:, :k, k] = system[:, k, :k] = at.cross
        system[:, k, k] = at.information_tie + fitted.ridge
    return system
