"""Models ranked from files of votes, as a person asks for it."""

from pathlib import Path

import pytest

from stages.side_by_side.formats.gate_votes import write_gate_votes
from tests.fakes.shell import said
from tests.gates.side_by_side.drawn import STRENGTHS, drawn, vote


@pytest.fixture
def votes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("votes.jsonl").write_bytes(write_gate_votes(drawn()))
    return "votes.jsonl"


def names(document: dict[str, object]) -> list[str]:
    models = document["models"]
    assert isinstance(models, list)
    return [model["model"] for model in models]


@pytest.mark.parametrize("ties", ["half", "davidson", "rao-kupper"])
@pytest.mark.parametrize("errors", ["sandwich", "two-way", "bootstrap"])
def test_every_way_of_ranking_gives_the_order(votes: str, ties: str, errors: str) -> None:
    how = ("--ties", ties, "--errors", errors, "--resamples", "100")
    found = said("sxs", "rank", votes, *how, "--json")
    assert found.code == 0
    assert names(found.json) == list(STRENGTHS)
    assert (found.json["tie_parameter"] is None) is (ties == "half")
    told = found.json["how"]
    assert isinstance(told, dict)
    assert (told["errors"], told["resamples"]) == (errors, 100)


def test_people_read_ratings_win_rates_and_effects_of_style(votes: str) -> None:
    found = said("sxs", "rank", votes, "--ties", "davidson", "--style", "--baseline", "weak")
    assert "tie parameter" in found.out
    assert "rating, style held equal" in found.out
    assert "style, a standard deviation more" in found.out
    assert "0 by definition" in found.out


def test_a_ranking_is_drawn(votes: str) -> None:
    assert said("sxs", "rank", votes, "--plot", "rank.png").code == 0
    assert Path("rank.png").read_bytes().startswith(b"\x89PNG")


def test_a_plot_that_cannot_be_written_is_said_before_anything_is_ranked(votes: str) -> None:
    found = said("sxs", "rank", votes, "--plot", "nowhere/rank.png")
    assert found.code != 0
    assert "strong" not in found.out


def test_votes_that_say_no_order_are_told_and_are_no_success(votes: str) -> None:
    Path("none.jsonl").write_bytes(write_gate_votes([vote("p", None)]))
    found = said("sxs", "rank", "none.jsonl", "--json")
    assert (found.code, found.json["models"]) == (3, [])
    assert found.json["unmeasured"]
    assert "there is no ranking" in said("sxs", "rank", "none.jsonl").out
    assert said("sxs", "rank", votes, "none.jsonl").code in (0, 2)


def test_an_unknown_baseline_is_wrong_usage(votes: str) -> None:
    assert said("sxs", "rank", votes, "--baseline", "nobody").code == 2
