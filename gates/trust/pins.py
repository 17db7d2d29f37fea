"""What an operator has settled beforehand: whose trust file counts, and which was seen last."""

from dataclasses import dataclass, field

from gates.trust.trust import Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """Root keys as `gate.toml` pins them, out of the reach of whoever writes the trust file.

    Attributes:
        keyids: Root keys that count, whatever the trust file says of others.
        threshold: People who must sign, even where the trust file asks for fewer: it must not
            lower by itself what it is held against.
    """

    keyids: tuple[str, ...]
    threshold: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The newest trust file that was ever believed here.

    Attributes:
        version: Its version.
        sha256: Digest of what was signed.
        keys: Root keys that were pinned where it was believed; empty where that is not known.
    """

    version: int
    sha256: str
    keys: tuple[str, ...] = field(default=(), compare=False)


def newest(*seen: Seen | None) -> Seen | None:
    """The newest of what was seen in several places; None when nothing was anywhere."""
    return max((each for each in seen if each), key=lambda each: each.version, default=None)


def seen_in(trust: Trust) -> Seen:
    """What is to be remembered of a trust file."""
    return Seen(version=trust.version, sha256=trust.sha256)
