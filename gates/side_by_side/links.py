"""The links that are sent to the people of a batch."""

import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from gates.services import Clock
from policies.errors import WrongUsage
from stages.side_by_side.ballots.person import Person
from stages.side_by_side.web.deck import alias_of
from stages.side_by_side.web.links import Link, Links, Role

LEAD = "lead"
"""Who a lead is in their link."""
_OWN_PORTS = {"http": 80, "https": 443}
"""Ports that an address need not name; browsers leave them out."""
_HOST = re.compile(r"([\w.-]+|\[[0-9a-f:.]+\])(:[0-9]*)?", re.IGNORECASE)
"""A host and perhaps a port: no space, and nobody's name before an `@`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where people enter a site.

    Attributes:
        origin: The site's address, such as `https://votes.example.org`.
        key: The secret that links are signed with.
        clock: Says what time it is.
        valid_for: How long a link may be used after its making.
    """

    origin: str
    key: bytes
    clock: Clock
    valid_for: timedelta

    def of_person(self, batch: str, person: Person) -> str:
        """An annotator's link; it opens nothing once another one was issued."""
        link = Link(batch=alias_of(batch), person=person.name, version=person.link)
        return self._links.address(self.origin, link, Role.ANNOTATOR)

    def of_lead(self, batch: str, *, version: int) -> str:
        """A link for whoever leads a batch; it opens nothing once another one was issued."""
        link = Link(batch=alias_of(batch), person=LEAD, version=version)
        return self._links.address(self.origin, link, Role.LEAD)

    @property
    def _links(self) -> Links:
        return Links(self.key, clock=self.clock, valid_for=self.valid_for)


def origin_of(url: str) -> str:
    """A site's address as browsers write it: lower case, no port that goes without saying.

    Raises:
        WrongUsage: When it is no address of a whole site: pages are served at its root.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _no_site(url) from None
    if not host or url.lower().rstrip("/") != f"{parts.scheme}://{parts.netloc}".lower():
        raise _no_site(url)
    if parts.scheme not in _OWN_PORTS or not _HOST.fullmatch(parts.netloc):
        raise _no_site(url)
    name = f"[{host}]" if ":" in host else host
    told = "" if port in (None, _OWN_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{name}{told}"


def _no_site(url: str) -> WrongUsage:
    return WrongUsage(
        f"annotators cannot reach the pages at {url!r}",
        why="that is not http:// or https://, a host and perhaps a port, and nothing more",
        fix="give --public-url such as https://votes.example.org, whose root is passed on to us",
    )
