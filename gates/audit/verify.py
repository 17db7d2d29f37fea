"""Verifies the dossier that it stands in. It needs Python 3.9 and nothing else.

    python verify.py --root-key KEYID

A dossier was written by `gate audit export`. Take KEYID, and best this file too, from the people
who are audited or from their release, not from the dossier. Verified are: every file against the
table of contents; the trust file, signed by the root keys given; every record, signed by a key
of the trust file, in one unbroken chain; and all that decisions rest on, by the digests that were
signed. Not verified: that the newest record here is the newest there is (compare its digest with
theirs, or give it with --head), and that measurements are true.

Exit codes: 0 verified, 1 not as it was signed, 2 wrong usage, 3 incomplete.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence  # noqa: TC003 - it needs no checker
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
CONTENTS, TRUST = "contents.json", "trust.json"
VENDOR = "application/vnd.checkpoint-gate."
STATEMENT = "application/vnd.in-toto+json"
CLOCKS_DIFFER_BY = timedelta(seconds=60)
DECISION = "release-decision"
MAY_SIGN = {
    DECISION: {"decide"},
    "adoption": {"release"},
    "approval": {"approve"},
    "override": {"release"},
    "revocation": {"release", "oncall"},
    "promotion": {"release"},
    "rollback": {"release", "oncall"},
    "ab-ended": {"decide", "release", "oncall"},
}
"""Roles of which whoever signs needs one, by the kind of record."""
FOR_PEOPLE = {"approval", "override"}
VERIFIED, NOT_AS_SIGNED, INCOMPLETE = 0, 1, 3


class TamperedError(Exception):
    """Something is not as it was signed."""


# Ed25519, RFC 8032, without a cofactor as OpenSSL verifies it

KEY_BYTES, SIGNATURE_BYTES = 32, 64
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int, int, int]  # X, Y, Z, T with x = X/Z, y = Y/Z, x*y = T/Z
NEUTRAL = (0, 1, 1, 0)


def _added(a: Point, b: Point) -> Point:
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    w, x, y, z = f - e, d - c, d + c, f + e
    return (w * x % P, y * z % P, x * y % P, w * z % P)


def _times(factor: int, point: Point) -> Point:
    total = NEUTRAL
    while factor:
        if factor & 1:
            total = _added(total, point)
        point = _added(point, point)
        factor >>= 1
    return total


def _point(raw: bytes) -> Point | None:
    """The point that 32 bytes say in the one way of writing it; None when they say none."""
    whole = int.from_bytes(raw, "little")
    y, odd = whole & (1 << 255) - 1, whole >> 255
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and odd):
        return None
    x = P - x if x & 1 != odd else x
    return (x, y, 1, x * y % P)


def _written(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_key(raw: bytes) -> bool:
    """Whether bytes are a key: a point, written in its one way, for which not anybody can sign."""
    point = _point(raw) if len(raw) == KEY_BYTES else None
    return point is not None and _written(_times(8, point)) != _written(NEUTRAL)


def verifies_here(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a signature is a key's, computed in this file."""
    point = _point(public) if is_key(public) else None
    s = int.from_bytes(signature[32:], "little")
    if point is None or BASE is None or len(signature) != SIGNATURE_BYTES or s >= ORDER:
        return False
    hashed = hashlib.sha512(signature[:32] + public + message).digest()
    minus = (P - point[0], point[1], 1, P - point[3])
    factor = int.from_bytes(hashed, "little") % ORDER
    return _written(_added(_times(s, BASE), _times(factor, minus))) == signature[:32]


def verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    """The same, by the library `cryptography` where there is one: it is a hundred times as fast."""
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PublicKey,
        )
    except ImportError:
        return verifies_here(public, signature, message)
    if not is_key(public):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# JSON that has one way of being written


