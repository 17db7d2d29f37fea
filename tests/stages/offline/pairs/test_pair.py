"""Pairs that nobody can judge are refused before a judge is asked."""

import json
from collections.abc import Mapping

import pytest

from policies.errors import InputError
from policies.pairs_task import PairLabels, PairsTask
from stages.engine.data import ItemFile, parse_items
from stages.judges.asking import SHOWN_AT_MOST
from stages.offline.pairs.pair import FIRST, SECOND, TIE, read_pairs
from stages.offline.pairs.showing import questions_of

GOOD = {"id": "1", "prompt": "why?", "chosen": "since", "rejected": "because"}
VOTED = {"id": "1", "prompt": "why?", "answer_a": "x", "answer_b": "y", "votes": {"a": 2, "tie": 1}}


def file(*rows: Mapping[str, object]) -> ItemFile:
    data = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    return parse_items(data, where="pairs.jsonl", cluster=None)


def test_a_pair_is_read_with_its_votes() -> None:
    [pair] = read_pairs(file(VOTED), PairLabels.PEOPLE)
    assert (pair.answer_a, pair.answer_b) == ("x", "y")
    assert pair.votes == {FIRST: 2, TIE: 1}
    assert SECOND not in pair.votes


@pytest.mark.parametrize(
    ("labels", "change", "why"),
    [
        (PairLabels.LABELLED, {"rejected": "since"}, "are the same"),
        (PairLabels.LABELLED, {"rejected": " since\n"}, "are the same"),
        (PairLabels.LABELLED, {"chosen": " "}, "says something"),
        (PairLabels.LABELLED, {"chosen": ["since"]}, "says something"),
        (PairLabels.LABELLED, {"chosen": None}, "says something"),
        (PairLabels.PEOPLE, {"answer_b": "x"}, "are the same"),
        (PairLabels.PEOPLE, {"votes": None}, "numbers by a, b and tie"),
        (PairLabels.PEOPLE, {"votes": {"left": 1}}, "numbers by a, b and tie"),
        (PairLabels.PEOPLE, {"votes": {"a": 0}}, "nobody voted"),
        (PairLabels.PEOPLE, {"votes": {}}, "nobody voted"),
        (PairLabels.PEOPLE, {"votes": {"a": -1, "b": 3}}, "whole number"),
        (PairLabels.PEOPLE, {"votes": {"a": 0.5, "b": 0.5}}, "whole number"),
        (PairLabels.PEOPLE, {"votes": {"a": True}}, "whole number"),
    ],
)
def test_what_is_no_pair_is_refused(
    labels: PairLabels, change: Mapping[str, object], why: str
) -> None:
    row = {**(VOTED if labels is PairLabels.PEOPLE else GOOD), **change}
    with pytest.raises(InputError) as refused:
        read_pairs(
            file({**row, "id": "0", "prompt": "a sound one?", **_sound(labels)}, row), labels
        )
    assert "pairs.jsonl, item 2 (id `1`)" in refused.value.why
    assert why in refused.value.why


def _sound(labels: PairLabels) -> Mapping[str, object]:
    row = VOTED if labels is PairLabels.PEOPLE else GOOD
    return {name: value for name, value in row.items() if name not in ("id", "prompt")}


def test_labels_that_contradict_each_other_are_refused() -> None:
    turned = {**GOOD, "id": "2", "chosen": GOOD["rejected"], "rejected": GOOD["chosen"]}
    with pytest.raises(InputError, match="cannot have these pairs judged") as refused:
        read_pairs(file(GOOD, turned), PairLabels.LABELLED)
    assert "the other answer is better" in refused.value.why


def test_pairs_of_one_prompt_are_one_unit() -> None:
    other = {**GOOD, "id": "2", "chosen": "for"}
    asked = questions_of(
        PairsTask(data="pairs.jsonl", pairs=PairLabels.LABELLED), file(GOOD, other)
    )
    assert [item.id for item in asked.items] == ["1/ab", "1/ba", "2/ab", "2/ba"]
    assert len({item.cluster for item in asked.items}) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"chosen": "x" * (SHOWN_AT_MOST + 1)},
        {
            "prompt": None,
            "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}],
        },
    ],
)
def test_what_a_judge_cannot_be_shown_whole_is_refused(change: Mapping[str, object]) -> None:
    row = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(InputError, match="cannot have these pairs judged"):
        questions_of(PairsTask(data="pairs.jsonl", pairs=PairLabels.LABELLED), file(row))
