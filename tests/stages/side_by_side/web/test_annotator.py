import base64
import logging
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.batch import Rules
from stages.side_by_side.web.annotator import LONGEST_COMMENT
from tests.servers.ballot_server import BallotServer, link, now
from tests.stages.side_by_side.web.batches import (
    BASELINE,
    BATCH,
    CANDIDATE,
    batch_of,
    gold_pair,
    opened,
    pair,
)
from tests.stages.side_by_side.web.visitor import Visitor, fields_of

PAIRS = [pair(n, harms=("violence",) if n == 2 else ()) for n in range(4)]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BallotBox]:
    whole = batch_of(PAIRS, guidelines="Read *both*.", gold=[gold_pair(0)], gold_share=0.2)
    with opened(tmp_path, whole, "ann", "bob") as found:
        yield found


@pytest.fixture
def server(box: BallotBox) -> Iterator[BallotServer]:
    with BallotServer(box) as found:
        yield found


@pytest.fixture
def ann(server: BallotServer) -> Iterator[Visitor]:
    with Visitor(server.origin) as visitor:
        page = visitor.enter(server.link("ann", batch=BATCH))
        assert "Guidelines" in page.text
        visitor.post("/guidelines", fields_of(page))
        yield visitor


def votes_of(box: BallotBox) -> int:
    return len(box.standing_votes(BATCH)) + len(box.gold_votes(BATCH))


def test_a_vote_is_kept_with_its_comment_time_and_version_of_the_guidelines(
    ann: Visitor, box: BallotBox
) -> None:
    fields = fields_of(ann.get("/")) | {"verdict": "2", "comment": "clearer", "seconds": "0.001"}
    page = ann.post("/vote", fields)
    assert "Saved: a better." in page.text
    (vote,) = box.standing_votes(BATCH) or box.gold_votes(BATCH)
    assert (vote.annotator, vote.record["comment"], vote.record["guidelines"]) == (
        "ann",
        "clearer",
        1,
    )
    assert vote.record["seconds"] == 0.001


def test_the_answer_on_the_left_is_the_one_that_a_stands_for(ann: Visitor, box: BallotBox) -> None:
    while "Pair" in (page := ann.get("/")).text:
        left = page.text.split('id="answer-A"')[1].split('id="answer-B"')[0]
        good = "<strong>here" in left or "Mill Lane" in left
        ann.post("/vote", fields_of(page) | {"verdict": "1" if good else "5"})
    votes = box.standing_votes(BATCH)
    assert len(votes) == len(PAIRS)
    assert {vote.win_a for vote in votes} == {1.0}
    assert {vote.first for vote in votes} == {CANDIDATE, BASELINE}
    assert {vote.win_a for vote in box.gold_votes(BATCH)} <= {1.0}


