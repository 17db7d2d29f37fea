"""What an answer looks like: how long it is, and how much markup it has."""

import re
from dataclasses import dataclass

FEATURES = ("length", "headers", "lists", "bold")
"""Names of the features, in the order of `style_difference`."""

CODE = re.compile(r"^[ \t]*(```+|~~~+).*?(?:^[ \t]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
HEADER = re.compile(r"^ {0,3}#{1,6}[ \t]+\S", re.MULTILINE)
LIST = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\S", re.MULTILINE)
BOLD = re.compile(r"\*\*(?=\S)[^*\n]+\*\*|__(?=\S)[^_\n]+__")


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Style of one answer; markup inside fenced code is code, and is not counted.

    Attributes:
        length: Characters, code included.
        headers: Markdown headers.
        lists: Entries of lists, numbered or not.
        bold: Passages in bold.
    """

    length: int
    headers: int
    lists: int
    bold: int


def style_of(answer: str) -> Style:
    """Length and Markdown elements of an answer."""
    prose = CODE.sub("", answer)
    return Style(
        length=len(answer),
        headers=len(HEADER.findall(prose)),
        lists=len(LIST.findall(prose)),
        bold=len(BOLD.findall(prose)),
    )


def style_difference(a: Style, b: Style) -> tuple[float, float, float, float]:
    """How much more of each feature answer a has: (a - b) / (a + b), from -1 to 1.

    Lengths are compared as they are, markup by how dense it is (elements per character), so that a
    longer answer does not count as more marked up. Where neither has any the difference is 0.
    """
    return (
        _relative(a.length, b.length),
        _relative(_density(a.headers, a), _density(b.headers, b)),
        _relative(_density(a.lists, a), _density(b.lists, b)),
        _relative(_density(a.bold, a), _density(b.bold, b)),
    )


def _density(elements: int, style: Style) -> float:
    return elements / max(1, style.length)


def _relative(a: float, b: float) -> float:
    return (a - b) / (a + b) if a + b else 0.0
