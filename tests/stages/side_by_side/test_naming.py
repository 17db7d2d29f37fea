"""A batch is found again by what it compares, and by nothing else."""

import pytest

from stages.side_by_side.naming import batch_name


def test_the_same_comparison_has_the_same_name() -> None:
    first = batch_name("release", candidate="a" * 64, baseline="b" * 64, plan="c" * 64)
    again = batch_name("release", candidate="a" * 64, baseline="b" * 64, plan="c" * 64)

    assert first == again
    assert first.startswith("release-")


@pytest.mark.parametrize("changed", ["candidate", "baseline", "plan"])
def test_another_checkpoint_or_plan_has_another_batch(changed: str) -> None:
    digests = {"candidate": "a" * 64, "baseline": "b" * 64, "plan": "c" * 64}

    assert batch_name("release", **digests) != batch_name("release", **digests | {changed: "d"})


def test_exchanging_candidate_and_baseline_is_another_batch() -> None:
    assert batch_name("p", candidate="a", baseline="b", plan="c") != batch_name(
        "p", candidate="b", baseline="a", plan="c"
    )
