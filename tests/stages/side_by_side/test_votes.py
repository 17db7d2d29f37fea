from dataclasses import replace

import pytest

from policies.errors import InputError
from policies.side_by_side import VotesFormat
from stages.side_by_side.vote import Vote
from stages.side_by_side.votes import PARSERS, each_once, parse_votes

VOTE = Vote(
    prompt="p1",
    annotator="ann",
    model_a="new",
    model_b="old",
    win_a=1.0,
    graded_a=0.75,
    both_bad=False,
    first="new",
    where="votes.jsonl:1",
)


@pytest.mark.parametrize(
    ("written_by", "data"),
    [
        (
            VotesFormat.GATE,
            b'{"prompt":"p","model_a":"x","model_b":"y","annotator":"j","verdict":"A=B"}',
        ),
        (
            VotesFormat.ALPACA_EVAL,
            (
                b'[{"instruction":"p","generator_1":"x","generator_2":"y","annotator":"j",'
                b'"preference":0}]'
            ),
        ),
        (VotesFormat.LLMFAO, b"prompt,worker,winner,left,right\np,j,tie,x,y\n"),
        (VotesFormat.CROWD_KIT, b"task,worker,label,left,right\np,j,tie,x,y\n"),
        (
            VotesFormat.CHATBOT_ARENA,
            b'{"question_id":"p","model_a":"x","model_b":"y","winner":"tie","judge":"j"}',
        ),
        (
            VotesFormat.MT_BENCH,
            (
                b'{"question_id":"p","model_1":"x","model_2":"y","judge":"j","g1_winner":"tie",'
                b'"g2_winner":"error"}'
            ),
        ),
        (
            VotesFormat.ARENA_HARD,
            (
                b'{"uid":"p","model":"x","baseline":"y","judge":"j",'
                b'"games":[{"score":"A=B"},{"score":null}]}'
            ),
        ),
    ],
)
def test_every_format_is_read(written_by: VotesFormat, data: bytes) -> None:
    vote, *_ = parse_votes(data, written_by=written_by, where="file")
    assert (vote.annotator, vote.win_a, vote.pair) == ("j", 0.5, {"x", "y"})


def test_no_format_of_a_plan_is_without_a_parser() -> None:
    assert set(PARSERS) == set(VotesFormat)


def test_wrong_lines_are_listed_up_to_twenty() -> None:
    with pytest.raises(InputError) as refused:
        parse_votes(b"{}\n" * 30, written_by=VotesFormat.GATE, where="file")
    assert refused.value.message.endswith("file:1, and 19 or more other lines")
    assert "file:20: " in refused.value.why
    assert "file:21" not in refused.value.why
    with pytest.raises(InputError) as refused:
        parse_votes(b"{}\n[]\n", written_by=VotesFormat.GATE, where="file")
    assert refused.value.message.endswith("file:1, and 1 other line")


def test_a_wrong_line_leaves_nothing_of_its_file() -> None:
    good = b'{"prompt":"p","model_a":"x","model_b":"y","annotator":"j","verdict":"A=B"}\n'
    with pytest.raises(InputError, match="file:2"):
        parse_votes(good + b"{}\n", written_by=VotesFormat.GATE, where="file")


@pytest.mark.parametrize(
    "again",
    [
        VOTE,
        replace(VOTE, win_a=0.0, graded_a=0.0),
        replace(VOTE, model_a="old", model_b="new", win_a=0.0, graded_a=0.25),
    ],
    ids=["same", "other verdict", "same, written the other way round"],
)
def test_a_second_vote_in_the_same_order_is_refused_naming_both(again: Vote) -> None:
    with pytest.raises(InputError) as refused:
        each_once([VOTE, replace(again, where="more.jsonl:9")])
    assert "more.jsonl:9" in refused.value.message
    assert "votes.jsonl:1" in refused.value.why


@pytest.mark.parametrize(
    "other",
    [
        replace(VOTE, first="old"),
        replace(VOTE, prompt="p2"),
        replace(VOTE, annotator="bob"),
        replace(VOTE, model_b="older"),
    ],
    ids=["other order", "other prompt", "other annotator", "other pair"],
)
def test_other_votes_stand_beside_it(other: Vote) -> None:
    assert each_once([VOTE, other]) == (VOTE, other)
