"""Prompts grouped into topics by their vectors."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.errors import InputError
from stages.engine.libraries import demand
from stages.workshop.bench.recipe import Clustering, Method
from stages.workshop.bench.vectors import Vectors

Topics = NDArray[np.int64]
"""Number of each prompt's topic, from 0; NO_TOPIC where it has none."""

NO_TOPIC = -1

_COMPONENTS = 50
"""Principal components that distances are measured in: what UMAP's authors do beforehand."""

_PER_TOPIC = 100
_VOTES = 5
_INSTALL = "pip install 'checkpoint-gate[workshop]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustered:
    """Prompts with their topics.

    Attributes:
        topics: Of each prompt.
        map: A place of each on a plane, for people; shape (n, 2).
        method: What was done, and what of it is approximate.
    """

    topics: Topics
    map: NDArray[np.float32]
    method: str


def clustered(vectors: Vectors, how: Clustering, *, seed: int) -> Clustered:
    """Topics of prompts; the same again under one seed on one machine.

    Args:
        vectors: A row of length 1 per prompt, shape (n, d).
        how: By which method.
        seed: Of everything that is drawn.

    Raises:
        InputError: When there are too few prompts to group, or none of them is in a topic.
        Broken: When a library is not installed.
    """
    fewest = 2 * how.topic_at_least
    if len(vectors) < fewest:
        raise InputError(
            "cannot find topics",
            why=f"two topics of {how.topic_at_least} take {fewest:,} prompts; left: "
            f"{len(vectors):,}",
            fix="give more traffic, or lower `clustering.topic_at_least`",
        )
    demand("sklearn", "umap", what="cannot find topics", fix=_INSTALL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries' advice about threads, spectral starts, names
        by = _by_kmeans if how.by is Method.KMEANS else _by_density
        found = by(vectors, how, seed)
    if (found.topics == NO_TOPIC).all():
        raise InputError(
            "cannot find topics",
            why=f"no {how.topic_at_least} of {len(vectors)} prompts lie close to each other",
            fix="lower `clustering.topic_at_least`, or take `by: kmeans`",
        )
    return Clustered(topics=_by_size(found.topics), map=found.map, method=found.method)


def _by_kmeans(vectors: Vectors, how: Clustering, seed: int) -> Clustered:
    from sklearn.cluster import MiniBatchKMeans

    reduced = _components(vectors, _COMPONENTS, seed)
    topics = min(how.topics or max(2, len(vectors) // _PER_TOPIC), len(vectors) // 2)
    means = MiniBatchKMeans(
        n_clusters=topics, random_state=seed, batch_size=4096, n_init=3, compute_labels=True
    )
    labels = np.asarray(means.fit_predict(reduced), np.int64)
    sizes = np.bincount(labels, minlength=topics)
    labels[sizes[labels] < how.topic_at_least] = NO_TOPIC
    return Clustered(
        topics=labels,
        map=reduced[:, :2],
        method=f"mini-batch k-means, {topics} topics, on {reduced.shape[1]} principal components "
        f"(the map: the first two)",
    )


def _by_density(vectors: Vectors, how: Clustering, seed: int) -> Clustered:
    """UMAP and HDBSCAN on a sample; the others get the topic of most of their nearest in it."""
    seen = _sample(len(vectors), how.fitted_on_at_most, seed)
    reduced = _components(vectors, _COMPONENTS, seed)
    space = _umap(reduced[seen], how, seed, dimensions=how.dimensions)
    least = max(2, round(how.topic_at_least * len(seen) / len(vectors)))
    if how.by is Method.BERTOPIC:
        labels = _bertopic_labels(space, least)
    else:
        labels = _hdbscan_labels(space, least)
    plane = _umap(reduced[seen], how, seed, dimensions=2)
    name = "BERTopic's" if how.by is Method.BERTOPIC else "scikit-learn's"
    method = (
        f"UMAP to {how.dimensions} dimensions ({how.neighbours} neighbours, cosine) and {name} "
        f"HDBSCAN (topics of {least} or more)"
    )
    if len(seen) == len(vectors):
        return Clustered(topics=labels, map=plane, method=method)
    topics, places = _carried_over(reduced, seen, labels, plane)
    return Clustered(
        topics=topics,
        map=places,
        method=f"{method} on {len(seen):,} of {len(vectors):,} prompts drawn at random; the others "
        f"take the topic of most of their {_VOTES} nearest of these, and the place of the nearest "
        f"(approximate)",
    )


def _umap(rows: Vectors, how: Clustering, seed: int, *, dimensions: int) -> NDArray[np.float32]:
    import umap

    fitted = umap.UMAP(
        n_neighbors=min(how.neighbours, len(rows) - 1),
        n_components=min(dimensions, len(rows) - 2),
        min_dist=0.0 if dimensions > 2 else 0.1,  # noqa: PLR2004 - a plane is for people
        metric="cosine",
        random_state=seed,
        n_jobs=1,
        init="spectral" if len(rows) > 10 * dimensions else "random",
    ).fit_transform(rows)
    return np.asarray(fitted, np.float32)


def _hdbscan_labels(space: NDArray[np.float32], least: int) -> Topics:
    from sklearn.cluster import HDBSCAN

    found = HDBSCAN(min_cluster_size=least, allow_single_cluster=True, copy=True)
    return np.asarray(found.fit_predict(space), np.int64)


def _bertopic_labels(space: NDArray[np.float32], least: int) -> Topics:
    demand(
        "bertopic",
        what="cannot find topics by BERTopic",
        fix="pip install 'checkpoint-gate[bertopic]'",
    )
    from bertopic import BERTopic
    from bertopic.dimensionality import BaseDimensionalityReduction

    model = BERTopic(
        umap_model=BaseDimensionalityReduction(),
        min_topic_size=least,
        calculate_probabilities=False,
        verbose=False,
    )
    labels, _ = model.fit_transform([f"prompt {n}" for n in range(len(space))], embeddings=space)
    return np.asarray(labels, np.int64)


def _carried_over(
    reduced: Vectors, seen: Topics, labels: Topics, plane: NDArray[np.float32]
) -> tuple[Topics, NDArray[np.float32]]:
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=min(_VOTES, len(seen))).fit(reduced[seen])
    nearest = near.kneighbors(reduced, return_distance=False)
    votes = labels[nearest]
    counts = (votes[:, :, None] == votes[:, None, :]).sum(axis=2)
    topics = votes[np.arange(len(votes)), counts.argmax(axis=1)]
    topics[seen] = labels
    return topics, plane[nearest[:, 0]]


def _components(vectors: Vectors, most: int, seed: int) -> Vectors:
    """Principal components, by a randomised decomposition that is fitted on a sample."""
    from sklearn.decomposition import PCA

    kept = min(most, vectors.shape[1], len(vectors) - 1)
    if kept == vectors.shape[1]:
        return vectors
    some = vectors[_sample(len(vectors), 20_000, seed)]
    fitted = PCA(n_components=kept, random_state=seed, svd_solver="randomized").fit(some)
    return np.asarray(fitted.transform(vectors), np.float32)


def _sample(whole: int, most: int, seed: int) -> Topics:
    """Numbers of prompts drawn at random, in their order; all where there are not more."""
    if whole <= most:
        return np.arange(whole)
    drawn = np.random.default_rng(seed).choice(whole, most, replace=False)
    return np.asarray(np.sort(drawn), np.int64)


def _by_size(topics: Topics) -> Topics:
    """The same topics, the largest being 0; of equals, that of the first prompt."""
    names, firsts, sizes = np.unique(topics, return_index=True, return_counts=True)
    order = sorted(
        (place for place, name in enumerate(names) if name != NO_TOPIC),
        key=lambda place: (-sizes[place], firsts[place]),
    )
    number = {int(names[place]): rank for rank, place in enumerate(order)}
    return np.array([number.get(int(topic), NO_TOPIC) for topic in topics], np.int64)