def test_a_vote_that_is_sent_twice_is_one_vote(ann: Visitor, box: BallotBox) -> None:
    fields = fields_of(ann.get("/")) | {"verdict": "4"}
    together = [threading.Thread(target=ann.post, args=("/vote", fields)) for _ in range(8)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert votes_of(box) == 1


def test_a_vote_that_comes_again_after_it_was_taken_back_stays_taken_back(
    ann: Visitor, box: BallotBox
) -> None:
    fields = fields_of(ann.get("/")) | {"verdict": "4"}
    ann.post("/vote", fields)
    undo = fields_of(ann.get("/"))
    ann.post("/undo", undo)
    ann.post("/vote", fields)
    assert votes_of(box) == 0
    ann.post("/vote", fields_of(ann.get("/")) | {"verdict": "4"})
    ann.post("/undo", undo)
    assert votes_of(box) == 1


def test_another_verdict_on_the_same_pair_waits_for_an_undo(ann: Visitor, box: BallotBox) -> None:
    fields = fields_of(ann.get("/"))
    again = fields_of(ann.get("/"))
    ann.post("/vote", fields | {"verdict": "4"})
    assert "first answer stands" in ann.post("/vote", again | {"verdict": "1"}).text
    page = ann.post("/undo", fields_of(ann.get("/")))
    assert "Taken back" in page.text
    assert votes_of(box) == 0
    ann.post("/vote", fields_of(page) | {"verdict": "1"})
    assert votes_of(box) == 1


def test_another_verdict_by_the_same_form_is_not_said_to_be_saved(
    ann: Visitor, box: BallotBox
) -> None:
    fields = fields_of(ann.get("/"))
    ann.post("/vote", fields | {"verdict": "4"})
    assert "first answer stands" in ann.post("/vote", fields | {"verdict": "1"}).text
    assert "Saved: b better" in ann.post("/vote", fields | {"verdict": "4"}).text
    assert votes_of(box) == 1


def test_a_form_whose_verdict_was_changed_since_saves_nothing(ann: Visitor, box: BallotBox) -> None:
    first = fields_of(ann.get("/"))
    ann.post("/vote", first | {"verdict": "4"})
    page = ann.post("/undo", fields_of(ann.get("/")))
    ann.post("/vote", fields_of(page) | {"verdict": "3"})
    assert "first answer stands" in ann.post("/vote", first | {"verdict": "4"}).text
    assert [vote.win_a for vote in (*box.standing_votes(BATCH), *box.gold_votes(BATCH))] == [0.5]


def test_nothing_to_take_back_is_said(ann: Visitor) -> None:
    assert "nothing to take back" in ann.post("/undo", fields_of(ann.get("/"))).text


def test_a_skip_and_a_flag_need_a_word_why(ann: Visitor, box: BallotBox) -> None:
    fields = fields_of(ann.get("/"))
    for path in ("/skip", "/flag"):
        assert "Say in a word why" in ann.post(path, fields | {"comment": "  "}).text
    ann.post("/flag", fields | {"comment": "it names a person"})
    assert [flag.comment for flag in box.flags(BATCH)] == ["it names a person"]
    before = fields_of(ann.get("/"))
    assert "Skipped." in ann.post("/skip", before | {"comment": "I speak no Latin"}).text
    assert box.summary(BATCH, "ann").skipped == 1
    assert votes_of(box) == 0


def test_a_comment_without_end_is_refused_and_said(ann: Visitor, box: BallotBox) -> None:
    fields = fields_of(ann.get("/")) | {"verdict": "1", "comment": "x" * (LONGEST_COMMENT + 1)}
    assert "at most 4,000 characters" in ann.post("/vote", fields).text
    assert votes_of(box) == 0


@pytest.mark.parametrize(
    "wrong",
    [{"ticket": "x"}, {"verdict": "6"}, {"verdict": ""}, {"ticket": ""}],
)
def test_what_no_page_of_ours_sends_changes_nothing(
    ann: Visitor, box: BallotBox, wrong: dict[str, str]
) -> None:
    fields = fields_of(ann.get("/")) | {"verdict": "1"} | wrong
    assert "nothing was saved" in ann.post("/vote", fields).text
    assert votes_of(box) == 0


def test_a_ticket_of_somebody_else_changes_nothing(
    ann: Visitor, server: BallotServer, box: BallotBox
) -> None:
    with Visitor(server.origin) as bob:
        bob.post("/guidelines", fields_of(bob.enter(server.link("bob", batch=BATCH))))
        stolen = fields_of(bob.get("/"))["ticket"]
        page = ann.post("/vote", fields_of(ann.get("/")) | {"verdict": "1", "ticket": stolen})
    assert "nothing was saved" in page.text
    assert votes_of(box) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"referer": "http://nowhere"},
    ],
)
def test_a_form_of_another_site_changes_nothing(
    ann: Visitor, box: BallotBox, headers: dict[str, str]
) -> None:
    fields = fields_of(ann.get("/")) | {"verdict": "1"}
    assert ann.post("/vote", fields, **headers).status_code == 403
    assert votes_of(box) == 0


def test_an_old_browser_that_names_its_origin_may_vote(ann: Visitor, box: BallotBox) -> None:
    fields = fields_of(ann.get("/")) | {"verdict": "1"}
    assert ann.post("/vote", fields, origin=ann.origin).status_code == 200
    assert votes_of(box) == 1


