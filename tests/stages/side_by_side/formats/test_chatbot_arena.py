import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from policies.errors import InputError
from stages.side_by_side.formats.chatbot_arena import parse_chatbot_arena, write_chatbot_arena
from stages.side_by_side.vote import Vote

GOOD = {
    "question_id": "q1",
    "model_a": "new",
    "model_b": "old",
    "winner": "tie (bothbad)",
    "judge": "arena_user_7",
    "conversation_a": [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
    ],
    "tstamp": 1682351591.5,
}


def read(*records: object) -> tuple[Vote, ...]:
    return parse_chatbot_arena(json.dumps(records).encode(), where="arena.json")


def test_a_vote_keeps_who_when_and_what_was_said() -> None:
    (vote,) = read(GOOD)
    assert (vote.prompt, vote.annotator, vote.first) == ("q1", "arena_user_7", "new")
    assert (vote.win_a, vote.graded_a, vote.both_bad) == (0.5, 0.5, True)
    assert (vote.answer_a, vote.answer_b) == ("Hello", None)
    assert vote.at == "2023-04-24T15:53:11.500000+00:00"
    assert not vote.judge


def test_a_vote_of_nobody_is_of_somebody_of_its_own() -> None:
    one, other = read(GOOD | {"judge": None}, GOOD | {"judge": None, "question_id": 2})
    assert (one.annotator, other.annotator) == ("q1", "2")


def test_csv_and_parquet_say_the_same(tmp_path: Path) -> None:
    plain = {name: GOOD[name] for name in ("question_id", "model_a", "model_b", "winner", "judge")}
    table = pa.Table.from_pylist([plain])
    parquet.write_table(table, tmp_path / "arena.parquet")
    csv = ",".join(plain) + "\n" + ",".join(map(str, plain.values())) + "\n"
    (expected,) = read(plain)
    for data in ((tmp_path / "arena.parquet").read_bytes(), csv.encode()):
        (vote,) = parse_chatbot_arena(data, where="file")
        assert replace(vote, where="") == replace(expected, where="")


def test_conversations_come_out_of_parquet(tmp_path: Path) -> None:
    parquet.write_table(pa.Table.from_pylist([GOOD]), tmp_path / "arena.parquet")
    (vote,) = parse_chatbot_arena((tmp_path / "arena.parquet").read_bytes(), where="file")
    assert (vote.answer_a, vote.where) == ("Hello", "file:1")


def test_the_one_shown_first_is_written_on_the_left() -> None:
    (vote,) = read(GOOD | {"winner": "model_a"})
    written = write_chatbot_arena([replace(vote, first="old")])
    (again,) = parse_chatbot_arena(written, where="f")
    assert (again.model_a, again.win_a, again.answer_b) == ("old", 0, "Hello")
    assert again.at == vote.at


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (GOOD | {"winner": "A"}, "`winner` is 'A', not one of model_a"),
        (GOOD | {"winner": None}, "`winner` is None"),
        (GOOD | {"model_b": "new"}, "`new` is compared with itself"),
        (GOOD | {"tstamp": True}, "`tstamp` must be a time"),
        (GOOD | {"tstamp": 1e300}, "`tstamp` must be a time"),
        (GOOD | {"conversation_a": ["Hello"]}, "`conversation_a` must be a JSON object"),
    ],
)
def test_a_wrong_record_is_refused(record: object, why: str) -> None:
    with pytest.raises(InputError) as refused:
        read(record)
    assert why in refused.value.why


def test_an_unresolved_vote_has_no_word() -> None:
    (vote,) = read(GOOD)
    unresolved = replace(vote, win_a=None, graded_a=None, both_bad=None)
    with pytest.raises(InputError, match=r"arena\.json:1"):
        write_chatbot_arena([unresolved])
