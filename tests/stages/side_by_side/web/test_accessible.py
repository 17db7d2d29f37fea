"""What somebody needs who hears the page, or has no mouse, or does not see well."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize

from stages.side_by_side.web.annotator import CHOICES
from tests.servers.ballot_server import BallotServer
from tests.servers.chromium import Chromium, open_chromium
from tests.stages.side_by_side.web.batches import BATCH, batch_of, opened, pair

CONTROLS = {"button", "link", "textbox", "checkbox", "combobox", "DisclosureTriangle"}
CONTRAST = """() => {
  const linear = (v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const channel = (v) => linear(v / 255);
  const rgba = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const found = rgba(getComputedStyle(e).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const e of document.querySelectorAll("body *")) {
    const said = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!said || !e.checkVisibility()) continue;
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(ground(e))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push([e.tagName, e.className, e.textContent.trim(), ratio]);
  }
  return poor;
}"""
RICH = "# Title\n\n> quoted\n\n`code` [link](https://e.example) ![x](https://e.example/x) a\u200bb"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with open_chromium() as found:
        yield found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[BallotServer]:
    pairs = [pair(n, a=RICH, harms=("violence",)) for n in range(3)]
    whole = batch_of(pairs, guidelines="Read *both* answers.")
    with opened(tmp_path, whole, "ann") as box, BallotServer(box) as found:
        yield found


def begin(page: Page, server: BallotServer) -> None:
    page.goto(server.link("ann", batch=BATCH))
    page.get_by_role("button", name="I have read them").click()
    page.get_by_role("heading", name="Pair 1:").wait_for()


def test_the_page_has_landmarks_headings_and_names(
    chromium: Chromium, server: BallotServer
) -> None:
    with chromium.tab() as page:
        begin(page, server)
        assert page.locator("html").get_attribute("lang") == "en"
        for landmark in ("banner", "main"):
            assert page.get_by_role(landmark).count() == 1
        page.get_by_role("navigation", name="Pages").wait_for()
        page.get_by_role("region", name="The conversation").wait_for()
        page.get_by_role("article", name="Answer A").wait_for()
        page.get_by_role("article", name="Answer B").wait_for()
        page.get_by_role("form", name="Your verdict").wait_for()
        assert page.get_by_role("progressbar", name="0 done of about 3").count() == 1
        assert page.get_by_role("heading", level=1).count() == 1


def test_every_control_has_a_name(chromium: Chromium, server: BallotServer) -> None:
    with chromium.tab() as page:
        begin(page, server)
        for summary in page.locator("summary").all():
            summary.click()
        for path in ("/", "/guidelines", "/settings"):
            if path != "/":
                page.goto(f"{server.origin}{path}")
            assert nameless(page) == []
    with chromium.tab() as page:
        page.goto(server.lead_link(batch=BATCH))
        for summary in page.locator("summary").all():
            summary.click()
        assert nameless(page) == []


def nameless(page: Page) -> list[str]:
    """Controls without an accessible name, as Chromium tells a screen reader."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    controls = [n for n in nodes if not n["ignored"] and n["role"]["value"] in CONTROLS]
    assert controls
    return [n["role"]["value"] for n in controls if not n.get("name", {}).get("value", "").strip()]


def test_the_keyboard_alone_reaches_everything_in_the_order_of_reading(
    chromium: Chromium, server: BallotServer
) -> None:
    with chromium.tab() as page:
        begin(page, server)
        reached = []
        for _ in range(40):
            page.keyboard.press("Tab")
            name, outlined = page.evaluate(
                "() => { const e = document.activeElement; "
                "return [e.innerText || e.id, getComputedStyle(e).outlineStyle !== 'none'] }"
            )
            reached.append(" ".join(str(name).split()))
            if name:
                assert outlined, name
            if reached[-1] == "keys":
                break
        order = [choice.words for choice in CHOICES]
        found = [name.rstrip(" 012345") for name in reached if name.rstrip(" 012345") in order]
        assert found == order
        for name in ("link", "Undo my last u", "Skip this pair s", "Flag a problem", "keys"):
            assert name in reached
        assert reached.index("link") < reached.index("A much better 1")


def test_what_was_saved_is_said_aloud_and_reading_begins_at_the_new_pair(
    chromium: Chromium, server: BallotServer
) -> None:
    with chromium.tab() as page:
        begin(page, server)
        page.keyboard.press("2")
        status = page.get_by_role("status")
        status.get_by_text("Saved: a better.").wait_for()
        assert status.get_attribute("aria-live") == "polite"
        assert page.evaluate("document.activeElement.innerText").startswith("Pair 2:")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_stands_out_from_its_ground(
    chromium: Chromium, server: BallotServer, scheme: str
) -> None:
    with chromium.tab(color_scheme=scheme) as page:
        begin(page, server)
        for summary in page.locator("summary").all():
            summary.click()
        assert page.evaluate(CONTRAST) == []
        for path in ("/guidelines", "/settings", "/nothing"):
            page.goto(f"{server.origin}{path}")
            assert page.evaluate(CONTRAST) == []
    with chromium.tab(color_scheme=scheme) as page:
        page.goto(server.lead_link(batch=BATCH))
        assert page.evaluate(CONTRAST) == []


def test_nothing_moves_for_who_asked_for_no_motion(
    chromium: Chromium, server: BallotServer
) -> None:
    with chromium.tab(reduced_motion="reduce") as page:
        begin(page, server)
        moved = "getComputedStyle(document.querySelector('#verdict button')).transitionDuration"
        assert page.evaluate(moved) == "0s"


def test_text_twice_as_large_still_fits(chromium: Chromium, server: BallotServer) -> None:
    small: ViewportSize = {"width": 640, "height": 450}  # 1280 x 900 at 200 %
    with chromium.tab(viewport=small) as page:
        begin(page, server)
        assert page.evaluate("document.documentElement.scrollWidth") <= 640
        page.get_by_role("button", name="Both bad").click()
        page.get_by_role("heading", name="Pair 2:").wait_for()