def test_a_form_without_its_token_changes_nothing(ann: Visitor, box: BallotBox) -> None:
    fields = fields_of(ann.get("/")) | {"verdict": "1"}
    for token in ("", "0" * 64, "ä"):
        assert ann.post("/vote", fields | {"form": token}).status_code == 403
    assert votes_of(box) == 0


def test_new_guidelines_are_shown_before_the_next_pair_and_votes_say_which(
    ann: Visitor, box: BallotBox
) -> None:
    old = fields_of(ann.get("/"))
    box.batches.publish(BATCH, "Read them *twice*.", now=now())
    page = ann.post("/vote", old | {"verdict": "1"})
    assert "<em>twice</em>" in page.text
    page = ann.post("/guidelines", fields_of(page) | {"version": "1"})
    assert "<em>twice</em>" in page.text
    page = ann.post("/guidelines", fields_of(page))
    ann.post("/vote", fields_of(page) | {"verdict": "1"})
    told = [v.record["guidelines"] for v in (*box.standing_votes(BATCH), *box.gold_votes(BATCH))]
    assert sorted(map(str, told)) == ["1", "2"]


def test_who_opts_out_of_a_harm_is_not_shown_it(ann: Visitor, box: BallotBox) -> None:
    page = ann.get("/settings")
    ann.post("/settings", fields_of(page) | {"harm": "violence"})
    assert box.people.get(BATCH, "ann").opted_out == ("violence",)
    seen = []
    while "Pair" in (page := ann.get("/")).text:
        seen.append(page.text)
        ann.post("/vote", fields_of(page) | {"verdict": "3"})
    assert not any("Where is place 2?" in text for text in seen)
    assert len(box.standing_votes(BATCH)) == len(PAIRS) - 1
    assert 'value="violence" checked' in ann.get("/settings").text


def test_only_harms_of_the_batch_can_be_chosen(ann: Visitor, box: BallotBox) -> None:
    ann.post("/settings", fields_of(ann.get("/settings")) | {"harm": "everything"})
    assert box.people.get(BATCH, "ann").opted_out == ()


def test_a_batch_that_was_stopped_says_so(ann: Visitor, box: BallotBox) -> None:
    fields = fields_of(ann.get("/"))
    box.batches.stop(BATCH, why="enough", now=now())
    page = ann.post("/vote", fields | {"verdict": "1"})
    assert "This batch has ended" in page.text
    assert votes_of(box) == 0


def test_the_models_names_are_in_nothing_that_an_annotator_receives(
    ann: Visitor, box: BallotBox
) -> None:
    ann.get("/settings")
    ann.get("/guidelines")
    while "Pair" in (page := ann.get("/")).text:
        ann.post("/vote", fields_of(page) | {"verdict": "3"})
    ann.post("/undo", fields_of(ann.get("/")))
    ann.get("/nothing")
    secrets = [CANDIDATE, BASELINE, BATCH, "zebra", "quokka", "gold", "prompt-", "release"]
    secrets += [*box.batches.get(BATCH).shown]
    received = b"\n".join(ann.received)
    everything = b"\n".join([received, *decoded(received)]).lower()
    assert b"pair 1" in everything
    assert b'"ann"' in everything
    for secret in secrets:
        assert secret.encode() not in everything.replace(b"page.css", b""), secret


