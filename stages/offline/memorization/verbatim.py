"""Spans that outputs share with a corpus, letter for letter, once white space is folded.

The outputs are indexed and the corpus is streamed, so that memory depends on the outputs only.
With spans of at least K characters wanted and a stride of s, every window of K - s + 1 characters
of the outputs is hashed, and the corpus is probed at every s-th character: a shared span of K
characters or more contains a probed window wherever it lies, so none is missed. A hit of the
hash is compared character by character, then extended both ways as far as it goes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint32]
Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, well mixed (2^64 / golden ratio): for a rolling hash
_BLOCK_CHARACTERS = 1 << 20
_WHITE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of an output that stands in the corpus; it can be extended neither way.

    Attributes:
        start: First character, counted in the output with its white space folded.
        text: The stretch itself.
        document: Name of the corpus document.
        offset: Where it stands in the document, counted with its white space folded.
    """

    start: int
    text: str
    document: str
    offset: int

    @property
    def end(self) -> int:
        """One past the last character, in the folded output."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recital:
    """What one output shares with the corpus.

    Attributes:
        longest: The longest shared span; the first found of equally long ones.
        covered: Share of the folded output's characters inside shared spans, above 0 to 1.
    """

    longest: Span
    covered: float


def folded(text: str) -> str:
    """The text with every run of white space as one space, and none at its ends."""
    return _WHITE.sub(" ", text).strip(" ")


def recitals(
    outputs: Mapping[str, str], corpus: Iterable[tuple[str, Iterable[str]]], *, at_least: int
) -> Mapping[str, Recital]:
    """What every output shares with a corpus.

    Args:
        outputs: Texts by name.
        corpus: Documents: a name, and its text in pieces of any size, in order.
        at_least: Shortest span that counts, in characters, white space folded.

    Returns:
        By the name of the output; outputs that share no such span are absent.

    Raises:
        ValueError: When `at_least` is below 1.
    """
    if at_least < 1:
        raise ValueError(f"a span has at least one character, not {at_least}")
    index = _Index([folded(text) for text in outputs.values()], at_least)
    for name, pieces in corpus:
        for offset, block in _blocks(pieces, overlap=index.longest_output):
            index.scan(name, offset, block)
    return {
        name: recital
        for number, name in enumerate(outputs)
        if (recital := index.recital(number)) is not None
    }


class _Index:
    """Every window of the outputs, and what has been found of each output so far."""

    def __init__(self, texts: Sequence[str], at_least: int) -> None:
        self._at_least = at_least
        self._stride = max(1, at_least // 3)  # K 50: stride 16, windows of 35
        self._width = at_least - self._stride + 1
        self._texts = texts
        self._codes = [_codes(text) for text in texts]
        self._found: list[Span | None] = [None] * len(texts)
        self._covered = [np.zeros(len(text), dtype=np.bool_) for text in texts]
        self._whole = np.zeros(len(texts), dtype=np.bool_)
        hashes = [_hashes(codes, self._width) for codes in self._codes]
        owners = np.repeat(np.arange(len(texts)), [len(h) for h in hashes])
        starts = [np.arange(len(h)) for h in hashes]
        joined = np.concatenate([np.empty(0, np.uint64), *hashes])
        order = np.argsort(joined, kind="stable")
        self._hashes: Hashes = joined[order]
        self._owners: Positions = owners[order]
        self._starts: Positions = np.concatenate([np.empty(0, np.int64), *starts])[order]

    @property
    def longest_output(self) -> int:
        """Length of the longest output: no shared span is longer."""
        return max((len(text) for text in self._texts), default=0)

    def scan(self, document: str, offset: int, block: str) -> None:
        """Notes every span that a stretch of a document shares with the outputs."""
        codes = _codes(block)
        probes = _hashes(codes, self._width, stride=self._stride)
        first = np.searchsorted(self._hashes, probes, side="left")
        last = np.searchsorted(self._hashes, probes, side="right")
        reached: dict[tuple[int, int], int] = {}
        for probe in np.flatnonzero(first < last):
            at = int(probe) * self._stride
            hits = np.arange(first[probe], last[probe])
            for hit in hits[~self._whole[self._owners[hits]]]:
                owner, start = int(self._owners[hit]), int(self._starts[hit])
                if reached.get((owner, at - start), 0) >= at + self._width:
                    continue  # inside a span that was extended already
                left, right = _extent(self._codes[owner], start, codes, at)
                reached[owner, at - start] = at + right
                if right >= self._width and left + right >= self._at_least:
                    self._note(
                        owner, slice(start - left, start + right), document, offset + at - left
                    )

    def recital(self, owner: int) -> Recital | None:
        """What was found of one output."""
        longest = self._found[owner]
        if longest is None:
            return None
        return Recital(longest=longest, covered=float(self._covered[owner].mean()))

    def _note(self, owner: int, stretch: slice, document: str, offset: int) -> None:
        covered, known = self._covered[owner], self._found[owner]
        covered[stretch] = True
        text = self._texts[owner][stretch]
        if known is None or len(text) > len(known.text):
            self._found[owner] = Span(
                start=stretch.start, text=text, document=document, offset=offset
            )
            self._whole[owner] = len(text) == len(covered)


def _extent(output: Codes, start: int, block: Codes, at: int) -> tuple[int, int]:
    """How far two texts agree to the left of, and from, a pair of positions."""
    right = min(len(output) - start, len(block) - at)
    left = min(start, at)
    return (
        _agreement(output[start - left : start][::-1], block[at - left : at][::-1]),
        _agreement(output[start : start + right], block[at : at + right]),
    )


def _agreement(a: Codes, b: Codes) -> int:
    differs = np.flatnonzero(a != b)
    return int(differs[0]) if differs.size else len(a)


def _codes(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32)


def _hashes(codes: Codes, width: int, *, stride: int = 1) -> Hashes:
    """Polynomial hash, modulo 2^64, of the windows that start at every `stride`-th character."""
    count = max(0, (len(codes) - width) // stride + 1)
    hashes = np.zeros(count, dtype=np.uint64)
    for place in range(width if count else 0):
        hashes *= _BASE
        hashes += codes[place : place + (count - 1) * stride + 1 : stride]
    return hashes


def _blocks(pieces: Iterable[str], *, overlap: int) -> Iterator[tuple[int, str]]:
    """Stretches of a folded document, with their offsets.

    Each one reaches `overlap` characters into the next, so that every span of at most that many
    characters lies whole in one of them.
    """
    held, offset = "", 0
    for piece in _folded_pieces(pieces):
        held += piece
        while len(held) >= _BLOCK_CHARACTERS + overlap:
            yield offset, held[: _BLOCK_CHARACTERS + overlap]
            held, offset = held[_BLOCK_CHARACTERS:], offset + _BLOCK_CHARACTERS
    if held:
        yield offset, held


def _folded_pieces(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces, white space folded across their borders and dropped at both ends."""
    gap, begun = "", False
    for piece in pieces:
        for start in range(0, len(piece), _BLOCK_CHARACTERS):
            text = _WHITE.sub(" ", piece[start : start + _BLOCK_CHARACTERS])
            if text.startswith(" ") and begun:
                gap = " "
            bare = text.strip(" ")
            if bare:
                yield gap + bare
                gap, begun = " " if text.endswith(" ") else "", True
