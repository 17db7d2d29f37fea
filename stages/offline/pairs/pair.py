"""Two answers to one conversation, and what is known of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from policies.canonical import Json, sha256_of
from policies.errors import InputError
from policies.pairs_task import PairLabels
from stages.engine.data import ItemFile
from stages.evidence.items import Item

FIRST, TIE, SECOND = 1, 0, -1
"""What may be said of a pair: `answer_a` is better, neither is, `answer_b` is."""

_WORDS = {"a": FIRST, "tie": TIE, "b": SECOND}
_FORM = {
    PairLabels.PEOPLE: '{"id": "1", "prompt": "...", "answer_a": "...", "answer_b": "...", '
    '"votes": {"a": 3, "b": 1, "tie": 1}}',
    PairLabels.LABELLED: '{"id": "1", "prompt": "...", "chosen": "...", "rejected": "..."}',
    PairLabels.REWARDBENCH: '{"id": "1", "prompt": "...", "chosen": "...", "rejected": "...", '
    '"subset": "llmbar-natural"}',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two answers to one conversation.

    Attributes:
        item: The conversation, and the unit that the pair belongs to.
        answer_a: One answer; of labelled pairs the better one.
        answer_b: The other, another text.
        votes: How many people said what of them, by `FIRST`, `TIE` and `SECOND`; empty of labelled
            pairs.
    """

    item: Item
    answer_a: str
    answer_b: str
    votes: Mapping[int, int]

    @property
    def subset(self) -> str:
        """RewardBench's subset; empty where the record names none."""
        return str(self.item.fields.get("subset", ""))


def read_pairs(file: ItemFile, labels: PairLabels) -> tuple[Pair, ...]:
    """The pairs of a file.

    Raises:
        InputError: Naming the first item that is no pair, whose answers are the same text, or that
            contradicts another one.
    """
    found = []
    better: dict[str, str] = {}
    for number, item in enumerate(file.items, start=1):
        where = f"{file.url}, item {number} (id `{item.id}`)"
        pair = _pair(item, labels, where)
        if labels is not PairLabels.PEOPLE:
            same = sha256_of([item.digest, *sorted((pair.answer_a, pair.answer_b))])
            if better.setdefault(same, pair.answer_a) != pair.answer_a:
                raise _refused(where, "another item says that the other answer is better", labels)
        found.append(pair)
    return tuple(found)


def _pair(item: Item, labels: PairLabels, where: str) -> Pair:
    people = labels is PairLabels.PEOPLE
    one, other = ("answer_a", "answer_b") if people else ("chosen", "rejected")
    for name in (one, other):
        text = item.fields.get(name)
        if not isinstance(text, str) or not text.strip():
            raise _refused(where, f"`{name}` must be a text that says something", labels)
    first, second = str(item.fields[one]), str(item.fields[other])
    if first.strip() == second.strip():
        raise _refused(where, f"`{one}` and `{other}` are the same: neither is better", labels)
    votes = _votes(item.fields.get("votes"), where) if people else {}
    return Pair(item=item, answer_a=first, answer_b=second, votes=votes)


def _votes(said: Json, where: str) -> Mapping[int, int]:
    if not isinstance(said, Mapping) or set(said) - set(_WORDS):
        raise _refused(where, "`votes` must be numbers by a, b and tie", PairLabels.PEOPLE)
    found: dict[int, int] = {}
    for word, number in said.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            why = f"`votes.{word}` must be a whole number of at least 0"
            raise _refused(where, why, PairLabels.PEOPLE)
        found[_WORDS[word]] = number
    if not sum(found.values()):
        raise _refused(where, "nobody voted on it", PairLabels.PEOPLE)
    return found


def _refused(where: str, why: str, labels: PairLabels) -> InputError:
    return InputError(
        "cannot have these pairs judged",
        why=f"{where}: {why}",
        fix=f"write one pair a line, e.g. {_FORM[labels]}",
    )
