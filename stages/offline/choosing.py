"""Which option an answer to a multiple-choice question chooses."""

import re
import string
from collections.abc import Sequence

from stages.evidence.items import Item
from stages.offline.normalizing import normalized_answer

_EDGES = "*_`\"' \t"
_STATED = re.compile(
    r"\b(?:answer|choice|option)\b[*_\s]*(?:is\b|:|=)[*_\s:]*(?P<rest>[^\n]+)", re.IGNORECASE
)
_LONE = re.compile(r"[(\[]?(?P<letter>[A-Za-z])[)\].:,]?")
_LEADING = re.compile(
    r"""(?: [(\[](?P<bracketed>[A-Za-z])[)\]]      # (b) and whatever follows
          | (?P<closed>[A-Za-z])[).:](?=\s)        # B) Paris, b. Paris, B: Paris
          | (?P<word>[B-HJ-Z])(?=[\s,]) )          # B because ...; "A" and "I" are also words""",
    re.VERBOSE,
)
_BRACKETED = re.compile(r"\((?P<bracketed>[A-Za-z])\)|\b[Oo]ption\s+(?P<option>[A-Z])\b")


def target_options(item: Item) -> frozenset[int | None]:
    """Indices of the options that are right; None stands for a target that is no single option.

    A target is an option's text or its letter (A for the first); one that is the letter of one
    option and the text of another is neither.
    """
    return frozenset(_one(_as_text(t, item.choices) | _as_letter(t, item)) for t in item.targets)


def chosen_option(text: str, choices: Sequence[str]) -> int | None:
    """Index of the option that an answer chooses.

    Read in this order, and the first kind that says anything decides:

    1. the whole answer is an option's letter (`B`, `(b)`, `**B.**`) or text;
    2. statements such as `Answer: B`, `the answer is (B) Paris`, `choice is Paris`;
    3. the answer opens with a letter: `B) Paris`, `(B) ...`, `B because ...`;
    4. a letter in brackets or after `option`, anywhere;
    5. an option's text, anywhere, as whole words (the longest, where one contains another).

    Returns:
        The index; None when no option is chosen or when what decides names more than one.
    """
    for named in (_whole, _statements, _opening, _brackets, _mentions):
        options = named(text, choices)
        if options:
            return _one(options)
    return None


def _one(options: frozenset[int]) -> int | None:
    return next(iter(options)) if len(options) == 1 else None


def _as_letter(text: str, item: Item) -> frozenset[int]:
    return _letter(text.strip(), item.choices) if len(text.strip()) == 1 else frozenset()


def _letter(letter: str, choices: Sequence[str]) -> frozenset[int]:
    index = string.ascii_uppercase.find(letter.upper())
    return frozenset({index}) if 0 <= index < len(choices) else frozenset()


def _as_text(text: str, choices: Sequence[str]) -> frozenset[int]:
    wanted = normalized_answer(text)
    return frozenset(i for i, option in enumerate(choices) if normalized_answer(option) == wanted)


def _whole(text: str, choices: Sequence[str]) -> frozenset[int]:
    lone = _LONE.fullmatch(text.strip().strip(_EDGES))
    letters = _letter(lone["letter"], choices) if lone else frozenset()
    return letters | _as_text(text, choices)


def _statements(text: str, choices: Sequence[str]) -> frozenset[int]:
    found = [_stated(match["rest"], choices) for match in _STATED.finditer(text)]
    return frozenset().union(*found)


def _stated(rest: str, choices: Sequence[str]) -> frozenset[int]:
    rest = rest.strip().strip(_EDGES)
    sentence = re.split(r"(?<=\w[.!?])\s", rest, maxsplit=1)[0]
    return (
        _whole(rest, choices)
        or _whole(sentence.rstrip("."), choices)
        or _opening(rest, choices)
        or _mentions(sentence, choices)
    )


def _opening(text: str, choices: Sequence[str]) -> frozenset[int]:
    match = _LEADING.match(text.strip().lstrip(_EDGES))
    if match is None:
        return frozenset()
    letter = match["bracketed"] or match["closed"] or match["word"]
    options = _letter(letter, choices)
    beside = _as_text(text.strip().lstrip(_EDGES)[match.end() :], choices)
    return options | beside | _brackets(text, choices) if options else options


def _brackets(text: str, choices: Sequence[str]) -> frozenset[int]:
    letters = [match["bracketed"] or match["option"] for match in _BRACKETED.finditer(text)]
    found = [_letter(letter, choices) for letter in letters]
    return frozenset().union(*found)


def _mentions(text: str, choices: Sequence[str]) -> frozenset[int]:
    said = f" {normalized_answer(text)} "
    words = {i: f" {normalized_answer(option)} " for i, option in enumerate(choices)}
    for index in sorted(words, key=lambda i: -len(words[i])):
        if words[index] in said:
            said = said.replace(words[index], " \0 ")
        else:
            del words[index]
    return frozenset(words)
