import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from policies.errors import InputError
from stages.evidence.items import parse_item
from stages.side_by_side.formats.alpaca_eval import (
    parse_alpaca_eval,
    parse_difficulty,
    prompt_id,
    write_alpaca_eval,
)
from stages.side_by_side.vote import Vote

REAL = Path(__file__).parents[5] / "shared" / "data" / "alpaca_eval"
GOOD = {
    "instruction": "Say hi.",
    "output_1": "Hello",
    "generator_1": "base",
    "output_2": "Hi",
    "generator_2": "new",
    "annotator": "judge",
    "preference": 1.25,
}


def read(*entries: object, indent: int | None = 2) -> tuple[Vote, ...]:
    return tuple(
        parse_alpaca_eval(json.dumps(entries, indent=indent).encode(), where="annotations.json")
    )


def test_an_annotation_is_the_models_score_against_the_baseline() -> None:
    (vote,) = read(GOOD)
    assert (vote.model_a, vote.model_b, vote.win_a, vote.graded_a) == ("new", "base", 0.25, 0.25)
    assert (vote.annotator, vote.first, vote.both_bad) == ("judge", "base", None)


def test_a_prompt_has_the_digest_of_the_item_that_asks_the_same() -> None:
    (vote,) = read(GOOD)
    assert vote.prompt == parse_item({"id": "7", "prompt": "Say hi."}, where="items:1").digest


@pytest.mark.parametrize(
    ("preference", "score"),
    [
        (1, 0.0),
        (2, 1.0),
        (1.5, 0.5),
        (0, 0.5),
        (0.0, 0.5),
        (1.0000000462, 1.0000000462 - 1),
        (None, None),
        (float("nan"), None),
    ],
)
def test_preferences_pass_unchanged_and_absent_ones_are_unresolved(
    preference: float | None, score: float | None
) -> None:
    assert read(GOOD | {"preference": preference})[0].win_a == score


@pytest.mark.parametrize(
    ("outputs", "score"),
    [
        ({"output_2": " \n"}, 0.0),
        ({"output_1": ""}, 1.0),
        ({"output_1": "", "output_2": ""}, 0.25),
    ],
)
def test_an_empty_answer_beside_another_wins_nothing(outputs: dict[str, str], score: float) -> None:
    assert read(GOOD | outputs)[0].win_a == score


def test_an_empty_answer_does_not_resolve_a_missing_preference() -> None:
    assert read(GOOD | {"output_2": "", "preference": None})[0].win_a is None


def test_each_entry_knows_its_line() -> None:
    assert [vote.where for vote in read(GOOD, GOOD | {"instruction": "b"})] == [
        "annotations.json:2",
        "annotations.json:11",
    ]
    one_line = read(GOOD, GOOD, indent=None)
    assert {vote.where for vote in one_line} == {"annotations.json:1"}


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (7, "must be a JSON object"),
        (GOOD | {"generator_2": "base"}, "`base` is compared with itself"),
        (GOOD | {"generator_1": ""}, "`generator_1` must be a text"),
        (GOOD | {"annotator": 3}, "`annotator` must be a text"),
        ({k: v for k, v in GOOD.items() if k != "instruction"}, "`instruction` must be a text"),
        ({k: v for k, v in GOOD.items() if k != "preference"}, "`preference` is missing"),
        (GOOD | {"preference": "1"}, "not a number"),
        (GOOD | {"preference": True}, "not a number"),
        (GOOD | {"preference": 2.01}, "not 0 and not between 1 and 2"),
        (GOOD | {"preference": 0.5}, "not 0 and not between 1 and 2"),
    ],
)
def test_a_wrong_entry_is_refused_by_file_and_line(entry: object, why: str) -> None:
    with pytest.raises(InputError) as refused:
        read(GOOD, entry)
    assert "annotations.json:11" in refused.value.message
    assert why in refused.value.why


@pytest.mark.parametrize(
    ("data", "where", "why"),
    [
        (b"[\n{},\n]", ":3", "not valid JSON"),
        (b"[{}", ":1", "not valid JSON"),
        (b"[] x", ":1", "not valid JSON"),
        (b'{"preference": 1}', ":1", "`generator_2` must be a text"),
        (b'[{"preference": Infinity}]', "annotations.json", "Infinity is no JSON number"),
        (b"[" * 100_000, "annotations.json", "not valid JSON"),
        (b"\xff", ":1", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_json_list_is_refused(data: bytes, where: str, why: str) -> None:
    with pytest.raises(InputError) as refused:
        tuple(parse_alpaca_eval(data, where="annotations.json"))
    assert where in refused.value.message
    assert why in refused.value.why


def test_an_empty_list_has_no_votes() -> None:
    assert read() == ()
    assert parse_alpaca_eval(b"", where="annotations.json") == ()


@pytest.mark.skipif(not REAL.exists(), reason=f"AlpacaEval's files are not at {REAL}")
@pytest.mark.parametrize("model", ["alpaca-7b", "FuseChat-Gemma-2-9B-Instruct", "NullModel"])
def test_published_annotations_come_back_unchanged(model: str) -> None:
    data = (REAL / model / "annotations.json").read_bytes()
    votes = parse_alpaca_eval(data, where="annotations.json")
    instructions = {
        prompt_id(entry["instruction"]): entry["instruction"] for entry in json.loads(data)
    }
    again = parse_alpaca_eval(write_alpaca_eval(votes, instructions), where="annotations.json")
    assert len(votes) == 805
    assert [replace(vote, where="") for vote in again] == [
        replace(vote, where="") for vote in votes
    ]


def difficulty(document: object) -> dict[str, float]:
    return dict(parse_difficulty(json.dumps(document).encode(), where="difficulty.json"))


def test_difficulty_is_known_by_the_text_and_by_the_prompts_id() -> None:
    (vote,) = read(GOOD)
    known = difficulty({"ins": ["Say hi."], "diff": [2]})
    assert known[vote.prompt] == known["Say hi."] == 2.0


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ([], "lists of one length"),
        ({"ins": ["a"], "diff": []}, "lists of one length"),
        ({"ins": ["a"]}, "lists of one length"),
        ({"ins": [3], "diff": [1]}, "ins\\[0\\]"),
        ({"ins": ["a", "b"], "diff": [1, None]}, "diff\\[1\\]"),
        ({"ins": ["a"], "diff": [True]}, "diff\\[0\\]"),
    ],
)
def test_a_file_that_says_no_difficulty_is_refused(document: object, why: str) -> None:
    with pytest.raises(InputError, match=r"difficulty\.json") as refused:
        difficulty(document)
    assert re.search(why, str(refused.value))


def test_a_file_of_difficulties_that_is_no_json_is_refused() -> None:
    with pytest.raises(InputError, match="not valid JSON"):
        parse_difficulty(b'{"ins": ["a"], "diff": [NaN]}', where="difficulty.json")
