"""What is printed of votes that are looked at after every prompt."""

import pytest

from infra.figures import stopping


def test_every_figure_stands_beside_what_is_demanded(capsys: pytest.CaptureFixture[str]) -> None:
    stopping.main(["50"])
    said = capsys.readouterr().out
    assert "looking at each of 600 prompts (at most 0.025)" in said
    assert all(f"  {name}: " in said for name in stopping.DRAWINGS)
    assert said.count("at most 0.85") == said.count("at most 0.4") == len(stopping.CASES)


@pytest.mark.parametrize("arguments", [["many"], ["0"], ["1", "2"]])
def test_a_number_that_is_none_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="usage"):
        stopping.main(arguments)


@pytest.mark.parametrize("name", list(stopping.DRAWINGS))
def test_no_adversary_gives_more_than_the_limit_or_leaves_the_range(name: str) -> None:
    random = stopping.np.random.default_rng(0)
    drawn = stopping.DRAWINGS[name](2_000, 50, random)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert drawn.mean() <= stopping.LIMIT + 0.01
