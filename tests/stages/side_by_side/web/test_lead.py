import csv
import io
import re
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path

import pytest

from stages.evidence.estimate import Estimate
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.cast import Ballot
from stages.side_by_side.ballots.person import Status
from stages.side_by_side.batch import Rules
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote
from stages.side_by_side.web.overview import is_turned
from tests.servers.ballot_server import BallotServer, lead_link, now
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

PAIRS = [pair(n) for n in range(4)]


def agreed(votes: Sequence[Vote]) -> Estimate:
    return Estimate(
        value=0.5,
        standard_error=0.1,
        low=0.3,
        high=0.7,
        level=0.95,
        n=max(1, len(votes)),
        unit="share",
        method="of a test",
    )


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BallotBox]:
    rules = Rules(qualification=1, qualified_at=0.0, gold_least=1, warn_below=1.0, pause_below=0.0)
    whole = batch_of(PAIRS, overlap=2, guidelines="Read.", gold=[gold_pair(0)], rules=rules)
    with opened(tmp_path, whole, "ann", "bob") as found:
        yield found


@pytest.fixture
def server(box: BallotBox) -> Iterator[BallotServer]:
    with BallotServer(box, agreement=agreed) as found:
        yield found


@pytest.fixture
def lea(server: BallotServer) -> Iterator[Visitor]:
    with Visitor(server.origin) as visitor:
        assert visitor.enter(server.lead_link(batch=BATCH)).status_code == 200
        yield visitor


def cast(box: BallotBox, person: str, said: Preference, *, comment: str = "") -> None:
    """The person's next pair; `said` of the pair's own a."""
    task = box.next_task(BATCH, person, now=now())
    ballot = Ballot(
        person=person,
        pair=task.pair,
        said=said if task.a_first else said.turned,
        seconds=2.0,
        comment=comment,
        guidelines=1,
        token=f"{person} {task.pair} {task.position}",
    )
    box.cast(BATCH, ballot, now=now())


def dispute(box: BallotBox) -> None:
    for _ in range(len(PAIRS) + 1):
        cast(box, "ann", Preference.A_MUCH_BETTER)
        cast(box, "bob", Preference.B_MUCH_BETTER)


def changed(lea: Visitor, path: str, **fields: str) -> str:
    return lea.post(path, {"form": fields_of(lea.get("/lead"))["form"], **fields}).text


def refused(lea: Visitor, path: str, **fields: str) -> str:
    """What the page says of a form that it does not take."""
    form = fields_of(lea.get("/lead"))["form"]
    answer = lea.post(path, {"form": form, **fields})
    assert answer.status_code == 400
    assert "Not taken" in answer.text
    found = re.search("Nothing was changed: ([^<]+)<", answer.text)
    assert found
    return unescape(found.group(1))


def link_on(page: str) -> str:
    found = re.search(r'class="once">([^<]+)<', page)
    assert found
    return unescape(found.group(1))


def test_an_annotator_is_no_lead(server: BallotServer) -> None:
    with Visitor(server.origin) as ann:
        ann.enter(server.link("ann", batch=BATCH))
        for path in (
            "/lead",
            "/lead/disputes",
            "/lead/people.csv",
            "/lead/votes.csv",
            "/lead/skips.csv",
        ):
            assert ann.get(path).status_code == 401
        fields = fields_of(ann.get("/guidelines"))
        assert ann.post("/lead/stop", fields | {"why": "x", "sure": "yes"}).status_code == 403
    assert server.box.batches.stopped(BATCH) is None


def test_the_page_shows_how_the_batch_goes(lea: Visitor, box: BallotBox) -> None:
    dispute(box)
    page = lea.get("/lead").text
    assert "Voting: 8 of 8 votes" in page
    assert "0.500 (0.300 to 0.700)" in page
    assert "2 s" in page
    assert "1 of 1 (100 %)" in page
    assert "0 of 1 (0 %)" in page
    assert "gold is low" in page
    assert '<th scope="row">near</th><td class="number">4</td>' in page


def test_who_is_added_gets_a_link_that_is_shown_once(lea: Visitor, server: BallotServer) -> None:
    page = changed(lea, "/lead/add", person="cleo", segment="nurse")
    assert server.box.people.get(BATCH, "cleo").segment == "nurse"
    assert "older links" not in page
    with Visitor(server.origin) as cleo:
        assert "Guidelines" in cleo.enter(link_on(page)).text
    assert link_on(page) not in lea.get("/lead").text


def test_a_new_link_makes_the_old_one_open_nothing(lea: Visitor, server: BallotServer) -> None:
    old = server.link("ann", batch=BATCH)
    page = changed(lea, "/lead/person", person="ann", do="reissue")
    with Visitor(server.origin) as ann:
        assert ann.enter(old).status_code == 401
        assert ann.enter(link_on(page)).status_code == 200
    assert "their older links open nothing" in page