class Fields:
    """A JSON object whose fields are taken for what they must be."""

    def __init__(self, value: object, what: str) -> None:
        if not isinstance(value, dict):
            raise TamperedError(f"{what} holds no JSON object where one must be")
        self.value, self.what = value, what

    def only(self, *names: str) -> Fields:
        """The same, once it has these fields and no others."""
        if set(self.value) != set(names):
            raise TamperedError(f"{self.what} has other fields than {', '.join(names)}")
        return self

    def text(self, name: str) -> str:
        """A text."""
        return self._of(name, str)

    def number(self, name: str) -> int:
        """A whole number."""
        return self._of(name, int)

    def maybe(self, name: str) -> str | None:
        """A text, or None where there is none."""
        return None if self.value.get(name) is None else self.text(name)

    def time(self, name: str) -> datetime:
        """A moment."""
        return moment(self.text(name), self.what)

    def inside(self, name: str) -> Fields:
        """An object."""
        return Fields(self.value.get(name), f"{self.what}, {name}")

    def each(self, name: str) -> list[Fields]:
        """Objects."""
        return [Fields(one, f"{self.what}, {name}") for one in self._of(name, list)]

    def texts(self, name: str) -> list[str]:
        """Texts."""
        return [str(one) for one in self._of(name, list)]

    def by_name(self) -> dict[str, str]:
        """The object as texts by name."""
        return {name: self.text(name) for name in self.value}

    def _of(self, name: str, kind: type[T]) -> T:
        found = self.value.get(name)
        if not isinstance(found, kind) or isinstance(found, bool):
            raise TamperedError(f"{self.what} says no {name}, or another than it can be")
        return found


def moment(text: str, what: str) -> datetime:
    """A time with its zone."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))  # noqa: FURB162 - Python 3.9
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise TamperedError(f"{what} says {text!r}, which is no time with a zone")
    return found


def sha256(data: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def canonical(value: object) -> bytes:
    """JSON as checkpoint-gate writes it."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def read_canonical(data: bytes, what: str) -> Fields:
    """An object, unless it is written in another way than its own."""
    try:
        value = json.loads(data)
        same = canonical(value) == data
    except (ValueError, RecursionError):
        same, value = False, None
    if not same:
        raise TamperedError(f"{what} is not written as checkpoint-gate writes")
    return Fields(value, what)


# Signed envelopes (DSSE) and the trust file


@dataclass(frozen=True)
class Envelope:
    """What was signed, and signatures by keyid."""

    kind: str
    payload: bytes
    signatures: Mapping[str, bytes]

    def signed_by(self, keys: Mapping[str, bytes]) -> set[str]:
        """The keyids, of those given, whose signatures are genuine."""
        kind = self.kind.encode()
        message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)
        return {
            keyid
            for keyid, raw in self.signatures.items()
            if keyid in keys and verifies(keys[keyid], raw, message)
        }


def opened(data: bytes, kind: str, what: str) -> Envelope:
    """An envelope of a type."""
    fields = read_canonical(data, what).only("payload", "payloadType", "signatures")
    given = [one.only("keyid", "sig") for one in fields.each("signatures")]
    keyids = [one.text("keyid") for one in given]
    if fields.text("payloadType") != kind or keyids != sorted(set(keyids)):
        raise TamperedError(f"{what} is no envelope of type {kind}")
    signatures = {one.text("keyid"): unbase64(one.text("sig"), what) for one in given}
    return Envelope(kind, unbase64(fields.text("payload"), what), signatures)


