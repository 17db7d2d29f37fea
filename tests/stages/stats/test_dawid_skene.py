import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.evidence.estimate import Unmeasured
from stages.stats.dawid_skene import DawidSkene, Prior, dawid_skene

Vote = tuple[int, int, str]

VOTES = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.sampled_from("abc")), min_size=1, max_size=40
)


def fitted(votes: list[Vote], *, prior: Prior | None = None, iterations: int = 2000) -> DawidSkene:
    found = dawid_skene(
        [u for u, _, _ in votes],
        [a for _, a, _ in votes],
        labels=[label for _, _, label in votes],
        names=("a", "b", "c"),
        prior=prior,
        iterations=iterations,
    )
    assert isinstance(found, DawidSkene)
    return found


def naive(votes: list[Vote], prior: Prior, iterations: int) -> dict[int, dict[str, float]]:
    """The textbook, with products of probabilities, as crowd-kit runs it: from the vote shares."""
    labels = ("a", "b", "c")
    units, people = {u for u, _, _ in votes}, {a for _, a, _ in votes}
    belief = {}
    for unit in units:
        counts = Counter(label for u, _, label in votes if u == unit)
        belief[unit] = {label: counts[label] / counts.total() for label in labels}
    for _ in range(iterations):
        shares = {k: sum(belief[u][k] for u in units) + prior.prevalence for k in labels}
        shares = {k: n / sum(shares.values()) for k, n in shares.items()}
        confusion = {}
        for person in people:
            for truth in labels:
                row = {
                    said: (prior.right if said == truth else prior.wrong / 2)
                    + sum(belief[u][truth] for u, a, label in votes if (a, label) == (person, said))
                    for said in labels
                }
                confusion[person, truth] = {k: n / sum(row.values()) for k, n in row.items()}
        for unit in units:
            likelihood = {
                truth: shares[truth]
                * math.prod(confusion[a, truth][label] for u, a, label in votes if u == unit)
                for truth in labels
            }
            total = sum(likelihood.values())
            belief[unit] = {k: p / total for k, p in likelihood.items()}
    return belief


@given(VOTES, st.integers(1, 6))
@settings(max_examples=40)
def test_every_step_is_that_of_the_textbook(votes: list[Vote], steps: int) -> None:
    prior = Prior(right=1.5, wrong=0.5, prevalence=2.0)
    found = fitted(votes, prior=prior, iterations=steps)
    expected = naive(votes, prior, found.iterations)
    for unit, row in zip(found.units, found.posteriors, strict=True):
        assert isinstance(unit, int)
        assert row == pytest.approx([expected[unit][k] for k in "abc"], abs=1e-9)


@given(VOTES)
@settings(max_examples=40)
def test_the_posterior_never_falls(votes: list[Vote]) -> None:
    heights = [fitted(votes, iterations=n).log_posterior for n in range(12)]
    assert all(b >= a - 1e-9 for a, b in pairwise(heights))


def simulated(seed: int) -> tuple[list[Vote], np.ndarray]:
    """300 units, five good annotators, two at random and one who says the opposite."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, 300)
    votes = []
    for person, accuracy in enumerate([0.8, 0.8, 0.75, 0.75, 0.75, 1 / 3, 1 / 3, 0.0]):
        said = np.where(random.random(300) < accuracy, truth, (truth + random.integers(1, 3)) % 3)
        votes += [(u, person, "abc"[k]) for u, k in enumerate(said)]
    return votes, truth


def test_it_beats_the_majority_and_finds_who_errs() -> None:
    votes, truth = simulated(4)
    found = fitted(votes)
    majority = [
        Counter(label for u, _, label in votes if u == unit).most_common(1)[0][0]
        for unit in range(300)
    ]
    right = [
        sum(a == "abc"[k] for a, k in zip(said, truth, strict=True))
        for said in (found.likeliest, majority)
    ]
    assert found.converged
    assert right[0] > right[1]
    assert found.accuracies[0] == pytest.approx(0.8, abs=0.06)
    assert found.accuracies[5] < 0.55
    assert found.accuracies[7] < 0.1


def test_probabilities_add_up() -> None:
    found = fitted(simulated(5)[0])
    assert found.posteriors.sum(axis=1) == pytest.approx(np.ones(300))
    assert found.confusions.sum(axis=2) == pytest.approx(np.ones((8, 3)))
    assert found.prevalence.sum() == pytest.approx(1)


def test_a_thousand_votes_on_one_unit_do_not_underflow() -> None:
    found = fitted([(0, a % 7, "ab"[a % 5 == 0]) for a in range(5000)] + [(1, 0, "c")])
    assert np.isfinite(found.posteriors).all()
    assert found.likeliest[0] == "a"


def test_an_annotator_of_one_vote_is_not_believed_perfect() -> None:
    found = fitted([(0, 0, "a")])
    assert 0.4 < found.accuracies[0] < 0.8
    assert found.annotators == (0,)


def test_too_few_steps_are_said() -> None:
    votes = simulated(6)[0]
    assert not fitted(votes, iterations=2).converged
    assert fitted(votes, iterations=2).iterations == 2


def test_units_are_worth_what_their_labels_are_on_average() -> None:
    found = fitted([(0, 0, "a"), (0, 1, "a"), (1, 0, "b"), (1, 1, "c")])
    worths = found.expected({"a": 1.0, "b": 0.5, "c": 0.0})
    assert worths == pytest.approx(found.posteriors @ [1.0, 0.5, 0.0])


def test_labels_are_those_seen_when_none_are_named() -> None:
    found = dawid_skene([0, 1], [0, 0], labels=["b", "a"])
    assert isinstance(found, DawidSkene)
    assert found.labels == ("a", "b")


def test_without_votes_or_choice_nothing_is_learnt() -> None:
    assert isinstance(dawid_skene([], [], labels=[]), Unmeasured)
    assert isinstance(dawid_skene([0], [0], labels=["a"]), Unmeasured)


def test_votes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="2 units, 1 annotators, 1 labels"):
        dawid_skene([0, 1], [0], labels=["a"])
    with pytest.raises(ValueError, match="a label is 'd', not one of a, b"):
        dawid_skene([0], [0], labels=["d"], names=("a", "b"))
    with pytest.raises(ValueError, match="more than no votes"):
        Prior(right=0.0)
