"""How much of an answer stands in answers to other prompts too.

Answers are reduced to their letters and digits, so that case, spaces, punctuation, look-alike
letters and invisible characters hide nothing, and cut into shingles of a dozen characters. Words
replaced here and there leave most shingles as they were; answers of their own share few.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHINGLE = 12
"""Characters of a shingle: two to three words, of which few stand together in many answers."""

RESTATED = 0.8
"""Share of a prompt's shingles from which on an answer repeats the whole of it."""

COMMON = 3
"""Answers of the baseline in which a passage stands that is not the candidate's own idea."""

_PRIME = np.uint64(1_099_511_628_211)

_TAGS = range(0xE0020, 0xE007F)
"""Invisible twins of the ASCII characters."""

_LOOKALIKES: Mapping[int, str] = {
    **{
        ord(theirs): latin
        for theirs, latin in zip(
            "аеорсухіјѕһԁԛԝвкмнтзαενορτυικχ", "aeopcyxijshdqwbkmht3aevoptuikx", strict=True
        )
    },
    **{code: chr(code - 0xE0000) for code in _TAGS},
}
"""Small Cyrillic and Greek letters that look like Latin ones, and characters nobody sees."""

Hashes = NDArray[np.uint64]

_NONE: Hashes = np.empty(0, dtype=np.uint64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shingled:
    """An answer's shingles, counted over all answers, without those that say nothing of it.

    Attributes:
        letters: Number of its letters and digits, without what is common or repeats its prompt.
        counts: In how many answers each of its distinct shingles stands, itself included.
        along: The same from its start to its end, 0 for what is common or repeats its prompt.
    """

    letters: int
    counts: NDArray[np.int64]
    along: NDArray[np.int64]

    def shared(self, answers: int) -> float:
        """Share of its shingles that stand in at least so many answers, 0 to 1."""
        return float((self.counts >= answers).mean()) if len(self.counts) else 0.0

    def passages(self, answers: int) -> NDArray[np.int64]:
        """Letters of each passage of its own: no shingle of it stands in so many answers."""
        own = ~_covered(self.along >= answers)[~_covered(self.along == 0)]
        ends = np.flatnonzero(np.diff(np.pad(own.astype(np.int64), 1)))
        return ends[1::2] - ends[::2]


def revealed(text: str) -> str:
    """A text as it reads: look-alike letters in their usual form, what is invisible made plain."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text.translate(_LOOKALIKES))
    return "".join(c for c in plain if c.isascii() or unicodedata.category(c) != "Cf")


def letters_of(text: str) -> str:
    """Its letters and digits in small; what stands there when there are none."""
    folded = text.casefold()
    if not text.isascii():
        folded = unicodedata.normalize("NFKD", text).casefold().translate(_LOOKALIKES)
    return re.sub(r"[\W_]+", "", folded) or "".join(folded.split())


def shingled(
    texts: Sequence[str], *, common: Sequence[str] = (), asked: Sequence[str] = ()
) -> tuple[Shingled, ...]:
    """Every text's shingles, counted over all of them; as many as there are texts.

    Args:
        texts: The answers.
        common: Answers of somebody else: what stands in `COMMON` of them is a greeting or a footer
            that everybody is told to write, and is not counted.
        asked: What each text answers, if it is known: a text that repeats the whole of it says
            nothing by that, and it is not counted.
    """
    if not texts:
        return ()
    prompts = asked or [""] * len(texts)
    letters = [letters_of(text) for text in texts]
    hashes = [_hashes(text) for text in letters]
    distinct = [np.unique(each) for each in hashes]
    every, counts = np.unique(np.concatenate(distinct), return_counts=True)
    counts[np.isin(every, _usual(common), assume_unique=True)] = 0
    return tuple(
        _counted(text, each, counts[np.searchsorted(every, each)], letters_of(prompt))
        for text, each, prompt in zip(letters, hashes, prompts, strict=True)
    )


def _counted(text: str, hashes: Hashes, counts: NDArray[np.int64], prompt: str) -> Shingled:
    """One text's letters and hashes, with what is counted of them."""
    along = np.where(_restated(hashes, prompt), 0, counts)
    _, first = np.unique(hashes, return_index=True)
    of_each = along[first]
    own = of_each[of_each > 0]
    return Shingled(letters=min(len(text), len(own) + SHINGLE - 1), counts=own, along=along)


def _restated(hashes: Hashes, prompt: str) -> NDArray[np.bool_]:
    """Which shingles of a text repeat its prompt; none, unless it repeats the whole."""
    asked = _hashes(prompt)
    if not prompt or np.isin(asked, hashes).mean() < RESTATED:
        return np.zeros(len(hashes), dtype=np.bool_)
    return np.isin(hashes, asked)


def _covered(shingles: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which letters lie in one of these shingles."""
    return np.convolve(shingles, np.ones(SHINGLE, dtype=np.int64)) > 0


def _usual(texts: Sequence[str]) -> Hashes:
    """The shingles that stand in several texts."""
    hashes = (np.unique(_hashes(letters_of(text))) for text in texts)
    found, counts = np.unique(np.concatenate([_NONE, *hashes]), return_counts=True)
    usual: Hashes = found[counts >= COMMON]
    return usual


def _hashes(text: str) -> Hashes:
    """Hashes of all runs of `SHINGLE` characters in their order; a shorter text is one run."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    codes = np.pad(codes, (0, max(0, SHINGLE - len(codes))))
    number = len(codes) - SHINGLE + 1
    found = np.zeros(number, dtype=np.uint64)
    for place in range(SHINGLE):
        found = found * _PRIME + codes[place : place + number]
    return found
