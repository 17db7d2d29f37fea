"""Answers that attack the page in headless Chromium, and ways in from elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from markupsafe import Markup
from playwright.sync_api import Page

from stages.side_by_side.pairs import Pair
from stages.side_by_side.web import annotator
from tests.servers.ballot_server import BallotServer
from tests.servers.chromium import Chromium, open_chromium
from tests.stages.side_by_side.web.batches import BATCH, batch_of, opened, pair
from tests.stages.side_by_side.web.tabs import at_pair, listening, press, votes
from tests.stages.side_by_side.web.test_safe_html import ATTACKS


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with open_chromium() as found:
        yield found


def attacked() -> Pair:
    text = "\n\n".join(ATTACKS) + "\n\nThe end."
    return pair(0, a=text, b=f"> {text}")


def test_an_answer_that_attacks_the_page_does_nothing(chromium: Chromium, tmp_path: Path) -> None:
    with opened(tmp_path, batch_of([attacked(), pair(1)]), "ann") as box:
        with BallotServer(box) as server, chromium.tab() as page:
            asked, said = watched(page)
            page.goto(server.link("ann", batch=BATCH))
            for _ in range(2):
                page.wait_for_load_state("networkidle")
                if "The end." in page.inner_text("main"):
                    assert page.locator(".answer :is(script, img, iframe, svg, style)").count() == 0
                    assert page.locator(".answer :is(form, math, base, meta)").count() == 0
                    assert page.get_by_text("alert(1)").first.is_visible()
                page.keyboard.press("1")
                page.wait_for_timeout(200)
            assert all(url.startswith(server.origin) for url in asked)
            assert said == []
        assert len(votes(box)) == 2


def test_were_the_sanitiser_to_fail_the_browser_would_still_be_told_to_run_nothing(
    chromium: Chromium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = batch_of([pair(0)])
    with opened(tmp_path, whole, "ann") as box, listening("stolen") as (trap, heard):
        raw = (
            f"<img src='{trap}/pixel.png' onerror='window.ran=1'><script>window.ran=1</script>"
            f"<style>body{{display:none}}</style><iframe src='{trap}/'></iframe>"
            "<a id='bait' href='javascript:window.ran=1'>bait</a>"
            f"<form action='{trap}/steal'><button id='steal'>steal</button></form>"
        )
        monkeypatch.setattr(annotator, "safe_html", lambda _text: Markup(raw))
        with BallotServer(box) as server, chromium.tab() as page:
            _, said = watched(page)
            page.goto(server.link("ann", batch=BATCH))
            page.locator("#bait").first.click()
            page.evaluate("document.getElementById('steal').click()")
            page.wait_for_timeout(300)
            assert page.evaluate("window.ran") is None
            assert page.is_visible("#verdict")
            assert any("Content Security Policy" in line for line in said)
        assert heard == []


def watched(page: Page) -> tuple[list[str], list[str]]:
    """What a page asks for, and what its console says."""
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    return asked, said


def test_a_link_in_a_mail_on_the_web_lets_its_reader_in(chromium: Chromium, tmp_path: Path) -> None:
    with opened(tmp_path, batch_of([pair(0)]), "ann") as box, BallotServer(box) as server:
        mail = f'<a href="{server.link("ann", batch=BATCH)}">your link</a>'
        with listening(mail) as (inbox, _), chromium.tab() as page:
            page.goto(inbox)
            page.get_by_text("your link").click()
            at_pair(page, 1)
            press(page, "1", then="All done")
            assert page.url == f"{server.origin}/"
        assert len(votes(box)) == 1


def test_people_may_vote_where_there_is_no_https(chromium: Chromium, tmp_path: Path) -> None:
    with opened(tmp_path, batch_of([pair(0)]), "ann") as box, BallotServer(box) as server:
        with chromium.tab() as page:
            link = server.link("ann", batch=BATCH)
            page.goto(link.replace("127.0.0.1", "votes.example"))
            at_pair(page, 1)
            press(page, "1", then="All done")
        assert len(votes(box)) == 1