def test_who_is_on_the_list_already_keeps_their_link_and_may_be_given_a_new_one(
    lea: Visitor, server: BallotServer
) -> None:
    old = server.link("ann", batch=BATCH)
    for segment in ("", "nurse"):
        form = fields_of(lea.get("/lead"))["form"]
        answer = lea.post("/lead/add", {"form": form, "person": "ann", "segment": segment})
        assert answer.status_code == 409
        assert "ann is on the list already" in answer.text
        assert 'class="once"' not in answer.text
        assert fields_of(answer)["person"] == "ann"
        assert 'name="do" value="reissue">New link<' in answer.text
    with Visitor(server.origin) as ann:
        assert ann.enter(old).status_code == 200
    fresh = lea.post("/lead/person", {**fields_of(answer), "do": "reissue"})
    with Visitor(server.origin) as ann:
        assert ann.enter(old).status_code == 401
        assert ann.enter(link_on(fresh.text)).status_code == 200


def test_who_was_removed_comes_back_with_a_link_of_their_own(
    lea: Visitor, server: BallotServer
) -> None:
    old = server.link("ann", batch=BATCH)
    changed(lea, "/lead/person", person="ann", do="remove")
    page = changed(lea, "/lead/add", person="ann")
    assert "their older links open nothing" in page
    with Visitor(server.origin) as ann:
        assert ann.enter(old).status_code == 401
        assert ann.enter(link_on(page)).status_code == 200


def test_people_are_paused_resumed_and_removed(lea: Visitor, box: BallotBox) -> None:
    for do, status in (
        ("pause", Status.PAUSED),
        ("resume", Status.WORKING),
        ("remove", Status.REMOVED),
    ):
        assert "Changed." in changed(lea, "/lead/person", person="ann", do=do, why="to see")
        assert box.people.get(BATCH, "ann").status is status
        assert box.people.get(BATCH, "ann").changed_by == "lea"
    assert " <small>last changed by lea" in lea.get("/lead").text


@pytest.mark.parametrize(
    ("path", "fields", "why"),
    [
        ("/lead/person", {"person": "bob", "do": "praise"}, "people are paused, resumed"),
        ("/lead/person", {"person": "bob"}, "people are paused, resumed"),
        ("/lead/add", {"person": " "}, "whoever is added needs a name"),
        ("/lead/add", {"person": "x" * 201}, "a name has at most 200 characters"),
        ("/lead/add", {"person": "x", "segment": "y" * 201}, "and so has a kind of user"),
        ("/lead/guidelines", {"text": " "}, "guidelines say something"),
    ],
)
def test_a_form_that_says_nothing_sound_is_refused_in_a_sentence(
    lea: Visitor, box: BallotBox, path: str, fields: dict[str, str], why: str
) -> None:
    before = box.people.all(BATCH)
    assert why in refused(lea, path, **fields)
    assert box.people.all(BATCH) == before
    assert box.batches.guidelines(BATCH).version == 1


def test_a_name_may_be_as_long_as_the_form_says(lea: Visitor, box: BallotBox) -> None:
    assert "A link for" in changed(lea, "/lead/add", person="x" * 200)
    assert box.people.get(BATCH, "x" * 200)


def test_what_cannot_be_is_refused_with_its_reason(lea: Visitor) -> None:
    assert "That cannot be" in changed(lea, "/lead/person", person="nobody", do="pause")


def test_guidelines_are_published_as_a_new_version_only_when_they_are_new(
    lea: Visitor, box: BallotBox
) -> None:
    assert "guidelines already" in changed(lea, "/lead/guidelines", text="Read.")
    assert "Published" in changed(lea, "/lead/guidelines", text="Read twice.")
    assert box.batches.guidelines(BATCH).version == 2
    assert box.batches.guidelines(BATCH).by == "lea"


def test_a_batch_is_stopped_only_by_somebody_who_is_sure(lea: Visitor, box: BallotBox) -> None:
    assert "Nothing was stopped" in changed(lea, "/lead/stop", why="enough")
    assert box.batches.stopped(BATCH) is None
    assert "Stopped" in changed(lea, "/lead/stop", why="enough", sure="yes")
    stopped = box.batches.stopped(BATCH)
    assert stopped is not None
    assert stopped.by == "lea"
    assert "by lea: enough" in lea.get("/lead").text


def test_a_dispute_is_settled_blind_and_kept_by_the_pairs_own_sides(
    lea: Visitor, box: BallotBox
) -> None:
    dispute(box)
    page = lea.get("/lead/disputes").text
    assert page.count('class="badge warn">open') == len(PAIRS)
    for number in re.findall('name="number" value="([0-9]+)"', page):
        text = changed(lea, "/lead/disputes", number=number, verdict="2", comment="it is so")
        assert "you said: A better" in text
    settled = box.disputes.all(BATCH)
    assert {is_turned(found.pair) for found in settled} == {True, False}
    for found in settled:
        expected = Preference.B_BETTER if is_turned(found.pair) else Preference.A_BETTER
        assert found.adjudication is not None
        assert found.adjudication.preference is expected
        assert found.adjudication.lead == "lea"