def unbase64(text: str, what: str) -> bytes:
    """Bytes behind base64 in its one way of being written."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    if base64.b64encode(raw).decode() != text:
        raise TamperedError(f"{what} holds no base64 where it must")
    return raw


@dataclass(frozen=True)
class Key:
    """A key of the trust file."""

    raw: bytes
    owner: str
    is_person: bool
    roles: frozenset[str]
    since: datetime
    ends: tuple[datetime, ...]
    revoked: str | None
    heads: Mapping[str, int]

    def counts(self, at: datetime) -> bool:
        """Whether what it signed at a time counts."""
        return self.since <= at and all(at < end for end in self.ends)


def key_of(entry: Fields) -> Key:
    """A key, as the trust file says it."""
    raw = unbase64(entry.text("public"), entry.what)
    if not is_key(raw):
        raise TamperedError(f"{entry.what} names a key that is none")
    revoked = entry.inside("revoked") if entry.value.get("revoked") else None
    heads = revoked.value.get("heads", {}) if revoked else {}
    ends = [entry.time("until")] if entry.maybe("until") else []
    return Key(
        raw=raw,
        owner=entry.text("owner"),
        is_person=entry.value.get("kind", "person") == "person",
        roles=frozenset(entry.texts("roles")),
        since=entry.time("since"),
        ends=(*ends, *([revoked.time("at")] if revoked else [])),
        revoked=revoked.text("reason") if revoked else None,
        heads={str(model): int(last) for model, last in heads.items()},
    )


@dataclass(frozen=True)
class Trust:
    """The trust file: whose signatures count, and which policies are in force."""

    said: Fields
    keys: Mapping[str, Key]
    people: Sequence[str]

    def in_force(self, model: str, alias: str, policy: tuple[str, str], at: datetime) -> bool:
        """Whether a policy, by name and digest, might move an alias of a model at a time."""
        found: object = self.said.value
        for name in ("models", model, "aliases", alias, "policies", policy[0]):
            found = found.get(name) if isinstance(found, dict) else None
        entries = Fields({"entries": found or []}, "the trust file").each("entries")
        return any(
            entry.text("sha256") == policy[1]
            and entry.time("since") <= at
            and not (entry.maybe("until") and entry.time("until") <= at)
            for entry in entries
        )


def read_trust(data: bytes, root_keys: Sequence[str], threshold: int, at: datetime) -> Trust:
    """The trust file, once enough people have signed it."""
    what = "the trust file"
    envelope = opened(data, VENDOR + "trust+json", what)
    said = read_canonical(envelope.payload, what)
    keys = {sha256(key.raw): key for key in map(key_of, said.each("keys"))}
    roots = {
        keyid: key.raw
        for keyid, key in keys.items()
        if keyid in root_keys and "root" in key.roles and key.is_person and key.counts(at)
    }
    people = sorted({keys[keyid].owner for keyid in envelope.signed_by(roots)})
    needed = max(int(said.value.get("root_threshold", 1)), threshold)
    if len(people) < needed:
        raise TamperedError(
            f"{what} is signed by {', '.join(people) or 'nobody'} with a root key that was given "
            f"and counted at {at.isoformat()}; {needed} must sign it"
        )
    if said.maybe("expires") and said.time("expires") <= at:
        raise TamperedError(f"{what} expired at {said.text('expires')}")
    return Trust(said, keys, people)


# Records


@dataclass(frozen=True)
class Record:
    """One record of the chain; `void` says why it does not count."""

    sha256: str
    said: Fields
    kind: str
    subject: str
    checkpoint: str
    signed: tuple[str, ...]
    void: str | None
    is_strange: bool

    @property
    def body(self) -> Fields:
        """What it says beside its place."""
        return self.said.inside("body")

    @property
    def at(self) -> datetime:
        """When it was appended."""
        return self.said.time("at")

    @property
    def number(self) -> int:
        """Its place in the chain, from 1."""
        return self.said.number("sequence")

    @property
    def words(self) -> str:
        """What it says, in short."""
        body = self.body.value
        parts = [self.kind, self.subject, body.get("verdict"), body.get("alias")]
        said = " ".join(str(part) for part in parts if part)
        reason = self.body.maybe("reason")
        return " ".join(f"{said}: {reason}".split()) if reason else said

    def is_about(self, subject: str | None) -> bool:
        """Whether it is about a version; None: about any."""
        return subject in (None, self.subject)


def read_record(data: bytes, keys: Mapping[str, Key], what: str) -> Record:
    """A record whose signatures are genuine."""
    envelope = opened(data, STATEMENT, what)
    statement = read_canonical(envelope.payload, what)
    statement.only("_type", "subject", "predicateType", "predicate")
    kind = statement.text("predicateType")
    kind = kind[len("urn:checkpoint-gate:") : -len("/v1")]
    subject, *more = statement.each("subject")
    if statement.text("_type") != "https://in-toto.io/Statement/v1" or more or kind not in MAY_SIGN:
        raise TamperedError(f"{what} is no record of a kind that this file knows")
    said = statement.inside("predicate")
    said.only("model", "sequence", "previous", "at", "by", "fencing", "tool_version", "body")
    by = [
        said.inside("by"),
        *([said.inside("body").inside("second")] if kind == "override" else []),
    ]
    wanted = {one.text("keyid") for one in by}
    genuine = envelope.signed_by({keyid: keys[keyid].raw for keyid in wanted if keyid in keys})
    if genuine != wanted or set(envelope.signatures) != wanted:
        raise TamperedError(f"{what} is not signed by the keys of the trust file that it names")
    void, is_revoked = next(why_void(kind, said, by, keys), (None, False))
    return Record(
        sha256=sha256(data),
        said=said,
        kind=kind,
        subject=subject.text("name"),
        checkpoint=subject.inside("digest").text("sha256"),
        signed=tuple(keys[one.text("keyid")].owner for one in by),
        void=void,
        is_strange=void is not None and not is_revoked,
    )


def why_void(
    kind: str, said: Fields, by: Sequence[Fields], keys: Mapping[str, Key]
) -> Iterator[tuple[str, bool]]:
    """Why genuine signatures do not count, and whether only since a key was revoked."""
    model, sequence = said.text("model"), said.number("sequence")
    for one, roles in zip(by, (MAY_SIGN[kind], {"approve"})):  # noqa: B905 - Python 3.9
        key = keys[one.text("keyid")]
        if not key.counts(said.time("at")) or sequence > key.heads.get(model, sequence):
            why = f": revoked, {key.revoked}" if key.revoked else ""
            yield f"the key of {key.owner} does not count then{why}", key.revoked is not None
        if not roles & key.roles:
            yield f"{key.owner} has not the role {' or '.join(sorted(roles))}", False
        if kind in FOR_PEOPLE and not key.is_person:
            yield f"{key.owner} is no person", False
        if not key.is_person and not one.value.get("ci"):
            yield f"{key.owner} does not say which run of which commit it is", False
    owners = {keys[one.text("keyid")].owner for one in by}
    if kind == "override" and len(owners) == 1:
        yield "both signatures are of one person", False


def read_chain(
    envelopes: Sequence[bytes], model: str, keys: Mapping[str, Key], at: datetime
) -> list[Record]:
    """Every record, each after the one that it names."""
    found: list[Record] = []
    for sequence, data in enumerate(envelopes, 1):
        what = f"record {sequence}"
        record = read_record(data, keys, what)
        problem = next(misplaced(record, found, model, at), None)
        if problem:
            raise TamperedError(f"{what} {problem}")
        found.append(record)
    return found


def misplaced(record: Record, before: Sequence[Record], model: str, at: datetime) -> Iterator[str]:
    """What is wrong with a record's place in the chain."""
    said, last = record.said, before[-1] if before else None
    if said.text("model") != model or not record.subject.startswith(f"models:/{model}/"):
        yield "is of another model"
    if record.number != len(before) + 1:
        yield f"says that it is record {record.number}: one is missing or doubled"
    if said.maybe("previous") != (last.sha256 if last else None):
        yield "does not follow the one before it"
    if last and (record.at < last.at or said.number("fencing") < last.said.number("fencing")):
        yield "is back-dated, or was appended under a lease that was taken over"
    if record.at > at + CLOCKS_DIFFER_BY:
        yield "is from the future"
    earlier = [r for r in before if r.kind == DECISION and r.checkpoint == record.checkpoint]
    if record.kind == DECISION and record.body.texts("earlier") != [r.sha256 for r in earlier]:
        yield "does not name every earlier decision on its checkpoint"
    yield from unfounded(record, before)


