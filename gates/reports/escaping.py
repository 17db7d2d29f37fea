"""Foreign text made harmless: candidate names, reasons and notes are data wherever they stand."""

import re

_MARKDOWN = re.compile(r"([\\`*\[\]|#~!>])|(?<!\w)_|_(?!\w)")
_UNSEEN = "\u2060"
"""A word joiner."""

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def inert(text: str) -> str:
    """Text as one line of Markdown in which nothing is markup, a link, or a table's border."""
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    line = _MARKDOWN.sub(lambda found: f"\\{found.group()}", line)
    line = line.replace("://", ":&#47;&#47;").replace("www.", "www&#46;").replace("@", "&#64;")
    return re.sub(r"^([-+]|\d+\.)(?= )", r"\\\1", line)


def inert_text(text: str) -> str:
    """Text of many lines, which stay lines, as Markdown in which nothing is markup or loaded.

    Addresses are broken by a character that is not seen: pages make links of them otherwise, even
    where they are escaped.
    """
    return "  \n".join(map(_inert_line, xml_text(text).splitlines()))


def _inert_line(line: str) -> str:
    words = line.lstrip()
    unlinked = re.sub(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", _UNSEEN, words, flags=re.IGNORECASE)
    return "\u00a0" * (len(line) - len(words)) + inert(unlinked)


def xml_text(text: str) -> str:
    """Text without the characters that XML 1.0 cannot hold at all."""
    return _NOT_XML.sub("\ufffd", text)


def annotation_text(text: str) -> str:
    """The message of a GitHub workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def annotation_property(text: str) -> str:
    """A property (file, title) of a GitHub workflow command."""
    return annotation_text(text).replace(":", "%3A").replace(",", "%2C")