def test_a_dispute_says_of_each_vote_what_it_means_for_the_answers_as_shown(
    lea: Visitor, box: BallotBox
) -> None:
    dispute(box)
    page = lea.get("/lead/disputes").text
    for section in page.split('<section class="dispute"')[1:]:
        first = section.split('class="answer"')[1]
        candidate = "A" if "<strong>here" in first else "B"
        baseline = "B" if candidate == "A" else "A"
        assert f"ann: {candidate} much better" in section
        assert f"bob: {baseline} much better" in section


@pytest.mark.parametrize(
    "wrong",
    [{"number": "x"}, {"number": "99"}, {"number": "²"}, {"number": "9" * 5000}, {"verdict": ""}],
    ids=["letter", "beyond", "power", "endless", "empty"],
)
def test_a_settlement_that_says_nothing_changes_nothing(
    lea: Visitor, box: BallotBox, wrong: dict[str, str]
) -> None:
    dispute(box)
    fields = {"number": "0", "verdict": "1"} | wrong
    why = refused(lea, "/lead/disputes", **fields)
    assert why.startswith("choose what you say" if "verdict" in wrong else "the batch has no pair")
    assert all(found.adjudication is None for found in box.disputes.all(BATCH))


def test_who_leads_is_blind_too(lea: Visitor, box: BallotBox) -> None:
    dispute(box)
    for path in (
        "/lead",
        "/lead/disputes",
        "/lead/people.csv",
        "/lead/votes.csv",
        "/lead/skips.csv",
    ):
        lea.get(path)
    everything = b"\n".join(lea.received)
    for model in (CANDIDATE, BASELINE):
        assert model.encode() not in everything


def test_flags_are_shown_as_text(lea: Visitor, box: BallotBox) -> None:
    task = box.next_task(BATCH, "ann", now=now())
    box.flag(BATCH, "ann", task.pair, comment="<script>alert(1)</script>", now=now())
    page = lea.get("/lead").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_skips_are_shown_with_their_reason_until_they_are_undone(
    lea: Visitor, box: BallotBox
) -> None:
    assert '<section aria-labelledby="skips">' not in lea.get("/lead").text
    cast(box, "ann", Preference.UNRESOLVED, comment="=<b>I know nothing of it")
    cast(box, "bob", Preference.UNRESOLVED)
    assert "=&lt;b&gt;I know nothing of it" in lea.get("/lead").text
    sheet = lea.get("/lead/skips.csv")
    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert [(row["person"], row["comment"]) for row in rows] == [
        ("ann", "'=<b>I know nothing of it"),
        ("bob", ""),
    ]
    assert all(row["prompt"] and row["at"] for row in rows)
    box.undo(BATCH, "ann", token="back", now=now())
    assert "I know nothing of it" not in lea.get("/lead").text


def test_the_sheets_hold_votes_and_time_and_no_formula(lea: Visitor, box: BallotBox) -> None:
    box.people.add(BATCH, "=1+1", segment="@nurse", now=now())
    cast(box, "ann", Preference.A_BETTER, comment='=HYPERLINK("http://evil.example")')
    cast(box, "ann", Preference.A_BETTER, comment="-2")
    people = lea.get("/lead/people.csv")
    assert people.headers["content-disposition"] == 'attachment; filename="people.csv"'
    rows = list(csv.DictReader(io.StringIO(people.content.decode("utf-8-sig"))))
    assert [row["person"] for row in rows] == ["'=1+1", "ann", "bob"]
    assert rows[0]["segment"] == "'@nurse"
    assert float(rows[1]["seconds"]) == 4.0
    assert people.content.startswith(b"\xef\xbb\xbf")
    votes = list(
        csv.DictReader(io.StringIO(lea.get("/lead/votes.csv").content.decode("utf-8-sig")))
    )
    assert all(vote["comment"].startswith("'") for vote in votes)
    assert {vote["seconds"] for vote in votes} == {"2.0"}
    assert {vote["first_shown_won"] for vote in votes} <= {"0.75", "0.25"}


def test_a_new_link_of_the_leads_ends_the_one_before_it(
    lea: Visitor, box: BallotBox, server: BallotServer
) -> None:
    """Whoever was let in by the old one is out at once, and no other batch is touched."""
    assert lea.get("/lead").status_code == 200
    assert box.leads.reissue_link(BATCH, by="command line", now=now()) == 1
    refused = lea.get("/lead")
    assert (refused.status_code, "There is a newer link" in refused.text) == (401, True)
    with Visitor(server.origin) as other:
        assert other.enter(lead_link(server.origin, BATCH)).status_code == 401
        assert other.enter(lead_link(server.origin, BATCH, version=1)).status_code == 200
        assert other.get("/lead").status_code == 200
