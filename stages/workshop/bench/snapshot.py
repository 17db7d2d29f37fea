"""What a later month needs of a bench to say what has changed: middles of topics, and a sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from policies.canonical import Json, canonical_json
from stages.engine.product import Product
from stages.evidence.json_lines import strict_json
from stages.workshop.bench.clustering import NO_TOPIC, Topics
from stages.workshop.bench.vectors import Vectors, normed

SAMPLED = 1_000
"""Prompts whose vectors are kept: a test of what has changed takes no more."""

_COUNTS, _MIDDLES, _SAMPLE = "traffic.json", "traffic_topics.npy", "traffic_sample.npy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A month of traffic, as vectors.

    Attributes:
        model: Digest of what made the vectors.
        names: Of its topics.
        middles: Of its topics, of length 1; shape (k, d).
        counts: Prompts nearest to each middle, of all that were embedded.
        sample: Vectors of prompts drawn at random, shape (s, d).
    """

    model: str
    names: tuple[str, ...]
    middles: Vectors
    counts: tuple[int, ...]
    sample: Vectors


def snapshot(
    vectors: Vectors, topics: Topics, names: Sequence[str], *, model: str, seed: int
) -> Snapshot:
    """A month of traffic, to be compared with.

    Args:
        vectors: Of every prompt, of length 1.
        topics: Of every prompt.
        names: Of the topics.
        model: Digest of what made the vectors.
        seed: Of the sample.
    """
    known = topics != NO_TOPIC
    sums = np.zeros((len(names), vectors.shape[1]), np.float32)
    np.add.at(sums, topics[known], vectors[known])
    middles = normed(sums)
    drawn = np.random.default_rng(seed).permutation(len(vectors))[:SAMPLED]
    return Snapshot(
        model=model,
        names=tuple(names),
        middles=middles,
        counts=nearest_counts(vectors, middles),
        sample=vectors[np.sort(drawn)],
    )


def nearest_counts(vectors: Vectors, middles: Vectors) -> tuple[int, ...]:
    """How many vectors lie nearest to each middle, by cosine."""
    nearest = [
        (vectors[begin : begin + 8192] @ middles.T).argmax(axis=1)
        for begin in range(0, len(vectors), 8192)
    ]
    counts = np.bincount(np.concatenate(nearest), minlength=len(middles))
    return tuple(int(n) for n in counts)


def write_snapshot(month: Snapshot, folder: Path) -> None:
    """Writes it among the files of a bench."""
    said: Mapping[str, Json] = {
        "model": month.model,
        "topics": list(month.names),
        "counts": list(month.counts),
    }
    (folder / _COUNTS).write_text(canonical_json(said) + "\n", encoding="utf-8")
    np.save(folder / _MIDDLES, month.middles)
    np.save(folder / _SAMPLE, month.sample)


def read_snapshot(bench: Product) -> Snapshot:
    """The month that a frozen bench was built from."""
    said = strict_json(bench.file(_COUNTS).read_text(encoding="utf-8"))
    match said:
        case {"model": str(model), "topics": list(names), "counts": list(counts)}:
            return Snapshot(
                model=model,
                names=tuple(map(str, names)),
                middles=np.load(bench.file(_MIDDLES), allow_pickle=False),
                counts=tuple(map(int, counts)),
                sample=np.load(bench.file(_SAMPLE), allow_pickle=False),
            )
        case _:
            raise ValueError(f"{bench.file(_COUNTS)} is not of this program")
