"""A gold pair without a known answer, or without an answer to show, is no gold."""

import json
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from policies.errors import InputError
from stages.engine.data import DatasetChanged
from stages.side_by_side.gold import KNOWN, MODELS, read_gold
from stages.side_by_side.preference import Preference

LINE = {
    "id": "g1",
    "prompt": "what is 2 + 2?",
    "answer_a": "4",
    "answer_b": "fish",
    "preference": "A>>B",
    "harms": ["violence"],
    "kind": "maths",
}


def written(folder: Path, *lines: dict[str, object]) -> str:
    (folder / "gold.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return "gold.jsonl"


def test_a_gold_pair_is_read_with_what_is_known_of_it(tmp_path: Path) -> None:
    (pair,) = read_gold(written(tmp_path, LINE), base=tmp_path, topic="kind")

    assert (pair.answer_a, pair.answer_b) == ("4", "fish")
    assert pair.gold is Preference.A_MUCH_BETTER
    assert (pair.topic, pair.harms) == ("maths", ("violence",))


@pytest.mark.parametrize("said", [None, "unresolved", "a", 1])
def test_a_pair_of_which_nothing_is_known_is_refused(tmp_path: Path, said: object) -> None:
    with pytest.raises(InputError, match="gold pair g1") as refused:
        read_gold(written(tmp_path, LINE | {"preference": said}), base=tmp_path)

    assert refused.value.why is not None
    assert all(known in refused.value.why for known in KNOWN)


@pytest.mark.parametrize("said", [None, "", "  ", 4])
def test_a_pair_that_cannot_be_shown_is_refused(tmp_path: Path, said: object) -> None:
    with pytest.raises(InputError, match="gold pair g1"):
        read_gold(written(tmp_path, LINE | {"answer_b": said}), base=tmp_path)


CHOSEN = {"id": 7, "prompt": "Sort it.", "chosen": "Good", "rejected": "Bad", "subset": "code"}


def rewarded(folder: Path, *records: Mapping[str, object], suffix: str = "json") -> str:
    path = folder / f"gold.{suffix}"
    match suffix:
        case "json":
            path.write_text(json.dumps(records, indent=1))
        case "jsonl":
            path.write_text("\n".join(map(json.dumps, records)))
        case _:
            parquet.write_table(pa.Table.from_pylist(list(records)), path)
    return path.name


@pytest.mark.parametrize("suffix", ["json", "jsonl", "parquet"])
def test_a_file_of_rewardbench_is_gold_as_it_stands(tmp_path: Path, suffix: str) -> None:
    records = [CHOSEN | {"harms": []}, CHOSEN | {"id": 8, "harms": ["malware"]}]
    name = rewarded(tmp_path, *records, suffix=suffix)
    one, other = read_gold(name, base=tmp_path, topic="kind")
    assert (one.answer_a, one.answer_b, one.gold) == ("Good", "Bad", Preference.A_BETTER)
    assert (one.model_a, one.model_b) == MODELS
    assert (one.prompt, one.topic) == ("code/7", "code")
    assert other.harms == ("malware",)
    assert read_gold(name, base=tmp_path)[0].topic == ""  # the plan names no topics


def test_a_prompt_that_stands_twice_in_rewardbench_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gold\.json") as refused:
        read_gold(rewarded(tmp_path, CHOSEN, CHOSEN | {"chosen": "Best"}), base=tmp_path)
    assert refused.value.why == "prompt code/7 stands there twice"
    nothing = rewarded(tmp_path, {"chosen": "a", "rejected": "b"})
    with pytest.raises(InputError, match="prompt"):
        read_gold(nothing, base=tmp_path)


def test_rewardbench_is_held_against_the_digest_it_was_frozen_at(tmp_path: Path) -> None:
    with pytest.raises(DatasetChanged):
        read_gold(rewarded(tmp_path, CHOSEN), base=tmp_path, sha256="0" * 64)


def test_a_list_of_our_own_pairs_is_not_taken_for_rewardbench(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gold\.json"):
        read_gold(rewarded(tmp_path, LINE), base=tmp_path)
