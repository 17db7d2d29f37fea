"""Where people reach the pages is said when they are served, and believed before any request."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest

from stages.side_by_side.ballots.box import BallotBox
from tests.servers.ballot_server import BallotServer
from tests.stages.side_by_side.web.batches import BATCH, batch_of, opened, pair
from tests.stages.side_by_side.web.visitor import OWN, fields_of

PUBLIC = "https://votes.example.org"
INSIDE = {"host": "inside:8080", "x-forwarded-host": "evil.example"}
"""What a proxy on another machine sends on: the request is of HTTP, and of its own name for us."""


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BallotBox]:
    whole = batch_of([pair(n) for n in range(3)], guidelines="Read.")
    with opened(tmp_path, whole, "ann") as found:
        yield found


@pytest.fixture
def public(box: BallotBox) -> Iterator[BallotServer]:
    with BallotServer(box, origin=PUBLIC) as server:
        yield server


def entered(link: str) -> httpx2.Response:
    return httpx2.get(link, headers=INSIDE)


def posted(server: BallotServer, path: str, link: str, sent: Mapping[str, str]) -> httpx2.Response:
    """A form of the page that a link leads to."""
    kept = {"cookie": entered(link).headers["set-cookie"].partition(";")[0], **INSIDE}
    home = "/lead" if path.startswith("/lead") else "/guidelines"
    form = fields_of(httpx2.get(server.origin + home, headers=kept))
    fields = form | {"person": "eve", "version": "1"}
    return httpx2.post(server.origin + path, data=fields, headers=kept | dict(sent))


@pytest.mark.parametrize(
    ("origin", "secure"), [(PUBLIC, True), ("http://votes.example", False), (None, False)]
)
def test_every_cookie_is_for_https_where_people_come_by_it(
    box: BallotBox, origin: str | None, *, secure: bool
) -> None:
    with BallotServer(box, origin=origin) as server:
        ann, lea = server.link("ann", batch=BATCH), server.lead_link(batch=BATCH)
        replies = [entered(ann), entered(lea), posted(server, "/guidelines", ann, OWN)]
    kept = [reply.headers["set-cookie"].lower() for reply in replies]
    assert ["; secure" in cookie for cookie in kept] == [secure] * 3


def test_the_lead_hands_out_links_to_the_public_address(public: BallotServer) -> None:
    page = posted(public, "/lead/add", public.lead_link(batch=BATCH), OWN)
    found = re.search(r'class="once">([^<]+)<', page.text)
    assert found
    assert found.group(1).startswith(f"{PUBLIC}/enter/")


def test_without_a_public_address_links_lead_where_the_request_says(box: BallotBox) -> None:
    with BallotServer(box) as server:
        page = posted(server, "/lead/add", server.lead_link(batch=BATCH), OWN)
    assert 'class="once">http://inside:8080/enter/' in page.text


@pytest.mark.parametrize(
    ("sender", "status"),
    [
        (PUBLIC, 303),
        ("http://votes.example.org", 403),
        ("https://votes.example.org.evil.example", 403),
        ("http://inside:8080", 403),
        ("null", 403),
        (None, 403),
    ],
)
def test_only_pages_of_the_public_address_post(
    public: BallotServer, sender: str | None, status: int
) -> None:
    sent = {} if sender is None else {"origin": sender}
    link = public.link("ann", batch=BATCH)
    assert posted(public, "/guidelines", link, sent).status_code == status
