import logging
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette

from policies.errors import Broken
from stages.evidence.estimate import Bounds, Estimate, Unmeasured
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.web.app import GRACE_SECONDS, make_app, serve, server_config
from stages.side_by_side.web.fair_share import COUNTED_ANEW_AFTER_SECONDS, FairShares
from stages.side_by_side.web.forms import MOST_BYTES
from stages.side_by_side.web.overview import in_words
from stages.side_by_side.web.site import no_agreement
from tests.servers.ballot_server import KEY, BallotServer, now
from tests.stages.side_by_side.web.batches import BATCH, batch_of, gold_pair, opened, pair
from tests.stages.side_by_side.web.visitor import OWN, Visitor, fields_of


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BallotBox]:
    with opened(tmp_path, batch_of([pair(n) for n in range(6)]), "ann") as found:
        yield found


@pytest.fixture
def server(box: BallotBox) -> Iterator[BallotServer]:
    with BallotServer(box) as found:
        yield found


def broken(*_: object, **__: object) -> None:
    raise Broken("cannot use the votes in /secret/place", why="the disk is full")


def test_health_is_that_of_the_ballot_box(
    server: BallotServer, box: BallotBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Visitor(server.origin) as anybody:
        assert anybody.get("/healthz").text == "ok\n"
        monkeypatch.setattr(box.batches, "names", broken)
        page = anybody.get("/healthz")
    assert page.status_code == 503
    assert "secret" not in page.text


def test_a_broken_ballot_box_is_said_without_its_place(
    server: BallotServer,
    box: BallotBox,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Visitor(server.origin) as ann, caplog.at_level(logging.ERROR):
        fields = fields_of(ann.enter(server.link("ann", batch=BATCH)))
        monkeypatch.setattr(box, "cast", broken)
        page = ann.post("/vote", fields | {"verdict": "1"})
    assert page.status_code == 503
    assert "secret" not in page.text
    assert "the disk is full" in caplog.text


def test_only_files_of_the_pages_are_served(server: BallotServer) -> None:
    with Visitor(server.origin) as anybody:
        for name in ("page.css", "page.js", "icon.svg"):
            page = anybody.get(f"/static/{name}")
            assert page.status_code == 200
            assert "immutable" in page.headers["cache-control"]
        for name in ("app.py", "..%2Fapp.py", "%2Fetc%2Fpasswd", "task.html"):
            assert anybody.get(f"/static/{name}").status_code == 404


def test_a_form_that_is_too_long_or_encoded_otherwise_is_refused(server: BallotServer) -> None:
    with Visitor(server.origin) as ann:
        fields = fields_of(ann.enter(server.link("ann", batch=BATCH))) | {"verdict": "1"}
        assert ann.post("/vote", fields | {"comment": "x" * MOST_BYTES}).status_code == 403
        many = {f"field-{number}": "" for number in range(300)}
        assert ann.post("/vote", fields | many).status_code == 403
        for sent in (b"verdict=1", b'{"verdict": "1"}'):
            kind = {"content-type": "application/json"}
            reply = ann._client.post("/vote", content=sent, headers=OWN | kind)
            assert reply.status_code == 403
        kind = {"content-type": "application/x-www-form-urlencoded"}
        assert ann._client.post("/vote", content=b"\xff", headers=OWN | kind).status_code == 403


def test_a_batch_that_is_opened_later_is_found(server: BallotServer, box: BallotBox) -> None:
    whole = batch_of([pair(99)])
    later = replace(whole, terms=replace(whole.terms, name="later"))
    with Visitor(server.origin) as lea:
        assert lea.enter(server.lead_link(batch="later")).status_code == 401
        box.batches.open(later, now=now())
        assert lea.enter(server.lead_link(batch="later")).status_code == 200


def test_the_server_keeps_no_log_of_addresses_and_ends_within_its_grace() -> None:
    config = server_config(Starlette(), host="0.0.0.0", port=8080)
    assert not config.access_log
    assert config.timeout_graceful_shutdown == GRACE_SECONDS
    assert (config.host, config.port) == ("0.0.0.0", 8080)


def test_a_short_key_is_refused_before_anything_is_served(box: BallotBox) -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        make_app(box, key=KEY[:31], clock=lambda: datetime.now(tz=UTC))


def test_a_fair_share_holds_gold_and_counts_people_anew_after_a_while(tmp_path: Path) -> None:
    whole = batch_of([pair(n) for n in range(6)], gold=[gold_pair(0)], gold_share=0.25)
    seconds = [0.0]
    with opened(tmp_path, whole, "ann") as box:
        shares = FairShares(box.people, timer=lambda: seconds[0])
        assert shares.of(whole) == 8
        box.people.add(BATCH, "bob", now=now())
        assert shares.of(whole) == 8
        seconds[0] = COUNTED_ANEW_AFTER_SECONDS
        assert shares.of(whole) == 4
        for name in ("ann", "bob"):
            box.people.remove(BATCH, name, why="gone", now=now())
        seconds[0] *= 2
        assert shares.of(whole) == 8


def test_a_figure_is_said_with_its_interval_or_with_why_there_is_none() -> None:
    found = Estimate(
        value=0.5, standard_error=None, low=0.4, high=0.6, level=0.95, n=9, unit="share", method="m"
    )
    bound = Estimate(
        value=0.5,
        standard_error=None,
        low=0.4,
        high=None,
        bounds=Bounds.LOWER,
        level=0.95,
        n=9,
        unit="share",
        method="m",
    )
    assert in_words(found) == "0.500 (0.400 to 0.600)"
    assert in_words(bound) == "0.500 (at least 0.400)"
    assert in_words(Unmeasured("too few")) == "not measured: too few"
    assert in_words(no_agreement(())).startswith("not measured")


def test_it_is_said_to_be_served_once_it_listens_and_not_before() -> None:
    said: list[int] = []

    def listens() -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            said.append(port)
        signal.raise_signal(signal.SIGINT)

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit):
            serve(Starlette(), "127.0.0.1", port, then=listens)
        assert said == []
    with pytest.raises(KeyboardInterrupt):
        serve(Starlette(), "127.0.0.1", port, then=listens)
    assert said == [port]