def unfounded(record: Record, before: Sequence[Record]) -> Iterator[str]:
    """Records that it names and that are not there, or are about something else."""
    for kind, digest in rests_on(record):
        named = [r for r in before if r.sha256 == digest and r.kind == kind]
        if not named or (named[0].subject, named[0].checkpoint) != (
            record.subject,
            record.checkpoint,
        ):
            yield f"rests on a {kind} that is not there"


def rests_on(record: Record) -> Iterator[tuple[str, str]]:
    """Kind and digest of the records that it names."""
    body = record.body
    if record.kind in ("approval", "override", "promotion") and body.maybe("decision"):
        yield DECISION, body.text("decision")
    if record.kind == "promotion":
        yield from (("approval", digest) for digest in body.texts("approvals"))
        if body.maybe("override"):
            yield "override", body.text("override")


# What decisions rest on


@dataclass
class Report:
    """What was verified, sentence by sentence, and what was not."""

    verified: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 verified, 1 not as it was signed, 3 incomplete."""
        if self.problems:
            return NOT_AS_SIGNED
        return INCOMPLETE if self.missing else VERIFIED


@dataclass(frozen=True)
class Erasure:
    """Evidence that was erased, since it was older than people's data are kept."""

    by: str
    at: datetime
    days: int
    digests: frozenset[str]


