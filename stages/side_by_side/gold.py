"""Pairs whose better answer is known: gold for annotators, a calibration set for judges."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from policies.canonical import Json
from policies.errors import InputError
from stages.engine.data import check_digest, parse_items, read_bytes, without_credentials
from stages.evidence.items import Item
from stages.side_by_side.answering import harms_of, topic_of
from stages.side_by_side.formats.reward_bench import is_reward_bench, parse_reward_bench
from stages.side_by_side.pairs import Pair
from stages.side_by_side.preference import Preference

MODELS = ("gold/a", "gold/b")
"""What the two models of a gold pair are called; nobody is compared by it."""

KNOWN = tuple(each.value for each in Preference if each is not Preference.UNRESOLVED)
"""What may be known of a pair."""


def read_gold(
    url: str, *, base: Path, topic: str | None = None, sha256: str | None = None
) -> tuple[Pair, ...]:
    """The pairs of a JSONL file of items that have `answer_a`, `answer_b` and `preference` too.

    Or of a file as RewardBench has it, whose chosen answers are the better ones.

    Args:
        url: Where it is.
        base: Folder that relative paths start from.
        topic: The item's field that names its topic; None where topics do not matter. In a file of
            RewardBench's this is the `subset`, whatever the field is called.
        sha256: The digest it was frozen at; None when it was not.

    Raises:
        InputError: When it cannot be read, is not the frozen one, or an item lacks a field.
    """
    data, where = read_bytes(url, base=base), without_credentials(url)
    check_digest(data, sha256, where=where)
    if is_reward_bench(data):
        return _chosen(
            parse_reward_bench(data, where=where), with_topic=topic is not None, where=where
        )
    items = parse_items(data, where=where, cluster=None).items
    return tuple(_pair(item, topic, where=where) for item in items)


def _chosen(pairs: tuple[Pair, ...], *, with_topic: bool, where: str) -> tuple[Pair, ...]:
    """Pairs of RewardBench, each a prompt of its own."""
    twice = [name for name, times in Counter(pair.prompt for pair in pairs).items() if times > 1]
    if twice or not pairs:
        raise InputError(
            f"cannot use the gold pairs of {where}",
            why=f"prompt {twice[0]} stands there twice" if twice else "there are none",
            fix="give every pair an `id` that no other of its `subset` has",
        )
    return tuple(
        replace(pair, model_a=MODELS[0], model_b=MODELS[1], topic=pair.topic if with_topic else "")
        for pair in pairs
    )


def _pair(item: Item, topic: str | None, *, where: str) -> Pair:
    preference = item.fields.get("preference")
    if preference not in KNOWN:
        raise _refused(item, where, f"its `preference` is none of {', '.join(KNOWN)}")
    return Pair(
        prompt=item.id,
        messages=item.messages,
        topic=topic_of(item, topic, where=where),
        harms=harms_of(item, where=where),
        model_a=MODELS[0],
        model_b=MODELS[1],
        answer_a=_answer(item, "answer_a", where),
        answer_b=_answer(item, "answer_b", where),
        gold=Preference(str(preference)),
    )


def _answer(item: Item, name: str, where: str) -> str:
    match item.fields.get(name):
        case str() as answer if answer.strip():
            return answer
        case found:
            raise _refused(item, where, f"its `{name}` is no answer, but {_shown(found)}")


def _shown(found: Json) -> str:
    return "absent" if found is None else f"{found!r:.40}"


def _refused(item: Item, where: str, why: str) -> InputError:
    return InputError(
        f"cannot use gold pair {item.id} of {where}",
        why=why,
        fix='write {"id": ..., "prompt": ..., "answer_a": ..., "answer_b": ..., '
        '"preference": "A>B"}, a line each, or give a file of RewardBench\'s',
    )
