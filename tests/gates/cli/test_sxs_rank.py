"""Models ranked from files of votes, as a person asks for it."""

import json
from pathlib import Path

import pytest

from stages.side_by_side.formats.gate_votes import write_gate_votes
from tests.fakes.shell import said
from tests.gates.side_by_side.drawn import STRENGTHS, drawn, vote

pytestmark = pytest.mark.pictures


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


LENGTHS = ("--length-controlled", "--baseline", "weak")


def test_win_rates_at_equal_lengths_stand_beside_the_others(votes: str) -> None:
    found = said("sxs", "rank", votes, *LENGTHS, "--json")
    told = {model["model"]: model["length_controlled"] for model in found.json["models"]}  # type: ignore[union-attr,index]
    assert told["weak"] is None
    assert 0.5 < told["strong"]["value"] < 1
    assert "win rate, length held equal" in said("sxs", "rank", votes, *LENGTHS).out
    plain = said("sxs", "rank", votes, "--baseline", "weak", "--json")
    assert all(model["length_controlled"] is None for model in plain.json["models"])  # type: ignore[union-attr]


def test_difficulty_is_read_by_the_prompts_id_or_text(votes: str) -> None:
    known = {"ins": [f"p{n}" for n in range(150)], "diff": [n % 7 - 3.5 for n in range(150)]}
    Path("difficulty.json").write_text(json.dumps(known))
    found = said("sxs", "rank", votes, *LENGTHS, "--difficulty", "difficulty.json", "--json")
    assert found.code == 0
    assert found.json["how"]["difficulty"] is True  # type: ignore[index,call-overload]
    Path("difficulty.json").write_text(json.dumps({"ins": ["p1"], "diff": [1]}))
    short = said("sxs", "rank", votes, *LENGTHS, "--difficulty", "difficulty.json")
    assert (short.code, "149 prompts" in short.err) == (2, True)


def test_lengths_need_a_baseline_and_difficulty_needs_lengths(votes: str) -> None:
    assert said("sxs", "rank", votes, "--length-controlled").code == 2
    assert said("sxs", "rank", votes, "--difficulty", votes).code == 2


def test_whether_models_are_told_apart_and_by_people_is_asked_for(votes: str) -> None:
    Path("people.jsonl").write_bytes(write_gate_votes(drawn(seed=1)))
    asked = ("--separability", "--people", "people.jsonl")
    found = said("sxs", "rank", votes, *asked, "--json")
    assert found.json["separability"]["pairs"] == 3  # type: ignore[index,call-overload]
    assert "6 would do" in found.json["people"]["strict_agreement"]["unmeasured"]  # type: ignore[index,call-overload]
    words = said("sxs", "rank", votes, *asked).out
    assert "Brier score, 0.25 says nothing: not measured: 3 models are too few" in words
    nothing = said("sxs", "rank", votes, "--json").json
    assert (nothing["separability"], nothing["people"]) == (None, None)


def test_what_cannot_be_told_apart_is_said_with_its_reason(votes: str) -> None:
    seldom = [
        vote("p0", said, model_a="rare", first="rare", annotator=who)
        for said, who in ((1.0, "eve"), (0.0, "bob"))
    ]
    Path("seldom.jsonl").write_bytes(write_gate_votes(seldom))
    asked = ("sxs", "rank", votes, "seldom.jsonl", "--separability")
    assert "separability: not measured: rare has no rating" in said(*asked).out
    assert said(*asked, "--json").json["separability"]["pairs"] is None  # type: ignore[index,call-overload]