def read_erasure(data: bytes, keys: Mapping[str, Key], what: str) -> Erasure:
    """What somebody with the role release says to have erased."""
    envelope = opened(data, VENDOR + "erasure+json", what)
    said = read_canonical(envelope.payload, what)
    at = said.time("at")
    may = {
        keyid: key.raw for keyid, key in keys.items() if "release" in key.roles and key.counts(at)
    }
    signed = envelope.signed_by(may)
    if not signed:
        raise TamperedError(f"{what} is not signed by anybody with the role release")
    by = ", ".join(sorted(keys[keyid].owner for keyid in signed))
    return Erasure(by, at, said.number("retention_days"), frozenset(said.texts("erased")))


class Library:
    """Files of the dossier by what they are and their digest; each that is needed is looked up."""

    def __init__(
        self, files: Mapping[str, bytes], erasures: Sequence[Erasure], missing: Sequence[str]
    ) -> None:
        self._files, self._erasures, self._said_missing = files, erasures, missing
        self.found: set[str] = set()
        self.erased: dict[str, str] = {}
        self.missing: set[str] = set()

    def get(self, folder: str, digest: str, decided_at: datetime) -> Fields | None:
        """A file that a decision of a time needs; None where it is known not to be there."""
        name = f"{folder}/{digest}.json"
        data = self._files.get(name)
        if data is None:
            self._absent(folder, digest, decided_at)
            return None
        if sha256(data) != digest:
            raise TamperedError(f"{name} is not what was signed")
        self.found.add(name)
        return read_canonical(data[:-1] if data.endswith(b"\n") else data, name)

    def plan(self, digest: str) -> None:
        """A plan, which stands in its policy too, and so need not be there."""
        name = f"plans/{digest}.json"
        if name in self._files and sha256(self._files[name]) != digest:
            raise TamperedError(f"{name} is not what was signed")
        self.found |= {name} & set(self._files)

    def _absent(self, folder: str, digest: str, decided_at: datetime) -> None:
        name = f"{folder}/{digest}.json"
        for erasure in self._erasures:
            due = decided_at + timedelta(days=erasure.days) <= erasure.at
            if folder == "evidence" and digest in erasure.digests and due:
                self.erased[name] = f"on {erasure.at:%Y-%m-%d} by {erasure.by}"
                return
        if name not in self._said_missing:
            raise TamperedError(f"{name} is gone, and nothing says why")
        self.missing.add(name)


def check_decision(record: Record, library: Library) -> None:
    """All that a decision rests on is there, and says what was signed."""
    body, what = record.body, f"the decision of record {record.number}"
    at = body.time("decided_at")
    library.get("policies", body.text("policy_sha256"), at)
    findings = library.get("findings", body.text("candidate_record_sha256"), at)
    members = library.get("members", body.text("members_sha256"), at)
    own = body.inside("evidence_sha256").by_name()
    table = {} if members is None else {uri: members.inside(uri).by_name() for uri in members.value}
    if members is not None and table.get(record.subject, {}) != own:
        raise TamperedError(f"{what} names other evidence than the table of its round")
    if findings is not None:
        check_findings(record, findings, members, what)
    for digest in body.inside("plan_sha256").by_name().values():
        library.plan(digest)
    for uri, stages in {record.subject: own, **table}.items():
        for stage, digest in stages.items():
            evidence = library.get("evidence", digest, at)
            if evidence is not None:
                check_evidence(record, uri, stage, evidence)


def check_findings(record: Record, findings: Fields, members: Fields | None, what: str) -> None:
    """Findings come to what was signed, from the evidence that was."""
    decided = findings.inside("decision")
    same = (decided.text("candidate"), decided.text("verdict"), decided.text("reason"))
    if same != (record.subject, record.body.text("verdict"), record.body.text("reason")):
        raise TamperedError(f"{what} says something else than its findings")
    if members is not None and findings.value.get("evidence_sha256") != members.value:
        raise TamperedError(f"{what} has findings that rest on other evidence")


