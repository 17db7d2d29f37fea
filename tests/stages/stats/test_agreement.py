import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa as oracle

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.agreement import agreement_matrix, cohens_kappa

LABELS = st.sampled_from("abc")


@given(st.lists(st.tuples(LABELS, LABELS), max_size=30))
def test_kappa_is_that_of_statsmodels(pairs: list[tuple[str, str]]) -> None:
    pairs = [*pairs, ("a", "b")]
    table = np.zeros((3, 3))
    for a, b in pairs:
        table["abc".index(a), "abc".index(b)] += 1
    found = cohens_kappa([a for a, _ in pairs], [b for _, b in pairs])
    assert found == pytest.approx(oracle(table, return_results=False))


def test_every_two_annotators_are_compared_on_their_common_units() -> None:
    labels = {
        "ann": {1: "a", 2: "b", 3: "a"},
        "bob": {2: "b", 3: "b", 4: "a"},
        "eve": {9: "a"},
    }
    first, second, third = agreement_matrix(labels, level=0.95)
    assert (first.first, first.second, first.n) == ("ann", "bob", 2)
    assert isinstance(first.share, Estimate)
    assert first.share.value == 0.5
    assert first.kappa == 0
    assert second.n == third.n == 0
    assert isinstance(second.share, Unmeasured)
    assert isinstance(second.kappa, Unmeasured)


def test_annotators_who_know_one_label_agree_as_chance_would() -> None:
    assert isinstance(cohens_kappa(["a", "a"], ["a", "a"]), Unmeasured)


def test_labels_stand_in_pairs() -> None:
    with pytest.raises(ValueError, match="zip"):
        cohens_kappa(["a"], ["a", "b"])
