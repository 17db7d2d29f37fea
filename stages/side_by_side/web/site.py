"""What every page is answered from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from anyio import CapacityLimiter
from starlette.requests import Request

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.vote import Vote
from stages.side_by_side.web.deck import Decks
from stages.side_by_side.web.fair_share import FairShares
from stages.side_by_side.web.links import Links
from stages.side_by_side.web.tickets import Tickets

Clock = Callable[[], datetime]
"""Says what time it is, with a timezone."""
Agreement = Callable[[Sequence[Vote]], Estimate | Unmeasured]
"""How far the people of a batch agree, from its standing votes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The outside world of the pages, handed in from the edge.

    Attributes:
        box: Votes, people and batches.
        decks: The batches of the box, as pages name them.
        links: Signs links and reads them.
        tickets: Signs what forms carry.
        shares: About how many pairs a person will be shown.
        clock: Says what time it is.
        agreement: Measures how far people agree, for the lead.
        threads: Bounds how many requests work with the votes at the same time.
        keep_seconds: How long a browser keeps a link that was opened.
        origin: Where people reach the pages, such as `https://votes.example.org`; None for
            wherever a request says that it was sent.
    """

    box: BallotBox
    decks: Decks
    links: Links
    tickets: Tickets
    shares: FairShares
    clock: Clock
    agreement: Agreement
    threads: CapacityLimiter
    keep_seconds: int
    origin: str | None = None

    def address(self, request: Request) -> str:
        """The site as its people address it: scheme and host, and no slash at the end.

        What a proxy on another machine forwards says `http`, whatever people see.
        """
        return self.origin or f"{request.url.scheme}://{request.url.netloc}"


def no_agreement(votes: Sequence[Vote]) -> Unmeasured:
    """What is said of agreement where nothing measures it."""
    del votes
    return Unmeasured("nothing was handed in that measures agreement", Cause.WAITING)