def check_evidence(record: Record, uri: str, stage: str, evidence: Fields) -> None:
    """Evidence is of the stage and the candidate that it was signed as."""
    same = evidence.text("stage") == stage and evidence.text("candidate") == uri
    if uri == record.subject and same:
        plan = record.body.inside("plan_sha256").text(stage)
        same = evidence.inside("provenance").text("plan") == plan
    if not same:
        raise TamperedError(f"{evidence.what} is evidence of something else")


# The whole


def examine(
    files: Mapping[str, bytes],
    *,
    root_keys: Sequence[str],
    threshold: int = 1,
    head: str | None = None,
    at: datetime | None = None,
) -> Report:
    """All of a dossier.

    Args:
        files: By their paths in it.
        root_keys: Keyids of the root keys that an auditor knows.
        threshold: How many people must have signed the trust file, if more than it says.
        head: Digest of a record that must be there, if the auditor knows one.
        at: As of when keys are judged; default: when the dossier says that it was exported.
    """
    report = Report()
    try:
        contents = read_contents(files, report)
        at = at or contents.said.time("exported_at")
        trust = read_trust(_file(files, TRUST), root_keys, threshold, at)
        report.verified.append(
            f"trust file version {trust.said.number('version')} is signed by "
            f"{', '.join(trust.people)}"
        )
        check_signature(contents, trust.keys, at, report)
        check_records(files, contents.said, trust.keys, at, report)
        check_head(report, head)
        for record in report.records:
            if record.kind == "promotion" and record.void is None:
                check_promotion(record, trust, report)
        check_decisions(files, contents.said, trust.keys, report)
    except TamperedError as error:
        report.problems.append(str(error))
    return report


@dataclass(frozen=True)
class Contents:
    """The table of contents, and who signed it."""

    envelope: Envelope
    said: Fields


def read_contents(files: Mapping[str, bytes], report: Report) -> Contents:
    """The table of contents, which names exactly the files that are there, with their digests."""
    envelope = opened(_file(files, CONTENTS), VENDOR + "dossier+json", CONTENTS)
    said = read_canonical(envelope.payload, CONTENTS)
    named = said.inside("files").by_name()
    for name in sorted(set(named) ^ (set(files) - {CONTENTS})):
        report.problems.append(f"{name} is {'gone' if name in named else 'not in the contents'}")
    for name in sorted(set(named) & set(files)):
        if sha256(files[name]) != named[name]:
            report.problems.append(f"{name} was altered")
    if not report.problems:
        report.verified.append(f"{len(named)} files are those of the table of contents")
    return Contents(envelope, said)


def check_signature(
    contents: Contents, keys: Mapping[str, Key], at: datetime, report: Report
) -> None:
    """Who answers for what is in the dossier beside what was signed before."""
    counting = {keyid: key.raw for keyid, key in keys.items() if key.counts(at)}
    signed = contents.envelope.signed_by(counting)
    if signed != set(contents.envelope.signatures):
        raise TamperedError(f"{CONTENTS} is signed by a key that does not count")
    owners = ", ".join(sorted(keys[keyid].owner for keyid in signed))
    if signed:
        report.verified.append(f"the table of contents is signed by {owners}")
    else:
        report.remarks.append(
            "nobody signed the table of contents: the pages index.html and index.json are the "
            "word of whoever handed over the dossier; what is said below is not"
        )


def check_records(
    files: Mapping[str, bytes], said: Fields, keys: Mapping[str, Key], at: datetime, report: Report
) -> None:
    """The whole chain."""
    names = sorted(name for name in files if name.startswith("records/"))
    model = said.text("model")
    report.records = read_chain([files[name] for name in names], model, keys, at)
    for record in report.records:
        if record.void and record.is_strange:
            report.problems.append(f"record {record.number} does not count: {record.void}")
        elif record.void:
            report.remarks.append(f"record {record.number} does not count: {record.void}")
    newest = report.records[-1].sha256 if report.records else "none"
    report.verified.append(
        f"{len(names)} records of {model} are one unbroken chain, each signed by a key of the "
        f"trust file; the newest is {newest}"
    )


