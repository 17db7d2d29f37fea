"""Which prompts are fit for a bench at all, by what they look like."""

import re
import unicodedata

from stages.workshop.bench.recipe import Cleaning

EMPTY, SHORT, LONG, NOISE = "empty", "too short", "too long", "control characters"
"""Why a prompt is not fit."""

_NOISE_SHARE = 0.1
"""Of characters that are no text: from there on it is a file, not a prompt."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""ANSI sequences: colours, cursor, titles (ECMA-48)."""


def cleaned(text: str) -> str:
    """A text as people see it: composed (NFC), one kind of line end, nothing that only controls.

    Escape sequences, control and unassigned characters, and those that turn the direction of
    writing, are taken out; tabs and line ends stay.
    """
    text = _ESCAPES.sub("", unicodedata.normalize("NFC", text))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if not _is_noise(c)).strip()


def fault(text: str, rules: Cleaning) -> str | None:
    """Why a prompt, as it was read, is not fit; None when it is.

    Args:
        text: As it was read.
        rules: What is demanded.
    """
    noise = sum(map(_is_noise, text[: rules.characters_at_most]))
    if noise > _NOISE_SHARE * min(len(text), rules.characters_at_most):
        return NOISE
    if len(text) > 2 * rules.characters_at_most:
        return LONG
    seen = cleaned(text)
    if not seen or not any(c.isalnum() for c in seen):
        return EMPTY
    if len(seen) < rules.characters_at_least:
        return SHORT
    return LONG if len(seen) > rules.characters_at_most else None


def _is_noise(character: str) -> bool:
    if character in "\n\t\r" or " " <= character <= "~":
        return False
    turns = "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
    return turns or character == "\ufffd" or unicodedata.category(character) in ("Cc", "Cn", "Co")
