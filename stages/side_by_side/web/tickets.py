"""Signed notes that a page hands out and gets back: which pair was shown, when and under what."""

from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest, digest

from itsdangerous import BadSignature, URLSafeSerializer

LONGEST_CLIENT_SECONDS = 86_400.0
"""A day: what a browser says beyond that is no time on a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One rendering of a task's page.

    Attributes:
        number: The pair's number in the deck.
        guidelines: Version of the guidelines that were in force.
        nonce: Different at every rendering; what is sent twice from one is one vote.
        shown: When it was rendered, in seconds since 1970.
    """

    number: int
    guidelines: int
    nonce: str
    shown: float


class Tickets:
    """Signs tickets for one person, and the token that shows that a form is of our own page.

    Args:
        key: The secret that links are signed with, too.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._serializer = URLSafeSerializer(key, signer_kwargs={"digest_method": sha256})

    def sign(self, ticket: Ticket, *, person: str) -> str:
        """The ticket as text, of use to nobody else."""
        said = [ticket.number, ticket.guidelines, ticket.nonce, ticket.shown]
        return str(self._serializer.dumps(said, salt=_salt(person)))

    def read(self, text: str, *, person: str) -> Ticket | None:
        """The ticket, or None when it was not signed here for this person."""
        try:
            number, guidelines, nonce, shown = self._serializer.loads(text, salt=_salt(person))
        except BadSignature:
            return None
        return Ticket(number=number, guidelines=guidelines, nonce=nonce, shown=shown)

    def form_token(self, session: str) -> str:
        """What every form of a session carries: another site cannot know it."""
        return digest(self._key, b"gate.side_by_side.form:" + session.encode(), "sha256").hex()

    def is_form_token(self, token: str, session: str) -> bool:
        """Whether a form is of a page of this session."""
        return compare_digest(token.encode(), self.form_token(session).encode())


def seconds_on_task(shown: float, now: float, client: str) -> float:
    """Seconds that a person spent on a task.

    The browser counts those in which its page was in sight; it is believed only below what went by
    on the server since the page was rendered, so that nobody gains by a lie.

    Args:
        shown: When the page was rendered, in seconds since 1970.
        now: When the vote came.
        client: What the browser says; empty without its script.
    """
    passed = max(0.0, now - shown)
    try:
        counted = float(client)
    except ValueError:
        return passed
    return min(passed, counted) if 0 <= counted <= LONGEST_CLIENT_SECONDS else passed


def _salt(person: str) -> str:
    return f"gate.side_by_side.ticket.{person}"
