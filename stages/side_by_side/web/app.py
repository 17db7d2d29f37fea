"""The web application of a ballot box, and the server that it runs on."""

import logging
import socket
from collections.abc import Callable
from datetime import timedelta
from time import perf_counter

import uvicorn
from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from policies.errors import GateError, InputError
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.web.annotator import AnnotatorPages
from stages.side_by_side.web.deck import Decks
from stages.side_by_side.web.entry import Endpoint
from stages.side_by_side.web.fair_share import FairShares
from stages.side_by_side.web.guard import Guarded
from stages.side_by_side.web.lead import LeadPages
from stages.side_by_side.web.links import Links
from stages.side_by_side.web.pages import page, static
from stages.side_by_side.web.site import Agreement, Clock, Site, no_agreement
from stages.side_by_side.web.tickets import Tickets

LINKS_VALID_FOR = timedelta(days=14)
THREADS = 4
"""Requests that work with the votes at the same time: more would only wait for each other."""
GRACE_SECONDS = 10
"""How long requests that have begun may go on when the server is told to end."""
_LOG = logging.getLogger("gate.side_by_side")


def make_app(
    box: BallotBox,
    *,
    key: bytes,
    clock: Clock,
    valid_for: timedelta = LINKS_VALID_FOR,
    agreement: Agreement = no_agreement,
    origin: str | None = None,
) -> Starlette:
    """The pages of every batch of a ballot box.

    Args:
        box: Where votes are kept; it stays open, and is closed by whoever opened it.
        key: The secret that links are signed with, at least 32 bytes; another key makes every link
            of before open nothing.
        clock: Says what time it is, with a timezone.
        valid_for: How long a link may be used after its making.
        agreement: Measures how far people agree, for the lead.
        origin: Where people reach the pages, as browsers write it, such as
            `https://votes.example.org`; None for wherever a request says that it was sent.
    """
    site = Site(
        box=box,
        decks=Decks(box.batches),
        links=Links(key, clock=clock, valid_for=valid_for),
        tickets=Tickets(key),
        shares=FairShares(box.people, timer=perf_counter),
        clock=clock,
        agreement=agreement,
        threads=CapacityLimiter(THREADS),
        keep_seconds=int(valid_for.total_seconds()),
        origin=origin,
    )
    return Starlette(
        routes=[
            *AnnotatorPages(site).routes(),
            *LeadPages(site).routes(),
            Route("/static/{name}", static),
            Route("/healthz", _health(box)),
        ],
        middleware=[Middleware(Guarded, timer=perf_counter)],
        exception_handlers={404: _not_found, InputError: _refused, GateError: _broken},
    )


def serve(app: Starlette, host: str, port: int, *, then: Callable[[], None]) -> None:
    """Serves until it is told to end (SIGTERM, Ctrl-C); what has begun is finished first.

    Args:
        app: The pages.
        host: Address to listen at.
        port: Port to listen at.
        then: Called once it listens.
    """
    _Server(server_config(app, host=host, port=port), then).run()


class _Server(uvicorn.Server):
    """One that says when it listens."""

    def __init__(self, config: uvicorn.Config, then: Callable[[], None]) -> None:
        super().__init__(config)
        self._then = then

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._then()


def server_config(app: Starlette, *, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Config:
    """How the pages are served: nothing is logged by the server, whose log would hold tokens."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        log_level="warning",
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _health(box: BallotBox) -> Endpoint:
    async def health(request: Request) -> Response:
        del request
        try:
            await run_in_threadpool(box.batches.names)
        except GateError as error:
            _LOG.error("the ballot box does not answer: %s", error.in_short)
            return PlainTextResponse("the ballot box does not answer\n", status_code=503)
        return PlainTextResponse("ok\n")

    return health


def _not_found(request: Request, error: Exception) -> Response:
    del request, error
    values = {"title": "There is no such page", "sentence": "Open the link that was sent to you."}
    return page("refused.html", values, status=404)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, GateError)
    _LOG.warning("refused: %s", error.in_short)
    sentence = error.in_short if request.url.path.startswith("/lead") else "Nothing was changed."
    return page("refused.html", {"title": "That cannot be", "sentence": sentence}, status=400)


def _broken(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, GateError)
    _LOG.error("broken: %s", error.in_short)
    values = {
        "title": "Something is broken here",
        "sentence": "What you saved before is safe. Try again in a minute.",
    }
    return page("refused.html", values, status=503)
