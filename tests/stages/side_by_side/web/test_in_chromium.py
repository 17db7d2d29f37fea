from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.ballot_server import BallotServer
from tests.servers.chromium import Chromium, open_chromium
from tests.stages.side_by_side.web.batches import BATCH, batch_of, opened, pair
from tests.stages.side_by_side.web.tabs import at_pair, press, votes

LONG = "\n\n".join(f"Paragraph {n}: {'words ' * 40}" for n in range(30))
WIDE = "```\n" + "wide_" * 80 + "\n```\n\n" + "https://e.example/" + "x" * 200 + "\n\n"
WIDE += "|" + " cell |" * 30 + "\n|" + " - |" * 30 + "\n|" + " cell |" * 30


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with open_chromium() as found:
        yield found


def test_a_whole_batch_by_keyboard(chromium: Chromium, tmp_path: Path) -> None:
    with opened(tmp_path, batch_of([pair(n) for n in range(7)]), "ann") as box:
        with BallotServer(box) as server, chromium.tab() as page:
            page.goto(server.link("ann", batch=BATCH))
            assert page.url == f"{server.origin}/"
            for number, key in enumerate("12345", start=1):
                at_pair(page, number)
                press(page, key, then=f"Pair {number + 1}:")
            page.get_by_text("Saved: b much better.").wait_for()
            press(page, "u", then="Pair 5:")
            press(page, "0", then="Pair 6:")
            page.keyboard.press("s")
            page.keyboard.type("not my field")
            page.keyboard.press("Control+Enter")
            page.get_by_text("Skipped.").wait_for()
            at_pair(page, 7)
            press(page, "3", then="All done")
        said = [vote.record["preference"] for vote in box.standing_votes(BATCH)]
        assert len(said) == 6
        assert said.count("both_bad") == 1
        summary = box.summary(BATCH, "ann")
        assert (summary.skipped, summary.undone) == (1, 1)


def test_keys_do_not_vote_while_somebody_types_or_when_they_are_off(
    chromium: Chromium, tmp_path: Path
) -> None:
    with opened(tmp_path, batch_of([pair(0), pair(1)]), "ann") as box:
        with BallotServer(box) as server, chromium.tab() as page:
            page.goto(server.link("ann", batch=BATCH))
            page.get_by_text("Add a comment to my vote").click()
            page.get_by_label("Comment, sent with the vote").press_sequentially("10 s u")
            page.keyboard.press("Escape")
            page.keyboard.press("Control+1")
            page.get_by_label("Keys vote").uncheck()
            page.keyboard.press("1")
            at_pair(page, 1)
            assert votes(box) == []
            page.reload()
            assert not page.get_by_label("Keys vote").is_checked()
            page.get_by_label("Keys vote").check()
            press(page, "1", then="Pair 2:")
        assert len(votes(box)) == 1


def test_a_comment_goes_with_the_vote(chromium: Chromium, tmp_path: Path) -> None:
    with opened(tmp_path, batch_of([pair(0)]), "ann") as box:
        with BallotServer(box) as server, chromium.tab() as page:
            page.goto(server.link("ann", batch=BATCH))
            page.get_by_text("Add a comment to my vote").click()
            page.get_by_label("Comment, sent with the vote").fill("by a hair")
            page.keyboard.press("Escape")
            press(page, "2", then="All done")
        assert [vote.record["comment"] for vote in box.standing_votes(BATCH)] == ["by a hair"]


def test_two_annotators_at_once_share_a_batch_and_double_nothing(
    chromium: Chromium, tmp_path: Path
) -> None:
    pairs = [pair(n) for n in range(6)]
    with opened(tmp_path, batch_of(pairs, overlap=2), "ann", "bob") as box:
        with BallotServer(box) as server, chromium.tab() as ann, chromium.tab() as bob:
            ann.goto(server.link("ann", batch=BATCH))
            bob.goto(server.link("bob", batch=BATCH))
            for number in range(1, 7):
                then = f"Pair {number + 1}:" if number < 6 else "All done"
                ann.keyboard.press("1")
                bob.keyboard.press("5")
                for page in (ann, bob):
                    page.get_by_role("heading", name=then).wait_for()
        expected = {(who, p.prompt) for who in ("ann", "bob") for p in pairs}
        assert len(votes(box)) == 12
        assert set(votes(box)) == expected


def test_a_double_click_is_one_vote(chromium: Chromium, tmp_path: Path) -> None:
    with opened(tmp_path, batch_of([pair(0), pair(1)]), "ann") as box:
        with BallotServer(box) as server, chromium.tab() as page:
            page.goto(server.link("ann", batch=BATCH))
            page.get_by_role("button", name="A much better").dblclick()
            at_pair(page, 2)
        assert len(votes(box)) == 1


def test_everything_works_without_a_script(chromium: Chromium, tmp_path: Path) -> None:
    whole = batch_of([pair(n) for n in range(3)], guidelines="Read.")
    with opened(tmp_path, whole, "ann") as box:
        with BallotServer(box) as server, chromium.tab(java_script_enabled=False) as page:
            page.goto(server.link("ann", batch=BATCH))
            page.get_by_role("button", name="I have read them").click()
            page.get_by_role("button", name="B better").click()
            at_pair(page, 2)
            assert "Saved: b better." in page.inner_text("#said")
            page.get_by_role("button", name="Undo my last").click()
            at_pair(page, 1)
            page.get_by_text("Skip this pair").click()
            page.get_by_label("Why you skip it").fill("no idea")
            page.get_by_role("button", name="Skip", exact=True).click()
            at_pair(page, 2)
        assert box.summary(BATCH, "ann").skipped == 1


def test_a_phone_shows_everything_without_scrolling_sideways(
    chromium: Chromium, tmp_path: Path
) -> None:
    whole = batch_of([pair(0, a=LONG + WIDE, b=WIDE + LONG)])
    size = {"width": 360, "height": 740}
    with opened(tmp_path, whole, "ann") as box, BallotServer(box) as server:
        with chromium.tab(viewport=size, is_mobile=True, has_touch=True) as page:
            page.goto(server.link("ann", batch=BATCH))
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
            tops = [page.locator(".answer").nth(n).bounding_box() for n in (0, 1)]
            assert tops[0] is not None
            assert tops[1] is not None
            assert tops[0]["x"] == tops[1]["x"]
            page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
            for button in page.locator("#verdict button").all():
                box_of = button.bounding_box()
                assert box_of is not None
                assert box_of["height"] >= 44
                assert box_of["y"] + box_of["height"] <= 740
                assert box_of["x"] + box_of["width"] <= 360
            page.get_by_role("button", name="Both bad").tap()
            page.get_by_role("heading", name="All done").wait_for()
        assert len(votes(box)) == 1


def test_the_buttons_stay_in_sight_of_long_answers(chromium: Chromium, tmp_path: Path) -> None:
    whole = batch_of([pair(0, a=LONG, b=LONG + "!")])
    with opened(tmp_path, whole, "ann") as box, BallotServer(box) as server, chromium.tab() as page:
        page.goto(server.link("ann", batch=BATCH))
        for share in (0.0, 0.5):
            page.evaluate(f"scrollTo(0, document.documentElement.scrollHeight * {share})")
            shown = page.locator("#verdict").bounding_box()
            assert shown is not None
            assert shown["y"] + shown["height"] <= 900
