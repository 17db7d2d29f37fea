import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from policies.errors import InputError
from stages.side_by_side.formats.reward_bench import (
    is_reward_bench,
    parse_reward_bench,
    write_reward_bench,
)
from stages.side_by_side.pairs import Pair
from stages.side_by_side.preference import Preference

GOOD = {
    "id": 7,
    "prompt": "Sort it.",
    "chosen": "Good",
    "rejected": "Bad",
    "subset": "hep-cpp",
    "chosen_model": "human",
    "rejected_model": "human",
}


def read(*records: object) -> tuple[Pair, ...]:
    return parse_reward_bench(json.dumps(records).encode(), where="gold.json")


def test_a_pair_knows_the_better_answer() -> None:
    (pair,) = read(GOOD)
    assert (pair.answer_a, pair.answer_b, pair.gold) == ("Good", "Bad", Preference.A_BETTER)
    assert (pair.prompt, pair.topic) == ("hep-cpp/7", "hep-cpp")
    assert pair.messages == ({"role": "user", "content": "Sort it."},)


def test_one_model_that_wrote_both_is_told_apart() -> None:
    assert read(GOOD)[0].model_a == "chosen"
    assert read(GOOD | {"rejected_model": "gpt"})[0].model_b == "gpt"


def test_a_pair_without_an_id_is_known_by_its_prompt() -> None:
    one, same = read({k: v for k, v in GOOD.items() if k != "id"}, GOOD | {"id": None})
    assert one.prompt == same.prompt != "hep-cpp/7"


def test_whole_conversations_are_read() -> None:
    asked = {"role": "user", "content": "Sort it."}
    (pair,) = read(
        {
            "chosen": [asked, {"role": "assistant", "content": "Good"}],
            "rejected": [asked, {"role": "assistant", "content": "Bad"}],
        }
    )
    assert (pair.messages, pair.answer_a, pair.topic) == ((asked,), "Good", "")


def test_parquet_is_read(tmp_path: Path) -> None:
    parquet.write_table(pa.Table.from_pylist([GOOD]), tmp_path / "gold.parquet")
    data = (tmp_path / "gold.parquet").read_bytes()
    assert parse_reward_bench(data, where="gold.parquet") == read(GOOD)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (GOOD | {"chosen": "Bad"}, "are one text"),
        (GOOD | {"rejected": ""}, "`rejected` must be a text"),
        (GOOD | {"subset": 3}, "`subset` must be a text"),
        ({"chosen": "Good", "rejected": "Bad"}, "must be a list of messages"),
        (
            {
                "chosen": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "a"}],
                "rejected": [
                    {"role": "user", "content": "y"},
                    {"role": "assistant", "content": "b"},
                ],
            },
            "differ before their last message",
        ),
    ],
)
def test_a_wrong_record_is_refused(record: object, why: str) -> None:
    with pytest.raises(InputError) as refused:
        read(record)
    assert why in refused.value.why


def test_a_better_answer_b_is_the_chosen_one() -> None:
    (pair,) = read(GOOD | {"rejected_model": "gpt"})
    (turned,) = parse_reward_bench(
        write_reward_bench([replace(pair, gold=Preference.B_MUCH_BETTER)]), where="f"
    )
    assert (turned.answer_a, turned.model_a) == ("Bad", "gpt")


@pytest.mark.parametrize("gold", [None, Preference.TIE, Preference.UNRESOLVED])
def test_a_pair_without_a_better_answer_is_not_written(gold: Preference | None) -> None:
    with pytest.raises(InputError, match="hep-cpp/7"):
        write_reward_bench([replace(read(GOOD)[0], gold=gold)])


def test_harms_are_kept_and_must_be_texts() -> None:
    (pair,) = read(GOOD | {"harms": ["violence"]})
    assert pair.harms == ("violence",)
    assert parse_reward_bench(write_reward_bench([pair]), where="again")[0].harms == pair.harms
    with pytest.raises(InputError, match=r"gold\.json"):
        read(GOOD | {"harms": "violence"})


@pytest.mark.parametrize("data", [b"", b"[", b"[]", b'{"chosen": "a"}', b"[1]", b"\xff"])
def test_what_is_not_rewardbench_is_not_taken_for_it(data: bytes) -> None:
    assert not is_reward_bench(data)
    assert is_reward_bench(b'[{"chosen": "a", "rejected": "b"}]')
