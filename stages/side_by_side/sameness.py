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
    """An answer's shingles, counted over all answers, without those that are common anyway.

    Attributes:
        letters: Number of its letters and digits, without what is common.
        counts: In how many answers each of its distinct shingles stands, itself included.
    """

    letters: int
    counts: NDArray[np.int64]

    def shared(self, answers: int) -> float:
        """Share of its shingles that stand in at least so many answers, 0 to 1."""
        return float((self.counts >= answers).mean()) if len(self.counts) else 0.0


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


def shingled(texts: Sequence[str], *, common: Sequence[str] = ()) -> tuple[Shingled, ...]:
    """Every text's shingles, counted over all of them; as many as there are texts.

    Args:
        texts: The answers.
        common: Answers of somebody else: what stands in `COMMON` of them is a greeting or a footer
            that everybody is told to write, and is not counted.
    """
    if not texts:
        return ()
    letters = [letters_of(text) for text in texts]
    hashes = [_hashes(text) for text in letters]
    every, places, counts = np.unique(
        np.concatenate(hashes), return_inverse=True, return_counts=True
    )
    own = ~np.isin(every, _usual(common))
    ends = np.cumsum([len(each) for each in hashes])
    parts = [counts[place[own[place]]] for place in np.split(places, ends[:-1])]
    return tuple(
        Shingled(letters=min(len(text), len(part) + SHINGLE - 1), counts=part)
        for text, part in zip(letters, parts, strict=True)
    )


def _usual(texts: Sequence[str]) -> Hashes:
    """The shingles that stand in several texts."""
    hashes = (_hashes(letters_of(text)) for text in texts)
    found, counts = np.unique(np.concatenate([_NONE, *hashes]), return_counts=True)
    usual: Hashes = found[counts >= COMMON]
    return usual


def _hashes(text: str) -> Hashes:
    """Distinct hashes of all runs of `SHINGLE` characters; a shorter text is one run."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    codes = np.pad(codes, (0, max(0, SHINGLE - len(codes))))
    number = len(codes) - SHINGLE + 1
    found = np.zeros(number, dtype=np.uint64)
    for place in range(SHINGLE):
        found = found * _PRIME + codes[place : place + number]
    return np.unique(found)
