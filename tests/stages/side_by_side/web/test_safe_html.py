import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stages.side_by_side.web import safe_html as module
from stages.side_by_side.web.safe_html import LONGEST_MARKDOWN, safe_html, safe_plain

TAGS = {
    *("p", "br", "hr", "h3", "h4", "h5", "h6", "strong", "em", "s", "a", "span", "ul", "ol"),
    *("li", "blockquote", "pre", "code", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"href", "rel", "target", "start", "class", "tabindex"}
ATTACKS = (
    "<script>fetch('//evil.example')</script>",
    "<img src=x onerror=alert(1)>",
    "![x](http://evil.example/pixel.png)",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt&colon;alert(1))",
    "[click](data:text/html,<script>alert(1)</script>)",
    '[click](https://e.example "onmouseover=alert(1)")',
    "<javascript:alert(1)>",
    '<iframe src="//evil.example"></iframe>',
    "<svg onload=alert(1)><style>*{display:none}</style></svg>",
    "<style>body{background:url(//evil.example)}</style>",
    '<form action="//evil.example"><button>vote</button></form>',
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src onerror=x&gt;'>",
    "</div></section><h1>All done</h1>",
    "[x]: javascript:alert(1)\n[x]",
    "```<script>\n</code></pre><script>alert(1)</script>\n```",
    "| a |\n| :- |\n| <img src=x onerror=alert(1)> |",
    "<base href=//evil.example><meta http-equiv=refresh content=0;url=//evil.example>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x&#62;",
)


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Elements()
    parser.feed(html)
    return parser.found


def harmless(html: str) -> None:
    for tag, attributes in elements(html):
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES
        href = attributes.get("href")
        assert href is None or re.match(r"(https?://|mailto:)", href, re.IGNORECASE)
        if href is not None:
            assert attributes["rel"] == "noopener noreferrer nofollow"
            assert attributes["target"] == "_blank"


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_leaves_only_what_can_do_nothing(attack: str) -> None:
    harmless(safe_html(attack))
    harmless(safe_html(f"> * {attack}\n\n{attack}"))


@given(
    st.text(
        alphabet=st.sampled_from("<>&'\"/=()[]!`*_#|:-\n javscriptonerxlg\u202e\u200b"), max_size=80
    )
)
@example("\u202e<img src=x onerror=alert(1)>")
def test_whatever_the_text_only_harmless_elements_come_out(text: str) -> None:
    harmless(safe_html(text))
    harmless(safe_plain(text))


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_sanitiser_alone_would_hold(attack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoRenderer:
        def render(self, text: str) -> str:
            return text

    monkeypatch.setattr(module, "_MARKDOWN", NoRenderer())
    module._kept.cache_clear()
    harmless(safe_html(attack))
    module._kept.cache_clear()


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_renderer_alone_makes_no_element_of_raw_html(attack: str) -> None:
    for tag, attributes in elements(module._MARKDOWN.render(attack)):
        assert tag in TAGS
        assert not any(name.startswith("on") for name in attributes)


def test_an_image_is_its_description_and_address_as_text() -> None:
    shown = safe_html("![a *fine* cat](https://e.example/cat.png)")
    assert shown == (
        '<p><span class="picture">[image: a fine cat https://e.example/cat.png]</span></p>\n'
    )


def test_headings_stand_below_those_of_the_page_and_cells_keep_their_sides() -> None:
    assert "<h4>One</h4>" in safe_html("# One")
    assert "<h6>Three</h6>" in safe_html("### Three")
    assert '<td class="right">1</td>' in safe_html("| n |\n| -: |\n| 1 |")


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b", "\u2060", "\ufeff", "\U000e0041"])
@pytest.mark.parametrize(
    "around", ["a{}b", "`a{}b`", "```\na{}b\n```", "![a{}b](https://e.example)"]
)
def test_what_cannot_be_seen_is_shown_by_its_code(hidden: str, around: str) -> None:
    shown = safe_html(around.format(hidden))
    assert hidden not in shown
    assert f'<span class="unseen">U+{ord(hidden):04X}</span>' in shown
    assert f"U+{ord(hidden):04X}" in safe_plain(around.format(hidden))


@pytest.mark.parametrize("text", ["❤️", "👩\u200d🔧", "می\u200cخواهم", "क\u094d\u200dष"])  # noqa: RUF001
def test_emoji_and_scripts_that_join_their_letters_are_left_alone(text: str) -> None:
    assert text in safe_html(text)


def test_half_a_surrogate_pair_can_be_shown() -> None:
    assert safe_html("a\ud800b") == "<p>a\ufffdb</p>\n"
    safe_html("a\ud800b").encode()


def test_a_text_without_end_is_shown_as_it_is() -> None:
    text = "**x** " * LONGEST_MARKDOWN
    assert safe_html(text).startswith('<pre class="plain" tabindex="0">**x** ')
