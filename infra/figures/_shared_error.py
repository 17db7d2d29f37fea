"""Error that is shared: by the hypotheses of one A/B, and by the A/Bs of a stream."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from infra.figures._look_paths import ALPHA, Design, Flags, Generator, Table, chunks
from stages.stats.online_fdr import Drawn, Ended, Entry, next_alpha


def crossings(design: Design, scores: Table, *, hypotheses: int) -> Flags:
    """Whether each score crosses at alpha / k, shape (paths, metrics, looks, k)."""
    bounds = np.stack([design.bounds(alpha=ALPHA / k) for k in range(1, hypotheses + 1)], axis=1)
    return np.asarray(scores[..., None] > bounds)


def closed(crossed: Flags) -> Flags:
    """What the closed test rejects at each look by itself, shape (paths, metrics, looks)."""
    passes = np.logical_and.accumulate(crossed, axis=3)
    paths, metrics, looks, _ = crossed.shape
    fallen = np.zeros((paths, metrics, looks), dtype=bool)
    for _ in range(metrics):
        standing = np.maximum(metrics - fallen.sum(axis=1), 1)
        fallen |= np.take_along_axis(passes, standing[:, None, :, None] - 1, axis=3)[..., 0]
    return fallen


def holm_at_looks(scores: Table, nominal: Table) -> Flags:
    """Holm's correction of each look's p-values at a level of its own; valid for one look only."""
    levels = np.broadcast_to(nominal, scores.shape)
    ordered = np.sort(ndtr(-scores), axis=1)
    metrics = scores.shape[1]
    shares = levels / np.arange(metrics, 0, -1)[None, :, None]
    steps = np.logical_and.accumulate(ordered <= shares, axis=1)
    many = steps.sum(axis=1, keepdims=True)
    rank = np.argsort(np.argsort(-scores, axis=1), axis=1)
    return np.asarray(rank < many)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Primaries of which one must win.

    Attributes:
        drifts: Expected z of each at the end; 0 for those without an effect.
        correlation: Of their scores.
    """

    drifts: tuple[float, ...]
    correlation: float

    def scores(self, design: Design, paths: int, random: Generator) -> Table:
        """Their z at each look, shape (paths, metrics, looks)."""
        own = design.scores(paths, random, metrics=len(self.drifts))
        common = design.scores(paths, random)
        mixed = np.sqrt(self.correlation) * common + np.sqrt(1 - self.correlation) * own
        seen = np.maximum.accumulate(np.array(design.information))
        return np.asarray(mixed + np.array(self.drifts)[:, None] * np.sqrt(seen))


def family_rates(design: Design, family: Family, paths: int, *, seed: int = 3) -> dict[str, float]:
    """Shares of paths: any false win by rule, and all true effects found at some look."""
    random = np.random.default_rng(seed)
    null = np.array(family.drifts) == 0
    full = design.bounds()
    counts = dict.fromkeys(FAMILY_RATES, 0)
    for size in chunks(paths):
        scores = family.scores(design, size, random)
        crossed = crossings(design, scores, hypotheses=len(null))
        fallen = closed(crossed)
        found = {
            "closed": fallen[:, null],
            "looks' levels by Holm": holm_at_looks(scores, ndtr(-full))[:, null],
            "alpha by Holm": holm_at_looks(scores, np.full_like(full, ALPHA))[:, null],
            "no sharing": crossed[..., 0][:, null],
        }
        for name, wins in found.items():
            counts[name] += int(wins.any(axis=(1, 2)).sum())
        counts["finds all, closed"] += int(fallen[:, ~null].any(axis=2).all(axis=1).sum())
        least = crossed[..., -1][:, ~null]
        counts["finds all, Bonferroni"] += int(least.any(axis=2).all(axis=1).sum())
    return {name: n / paths for name, n in counts.items()}


FAMILY_RATES = (
    "closed",
    "looks' levels by Holm",
    "alpha by Holm",
    "no sharing",
    "finds all, closed",
    "finds all, Bonferroni",
)
"""What `family_rates` counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A/Bs that begin one after the other and overlap.

    Attributes:
        tests: Number of A/Bs.
        true_share: Share of them with an effect.
        drift: Expected z of those at their end.
        longest: An A/B ends after 1 to so many others have begun, each equally likely.
        level: False discovery rate to hold.
    """

    tests: int = 60
    true_share: float
    drift: float = 3.24
    longest: int = 6
    level: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a rule made of streams, on average.

    Attributes:
        fdr: E[false wins / max(1, wins)].
        mfdr: E[false wins] / E[max(1, wins)].
        any_false: Probability of any false win.
        false_wins: Mean number of false wins in a stream.
        power: Share of true effects that were found.
    """

    fdr: float
    mfdr: float
    any_false: float
    false_wins: float
    power: float


def stream_rates(stream: Stream, streams: int, *, seed: int = 4) -> Mapping[str, Found]:
    """The asynchronous rule, the same with every outcome known at once, and alpha for each."""
    random = np.random.default_rng(seed)
    counts: dict[str, list[tuple[int, int, int]]] = {name: [] for name in STREAM_RULES}
    true = random.random((streams, stream.tests)) < stream.true_share
    scores = random.standard_normal(true.shape) + stream.drift * true
    lasts = random.integers(1, stream.longest + 1, true.shape)
    for row in range(streams):
        wins = {
            "asynchronous": _wins(stream, scores[row], lasts[row]),
            "known at once": _wins(stream, scores[row], np.zeros_like(lasts[row])),
            "alpha for each": scores[row] > -ndtri(ALPHA),
        }
        for name, won in wins.items():
            false = int((won & ~true[row]).sum())
            counts[name].append((false, int(won.sum()), int((won & true[row]).sum())))
    return {
        name: _found(np.array(rows, dtype=float), float(true.sum()))
        for name, rows in counts.items()
    }


STREAM_RULES = ("asynchronous", "known at once", "alpha for each")
"""What `stream_rates` compares."""


def _wins(stream: Stream, scores: Sequence[float] | Table, lasts: Table) -> Flags:
    """Which A/Bs win when each draws its alpha as it begins."""
    history: list[Entry] = []
    running: list[tuple[int, int, bool]] = []
    won = np.zeros(stream.tests, dtype=bool)
    for number in range(stream.tests):
        while running and running[0][0] <= number:
            _, test, rejected = heapq.heappop(running)
            history.append(Ended(test=str(test), rejected=rejected))
        drawn = next_alpha(history, test=str(number), level=stream.level, most=ALPHA)
        assert isinstance(drawn, Drawn)
        history.append(drawn)
        won[number] = scores[number] > -ndtri(drawn.alpha)
        heapq.heappush(running, (number + int(lasts[number]), number, bool(won[number])))
    return won


def _found(rows: Table, true: float) -> Found:
    false, wins, right = rows.T
    return Found(
        fdr=float((false / np.maximum(wins, 1)).mean()),
        mfdr=float(false.mean() / np.maximum(wins, 1).mean()),
        any_false=float((false > 0).mean()),
        false_wins=float(false.mean()),
        power=float(right.sum() / true) if true else 0.0,
    )
