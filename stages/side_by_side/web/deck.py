"""A batch as the pages name it: by numbers and an alias that say nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from stages.side_by_side.ballots.batches import Batches
from stages.side_by_side.batch import Batch
from stages.side_by_side.pairs import Pair

MOST_DIGITS = 9
"""Of a pair's number; what is much longer cannot even be read as one."""


@dataclass(frozen=True, kw_only=True)
class Deck:
    """The pairs of a batch, gold among them, in an order that nothing can be told from.

    A pair's id is a digest of its models and answers: whoever suspects a name could try it out. A
    number in the order of these digests cannot be tried.

    Attributes:
        batch: The batch.
    """

    batch: Batch

    @cached_property
    def alias(self) -> str:
        """What the batch is called where annotators can see it: its own name may say too much."""
        return alias_of(self.batch.name)

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Every pair, by its number."""
        return tuple(self.batch.shown[name] for name in sorted(self.batch.shown))

    @cached_property
    def harms(self) -> tuple[str, ...]:
        """Categories of harm that stand in the batch, in order of the alphabet."""
        return tuple(sorted({harm for pair in self.pairs for harm in pair.harms}))

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {pair.id: number for number, pair in enumerate(self.pairs)}

    def number(self, pair: str) -> int:
        """Number of the pair with an id."""
        return self._numbers[pair]

    def pair(self, number: int) -> Pair | None:
        """The pair with a number, or None when there is none."""
        return self.pairs[number] if 0 <= number < len(self.pairs) else None

    def numbered(self, text: str) -> Pair | None:
        """The pair whose number somebody sent, or None when there is none."""
        if len(text) > MOST_DIGITS or not (text.isascii() and text.isdigit()):
            return None
        return self.pair(int(text))


class Decks:
    """The batches of a ballot box, each read once: a batch never changes."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self._decks: dict[str, Deck] = {}

    def called(self, alias: str) -> Deck | None:
        """The batch that links call by an alias, or None when the box has none."""
        if alias not in self._decks:
            self._decks |= {deck.alias: deck for deck in self._unread()}
        return self._decks.get(alias)

    def _unread(self) -> Iterator[Deck]:
        for name in self._batches.names():
            if alias_of(name) not in self._decks:
                yield Deck(batch=self._batches.get(name))


def alias_of(batch: str) -> str:
    """What a batch is called in links."""
    return sha256(batch.encode()).hexdigest()[:12]
