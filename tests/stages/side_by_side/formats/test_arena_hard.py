import json
from dataclasses import replace

import pytest

from policies.errors import InputError
from stages.side_by_side.formats.arena_battles import parse_battles, write_battles
from stages.side_by_side.formats.arena_hard import parse_arena_hard, write_arena_hard
from stages.side_by_side.vote import Vote

GOOD = {
    "uid": "u1",
    "category": "hard_prompt",
    "judge": "gpt-4.1",
    "model": "new",
    "baseline": "old",
    "games": [
        {"score": "A>>B", "judgment": {"answer": "[[A>>B]]"}, "prompt": []},
        {"score": "A>B", "judgment": {"answer": "[[A>B]]"}, "prompt": []},
    ],
}


def read(*records: object) -> tuple[Vote, ...]:
    data = "".join(json.dumps(record) + "\n" for record in records).encode()
    return parse_arena_hard(data, where="judge.jsonl")


def battles(*winners: str) -> list[float | None]:
    lines = [
        {"question_id": "q", "model_a": "old", "model_b": "new", "winner": winner}
        for winner in winners
    ]
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    return [vote.graded_a for vote in parse_battles(data, where="battles.jsonl")]


def test_the_sides_are_exchanged_in_the_second_game() -> None:
    baseline_first, model_first = read(GOOD)
    assert (baseline_first.first, baseline_first.win_a, baseline_first.graded_a) == ("old", 0, 0)
    assert (model_first.first, model_first.win_a, model_first.graded_a) == ("new", 1, 0.75)
    assert {vote.model_a for vote in (baseline_first, model_first)} == {"new"}
    assert baseline_first.judge
    assert baseline_first.record == {"category": "hard_prompt"}


@pytest.mark.parametrize("game", [None, {"score": None}, {"score": "A is better"}, {"score": ""}])
def test_a_judgement_that_cannot_be_read_is_unresolved_and_never_a_tie(game: object) -> None:
    first, second = read(GOOD | {"games": [game, {"score": "B>>A"}]})
    assert (first.win_a, first.graded_a) == (None, None)
    assert second.graded_a == 0


@pytest.mark.parametrize(
    ("score", "graded"),
    [("A<<B", 0), ("A<B", 0.25), ("B=A", 0.5), ("B<A", 0.75), ("B<<A", 1), (" A>B\n", 0.75)],
)
def test_labels_may_be_written_the_other_way_round(score: str, graded: float) -> None:
    _, model_first = read(GOOD | {"games": [None, {"score": score}]})
    assert model_first.graded_a == graded


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (GOOD | {"games": []}, "`games` must be a list of two"),
        (GOOD | {"games": "AB"}, "`games` must be a list of two"),
        (GOOD | {"games": [{}, {}]}, "a game has no `score`"),
        (GOOD | {"games": ["A>B", "A>B"]}, "`games` must be a JSON object"),
        (GOOD | {"games": [{"score": 1}, None]}, "`score` must be a text"),
        (GOOD | {"baseline": "new"}, "`new` is compared with itself"),
        (GOOD | {"baseline": None}, "`baseline` must be a text"),
        (GOOD | {"uid": None}, "`uid` must be a text or a whole number"),
    ],
)
def test_a_wrong_line_is_refused_by_file_and_line(record: object, why: str) -> None:
    with pytest.raises(InputError) as refused:
        read(GOOD, record)
    assert "judge.jsonl:2" in refused.value.message
    assert why in refused.value.why


def test_what_stands_in_one_order_only_is_not_written() -> None:
    first, _ = read(GOOD)
    with pytest.raises(InputError, match=r"judge\.jsonl:1"):
        write_arena_hard([first])
    with pytest.raises(InputError) as refused:
        write_arena_hard([first, first])
    assert "same order twice" in refused.value.why


@pytest.mark.parametrize("changed", [{"both_bad": True}, {"graded_a": 0.3}])
def test_what_is_none_of_the_five_is_not_written(changed: dict[str, object]) -> None:
    votes = [replace(vote, **changed) for vote in read(GOOD)]  # type: ignore[arg-type]
    for write in (write_arena_hard, write_battles):
        with pytest.raises(InputError) as refused:
            write(votes)
        assert "none of the five preferences" in refused.value.why


def test_an_unresolved_vote_has_no_battle() -> None:
    unresolved = read(GOOD | {"games": [None, None]})
    assert write_battles(unresolved) == b""


@pytest.mark.parametrize(
    ("winners", "graded"),
    [
        (["model_a"], [0.75, None]),
        (["model_a"] * 2, [0.75, 0.75]),
        (["model_b"] * 3, [0, None]),
        (["model_b"] * 4, [0, 0.25]),
        (["model_a"] * 6, [1, 1]),
        (["tie"], [0.5, None]),
        (["tie", "tie"], [0.5, 0.5]),
        (["tie", "model_a", "model_a", "model_a"], [0.5, 1]),
        (["model_a"] * 3 + ["model_b"], [1, 0.25]),
    ],
)
def test_a_battles_strength_is_how_often_it_stands_there(
    winners: list[str], graded: list[float | None]
) -> None:
    assert battles(*winners) == graded


@pytest.mark.parametrize(
    "winners",
    [
        ["model_a"] * 5,
        ["tie"] * 3,
        ["model_a"] * 2 + ["model_b"],
        ["model_a", "tie", "model_b"],
        ["model_a", "model_b", "model_a"],
    ],
)
def test_battles_of_other_than_two_games_are_refused(winners: list[str]) -> None:
    with pytest.raises(InputError, match=r"battles\.jsonl:1"):
        battles(*winners)