def decoded(text: bytes) -> Iterator[bytes]:
    """What stands in tokens, for whoever decodes them."""
    for found in set(re.findall(rb"[\w-]{16,}", text)):
        yield base64.urlsafe_b64decode(found[: len(found) // 4 * 4])


def test_a_gold_pair_looks_like_any_other(tmp_path: Path) -> None:
    whole = batch_of([pair(0)], gold=[gold_pair(0)], rules=Rules(qualification=1, qualified_at=0.0))
    with opened(tmp_path, whole, "ann") as box, BallotServer(box) as server:
        with Visitor(server.origin) as ann:
            first = ann.enter(server.link("ann", batch=BATCH))
            second = ann.post("/vote", fields_of(first) | {"verdict": "1"})
        assert "Mill Lane" in first.text
        assert "0 done of about 2" in first.text
        assert "1 done of about 2" in second.text


def test_every_reply_forbids_what_is_not_needed(ann: Visitor) -> None:
    for page in (ann.get("/"), ann.get("/nothing"), ann.get("/healthz"), ann.get("/enter/x")):
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "unsafe" not in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"
        at_the_door = page.url.path.startswith("/enter/")
        assert page.headers["referrer-policy"] == ("no-referrer" if at_the_door else "same-origin")
        assert page.headers["cache-control"] == "no-store"
        assert "server" not in page.headers


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(server: BallotServer) -> None:
    with Visitor(server.origin) as visitor:
        visitor.enter(server.link("ann", batch=BATCH))
        said = visitor.received[0].decode()
    cookie = next(line for line in said.split("\n") if line.startswith("set-cookie: gate_sxs="))
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_the_log_holds_no_token(server: BallotServer, caplog: pytest.LogCaptureFixture) -> None:
    token = server.link("ann", batch=BATCH).rpartition("/")[2]
    with caplog.at_level(logging.INFO), Visitor(server.origin) as visitor:
        visitor.enter(server.link("ann", batch=BATCH))
        visitor.get("/x%0Ay")
    said = [r.getMessage() for r in caplog.records if not r.name.startswith("http")]
    assert any(line.startswith("GET /enter/... 303") for line in said)
    assert any(line.startswith("GET /x\\ny 404") for line in said)
    assert not any(token in line for line in said)


def test_an_expired_link_says_that_it_expired(box: BallotBox) -> None:
    expired = BallotServer(box, clock=lambda: now() + timedelta(days=15))
    with expired, Visitor(expired.origin) as visitor:
        page = visitor.enter(link(expired.origin, box, BATCH, "ann"))
    assert page.status_code == 401
    assert "This link has expired" in page.text


def test_a_forged_link_opens_nothing(server: BallotServer) -> None:
    with Visitor(server.origin) as visitor:
        page = visitor.enter(server.link("ann", batch=BATCH)[:-1] + "~")
        assert page.status_code == 401
        assert "This link opens nothing" in page.text
        assert visitor.get("/").status_code == 401
        assert visitor.enter(server.lead_link(batch=BATCH).replace("/lead", "")).status_code == 401


def test_a_link_to_an_unknown_batch_opens_nothing(server: BallotServer) -> None:
    with Visitor(server.origin) as visitor:
        assert visitor.enter(server.lead_link(batch="another")).status_code == 401


def test_a_new_link_replaces_the_old_one_at_once(
    ann: Visitor, server: BallotServer, box: BallotBox
) -> None:
    old = server.link("ann", batch=BATCH)
    box.people.reissue_link(BATCH, "ann", now=now())
    assert "There is a newer link" in ann.get("/").text
    assert ann.enter(old).status_code == 401
    assert ann.enter(server.link("ann", batch=BATCH)).status_code == 200


def test_who_is_paused_or_removed_is_told_so_and_no_more(ann: Visitor, box: BallotBox) -> None:
    fields = fields_of(ann.get("/"))
    box.people.pause(BATCH, "ann", why="read 1 of 5 gold pairs", now=now())
    page = ann.post("/vote", fields | {"verdict": "1"})
    assert page.status_code == 403
    assert "Your work is paused" in page.text
    assert "gold" not in page.text
    box.people.remove(BATCH, "ann", why="too quick", now=now())
    assert ann.get("/").status_code == 403
    assert "no longer take part" in ann.get("/").text
    assert votes_of(box) == 0


def test_a_link_that_another_site_leads_to_goes_on_by_a_page_of_ours(server: BallotServer) -> None:
    with Visitor(server.origin) as visitor:
        page = visitor.get(server.link("ann", batch=BATCH).removeprefix(server.origin))
        assert page.status_code == 200
    with Visitor(server.origin) as visitor:
        page = visitor._client.get(server.link("ann", batch=BATCH))
        assert 'http-equiv="refresh" content="0; url=/"' in page.text
