"""The page of a candidate stands alone and runs nothing."""

from html.parser import HTMLParser

from gates.reports.html import html
from stages.evidence.records import StageName
from tests.gates.decide.cases import A, B, D
from tests.gates.reports.shown import EVIDENCE, HOSTILE, a_round, golden, hostile_round, one


class _Page(HTMLParser):
    """Collects elements, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def _parsed(text: str) -> _Page:
    page = _Page()
    page.feed(text)
    return page


def test_the_page_is_as_it_was() -> None:
    decision = a_round()
    for candidate, name in ((A, "pass.html"), (B, "hold.html"), (D, "broken.html")):
        text = html(decision, one(decision, candidate), evidence=EVIDENCE[candidate])
        assert golden(name, text) == text


def test_foreign_text_is_text() -> None:
    decision, held = hostile_round()
    text = html(decision, decision.candidates[0], evidence=next(iter(held.values())))
    plain = _parsed(html(a_round(), one(a_round(), D), evidence=EVIDENCE[D]))
    page = _parsed(text)
    assert set(page.tags) <= set(plain.tags) | {"ul", "li", "code", "br"}
    assert "script" not in page.tags
    assert "a" not in page.tags
    assert page.text.count("<script>alert(1)</script>") >= 10
    assert HOSTILE.split("\n", maxsplit=1)[0] in page.text
    assert "<script" not in text


def test_nothing_is_loaded_and_nothing_runs() -> None:
    decision = a_round()
    text = html(decision, one(decision, A), evidence=EVIDENCE[A])
    page = _parsed(text)
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert not [value for name, value in page.attributes if name in {"src", "href"}]
    policy = dict(page.attributes)["content"]
    assert "default-src 'none'" in text
    assert policy is not None


def test_it_is_readable_by_day_and_night() -> None:
    decision = a_round()
    assert "prefers-color-scheme: dark" in html(decision, one(decision, A))


def test_a_plot_is_inside_the_page() -> None:
    decision = a_round()
    text = html(decision, one(decision, A), plots={StageName.OFFLINE: b"\x89PNG"})
    sources = [value for name, value in _parsed(text).attributes if name == "src"]
    assert sources == ["data:image/png;base64,iVBORw=="]


def test_checks_say_what_they_found() -> None:
    decision = a_round()
    text = _parsed(html(decision, one(decision, A), evidence=EVIDENCE[A])).text
    assert "sample ratio: fine; sample_ratio is fine" in text
    assert "crossover: cannot say; crossover is fine" in text
    hostile, held = hostile_round()
    said = _parsed(html(hostile, hostile.candidates[0], evidence=next(iter(held.values())))).text
    assert ": failed; " in said
