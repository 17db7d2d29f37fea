"""What `review.md` shows a reviewer: pages of a real server on PostgreSQL, in headless Chromium."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page as Tab

from gates.examples import compared_examples
from gates.ledger.examples import By, Example, Examples, Opinion, Turn
from gates.ledger.ledger import Document, Logged, NewVersion, Page, Pages, Record
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.reports.escaping import inert_text
from infra.docs.review_screenshots import compared
from stages.evidence.records import StageName
from stages.side_by_side.pairs import Pair
from stages.side_by_side.told import Told
from stages.side_by_side.vote import CandidateVote
from tests.fakes import decisions
from tests.servers.chromium import Browser, open_browser
from tests.servers.mlflow_server import running_mlflow_server
from tests.servers.postgres import fresh_database

pytestmark = [pytest.mark.integration, pytest.mark.pictures, pytest.mark.timeout(420)]


UNFOLD = """document.querySelectorAll("[role=dialog] [aria-expanded=false]")
    .forEach(button => button.click())"""


@dataclass(frozen=True)
class Review:
    """A round on a server.

    Attributes:
        address: Of the server.
        logged: Its candidates.
        lured: What an address in a hostile answer was asked for.
    """

    address: str
    logged: tuple[Logged, ...]
    lured: list[str]

    @property
    def runs(self) -> str:
        return self.logged[0].url.rpartition("/")[0]

    def traces(self, place: int) -> str:
        return f"{self.runs}/{self.logged[place].stage_run_ids[StageName.OFFLINE]}/traces"


@pytest.fixture(scope="module")
def lured() -> Iterator[tuple[str, list[str]]]:
    """A server that a picture in an answer would be loaded from."""
    asked: list[str] = []

    class Lure(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Lure) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.fixture(scope="module")
def review(
    postgres_server: str, lured: tuple[str, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Review]:
    database = fresh_database(postgres_server)
    folder = tmp_path_factory.mktemp("review")
    with running_mlflow_server(folder, database=database) as address:
        ledger = MlflowLedger(address)
        for _ in range(3):
            ledger.register(NewVersion(name="assistant", tags={"gate_source": "external"}))
        logged = ledger.log(record(lured[0]))
        yield Review(address=address, logged=logged, lured=lured[1])


def record(lure: str) -> Record:
    hostile = f"![x]({lure}/image.png) <img src='{lure}/html.png'> [see]({lure}/link) <b>bold</b>"
    pages = {
        uri: Pages(
            candidate=Page(documents=(Document(path="plots/a.png", content=b"\x89PNG"),)),
            stages={StageName.OFFLINE: Page(examples=examples(hostile, uri))},
        )
        for uri in (decisions.CANDIDATE, decisions.OTHER)
    }
    return decisions.record(pages=pages)


def examples(hostile: str, uri: str) -> Examples:
    """An item with a hostile answer, and a prompt that people and a judge compared."""
    item = Example(
        task="qa",
        item="i1",
        preview="what is one?",
        asked=(Turn(role="user", text=inert_text("what is one?")),),
        answer=inert_text(hostile),
        rival="one",
        opinions=(
            Opinion(name="score", value=0.25, by=By.PROGRAM, who="gate"),
            Opinion(name="notes", value="odd", by=By.JUDGE, who="j", why=inert_text(hostile)),
        ),
    )
    pair = Pair(
        prompt="p1",
        messages=({"role": "user", "content": f"who is there? {hostile}"},),
        model_a="a/2",
        model_b="a/1",
        answer_a=hostile,
        answer_b="nobody",
    )
    votes = tuple(
        CandidateVote(prompt="p1", annotator=f"person-{n}", win=win, graded=win, both_bad=False)
        for n, win in enumerate((1.0, 0.5))
    )
    told = Told(candidate=uri, baseline=decisions.BASELINE, pairs=(pair,), said=votes)
    return Examples(shown=(item, *compared_examples(told).shown), left_out=4)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


def test_the_table_shows_what_it_sorts_by_and_a_click_sorts_it(
    review: Review, browser: Browser
) -> None:
    text = browser.text(f"{review.runs}?viewStateShareKey=gate", once="gate/room")
    for column in ("gate/verdict", "gate/stage", "gate/room", "gate_verdict", "gate_stage"):
        assert column in text
    for worst_first in (True, False, True):
        assert clicked_until(browser.page, worst_first=worst_first)


def clicked_until(page: Tab, *, worst_first: bool) -> bool:
    """Clicks on the head of the column until the table is in the order, twice at most."""
    for _ in range(2):
        page.get_by_text("gate/verdict", exact=True).first.click()
        page.get_by_text("Sort: gate/verdict").wait_for()
        for _ in range(20):
            page.wait_for_timeout(250)
            worst, held = (
                page.get_by_text(row, exact=True).first.bounding_box()
                for row in ("assistant/2 FAIL", "assistant/3 HOLD")
            )
            if worst and held and (worst["y"] < held["y"]) is worst_first:
                return True
    return False


def test_the_view_of_the_nearest_has_the_worst_room_first(review: Review, browser: Browser) -> None:
    text = browser.text(f"{review.runs}?viewStateShareKey=gate-nearest", once="assistant/3")
    assert "Sort: gate/room" in text


def test_two_candidates_findings_stand_side_by_side(review: Review, browser: Browser) -> None:
    one, other = review.logged
    text = browser.text(compared(one, other, review.runs), once="toxicity.rate at most 0.50 %")
    row = text[text.index("toxicity.rate at most 0.50 %") :]
    assert "criterion" in text
    assert set(row.splitlines()[1:3]) == {"FAIL", "HOLD"}


def test_items_and_votes_are_rows_with_opinions_and_said_to_be_some_of_all(
    review: Review, browser: Browser
) -> None:
    text = browser.text(review.traces(0), once="score")
    for words in ("what is one?", "who is there?", "preference", "2 of 2", "0.25"):
        assert words in text
    page = browser.text(review.traces(0).removesuffix("/traces"), once="gate_examples")
    assert "2 of 6, the worst first" in page


def test_two_candidates_items_stand_side_by_side(review: Review, browser: Browser) -> None:
    other = review.logged[1].stage_run_ids[StageName.OFFLINE]
    text = browser.text(f"{review.traces(0)}?compareToRunUuid={other}", once="compare to")
    browser.page.get_by_text("what is one?", exact=True).wait_for()
    text = browser.page.inner_text("body")
    assert text.count("what is one?") == 1  # one row for both


def test_nothing_that_a_checkpoint_wrote_is_loaded_or_becomes_a_link(
    review: Review, browser: Browser
) -> None:
    for words in ("what is one?", "who is there?"):
        browser.text(review.traces(0), once=words)
        browser.page.get_by_text(words, exact=False).first.click()
        browser.page.get_by_text("Inputs / Outputs").wait_for()
        browser.page.get_by_text("Assess", exact=False).last.click()
        browser.page.wait_for_timeout(3_000)
        shown = browser.page.inner_text("body")
        assert "<b>bold</b>" in shown
        assert "![x](http" in shown
        assert not any("image.png" in link or "/link" in link for link in browser.links())
        browser.page.evaluate(UNFOLD)
        browser.page.wait_for_timeout(1_000)
    browser.page.wait_for_timeout(2_000)
    assert review.lured == []


def test_a_version_leads_to_its_decisions_and_a_decision_to_its_version(
    review: Review, browser: Browser
) -> None:
    text = browser.text(f"{review.address}/#/models/assistant/versions/2", once="Written by gate")
    assert "every decision" in text
    leads = next(link for link in browser.links(once="searchFilter") if "searchFilter" in link)
    found = browser.text(f"{review.address}/{leads.lstrip('/')}", once="assistant/2 FAIL")
    assert "1 matching run" in found
    browser.text(review.logged[0].url, once="Description")
    assert browser.links(once="models/assistant/versions/2")
