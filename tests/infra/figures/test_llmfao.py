from pathlib import Path

import pytest

from infra.figures import llmfao
from stages.side_by_side.vote import Vote

DATA = Path(__file__).parents[4] / "shared" / "data" / "llmfao"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"LLMFAO's votes are not at {DATA}")


def vote(prompt: str, annotator: str, won: float) -> Vote:
    return Vote(
        prompt=prompt,
        annotator=annotator,
        model_a="m",
        model_b="n",
        win_a=won,
        graded_a=won,
        both_bad=None,
        first="m",
        where="here",
    )


def test_a_tied_top_is_a_tie() -> None:
    votes = [
        *(vote("p", who, won) for who, won in [("x", 1), ("y", 0), ("z", 1), ("w", 0)]),
        *(vote("q", who, won) for who, won in [("x", 1), ("y", 0), ("z", 1)]),
    ]
    assert dict(llmfao.plurality(votes).words) == {
        ("p", "m", "n"): "tie",
        ("q", "m", "n"): "left",
    }


@needs_data
def test_the_published_figures_are_found_again(capsys: pytest.CaptureFixture[str]) -> None:
    llmfao.main([str(DATA)])
    said = capsys.readouterr().out
    assert "8931 votes of 124 people" in said
    assert "alpha, nominal: 0.290595 [" in said
    assert "plurality of people: tie 1080, left 559, right 500" in said
    for who, share in (("people", "0.514"), ("GPT-4", "0.456"), ("GPT-3.5", "0.677")):
        assert f"  {who}: {share} [" in said


def test_the_folder_must_be_named() -> None:
    with pytest.raises(SystemExit, match="usage"):
        llmfao.main([])
