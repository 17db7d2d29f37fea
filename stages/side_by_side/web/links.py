"""Signed links by which people enter: each is one person's, and expires."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from itsdangerous import BadSignature, SignatureExpired, TimestampSigner, URLSafeTimedSerializer

LEAST_KEY_BYTES = 32
"""Those of SHA-256, which signs."""


class Role(StrEnum):
    """What a link lets its holder do; a link of one role is forged for the other."""

    ANNOTATOR = "annotator"
    LEAD = "lead"


class Refused(StrEnum):
    """Why a link lets nobody in."""

    FORGED = "forged"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REMOVED = "removed"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link says.

    Attributes:
        batch: Id of the batch.
        person: Who may enter.
        version: Counts the links of this person; the last one is valid.
    """

    batch: str
    person: str
    version: int = 0


class Links:
    """Signs links, and reads them again.

    Args:
        key: The secret, at least 32 bytes; whoever has it may vote as anybody.
        clock: Says what time it is, with a timezone.
        valid_for: How long after its making a link may be opened and used.
    """

    def __init__(self, key: bytes, *, clock: Callable[[], datetime], valid_for: timedelta) -> None:
        if len(key) < LEAST_KEY_BYTES:
            raise ValueError(f"a key has at least {LEAST_KEY_BYTES} bytes, not {len(key)}")
        self._seconds = int(valid_for.total_seconds())
        self._serializers = {
            role: URLSafeTimedSerializer(
                key,
                salt=f"gate.side_by_side.{role}",
                signer=_Clocked,
                signer_kwargs={"clock": clock, "digest_method": sha256},
            )
            for role in Role
        }

    def token(self, link: Link, role: Role) -> str:
        """The text that stands for a link in an address and in a cookie."""
        said = [link.batch, link.person, link.version]
        return str(self._serializers[role].dumps(said))

    def address(self, origin: str, link: Link, role: Role) -> str:
        """Where a link leads, as it is sent to its person.

        Args:
            origin: The site, such as `https://votes.example.org`.
            link: What it says.
            role: Whose it is.
        """
        entrance = "/lead/enter/" if role is Role.LEAD else "/enter/"
        return f"{origin.rstrip('/')}{entrance}{self.token(link, role)}"

    def read(self, token: str, role: Role) -> Link | Refused:
        """What a token says, if it was signed here for this role and is still young enough."""
        try:
            said = self._serializers[role].loads(token, max_age=self._seconds)
        except SignatureExpired:
            return Refused.EXPIRED
        except BadSignature:
            return Refused.FORGED
        batch, person, version = said
        return Link(batch=batch, person=person, version=version)


class _Clocked(TimestampSigner):
    """A signer whose time is told by a clock that was handed in."""

    def __init__(
        self,
        secret_key: bytes,
        *,
        clock: Callable[[], datetime],
        salt: bytes,
        digest_method: Callable[..., object],
    ) -> None:
        super().__init__(secret_key, salt=salt, digest_method=digest_method)
        self._clock = clock

    def get_timestamp(self) -> int:
        return int(self._clock().timestamp())
