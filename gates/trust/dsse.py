"""Signed envelopes: DSSE, with Ed25519.

References:
    https://github.com/secure-systems-lab/dsse, protocol.md and envelope.md, version 1.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field

from gates.trust.canonical_bytes import MOST_BYTES, canonical_bytes, read_canonical
from gates.trust.keys import SIGNATURE_BYTES, PublicKey, Signer, exact_base64
from gates.trust.shapes import a_list, a_text, exactly
from gates.trust.untrusted import Untrusted
from policies.canonical import Json

MOST_SIGNATURES = 64
"""More signatures than any threshold asks for; each costs time to verify."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature of an envelope.

    Attributes:
        keyid: Whose it claims to be; no proof.
        raw: 64 bytes.
    """

    keyid: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Bytes, their type, and who signed both.

    Attributes:
        payload_type: What the payload is; it is signed too.
        payload: What is signed.
        signatures: Of distinct keyids, in their order.
    """

    payload_type: str
    payload: bytes = field(repr=False)
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        keyids = [signature.keyid for signature in self.signatures]
        if keyids != sorted(set(keyids)):
            raise ValueError("signatures are of distinct keyids, in their order")


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: type and payload, each with its length before it."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload_type: str, payload: bytes, signers: Iterable[Signer]) -> Envelope:
    """An envelope that everybody of the signers has signed; a key twice signs once."""
    unsigned = Envelope(payload_type=payload_type, payload=payload, signatures=())
    return sign_also(unsigned, signers)


def sign_also(envelope: Envelope, signers: Iterable[Signer]) -> Envelope:
    """The same envelope with more signatures; a key that signed before signs anew.

    Raises:
        Broken: When a signer gives no signature that verifies.
    """
    message = pre_authentication_encoding(envelope.payload_type, envelope.payload)
    given = {signature.keyid: signature for signature in envelope.signatures}
    for signer in signers:
        keyid = signer.public.keyid
        given[keyid] = Signature(keyid=keyid, raw=signer.sign(message))
    return Envelope(
        payload_type=envelope.payload_type,
        payload=envelope.payload,
        signatures=tuple(given[keyid] for keyid in sorted(given)),
    )


def encode(envelope: Envelope) -> bytes:
    """The envelope as canonical JSON."""
    return canonical_bytes(
        {
            "payload": base64.b64encode(envelope.payload).decode(),
            "payloadType": envelope.payload_type,
            "signatures": [
                {"keyid": signature.keyid, "sig": base64.b64encode(signature.raw).decode()}
                for signature in envelope.signatures
            ],
        }
    )


def decode(data: bytes, *, payload_type: str, what: str, most_bytes: int = MOST_BYTES) -> Envelope:
    """The envelope in bytes that `encode` wrote; nothing is verified yet.

    Args:
        data: What was read.
        payload_type: The only type that is taken.
        what: What it should be, for errors.
        most_bytes: More is refused unread.

    Raises:
        Untrusted: When `encode` did not write it, or it is of another type.
    """
    value = read_canonical(data, what=what, most_bytes=most_bytes)
    try:
        envelope = _envelope(value)
    except ValueError as error:
        raise _refused(what, f"it is no signed envelope: {error}") from None
    if envelope.payload_type != payload_type:
        found = envelope.payload_type[:80]
        raise _refused(what, f"its payload is of type {found!r}, not {payload_type!r}")
    return envelope


def verified_by(envelope: Envelope, keys: Iterable[PublicKey]) -> tuple[PublicKey, ...]:
    """The distinct keys, of those given, that have signed the envelope; in the order of keyids."""
    message = pre_authentication_encoding(envelope.payload_type, envelope.payload)
    known = {key.keyid: key for key in keys}
    return tuple(
        known[signature.keyid]
        for signature in envelope.signatures
        if signature.keyid in known and known[signature.keyid].verifies(signature.raw, message)
    )


def _envelope(value: Json) -> Envelope:
    fields = exactly(value, ("payload", "payloadType", "signatures"))
    given = a_list(fields["signatures"])
    if len(given) > MOST_SIGNATURES:
        raise ValueError(f"{len(given)} signatures; {MOST_SIGNATURES} are the most")
    return Envelope(
        payload_type=a_text(fields["payloadType"]),
        payload=exact_base64(a_text(fields["payload"])),
        signatures=tuple(_signature(entry) for entry in given),
    )


def _signature(value: Json) -> Signature:
    fields = exactly(value, ("keyid", "sig"))
    raw = exact_base64(a_text(fields["sig"]))
    if len(raw) != SIGNATURE_BYTES:
        raise ValueError(f"a signature has {SIGNATURE_BYTES} bytes, not {len(raw)}")
    return Signature(keyid=a_text(fields["keyid"]), raw=raw)


def _refused(what: str, why: str) -> Untrusted:
    return Untrusted(f"cannot believe {what}", why=why, fix="restore it as it was written")
