"""Ed25519 keys: what verifies, and what signs."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEY_BYTES = 32
SIGNATURE_BYTES = 64
"""RFC 8032, 5.1.5 and 5.1.6."""

_FIELD = 2**255 - 19
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        _FIELD - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)
"""The y of the curve's eight points of small order: for such a key anybody can sign."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, named by its own bytes: it has one name and no other.

    Attributes:
        raw: 32 bytes, the encoded point of RFC 8032.
    """

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != KEY_BYTES:
            raise ValueError(f"a public key has {KEY_BYTES} bytes, not {len(self.raw)}")
        y = int.from_bytes(self.raw, "little") & ~(1 << 255)
        if y >= _FIELD or y in _SMALL_ORDER:
            raise ValueError("this point of the curve is nobody's key: anybody could sign with it")

    @property
    def keyid(self) -> str:
        """SHA-256 of the raw bytes, as 64 hexadecimal digits."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def base64(self) -> str:
        """The raw bytes as 44 characters of base64."""
        return base64.b64encode(self.raw).decode()

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature is this key's over the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer(Protocol):
    """Whoever has a private key, here or in a key management service."""

    @property
    def public(self) -> PublicKey:
        """What its signatures are verified by."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Its signature over the message, 64 bytes.

        Raises:
            Broken: When there is no answer, or one that does not verify.
        """
        ...


def public_key_of(text: str) -> PublicKey:
    """The key behind its base64.

    Raises:
        ValueError: When it is not base64 of a usable key, in the one way of writing it.
    """
    return PublicKey(exact_base64(text))


def exact_base64(text: str) -> bytes:
    """Bytes behind base64 in its one way of being written (RFC 4648, 4): padded, no spare bits.

    Raises:
        ValueError: When it is anything else.
    """
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("no base64") from None
    if base64.b64encode(raw).decode() != text:
        raise ValueError("base64 with spare bits")
    return raw
