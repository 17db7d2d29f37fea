"""Who comes in: a link is opened once, and a cookie stands for it from then on.

The cookie is the link's own token, sent back by the browser to this site only, and out of reach of
scripts. Every request is held against the list of people anew, so that a pause or a new link works
at once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from policies.errors import InputError
from stages.side_by_side.ballots.person import Person, Status
from stages.side_by_side.web.deck import Deck
from stages.side_by_side.web.forms import NOTHING_POSTED, Form, Rejected, read_form
from stages.side_by_side.web.links import Link, Refused, Role
from stages.side_by_side.web.pages import page
from stages.side_by_side.web.site import Site

Endpoint = Callable[[Request], Awaitable[Response]]


class Cookie(StrEnum):
    """Cookies of these pages."""

    ANNOTATOR = "gate_sxs"
    LEAD = "gate_sxs_lead"
    READ = "gate_sxs_read"
    """Which version of the guidelines was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request of somebody who may come in.

    Attributes:
        deck: The batch they came for.
        name: Who they are.
        session: The token that stands for their link.
        form: What they posted.
        receipt: What their browser keeps of the guidelines that were read; empty for nothing.
        said: What the last page said; one word of the address.
        origin: The site as they address it.
    """

    deck: Deck
    name: str
    session: str
    form: Form
    receipt: str = ""
    said: str = ""
    origin: str = ""

    @property
    def batch(self) -> str:
        """Name of the batch."""
        return self.deck.batch.name

    @property
    def secure(self) -> bool:
        """Whether cookies are for HTTPS only."""
        return _is_secure(self.origin)


Handler = Callable[[Visit], Response]


def shown_to(site: Site, role: Role, handler: Handler) -> Endpoint:
    """The endpoint of a page for people of a role."""

    async def endpoint(request: Request) -> Response:
        return await to_thread.run_sync(
            _answer, site, role, handler, request, NOTHING_POSTED, limiter=site.threads
        )

    return endpoint


def posted_by(site: Site, role: Role, handler: Handler) -> Endpoint:
    """The endpoint of a form for people of a role; forms of other sites change nothing."""

    async def endpoint(request: Request) -> Response:
        try:
            form = await read_form(request, origin=site.origin)
        except Rejected as error:
            return _stranger(str(error))
        if not site.tickets.is_form_token(form.get("form"), request.cookies.get(_cookie(role), "")):
            return _stranger("this page is of another session; open it anew")
        return await to_thread.run_sync(
            _answer, site, role, handler, request, form, limiter=site.threads
        )

    return endpoint


def entrance(site: Site, role: Role) -> Endpoint:
    """The endpoint that a link leads to."""

    async def endpoint(request: Request) -> Response:
        return await to_thread.run_sync(_open, site, role, request, limiter=site.threads)

    return endpoint


def turned_away(why: Refused) -> Response:
    """The page of somebody who may not come in; it says what they can do, and nothing else."""
    refusal = _REFUSALS[why]
    values = {"title": refusal.title, "sentence": refusal.sentence}
    return page("refused.html", values, status=refusal.status)


def _answer(site: Site, role: Role, handler: Handler, request: Request, form: Form) -> Response:
    token = request.cookies.get(_cookie(role), "")
    found = _admitted(site, role, token) if token else Refused.FORGED
    if isinstance(found, Refused):
        return turned_away(found)
    return handler(
        Visit(
            deck=found.deck,
            name=found.name,
            session=token,
            form=form,
            receipt=request.cookies.get(Cookie.READ, ""),
            said=request.query_params.get("said", ""),
            origin=site.address(request),
        )
    )


def _open(site: Site, role: Role, request: Request) -> Response:
    token = request.path_params["token"]
    found = _admitted(site, role, token)
    if isinstance(found, Refused):
        return turned_away(found)
    response = _onwards(_home(role), another_site=_of_another_site(request))
    response.set_cookie(
        _cookie(role),
        token,
        max_age=site.keep_seconds,
        path=_home(role),
        secure=_is_secure(site.address(request)),
        httponly=True,
        samesite="strict",
    )
    return response


def _is_secure(origin: str) -> bool:
    return origin.startswith("https://")


def _onwards(home: str, *, another_site: bool) -> Response:
    # a browser that was sent here by another site (a mail on the web) follows a redirect without
    # the strict cookie; a page of ours that goes on by itself is followed with it
    if another_site:
        return page("entering.html", {"home": home})
    return RedirectResponse(home, status_code=303)


def _of_another_site(request: Request) -> bool:
    return request.headers.get("sec-fetch-site", "cross-site") not in ("none", "same-origin")


@dataclass(frozen=True, slots=True)
class _Admitted:
    deck: Deck
    name: str


def _admitted(site: Site, role: Role, token: str) -> _Admitted | Refused:
    link = site.links.read(token, role)
    if isinstance(link, Refused):
        return link
    deck = site.decks.called(link.batch)
    if deck is None:
        return Refused.FORGED
    standing = _standing if role is Role.ANNOTATOR else _leading
    return standing(site, deck, link) or _Admitted(deck, link.person)


def _leading(site: Site, deck: Deck, link: Link) -> Refused | None:
    last = site.box.leads.link(deck.batch.name)
    return None if link.version == last else Refused.REPLACED


def _standing(site: Site, deck: Deck, link: Link) -> Refused | None:
    try:
        person = site.box.people.get(deck.batch.name, link.person)
    except InputError:
        return Refused.REMOVED
    return _refused(person, link)


def _refused(person: Person, link: Link) -> Refused | None:
    if person.status is Status.REMOVED:
        return Refused.REMOVED
    if person.link != link.version:
        return Refused.REPLACED
    match person.status:
        case Status.PAUSED:
            return Refused.PAUSED
        case Status.WORKING:
            return None
        case _:
            assert_never(person.status)


def _stranger(why: str) -> Response:
    values = {"title": "Not taken", "sentence": f"Nothing was changed: {why}."}
    return page("refused.html", values, status=403)


def _cookie(role: Role) -> Cookie:
    return Cookie.LEAD if role is Role.LEAD else Cookie.ANNOTATOR


def _home(role: Role) -> str:
    return "/lead" if role is Role.LEAD else "/"


@dataclass(frozen=True, slots=True)
class _Refusal:
    status: int
    title: str
    sentence: str


_REFUSALS = {
    Refused.FORGED: _Refusal(
        401, "This link opens nothing", "Open the link that was sent to you, all of it."
    ),
    Refused.EXPIRED: _Refusal(
        401, "This link has expired", "Ask whoever sent it for a new one; nothing is lost."
    ),
    Refused.REPLACED: _Refusal(
        401, "There is a newer link", "Use the last link that was sent to you."
    ),
    Refused.REMOVED: _Refusal(403, "You no longer take part", "Thank you for what you did."),
    Refused.PAUSED: _Refusal(
        403, "Your work is paused", "Whoever sent you the link can tell you more; nothing is lost."
    ),
}
