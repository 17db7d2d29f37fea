"""Where definitions agree numbers do, and where they differ the table says why."""

import pytest

from infra.figures import online_oracles as figure
from infra.figures.online_oracles import COMPARISONS, Comparison, largest

NAMES = [f"{c.metric} by {c.oracle}" for c in COMPARISONS]


@pytest.mark.parametrize("comparison", COMPARISONS, ids=NAMES)
def test_what_is_defined_alike_is_equal(comparison: Comparison) -> None:
    found = largest(comparison, 3)
    assert "effect" in found
    if not comparison.because:
        assert max(found.values()) < 1e-9
    elif comparison.oracle.startswith("statsmodels"):
        assert found["effect"] < 1e-9
        assert found["standard_error"] < 1e-9
        assert 1e-9 < max(found.values()) < 0.5
    else:
        assert max(found.values()) > 1e-6


def test_a_wrong_effect_would_be_seen() -> None:
    mean = COMPARISONS[0]
    wrong = Comparison(
        metric="mean",
        oracle="statsmodels",
        ours=lambda arms: figure.Told(effect=mean.ours(arms).effect * 1.001, standard_error=0.001),
        theirs=mean.theirs,
    )
    assert largest(wrong, 2)["effect"] > 1e-4


def test_the_table_has_every_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    figure.main(["1"])
    said = capsys.readouterr().out
    assert "over 1 random data sets" in said
    assert said.count("\n| ") == len(COMPARISONS) + 2
    assert "| share, Newcombe | statsmodels |" in said


@pytest.mark.parametrize("arguments", [["0"], ["many"], ["1", "2"]])
def test_a_number_of_data_sets_that_cannot_be_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="usage"):
        figure.main(arguments)
