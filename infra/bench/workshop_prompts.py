"""100,000 prompts de-duplicated, grouped (vectors given) and drawn: time, memory, and growth.

Times are of the processor, over all cores: they do not depend on what else the machine does.

Each size runs in a process of its own, so that its greatest memory is its own. A twelfth of the
prompts are nearly others. Ratios are against plain libraries on the same vectors: scikit-learn's
mini-batch k-means, and UMAP with HDBSCAN on as many prompts as ours fits.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from infra.bench.endpoint import LATENCY_SECONDS, served
from stages.engine.folder_state import FolderState
from stages.models.openai_compatible import OpenAICompatible
from stages.models.prices import Price
from stages.models.settings import EndpointSettings
from stages.workshop.bench.clustering import clustered
from stages.workshop.bench.criteria import graded
from stages.workshop.bench.near_duplicates import repeated
from stages.workshop.bench.recipe import Clustering, Drawn, Method, NearDuplicates, Passes
from stages.workshop.bench.selecting import selected
from stages.workshop.workroom import Hand, Workroom

SIZES = (25_000, 50_000, 100_000)
DIMENSIONS = 384
TOPICS = 250
SLOTS, ROUNDS = 64, 12
VOCABULARY = 20_000
GIB = 2**30
NEARLY_EVERY = 12


def main() -> None:
    """Prints a line for each size and method, growth, ratios, and how busy graders are."""
    for method in (Method.KMEANS, Method.UMAP_HDBSCAN):
        seconds = {}
        for size in SIZES:
            command = [sys.executable, "-m", "infra.bench.workshop_prompts", method, str(size)]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            seconds[size] = float(told.split()[-1])
            print(f"  {told.rsplit(' ', 1)[0]}", flush=True)
        growth = seconds[SIZES[-1]] / seconds[SIZES[0]]
        print(f"  {method}: {growth:.1f} times the time for {SIZES[-1] // SIZES[0]} times as many")
    plain()
    busy()


def one(method: Method, size: int) -> None:
    """Builds what is built of given vectors, and says how long each step took."""
    texts, vectors = prompts(size), points(size)
    clustered(vectors[:500], Clustering(by=method, topic_at_least=20), seed=1)  # compiles
    times = [time.process_time()]
    like = repeated(texts, NearDuplicates())
    times.append(time.process_time())
    kept = [n for n, other in enumerate(like) if other is None]
    how = Clustering(by=method, topics=TOPICS, topic_at_least=max(8, size // 2_000))
    groups = clustered(vectors[kept], how, seed=1)
    times.append(time.process_time())
    inside = np.flatnonzero(groups.topics >= 0)
    scores = np.random.default_rng(1).integers(5, 8, len(inside)).tolist()
    topics = groups.topics[inside].tolist()
    found = selected(scores, topics, passes=Passes(topic=5), drawn=Drawn(), seed=1)
    times.append(time.process_time())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB
    alone, grouped, drawn = np.diff(times)
    print(
        f"{method}, {size:7,} prompts: {alone:.1f} s near-duplicates ({size - len(kept):,}), "
        f"{grouped:.1f} s {groups.topics.max() + 1} topics, {drawn:.2f} s {len(found.chosen)} "
        f"drawn, {memory:.2f} GiB {times[-1] - times[0]:.2f}"
    )


def plain() -> None:
    """Ratios of time against the libraries alone."""
    import warnings

    import umap
    from sklearn.cluster import HDBSCAN, MiniBatchKMeans

    warnings.simplefilter("ignore")
    vectors = points(50_000)
    how = Clustering(by=Method.KMEANS, topics=TOPICS)
    ours = timed(lambda: clustered(vectors, how, seed=1))
    means = MiniBatchKMeans(n_clusters=TOPICS, random_state=1, batch_size=4096, n_init=3)
    theirs = timed(lambda: means.fit_predict(vectors))
    print(
        f"  k-means of 50,000: {ours:.1f} s, scikit-learn alone {theirs:.1f} s: {ours / theirs:.2f}"
    )
    some, how = vectors[:5_000], Clustering(topic_at_least=10)
    umap.UMAP(random_state=1, n_jobs=1).fit_transform(some[:500])

    def alone() -> None:
        space = umap.UMAP(n_components=5, metric="cosine", random_state=1, n_jobs=1)
        HDBSCAN(min_cluster_size=10, copy=True).fit_predict(space.fit_transform(some))

    theirs, ours = timed(alone), timed(lambda: clustered(some, how, seed=1))
    print(
        f"  UMAP and HDBSCAN of 5,000: {ours:.1f} s with the map, UMAP and HDBSCAN alone "
        f"{theirs:.1f} s: {ours / theirs:.2f}"
    )


def busy() -> None:
    """Prints how much of their time the slots of a grader wait for it: replies are no grades."""
    texts = {f"p{n}": f"prompt {n}" for n in range(SLOTS * ROUNDS)}
    with served(LATENCY_SECONDS) as url, tempfile.TemporaryDirectory() as folder:
        settings = EndpointSettings(base_url=url, model="toy", slots=SLOTS)
        client = OpenAICompatible(settings)
        hand = Hand(name="grader", client=client, price=Price())
        state, place = FolderState(Path(folder)), Path(folder)
        room = Workroom(name="b", state=state, base=place, folder=place, hands={"grader": hand})
        graded({"warm": "a first prompt"}, ["grader"], room)
        began = time.perf_counter()
        graded(texts, ["grader"], room)
        seconds = time.perf_counter() - began
        client.close()
    share = 2 * len(texts) * LATENCY_SECONDS / (SLOTS * seconds)  # each is asked once more
    print(f"  grading keeps {SLOTS} slots busy {share:.1%} of the time")


def prompts(size: int) -> list[str]:
    """Prompts of 20 to 80 words; every twelfth is an earlier one with a word changed."""
    random = np.random.default_rng(size)
    words = np.array([f"w{n}" for n in range(VOCABULARY)])
    found: list[str] = []
    for number in range(size):
        if found and number % NEARLY_EVERY == 0:
            earlier = found[int(random.integers(number))].split()
            earlier[-1] = "changed"
            found.append(" ".join(earlier))
        else:
            ranks = random.zipf(1.3, int(random.integers(20, 80))) % VOCABULARY
            found.append(" ".join(words[ranks]))
    return found


def points(size: int) -> np.ndarray:
    """Points of length 1 around as many directions as there are topics."""
    random = np.random.default_rng(size)
    middles = random.normal(size=(TOPICS, DIMENSIONS)).astype(np.float32)
    which = random.integers(TOPICS, size=size)
    noise = random.normal(0, 1.0, (size, DIMENSIONS)).astype(np.float32)
    rows = middles[which] + 0.5 * noise
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def timed(call: object) -> float:
    """Seconds of processor time that a call takes."""
    assert callable(call)
    began = time.process_time()
    call()
    return time.process_time() - began


if __name__ == "__main__":
    if len(sys.argv) > 1:
        one(Method(sys.argv[1]), int(sys.argv[2]))
    else:
        main()
