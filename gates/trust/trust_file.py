"""The signed trust file: read, its signatures counted, and refused unless all of it holds."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from gates.trust.canonical_bytes import read_canonical
from gates.trust.dsse import Envelope, decode, verified_by
from gates.trust.pins import Pins, Seen
from gates.trust.shapes import an_object
from gates.trust.trust import PROLONG, Trust, TrustedKey, trust_of
from gates.trust.trust_document import SCHEMA, Role, TrustDocument
from gates.trust.untrusted import Untrusted
from policies.canonical import Json, sha256_of_bytes
from policies.errors import WrongUsage
from policies.shape import problems_of

PAYLOAD_TYPE = "application/vnd.checkpoint-gate.trust+json"
MOST_BYTES = 1024 * 1024
"""Hundreds of keys and policies have a fifth of that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTrust:
    """A trust file that enough people have signed.

    Attributes:
        envelope: With the signatures.
        document: What was signed.
        trust: The same, to be asked.
    """

    envelope: Envelope
    document: TrustDocument
    trust: Trust


def read_trust(
    path: Path, *, pins: Pins, at: datetime, seen: Seen | None = None, expired_too: bool = False
) -> Trust:
    """The trust file, once enough people whom the operator pinned have signed it.

    Args:
        path: `trust.json`.
        pins: Root keys that count, from the operator's side.
        at: Now, with a zone.
        seen: The newest one that was believed here before.
        expired_too: Whether one that has expired is read all the same: to look, or to go back.

    Raises:
        WrongUsage: When it is not there, or nobody is pinned.
        Untrusted: When it is not as it was signed, too few have signed it, it has expired, or it
            is older than one that was seen.
    """
    return parse_trust(
        trust_bytes(path),
        what=f"the trust file {path}",
        pins=pins,
        at=at,
        seen=seen,
        expired_too=expired_too,
    )


def trust_bytes(path: Path) -> bytes:
    """What stands in a trust file; of one that is too long, enough to see that.

    Raises:
        WrongUsage: When it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise WrongUsage(
            f"cannot read the trust file {path}",
            why=error.strerror or str(error),
            fix="[trust] root in gate.toml names it; a first one is made by: gate trust init",
        ) from None


def parse_trust(
    data: bytes,
    *,
    what: str,
    pins: Pins,
    at: datetime,
    seen: Seen | None = None,
    expired_too: bool = False,
) -> Trust:
    """The same from bytes.

    Raises:
        WrongUsage: As `read_trust`.
        Untrusted: As `read_trust`.
    """
    trust = signed_enough(data, what=what, pins=pins, at=at).trust
    if trust.expires is not None and trust.has_expired(at) and not expired_too:
        raise _refused(what, f"it expired at {trust.expires.isoformat()}", fix=PROLONG)
    _check_age(trust, seen, what=what)
    return trust


def signed_enough(data: bytes, *, what: str, pins: Pins, at: datetime) -> SignedTrust:
    """A trust file that enough people have signed, whether or not it is the newest or expired.

    Raises:
        WrongUsage: When nobody is pinned.
        Untrusted: When it is not as it was signed, or too few have signed it.
    """
    _check_pins(pins)
    envelope = decode(data, payload_type=PAYLOAD_TYPE, what=what, most_bytes=MOST_BYTES)
    document = document_in(envelope.payload, what=what)
    people = people_who_signed(envelope, document, pins=pins, at=at)
    _check_threshold(people, people_needed(document, pins), what=what)
    sha256 = sha256_of_bytes(envelope.payload)
    trust = trust_of(document, sha256=sha256, signed_by=people)
    return SignedTrust(envelope=envelope, document=document, trust=trust)


def people_who_signed(
    envelope: Envelope, document: TrustDocument, *, pins: Pins, at: datetime
) -> tuple[str, ...]:
    """The people whose signatures count: with a pinned root key that is in force."""
    roots = {key.public: key.owner for key in root_keys(document, at)}
    signed = verified_by(envelope, roots)
    return tuple(sorted({roots[public] for public in signed if public.keyid in pins.keyids}))


def people_needed(document: TrustDocument, pins: Pins) -> int:
    """How many people must have signed."""
    return max(document.root_threshold, pins.threshold)


def root_keys(document: TrustDocument, at: datetime) -> tuple[TrustedKey, ...]:
    """Keys that may sign this trust file at a time; a document gives the role to people only."""
    return trust_of(document, sha256="", signed_by=()).keys_for(Role.ROOT, at)


def document_in(payload: bytes, *, what: str) -> TrustDocument:
    """What a payload says; nothing is verified.

    Raises:
        Untrusted: When it is no trust file of this version.
    """
    value = read_canonical(payload, what=what, most_bytes=MOST_BYTES)
    try:
        fields = dict(an_object(value))
    except ValueError:
        raise _refused(what, "it is no JSON object") from None
    schema: Json = fields.pop("schema", None)
    if schema != SCHEMA:
        raise _refused(what, f"its schema is {schema!r}, not {SCHEMA!r}")
    try:
        return TrustDocument.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        problems = problems_of(error, TrustDocument)
        why = "; ".join(f"{problem.field}: {problem.found}" for problem in problems)
        raise _refused(what, why) from None


def _check_pins(pins: Pins) -> None:
    if not pins.keyids:
        raise WrongUsage(
            "no trust file can be believed",
            why="[trust] keys in gate.toml pins no root key: anybody's signature would do",
            fix='add keys = ["KEYID"] there; gate keys list shows the keyids',
        )


def _check_threshold(people: Collection[str], threshold: int, *, what: str) -> None:
    if len(people) < threshold:
        counted = ", ".join(sorted(people)) or "nobody"
        raise _refused(
            what,
            f"{threshold} must sign it, with root keys in force that [trust] keys pins; "
            f"the signatures of {counted} count",
            fix="have it signed: gate trust sign; or pin the root keys of those who did",
        )


def refuse_older(trust: Trust, seen: Seen | None, *, what: str) -> None:
    """Returns when no newer trust file was ever believed.

    Args:
        trust: What the file says.
        seen: The newest that was believed; None when none was.
        what: The file, for errors.

    Raises:
        Untrusted: When it is older.
    """
    if seen is not None and trust.version < seen.version:
        raise _refused(
            what,
            f"it is version {trust.version}, and version {seen.version} was seen before: "
            "an older one was put in its place",
            fix="restore the one that was signed last; if it is lost, or another workspace has "
            "signed one into this state or anchor, move this one away and read all of gate trust "
            "check, then: gate trust sign",
        )


def _check_age(trust: Trust, seen: Seen | None, *, what: str) -> None:
    refuse_older(trust, seen, what=what)
    if seen is not None and trust.version == seen.version and trust.sha256 != seen.sha256:
        raise _refused(
            what, f"two different files are version {seen.version}: {seen.sha256[:12]} was seen"
        )


def _refused(what: str, why: str, fix: str = "restore the one that was signed last") -> Untrusted:
    return Untrusted(f"cannot believe {what}", why=why, fix=fix)
