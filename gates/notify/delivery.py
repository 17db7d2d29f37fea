"""What was told, posted to the workspace's webhook until it was taken."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gates.masking import MASK, is_secret_name
from gates.notify.events import STREAM, Told, told
from gates.notify.formats import content_of
from gates.services import Services
from policies.errors import Broken

if TYPE_CHECKING:
    import httpx2

TRIES = 3
"""How often one call posts an event that its receiver could not take."""

PATIENCE = timedelta(seconds=30)
"""How long one call posts, over all events; what is left waits for the next."""

KEPT = timedelta(days=7)
"""An event that nobody took for so long is no news any more, and is posted no more."""

SECONDS = 5.0
"""How long the receiver may take to connect, and to answer."""

_PAUSES = (0.5, 1.5)
_PASSING = (408, 425, 429)
"""Refusals that say: later."""

_LEAST_SECRET = 6
"""Characters of a variable's value that is masked as a secret; shorter ones are words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a call of `deliver` did.

    Attributes:
        delivered: Events that were taken now.
        waiting: Events that wait for the next call.
        failure: Why something waits, without the receiver's address; None when nothing does.
    """

    delivered: int = 0
    waiting: int = 0
    failure: str | None = None


def deliver(services: Services, *, pause: Callable[[float], None] = time.sleep) -> Delivery:
    """Posts what was told and not yet taken, oldest first; at least once, and never for long.

    The caller's work is done and journaled: nothing here fails it. An event whose answer got lost
    is posted again, with the same id. Redirects are not followed: they could lead the message
    anywhere.

    Args:
        services: The workspace that names the receiver, and the state where events wait.
        pause: Waits some seconds between tries.
    """
    section = services.workspace.settings_file.content.notify
    if section.url_env is None:
        return Delivery()
    try:
        return _delivered(services, section.url_env, pause)
    except Broken as error:  # the journal cannot be used, or another process is posting
        return Delivery(failure=error.in_short)


def waiting(services: Services) -> tuple[Told, ...]:
    """Events that nobody took yet and that are still news, oldest first.

    Raises:
        Broken: When the journal cannot be read.
    """
    taken = {entry["delivered"] for entry in services.state.read(STREAM) if "delivered" in entry}
    since = services.clock() - KEPT
    found = told(services.state)
    return tuple(one for one in found if one.event.id not in taken and one.at > since)


def newest_waiting(services: Services) -> datetime | None:
    """When the newest event that waits was told; None when none does, or nobody can tell."""
    try:
        return max((one.at for one in waiting(services)), default=None)
    except Broken:
        return None


def _delivered(services: Services, variable: str, pause: Callable[[float], None]) -> Delivery:
    left = waiting(services)
    if not left:
        return Delivery()
    url = services.workspace.secret(variable)
    if url is None:
        return Delivery(waiting=len(left), failure=f"the variable {variable} is not set")
    with services.state.lock("notify/delivering"):
        left = waiting(services)  # as it stands now that nobody else posts
        posting = _Posting(services=services, url=url, pause=pause, began=services.clock())
        return posting.all(left)


@dataclass(kw_only=True)
class _Posting:
    """One call's posting."""

    services: Services
    url: str = field(repr=False)
    pause: Callable[[float], None]
    began: datetime
    _failure: str | None = None
    _down: bool = False

    def all(self, events: Sequence[Told]) -> Delivery:
        import httpx2  # noqa: PLC0415 - half a second, and few calls have something to tell

        taken = 0
        with httpx2.Client(timeout=SECONDS, follow_redirects=False) as client:
            for one in events:
                if self._down or self._late:
                    break
                if self._post(client, one):
                    entry = {"delivered": one.event.id, "at": self.services.clock().isoformat()}
                    self.services.state.append(STREAM, [entry])
                    taken += 1
        left = len(events) - taken
        why = self._failure or f"the receiver took longer than {PATIENCE.seconds} s"
        return Delivery(delivered=taken, waiting=left, failure=why if left else None)

    @property
    def _late(self) -> bool:
        return self.services.clock() - self.began > PATIENCE

    def _post(self, client: "httpx2.Client", one: Told) -> bool:
        """Whether the receiver took an event; one that cannot be reached is tried no more."""
        shape = self.services.workspace.settings_file.content.notify.format
        content = content_of(one, shape=shape, hide=self._hide)
        headers = {"content-type": "application/json", "idempotency-key": one.event.id}
        for number in range(TRIES):
            if number:
                self.pause(_PAUSES[number - 1])
            answer = self._answer(client, content, headers)
            if isinstance(answer, int) and 200 <= answer < 300:  # noqa: PLR2004 - HTTP's own words
                return True
            self._failure = f"the receiver {_words(answer)}"
            if isinstance(answer, int) and answer < 500 and answer not in _PASSING:  # noqa: PLR2004
                return False
        self._down = True
        return False

    def _answer(
        self, client: "httpx2.Client", content: bytes, headers: Mapping[str, str]
    ) -> int | str:
        """Its status, or the name of what went wrong: more of that might tell the address."""
        import httpx2  # noqa: PLC0415 - imported already

        try:
            return client.post(self.url, content=content, headers=dict(headers)).status_code
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            return type(error).__name__

    def _hide(self, text: str) -> str:
        """The text without any secret of the environment."""
        for name, value in self.services.workspace.environment.items():
            if (is_secret_name(name) or value == self.url) and len(value) >= _LEAST_SECRET:
                text = text.replace(value, MASK)
        return text


def _words(answer: int | str) -> str:
    if isinstance(answer, str):
        return f"does not answer ({answer})"
    if 300 <= answer < 400:  # noqa: PLR2004 - HTTP's own words
        return f"redirects (status {answer}), and is not followed"
    return f"answers with status {answer}"