def check_head(report: Report, head: str | None) -> None:
    """The record that the auditor knows is there."""
    if head is None:
        return
    if not any(record.sha256.startswith(head) for record in report.records):
        raise TamperedError(f"the record {head} is not there: the chain has lost its end")
    report.verified.append(f"the record {head} is among them")


def check_decisions(
    files: Mapping[str, bytes], said: Fields, keys: Mapping[str, Key], report: Report
) -> None:
    """All that the decisions on what the dossier is about rest on."""
    erasures = [
        read_erasure(files[name], keys, name)
        for name in sorted(files)
        if name.startswith("erasures/")
    ]
    library = Library(files, erasures, said.texts("missing"))
    about = {record.checkpoint for record in report.records if record.is_about(said.maybe("about"))}
    decisions = [r for r in report.records if r.kind == DECISION and r.checkpoint in about]
    for record in decisions:
        check_decision(record, library)
    report.missing = sorted(library.missing)
    report.remarks += [
        f"{name} was erased under retention {how}" for name, how in sorted(library.erased.items())
    ]
    report.verified.append(
        f"of {counted(len(decisions), 'decision')}, {counted(len(library.found), 'file')} of "
        "policies, plans, findings and evidence are as their digests say"
    )


def check_promotion(record: Record, trust: Trust, report: Report) -> None:
    """A promotion rests on a PASS, under a policy that was in force, or on an override."""
    by_digest = {each.sha256: each for each in report.records if each.void is None}
    what = f"record {record.number}, a promotion,"
    if not all(digest in by_digest for _, digest in rests_on(record)):
        report.problems.append(f"{what} rests on a record that does not count")
    elif record.body.maybe("override"):
        given = by_digest[record.body.text("override")].body
        if given.text("alias") != record.body.text("alias"):
            report.problems.append(f"{what} rests on an override for {given.text('alias')}")
        if given.time("expires") <= record.at:
            report.problems.append(f"{what} rests on an override that had ended")
    else:
        body = by_digest[record.body.text("decision")].body
        policy = (body.text("policy"), body.text("policy_sha256"))
        alias = record.body.text("alias")
        if body.text("verdict") != "PASS":
            report.problems.append(f"{what} rests on a {body.text('verdict')}")
        if not trust.in_force(record.said.text("model"), alias, policy, record.at):
            report.remarks.append(
                f"{what} rests on policy {policy[0]} {policy[1][:12]}, which this trust file does "
                f"not say to have been in force for {alias} then"
            )


def counted(number: int, what: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _file(files: Mapping[str, bytes], name: str) -> bytes:
    if name not in files:
        raise TamperedError(f"there is no {name}: this is no dossier, or not all of it")
    return files[name]


def lines_of(report: Report) -> Iterator[str]:
    """The report for people."""
    for record in report.records:
        who = " and ".join(record.signed)
        yield f"record {record.number} of {record.at:%Y-%m-%d %H:%M:%S}: {record.words}, by {who}"
    yield from (f"verified: {sentence}" for sentence in report.verified)
    yield from (f"note: {sentence}" for sentence in report.remarks)
    yield from (f"missing: {name}" for name in report.missing)
    yield from (f"NOT AS IT WAS SIGNED: {sentence}" for sentence in report.problems)
    yield {VERIFIED: "VERIFIED", NOT_AS_SIGNED: "NOT VERIFIED", INCOMPLETE: "INCOMPLETE"}[
        report.exit_code
    ]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Verifies the dossier that this file stands in.")
    parser.add_argument(
        "--root-key", action="append", required=True, help="a root key's keyid, which you know"
    )
    parser.add_argument("--threshold", type=int, default=1, help="people who must have signed")
    parser.add_argument("--head", help="digest of the newest record, if you know it")
    parser.add_argument("--at", help="as of when keys are judged; default: when it was exported")
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parent)
    given = parser.parse_args()
    folder = given.folder
    paths = [path for path in sorted(folder.rglob("*")) if not path.is_dir()]
    report = examine(
        {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths},
        root_keys=given.root_key,
        threshold=given.threshold,
        head=given.head,
        at=moment(given.at, "--at") if given.at else None,
    )
    sys.stdout.write("\n".join(lines_of(report)) + "\n")
    return report.exit_code


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main())
