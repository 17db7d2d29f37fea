"""Canonical JSON, and the digests taken of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
"""A JSON value; numbers are finite."""


def canonical_json(value: Json) -> str:
    """One line of JSON that depends on the value only.

    Keys are sorted by code point, nothing is escaped that JSON lets stand, numbers are written as
    Python's shortest round-trip form.

    Raises:
        ValueError: When a number is NaN or infinite.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def sha256_of(value: Json) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return sha256_of_bytes(canonical_json(value).encode())


def sha256_of_bytes(data: bytes) -> str:
    """SHA-256 of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
