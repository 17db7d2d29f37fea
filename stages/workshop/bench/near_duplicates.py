"""Prompts that say what an earlier one says: MinHash finds them, their word runs decide."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.offline.contamination.words import words_of
from stages.workshop.bench.recipe import NearDuplicates

Hashes = NDArray[np.uint64]
Signatures = NDArray[np.uint32]

PERMUTATIONS = 128
"""Hash functions of a signature: the error of an estimated similarity is below 0.045."""

LEAST_RECALL = 0.99
"""Probability, at the least, that a pair at the threshold shares a band (before words decide)."""

COMPARED_WITH = 32
"""Latest members of a band that a text is compared with: what keeps the work linear where many
prompts are made alike. A text like an older member only may stay."""

_SLACK = 0.15
"""An estimate lower by so much is not looked at: more than three errors."""

_CHUNK = 1 << 19
_BASE = np.uint64(0x9E3779B97F4A7C15)


def repeated(
    texts: Sequence[str], rules: NearDuplicates, *, known: Sequence[str] = ()
) -> tuple[int | None, ...]:
    """Which earlier text each text repeats.

    The first of several stays; a text is held against those that stayed and against what is known,
    never against one that was itself left out. Candidates come from MinHash with banding; whether
    two texts are alike is then decided by the exact Jaccard similarity of their word runs.

    Args:
        texts: In their order.
        rules: Similarity from which on a text repeats another, and the length of a run.
        known: Texts that stand before all others.

    Returns:
        For each text None, or the number of what it repeats: from 0 on among `texts`; known ones
        are numbered from -len(known) to -1.

    References:
        Broder (1997), "On the resemblance and containment of documents"; Leskovec, Rajaraman and
        Ullman, "Mining of massive datasets", section 3.4, on banding.
    """
    sets = _run_sets([*known, *texts], rules.words)
    signatures = _signatures(sets)
    keys = _band_keys(signatures, _rows_of_a_band(rules.similarity))
    index = _Index(sets, signatures, keys, rules.similarity)
    for number in range(len(known)):
        index.add(number)
    found: list[int | None] = []
    for number in range(len(known), len(sets.starts) - 1):
        like = index.find(number)
        if like is None:
            index.add(number)
        found.append(None if like is None else like - len(known))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _RunSets:
    """The distinct word runs of every text, sorted, one text after the other."""

    hashes: Hashes
    starts: NDArray[np.int64]

    def of(self, number: int) -> Hashes:
        return self.hashes[self.starts[number] : self.starts[number + 1]]


class _Index:
    """Texts that stayed, by band."""

    def __init__(
        self, sets: _RunSets, signatures: Signatures, keys: Hashes, similarity: float
    ) -> None:
        self._sets, self._signatures, self._similarity = sets, signatures, similarity
        self._keys: list[list[int]] = keys.tolist()
        self._members: defaultdict[int, list[int]] = defaultdict(list)

    def add(self, number: int) -> None:
        for key in self._keys[number]:
            self._members[key].append(number)

    def find(self, number: int) -> int | None:
        """The first text that this one is like."""
        near: set[int] = set()
        for key in self._keys[number]:
            if (members := self._members.get(key)) is not None:
                near.update(members[-COMPARED_WITH:])
        if not near:
            return None
        candidates = np.fromiter(sorted(near), np.int64)
        own = self._signatures[:, number]
        alike = (self._signatures[:, candidates] == own[:, None]).mean(axis=0)
        for candidate in candidates[alike >= self._similarity - _SLACK]:
            if self._jaccard(number, int(candidate)) >= self._similarity:
                return int(candidate)
        return None

    def _jaccard(self, one: int, other: int) -> float:
        a, b = self._sets.of(one), self._sets.of(other)
        both = len(np.intersect1d(a, b, assume_unique=True))
        return both / (len(a) + len(b) - both)


def _run_sets(texts: Sequence[str], words: int) -> _RunSets:
    """Word runs as hashes. A text with fewer words is one run."""
    numbers: dict[bytes, int] = {}
    sets: list[Hashes] = []
    for text in texts:
        ids = np.fromiter(
            (numbers.setdefault(word, len(numbers) + 1) for word in words_of(text)), np.uint64
        )
        sets.append(np.unique(_runs(ids, words)))
    starts = np.concatenate([[0], np.cumsum([len(each) for each in sets])]).astype(np.int64)
    return _RunSets(np.concatenate(sets) if sets else np.empty(0, np.uint64), starts)


def _runs(ids: Hashes, words: int) -> Hashes:
    length = max(1, min(words, len(ids)))
    hashes = np.zeros(max(1, len(ids) - length + 1), np.uint64)
    for place in range(min(length, len(ids))):
        hashes *= _BASE
        hashes += _mixed(ids[place : place + len(hashes)])
    return _mixed(hashes + np.uint64(length))


def _mixed(values: Hashes) -> Hashes:
    """Splitmix64's finaliser: a bijection that leaves no pattern."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _signatures(sets: _RunSets) -> Signatures:
    """The least hash of every text under each of many hash functions: shape (128, texts)."""
    texts = len(sets.starts) - 1
    found = np.empty((PERMUTATIONS, texts), np.uint32)
    draw = np.random.default_rng(0).integers(0, 1 << 63, (2, PERMUTATIONS), dtype=np.uint64)
    factors, shifts = draw[0] | np.uint64(1), draw[1]
    begin = 0
    while begin < texts:
        end = int(np.searchsorted(sets.starts, sets.starts[begin] + _CHUNK, side="right")) - 1
        end = min(texts, max(end, begin + 1))
        hashes = sets.hashes[sets.starts[begin] : sets.starts[end]]
        cuts = sets.starts[begin:end] - sets.starts[begin]
        for number in range(PERMUTATIONS):
            values = ((hashes * factors[number] + shifts[number]) >> np.uint64(32)).astype(
                np.uint32
            )
            found[number, begin:end] = np.minimum.reduceat(values, cuts)
        begin = end
    return found


def _band_keys(signatures: Signatures, rows: int) -> Hashes:
    """A key for every band of a signature, which names the band too: shape (texts, bands)."""
    bands = PERMUTATIONS // rows
    keys = np.empty((signatures.shape[1], bands), np.uint64)
    for band in range(bands):
        key = np.full(signatures.shape[1], band + 1, np.uint64)
        for row in signatures[band * rows : (band + 1) * rows]:
            key = _mixed(key * _BASE + row)
        keys[:, band] = key
    return keys


def _rows_of_a_band(similarity: float) -> int:
    """Most rows with which a pair at the threshold still meets in some band."""
    return max(
        rows
        for rows in range(1, PERMUTATIONS + 1)
        if rows == 1 or 1 - (1 - similarity**rows) ** (PERMUTATIONS // rows) >= LEAST_RECALL
    )
