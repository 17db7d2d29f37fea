"""The links that are sent to the people of a batch."""

from dataclasses import dataclass
from datetime import timedelta

from gates.services import Clock
from stages.side_by_side.ballots.person import Person
from stages.side_by_side.web.deck import alias_of
from stages.side_by_side.web.links import Link, Links, Role

LEAD = "lead"
"""Who a lead is in their link."""


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

    def of_lead(self, batch: str) -> str:
        """A link for whoever leads a batch."""
        return self._links.address(self.origin, Link(batch=alias_of(batch), person=LEAD), Role.LEAD)

    @property
    def _links(self) -> Links:
        return Links(self.key, clock=self.clock, valid_for=self.valid_for)
