"""Which version answers: told by texts that the versions in question answer differently; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from stages.models.client import Request

MOST_TEXTS = 8
"""A version that answers half of the texts as another did stays unseen once in 256."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedText:
    """A question, and what the versions in question are known to answer.

    Attributes:
        request: The question, as it is put.
        now: What the version answers that is to serve.
        before: What the version answers that served before; None when none did.
    """

    request: Request
    now: str
    before: str | None

    @property
    def tells(self) -> bool:
        """Whether its answer tells the two apart."""
        return self.before is None or _same(self.now) != _same(self.before)


@dataclass(frozen=True, slots=True)
class Serving:
    """Production answers as the version does, and in nothing as the one before."""

    sentence: str


@dataclass(frozen=True, slots=True)
class NotYetServing:
    """Production does not answer so, or nobody can tell."""

    sentence: str


@dataclass(frozen=True, slots=True)
class NotAsked:
    """The workspace names no production to ask."""

    sentence: str


Served = Serving | NotYetServing | NotAsked


def telling(texts: Sequence[PinnedText]) -> tuple[PinnedText, ...]:
    """At most `MOST_TEXTS` that tell the versions apart.

    Those with the shortest answers: a batched server is not deterministic to the last bit, and a
    long answer has more places to differ in.
    """
    found = [text for text in texts if text.tells and _same(text.now)]
    shortest = sorted(enumerate(found), key=lambda one: (len(one[1].now), one[0]))
    return tuple(text for _, text in shortest[:MOST_TEXTS])


def recognise(
    texts: Sequence[PinnedText], answers: Sequence[str], *, version: str, before: str | None
) -> Serving | NotYetServing:
    """Whether production serves a version.

    It does when most of the texts are answered as the version answers them and none is answered as
    the version before did: while one machine of many still serves the old, the new does not serve.

    Args:
        texts: Texts that tell the two apart.
        answers: What production said to each.
        version: The number of the version that is to serve.
        before: That of the version that served before; None when none did.

    Raises:
        ValueError: When a text lacks its answer.
    """
    pairs = list(zip(texts, answers, strict=True))
    n = len(pairs)
    if not n:
        return NotYetServing("no pinned text tells who answers")
    same = sum(_same(answer) == _same(text.now) for text, answer in pairs)
    old = sum(
        text.before is not None and _same(answer) == _same(text.before) for text, answer in pairs
    )
    if old:
        return NotYetServing(f"production answers {old} of {n} pinned texts as {before} does")
    if 2 * same <= n:
        return NotYetServing(
            f"production answers only {same} of {n} pinned texts as {version} does"
        )
    return Serving(f"production answers {same} of {n} pinned texts as {version} does")


def _same(text: str) -> str:
    """An answer without the white space around it."""
    return text.strip()
