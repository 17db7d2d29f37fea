"""A new month's bench beside an old one: what they share, and how the traffic has changed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.engine.product import Product
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.json_lines import json_lines
from stages.offline.contamination.words import words_of
from stages.stats.energy import TwoSample, energy_test
from stages.stats.homogeneity import Homogeneity, homogeneity, share_differences
from stages.stats.shares import wilson
from stages.workshop.bench.near_duplicates import repeated
from stages.workshop.bench.recipe import NearDuplicates
from stages.workshop.bench.snapshot import Snapshot, nearest_counts, read_snapshot
from stages.workshop.bench.vectors import Vectors

LEVEL = 0.95

ITEMS = "items.jsonl"
"""The bench itself, among a bench's files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicChange:
    """How a topic's share of the traffic changed.

    Attributes:
        name: Of the old month's topic.
        before: Its share then, 0 to 1.
        change: Share now minus share then; the intervals of all topics hold together.
    """

    name: str
    before: float
    change: Estimate | Unmeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What a new bench has of an old one, and how the traffic behind them differs.

    Attributes:
        old: Digest of the old bench.
        exact: Share of the new bench's prompts whose words the old one holds.
        near: Share that are nearly one of the old one's, exact ones included.
        shares: A test that topics have the shares they had.
        topics: How each old topic's share changed, the largest change first.
        vectors: How far the prompts as a whole moved.
    """

    old: str
    exact: Estimate | Unmeasured
    near: Estimate | Unmeasured
    shares: Homogeneity | Unmeasured
    topics: tuple[TopicChange, ...]
    vectors: TwoSample | Unmeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A new month.

    Attributes:
        bench: Texts of its bench.
        traffic: It as vectors.
        vectors: Of every prompt.
    """

    bench: Sequence[str]
    traffic: Snapshot
    vectors: Vectors


def drift(month: Month, old: Product, alike: NearDuplicates, *, seed: int) -> Drift:
    """A new month beside an old bench.

    A prompt counts in the old topic whose middle is nearest, in both months alike, so that a topic
    found anew is no change by itself.

    Args:
        month: The new one.
        old: The old bench.
        alike: When two prompts are nearly the same.
        seed: Of the permutation test.
    """
    before = read_snapshot(old)
    known = _texts(old)
    words = {tuple(words_of(text)) for text in known}
    exact = sum(tuple(words_of(text)) in words for text in month.bench)
    near = sum(like is not None and like < 0 for like in repeated(month.bench, alike, known=known))
    moved = _of_traffic(month, before, seed)
    return Drift(
        old=old.sha256,
        exact=wilson(exact, len(month.bench), level=LEVEL),
        near=wilson(max(near, exact), len(month.bench), level=LEVEL),
        shares=moved.shares,
        topics=moved.topics,
        vectors=moved.vectors,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moved:
    shares: Homogeneity | Unmeasured
    topics: tuple[TopicChange, ...]
    vectors: TwoSample | Unmeasured


def _of_traffic(month: Month, before: Snapshot, seed: int) -> _Moved:
    if before.model != month.traffic.model or before.middles.shape[1] != month.vectors.shape[1]:
        why = Unmeasured("the old month's vectors are of another model")
        return _Moved(shares=why, topics=(), vectors=why)
    counts = nearest_counts(month.vectors, before.middles)
    changes = share_differences(before.counts, counts, level=LEVEL)
    total = sum(before.counts)
    topics = [
        TopicChange(name=name, before=count / total, change=change)
        for name, count, change in zip(before.names, before.counts, changes, strict=True)
    ]
    return _Moved(
        shares=homogeneity(before.counts, counts),
        topics=tuple(sorted(topics, key=_size, reverse=True)),
        vectors=energy_test(
            before.sample.astype(np.float64),
            month.traffic.sample.astype(np.float64),
            level=LEVEL,
            permutations=499,
            random=np.random.default_rng(seed),
        ),
    )


def _size(change: TopicChange) -> float:
    return abs(change.change.value) if isinstance(change.change, Estimate) else 0.0


def _texts(bench: Product) -> list[str]:
    path = bench.file(ITEMS)
    rows = json_lines(path.read_bytes(), where=str(path))
    return [str(row["prompt"]) for _, row in rows if isinstance(row, dict)]
