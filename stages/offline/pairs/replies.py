"""What a checkpoint said of pairs: verdicts, read as those of a judge of stage 2 are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stages.evidence.items import Item
from stages.judges.verdict import Form, Unreadable, Verdict, read_verdict
from stages.offline.instrument import Answers
from stages.offline.pairs.pair import FIRST, SECOND, TIE, Pair
from stages.offline.pairs.showing import NUMBER

_LEANS = {"A>>B": FIRST, "A>B": FIRST, "B>A": SECOND, "B>>A": SECOND}
"""What prefers one of the two; a tie and `both_bad` prefer neither."""

Said = int | None
"""`FIRST`, `TIE` or `SECOND` of the pair's a and b; None where the reply cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Twice:
    """What one judge said of a pair, once in each order.

    Attributes:
        ab: When the pair's a was shown first.
        ba: When its b was.
    """

    ab: Said
    ba: Said

    @property
    def both(self) -> tuple[Said, Said]:
        """In the order in which they were asked."""
        return (self.ab, self.ba)

    @property
    def label(self) -> Said:
        """What it says of the pair: what the order turns is a tie (MT-bench's rule)."""
        if self.ab is None or self.ba is None:
            return None
        return self.ab if self.ab == self.ba else TIE

    @property
    def consistent(self) -> bool:
        """Whether it said the same in both orders; what cannot be read is not the same."""
        return self.ab is not None and self.ab == self.ba

    @property
    def shown_first(self) -> tuple[Said, Said]:
        """Of what stood first: `FIRST` where it was preferred."""
        return (self.ab, None if self.ba is None else -self.ba)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A pair, and what was said of it.

    Attributes:
        pair: The pair.
        said: Once in each order for every generation.
        why: The verdicts of the first generation for people, by order.
    """

    pair: Pair
    said: tuple[Twice, ...]
    why: tuple[str, str]


def judged(
    pairs: Sequence[Pair], items: Sequence[Item], answers: Sequence[Answers], form: Form
) -> Iterator[Judged]:
    """Every pair with what was said of it.

    Args:
        pairs: In the file's order.
        items: Two questions of each, one after the other.
        answers: To each question.
        form: Of the verdicts.
    """
    for place, pair in enumerate(pairs):
        ab, ba = (
            [read_verdict(text, form, case=str(items[i].fields[NUMBER])) for text in answers[i]]
            for i in (2 * place, 2 * place + 1)
        )
        said = (
            Twice(ab=_said(one), ba=_turned(_said(other)))
            for one, other in zip(ab, ba, strict=True)
        )
        yield Judged(pair=pair, said=tuple(said), why=(_words(ab[0]), _words(ba[0])))


def _said(verdict: Verdict | Unreadable) -> Said:
    if isinstance(verdict, Unreadable):
        return None
    return _LEANS.get(str(verdict.choice), TIE)


def _turned(said: Said) -> Said:
    return None if said is None else -said


def _words(verdict: Verdict | Unreadable) -> str:
    if isinstance(verdict, Unreadable):
        return f"cannot be read: {verdict.reason}"
    return f"{verdict.choice} as shown: {verdict.reasoning}"
