"""Columns of scores and counts are judged as the rules judge one of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from gates.decide.closure import closed_test
from infra.figures import online_error_rates as figure
from infra.figures._look_paths import ALPHA, Design, designs
from infra.figures._shared_error import (
    Family,
    Stream,
    closed,
    crossings,
    family_rates,
    holm_at_looks,
    stream_rates,
)
from stages.evidence.estimate import Unmeasured
from stages.stats.holm import holm
from stages.stats.sample_ratio import sequential

DESIGN = designs(5)[0]


def test_columns_of_scores_fall_as_the_closed_test_says() -> None:
    random = np.random.default_rng(1)
    scores = random.normal(2.0, 1.0, (300, 3, 5))
    crossed = crossings(DESIGN, scores, hypotheses=3)
    fallen = closed(crossed)
    assert 0.05 < fallen.mean() < 0.95
    for path in range(300):
        for look in range(5):
            passes = crossed[path, :, look].tolist()
            shares = closed_test(passes, hypotheses=3)
            by_rule = [levels[k - 1] for levels, k in zip(passes, shares, strict=True)]
            assert fallen[path, :, look].tolist() == by_rule


def test_columns_of_scores_are_rejected_as_holm_says() -> None:
    scores = np.random.default_rng(2).normal(1.5, 1.0, (100, 3, 2))
    rejected = holm_at_looks(scores, np.array([0.025, 0.1]))
    for path in range(100):
        for look, level in enumerate((0.025, 0.1)):
            adjusted = np.array(holm(ndtr(-scores[path, :, look]).tolist()))
            assert rejected[path, :, look].tolist() == (adjusted <= level).tolist()


@given(st.integers(0, 3000), st.integers(0, 3000), st.sampled_from([0.5, 0.9]))
def test_columns_of_counts_are_tested_as_the_split_is(
    first: int, second: int, planned: float
) -> None:
    total = first + second
    (factor,) = figure.log_factors(np.array([first]), np.array([total]), planned)
    found = sequential((first, second), (planned, 1 - planned))
    if isinstance(found, Unmeasured):
        assert total == 0
    else:
        assert factor == pytest.approx(found.statistic, rel=1e-9, abs=1e-9)


def test_wins_shared_by_a_family_are_seldom_false() -> None:
    family = Family(drifts=(9, 0, 0), correlation=0)
    found = family_rates(DESIGN, family, 20_000)
    assert found["closed"] <= ALPHA + 3 * math.sqrt(ALPHA / 20_000)
    assert found["alpha by Holm"] > 2 * ALPHA
    assert found["no sharing"] > 1.5 * ALPHA
    assert found["finds all, closed"] == 1


@pytest.mark.parametrize("true_share", [0.0, 0.3])
def test_a_stream_holds_its_level_and_alpha_for_each_does_not(true_share: float) -> None:
    stream = Stream(true_share=true_share, tests=30)
    found = stream_rates(stream, 150)
    for rule in ("asynchronous", "known at once"):
        assert found[rule].fdr <= stream.level
        assert found[rule].mfdr <= stream.level
    assert found["alpha for each"].any_false > 2 * found["asynchronous"].any_false
    if true_share:
        assert 0.4 < found["asynchronous"].power < found["alpha for each"].power


def test_power_and_sample_are_computed_up_to_the_last_look() -> None:
    never = Design(name="early", units=(20_000,))
    power, sample = figure.computed(never)
    assert 0 < power < 0.2
    assert sample == pytest.approx(0.1)


def test_every_table_is_printed_in_small(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figure, "LOOKS", (5,))
    figure.main(["200"])
    said = capsys.readouterr().out
    assert "| 5, a look falls |" in said
    assert "| 5, obrien_fleming | 0.7903 | 0.8086 |" in said
    assert "| 50%, asynchronous |" in said


@pytest.mark.parametrize("arguments", [["0"], ["many"], ["1", "2"]])
def test_a_number_of_paths_that_cannot_be_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="usage"):
        figure.main(arguments)
