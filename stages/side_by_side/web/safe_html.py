"""Text of models and prompts as HTML that can do nothing.

Markdown is rendered with raw HTML as text, then everything outside a short list of elements and
attributes is taken out by a sanitiser of its own, so that a fault in either of them is not enough.
Images are never fetched: their description and address are shown as text.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from stages.models.visible import IGNORABLE

LONGEST_MARKDOWN = 100_000
"""Characters; longer texts are shown as they are: markup costs time, and nobody reads it."""
TEXTS_KEPT = 4_096
"""Rendered texts that are remembered: a batch's answers are shown to several people."""
LONGEST_KEPT = 20_000
"""Characters; longer texts are rendered anew, so that what is remembered stays small."""

_TAGS = {
    *("p", "br", "hr", "h3", "h4", "h5", "h6", "strong", "em", "s", "a", "span"),
    *("ul", "ol", "li", "blockquote", "pre", "code"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES: Mapping[str, set[str]] = {"*": set(), "a": {"href"}, "ol": {"start"}}
_SIDES = {"left", "center", "right"}
_CLASSES = {"span": {"picture"}, "th": _SIDES, "td": _SIDES}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=dict(_ATTRIBUTES),
    allowed_classes=_CLASSES,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}, "pre": {"tabindex": "0"}},
)
_MAY_JOIN = {"\u200c", "\u200d"}
_VARIANTS = {"\ufe0e", "\ufe0f"}
_FIRST_JOINABLE = "\u0300"
_HALF_PAIR = re.compile("[\ud800-\udfff]")


def safe_html(text: str) -> Markup:
    """Markdown as harmless HTML; characters that cannot be seen are shown by their code."""
    return _kept(text) if len(text) <= LONGEST_KEPT else _rendered(text)


def _rendered(text: str) -> Markup:
    text = _HALF_PAIR.sub("\ufffd", text)
    if len(text) > LONGEST_MARKDOWN:
        return safe_plain(text)
    cleaned = _CLEANER.clean(_MARKDOWN.render(text))
    return Markup(_with_unseen(cleaned))  # noqa: S704 - just cleaned


_kept = lru_cache(maxsize=TEXTS_KEPT)(_rendered)


def safe_plain(text: str) -> Markup:
    """Text as it is, without markup, in which nothing is hidden."""
    shown = _with_unseen(escape(_HALF_PAIR.sub("\ufffd", text)))
    return Markup(f'<pre class="plain" tabindex="0">{shown}</pre>')  # noqa: S704 - escaped


def _with_unseen(html: str) -> str:
    """HTML whose invisible characters are marks; none stands inside a tag.

    Left alone is what writes emoji and scripts that join their letters: a variation selector after
    something else than ASCII, and a joiner between two such characters.
    """
    return IGNORABLE.sub(_mark, html)


def _mark(found: re.Match[str]) -> str:
    at, text = found.start(), found.string
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if found.group() in _VARIANTS and before >= _FIRST_JOINABLE:
        return found.group()
    if found.group() in _MAY_JOIN and min(before, after) >= _FIRST_JOINABLE:
        return found.group()
    return f'<span class="unseen">U+{ord(found.group()):04X}</span>'


def _picture(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    """An image as text: nothing is fetched from anywhere."""
    described = renderer.renderInlineAsText(tokens[at].children, options, env)
    address = str(tokens[at].attrs.get("src", ""))
    return f'<span class="picture">[image: {escape(described)} {escape(address)}]</span>'


def _cell(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    """A cell of a table, aligned by a class: inline styles are forbidden."""
    style = str(tokens[at].attrs.pop("style", ""))
    if style:
        tokens[at].attrSet("class", style.removeprefix("text-align:"))
    return renderer.renderToken(tokens, at, options, env)


def _heading(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    """Headings of a text stand below those of the page."""
    tokens[at].tag = _BELOW[tokens[at].tag]
    return renderer.renderToken(tokens, at, options, env)


_BELOW: Mapping[str, str] = {
    "h1": "h4",
    "h2": "h5",
    **dict.fromkeys(("h3", "h4", "h5", "h6"), "h6"),
}


def _renderer() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.add_render_rule("image", _picture)
    for name in ("th_open", "td_open"):
        markdown.add_render_rule(name, _cell)
    for name in ("heading_open", "heading_close"):
        markdown.add_render_rule(name, _heading)
    return markdown


_MARKDOWN = _renderer()
