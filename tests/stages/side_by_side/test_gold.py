"""A gold pair without a known answer, or without an answer to show, is no gold."""

import json
from pathlib import Path

import pytest

from policies.errors import InputError
from stages.side_by_side.gold import KNOWN, read_gold
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
