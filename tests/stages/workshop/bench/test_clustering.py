import numpy as np
import pytest

from policies.errors import InputError
from stages.workshop.bench.clustering import NO_TOPIC, clustered
from stages.workshop.bench.recipe import Clustering, Method
from stages.workshop.bench.vectors import Vectors, normed


def blobs(*sizes: int, dimensions: int = 8, seed: int = 0) -> tuple[Vectors, np.ndarray]:
    """Points around as many directions, and which each is of."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    middles = np.eye(dimensions, dtype=np.float32)[: len(sizes)]
    points = middles[truth] + random.normal(0, 0.05, (len(truth), dimensions))
    return normed(points.astype(np.float32)), truth


def same_groups(found: np.ndarray, truth: np.ndarray) -> float:
    """Share of points whose topic holds mostly points of their group."""
    return float(
        np.mean([truth[i] == np.bincount(truth[found == t]).argmax() for i, t in enumerate(found)])
    )


def test_k_means_finds_groups_and_numbers_them_by_size() -> None:
    vectors, truth = blobs(20, 60, 40)

    found = clustered(vectors, Clustering(by=Method.KMEANS, topics=3, topic_at_least=5), seed=1)

    assert same_groups(found.topics, truth) == 1
    assert np.bincount(found.topics).tolist() == [60, 40, 20]
    assert "k-means" in found.method


def test_a_topic_that_is_too_small_is_none() -> None:
    vectors, truth = blobs(60, 40, 3)

    found = clustered(vectors, Clustering(by=Method.KMEANS, topics=3, topic_at_least=8), seed=1)

    assert (found.topics[truth == 2] == NO_TOPIC).all()


def test_umap_and_hdbscan_find_groups_the_same_way_again() -> None:
    vectors, truth = blobs(60, 50, 40)
    how = Clustering(topic_at_least=10)

    one, again = clustered(vectors, how, seed=1), clustered(vectors, how, seed=1)

    known = one.topics != NO_TOPIC
    assert known.mean() > 0.9
    assert same_groups(one.topics[known], truth[known]) == 1
    assert (one.topics == again.topics).all()
    assert (one.map == again.map).all()


def test_beyond_what_is_fitted_prompts_take_the_topic_of_their_nearest() -> None:
    vectors, truth = blobs(150, 120, 90)
    how = Clustering(topic_at_least=20, fitted_on_at_most=150)

    found = clustered(vectors, how, seed=1)

    known = found.topics != NO_TOPIC
    assert known.mean() > 0.9
    assert same_groups(found.topics[known], truth[known]) == 1
    assert "150 of 360 prompts" in found.method
    assert "approximate" in found.method
    assert found.map.shape == (360, 2)


@pytest.mark.parametrize("count", [1, 7, 15])
def test_too_few_prompts_are_refused(count: int) -> None:
    vectors, _ = blobs(count)

    with pytest.raises(InputError, match="cannot find topics"):
        clustered(vectors, Clustering(topic_at_least=8), seed=1)


@pytest.mark.parametrize("by", [Method.KMEANS, Method.UMAP_HDBSCAN])
def test_prompts_that_are_all_one_topic_are_one_or_are_refused(by: Method) -> None:
    vectors = normed(np.tile(np.array([[1, 2, 3, 4]], np.float32), (60, 1)))

    found = clustered(vectors, Clustering(by=by, topics=3, topic_at_least=8), seed=1)

    assert set(found.topics.tolist()) <= {NO_TOPIC, 0}


def test_bertopic_finds_groups() -> None:
    pytest.importorskip("bertopic")
    vectors, truth = blobs(60, 50, 40)

    found = clustered(vectors, Clustering(by=Method.BERTOPIC, topic_at_least=10), seed=1)

    known = found.topics != NO_TOPIC
    assert known.mean() > 0.9
    assert same_groups(found.topics[known], truth[known]) == 1
    assert "BERTopic" in found.method
