"""Pairs whose better answer is known: gold for annotators, a calibration set for judges."""

from pathlib import Path

from policies.canonical import Json
from policies.errors import InputError
from stages.engine.data import read_items
from stages.evidence.items import Item
from stages.side_by_side.answering import harms_of, topic_of
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

    Args:
        url: Where it is.
        base: Folder that relative paths start from.
        topic: The item's field that names its topic; None where topics do not matter.
        sha256: The digest it was frozen at; None when it was not.

    Raises:
        InputError: When it cannot be read, is not the frozen one, or an item lacks a field.
    """
    file = read_items(url, base=base, cluster=None, sha256=sha256)
    return tuple(_pair(item, topic, where=file.url) for item in file.items)


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
        '"preference": "A>B"}, a line each',
    )
