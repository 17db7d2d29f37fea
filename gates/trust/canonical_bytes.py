"""JSON that has one way of being written, so that equal values are equal bytes."""

import json

from gates.trust.untrusted import Untrusted
from policies.canonical import Json, canonical_json

MOST_BYTES = 16 * 1024 * 1024
"""Bytes of the longest thing that is signed; a decision over a large round has under one MiB."""


def canonical_bytes(value: Json) -> bytes:
    """Canonical JSON in UTF-8.

    Raises:
        ValueError: When a number is not finite, or a text is no Unicode.
    """
    return canonical_json(value).encode()


def read_canonical(data: bytes, *, what: str, most_bytes: int = MOST_BYTES) -> Json:
    """The value of canonical JSON.

    What is written in another way is refused, even where it says the same: white space, another
    order, a key twice, an escape that need not be, `1.50`.

    Args:
        data: What was read.
        what: What it should be, such as `the trust file /ops/trust.json`.
        most_bytes: More is refused unread.

    Raises:
        Untrusted: When it is longer, no JSON, or not canonical.
    """
    if len(data) > most_bytes:
        raise _refused(what, f"it has {len(data):,} bytes; {most_bytes:,} are the most")
    try:
        value: Json = json.loads(data)
        same = canonical_bytes(value) == data
    except (ValueError, RecursionError):
        raise _refused(what, "it is no JSON") from None
    if not same:
        raise _refused(what, "it is not written as this program writes: it was altered or copied")
    return value


def _refused(what: str, why: str) -> Untrusted:
    return Untrusted(
        f"cannot believe {what}", why=why, fix="restore it as it was written, byte for byte"
    )
