import json
from dataclasses import replace

import pytest

from policies.errors import InputError
from stages.side_by_side.formats.mt_bench import parse_mt_bench, write_mt_bench
from stages.side_by_side.vote import Vote
from stages.side_by_side.votes import each_once

GOOD = {
    "question_id": 81,
    "model_1": "new",
    "model_2": "old",
    "g1_winner": "model_1",
    "g2_winner": "model_2",
    "judge": ["gpt-4", "pair-v2"],
    "turn": 1,
}


def read(*records: object) -> tuple[Vote, ...]:
    data = "".join(json.dumps(record) + "\n" for record in records).encode()
    return parse_mt_bench(data, where="gpt-4_pair.jsonl")


def test_the_winner_of_either_game_is_named_by_model_whatever_was_shown_first() -> None:
    first, second = read(GOOD)
    assert (first.first, first.win_a, first.both_bad) == ("new", 1, None)
    assert (second.first, second.win_a) == ("old", 0)
    assert (first.prompt, first.annotator, first.judge) == ("81", "gpt-4/pair-v2", True)


def test_an_error_is_unresolved_and_never_a_tie() -> None:
    first, second = read(GOOD | {"g1_winner": "error", "g2_winner": "tie"})
    assert (first.win_a, second.win_a) == (None, 0.5)


def test_both_turns_of_a_question_belong_to_its_prompt() -> None:
    both = read(GOOD, GOOD | {"turn": 2})
    assert {vote.prompt for vote in both} == {"81"}
    assert len(each_once(both)) == 4
    again = parse_mt_bench(write_mt_bench(both), where="gpt-4_pair.jsonl")
    assert [(v.annotator, v.win_a, v.first) for v in again] == [
        (v.annotator, v.win_a, v.first) for v in both
    ]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (GOOD | {"g1_winner": "A"}, "`g1_winner` is 'A', not one of model_1"),
        (GOOD | {"judge": ["gpt-4", 7]}, "`judge` must be a name"),
        (GOOD | {"judge": []}, "`judge` must be a name"),
        (GOOD | {"judge": None}, "`judge` must be a text"),
        (GOOD | {"turn": 0}, "`turn` must be a whole number"),
        (GOOD | {"turn": True}, "`turn` must be a whole number"),
        (GOOD | {"model_2": "new"}, "`new` is compared with itself"),
    ],
)
def test_a_wrong_line_is_refused_by_file_and_line(record: object, why: str) -> None:
    with pytest.raises(InputError) as refused:
        read(GOOD, record)
    assert "gpt-4_pair.jsonl:2" in refused.value.message
    assert why in refused.value.why


def test_what_it_has_no_word_for_is_not_written() -> None:
    first, second = read(GOOD)
    with pytest.raises(InputError, match=r"gpt-4_pair\.jsonl:1"):
        write_mt_bench([first])
    bad = [replace(vote, win_a=0.5, graded_a=0.5, both_bad=True) for vote in (first, second)]
    with pytest.raises(InputError) as refused:
        write_mt_bench(bad)
    assert "no word for `both_bad`" in refused.value.why
    with pytest.raises(InputError) as refused:
        write_mt_bench([second, second])
    assert "same order twice" in refused.value.why
