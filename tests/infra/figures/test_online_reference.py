"""Published numbers are the ones that are computed, and shares are simulated as they are named."""

import pytest

from infra.figures import online_reference as figure

NOT_OURS = "by sums of squares (not ours)"


@pytest.mark.parametrize("title", list(figure.TABLES))
def test_every_computed_number_agrees_with_the_published_one(title: str) -> None:
    numbers = tuple(figure.TABLES[title]())
    assert len(numbers) >= 2
    for number in numbers:
        assert number.agrees != (number.name == NOT_OURS), number


def test_a_number_that_is_off_by_its_last_digit_does_not_agree() -> None:
    assert not figure.Number(name="n", published=2.4132, ours=2.4133, digits=4).agrees
    assert figure.Number(name="n", published=2.4132, ours=2.41324, digits=4).agrees
    share = figure.Number(name="n", published=0.5, ours=0.504, digits=3, simulated=True)
    assert share.agrees


def test_a_guardrail_at_its_margin_passes_too_often_by_plain_bounds_only() -> None:
    plain, own = figure.at_margin(figure.FOURTEEN, figure.CERTAIN, 6_000)
    assert plain > 0.06
    assert own < 0.032


def test_the_split_is_refuted_too_often_by_chi_square_only() -> None:
    plain, own = figure.split_alarms(0.5, 1_000)
    assert plain > 0.09
    assert own < 0.02
    assert min(figure.split_alarms(0.51, 300)) > 0.97


def test_every_table_is_printed_in_small(capsys: pytest.CaptureFixture[str]) -> None:
    figure.main(["200"])
    said = capsys.readouterr().out
    assert all(f"\n{title}\n" in said for title in figure.TABLES)
    assert "Rates over 200 simulated A/Bs" in said
    assert said.count("| off by") == 1


@pytest.mark.parametrize("arguments", [["0"], ["many"], ["1", "2"]])
def test_a_number_of_paths_that_cannot_be_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="usage"):
        figure.main(arguments)
