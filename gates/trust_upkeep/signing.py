"""The trust file's life: begun, drafted, signed by enough people, and only then in force.

A draft (`trust.yaml`) is for people and counts for nothing. What has too few signatures waits
beside it (`trust.pending.json`), so that the one in force stays in force.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gates.trust.canonical_bytes import canonical_bytes
from gates.trust.changes import same_but_version
from gates.trust.differences import differences
from gates.trust.draft import draft_text, parse_draft
from gates.trust.dsse import Envelope, decode, encode, sign, sign_also, verified_by
from gates.trust.keys import Signer
from gates.trust.pins import Pins, Seen
from gates.trust.trust import PROLONG, trust_of
from gates.trust.trust_document import TrustDocument, payload_of
from gates.trust.trust_file import (
    MOST_BYTES,
    PAYLOAD_TYPE,
    SignedTrust,
    document_in,
    people_needed,
    people_who_signed,
    refuse_older,
    root_keys,
    signed_enough,
    trust_bytes,
)
from gates.trust.untrusted import Untrusted
from gates.workspace import Workspace
from policies.errors import Broken, WrongUsage

MOST_DRAFT_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustFiles:
    """Where a workspace's trust file stands, and what waits beside it.

    Attributes:
        signed: In force.
        draft: For people.
        pending: Signed by too few so far.
    """

    signed: Path
    draft: Path
    pending: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a signature came to.

    Attributes:
        version: Of what was signed.
        changes: What it changes in what was in force, a sentence each.
        people: Those whose signatures count so far.
        needed: How many it takes.
        not_counted: Whose signatures are there and do not count, why, and what mends it; a
            sentence each.
    """

    version: int
    changes: tuple[str, ...]
    people: tuple[str, ...]
    needed: int
    not_counted: tuple[str, ...] = ()

    @property
    def in_force(self) -> bool:
        """Whether it was put in force."""
        return len(self.people) >= self.needed


def trust_files(workspace: Workspace) -> TrustFiles:
    """The trust files of a workspace.

    Raises:
        WrongUsage: When it names none.
    """
    signed = workspace.trust_file
    if signed is None:
        raise WrongUsage(
            "this workspace trusts nobody yet",
            why="gate.toml has no [trust] root",
            fix="gate trust init makes a key, a trust file and the settings",
        )
    return files_at(signed)


def files_at(signed: Path) -> TrustFiles:
    """The files beside a signed one."""
    return TrustFiles(
        signed=signed,
        draft=signed.with_suffix(".yaml"),
        pending=signed.with_suffix(".pending.json"),
    )


def read_draft(files: TrustFiles) -> TrustDocument:
    """What the draft says.

    Raises:
        WrongUsage: When it is not there or cannot be used.
    """
    try:
        data = files.draft.read_bytes()
        if len(data) > MOST_DRAFT_BYTES:
            raise WrongUsage(f"cannot use {files.draft}", why="it is too long", fix="shorten it")
        return parse_draft(data.decode(), where=str(files.draft))
    except UnicodeDecodeError:
        raise WrongUsage(
            f"cannot use {files.draft}", why="it is not UTF-8", fix="save it as UTF-8"
        ) from None
    except OSError as error:
        raise WrongUsage(
            f"cannot read the draft {files.draft}",
            why=error.strerror or str(error),
            fix="restore it, or write what is in force as a draft: gate trust show --draft",
        ) from None


def write_draft(files: TrustFiles, document: TrustDocument) -> None:
    """Writes the draft.

    Raises:
        Broken: When it cannot.
    """
    put_file(files.draft, draft_text(document).encode())


def believed(files: TrustFiles, *, pins: Pins, at: datetime) -> SignedTrust | None:
    """The signed file, if there is one and enough people have signed it; it may have expired."""
    if not files.signed.is_file():
        return None
    try:
        data = trust_bytes(files.signed)
        return signed_enough(data, what=str(files.signed), pins=pins, at=at)
    except Untrusted:
        return None


def sign_draft(
    files: TrustFiles,
    signers: Sequence[Signer],
    *,
    pins: Pins,
    at: datetime,
    seen: Seen | None = None,
) -> Signed:
    """Signs what the draft says, and puts it in force once enough people have.

    Changes are told against what was believed: a file that others put there hides none of them.

    Args:
        files: Of the workspace.
        signers: Root keys of the draft.
        pins: Whose signatures count here.
        at: Now, with a zone.
        seen: The newest trust file that was believed here; the next has a higher version.

    Raises:
        WrongUsage: When the draft cannot be used or has expired, a signer is no root key in
            force, or the newest trust file that was believed here is of other root keys.
        Untrusted: When the draft says what the signed file does, and a newer one was believed here.
        Broken: When it cannot be written, or a signer fails.
    """
    _refuse_foreign(files, pins, seen)
    draft, before = read_draft(files), believed(files, pins=pins, at=at)
    newest = max(before.trust.version if before else 0, seen.version if seen else 0)
    unsigned = draft.model_copy(update={"version": newest + 1})
    if before is not None and same_but_version(unsigned, before.document):
        refuse_older(before.trust, seen, what=f"the trust file {files.signed}")
    _check_expiry(unsigned, files, at)
    _check_signers(unsigned, signers, at)
    envelope = sign_also(_begun(files, unsigned, before), signers)
    document = document_in(envelope.payload, what=str(files.draft))
    signed = Signed(
        version=document.version,
        changes=differences(before.document if before else None, document),
        people=people_who_signed(envelope, document, pins=pins, at=at),
        needed=people_needed(document, pins),
        not_counted=_not_counted(envelope, document, pins=pins, at=at),
    )
    if signed.in_force:
        put_file(files.signed, encode(envelope))
        files.pending.unlink(missing_ok=True)
        write_draft(files, document)
    else:
        put_file(files.pending, encode(envelope))
    return signed


def _refuse_foreign(files: TrustFiles, pins: Pins, seen: Seen | None) -> None:
    """Two workspaces with roots of their own in one state: a higher version locks the other out."""
    if seen is None or not seen.keys or set(seen.keys) & set(pins.keyids):
        return
    roots = ", ".join(keyid[:12] for keyid in seen.keys)
    raise WrongUsage(
        f"will not sign {files.draft}: it would lock another workspace out",
        why=f"the trust file that was believed last under this state is version {seen.version}, "
        f"{seen.sha256[:12]}, of the root keys {roots}, and [trust] keys in gate.toml pins none",
        fix="give this workspace a state of its own ([state] url, GATE_STATE); if all root keys "
        "were replaced on purpose, pin one of those, too, until this is signed",
    )


def _begun(files: TrustFiles, document: TrustDocument, before: SignedTrust | None) -> Envelope:
    """The envelope to be signed: the one in force or the one that waits, if it says the same."""
    if before is not None and same_but_version(document, before.document):
        return before.envelope
    payload = canonical_bytes(payload_of(document))
    try:
        waiting = decode(
            files.pending.read_bytes(),
            payload_type=PAYLOAD_TYPE,
            what=str(files.pending),
            most_bytes=MOST_BYTES,
        )
    except (OSError, Untrusted):
        return sign(PAYLOAD_TYPE, payload, ())
    return waiting if waiting.payload == payload else sign(PAYLOAD_TYPE, payload, ())


def _not_counted(
    envelope: Envelope, document: TrustDocument, *, pins: Pins, at: datetime
) -> tuple[str, ...]:
    """Root keys of the document that have signed it, and that nobody has pinned here."""
    roots = {key.public: key for key in root_keys(document, at)}
    return tuple(
        f"the signature of {roots[public].owner} does not count: [trust] keys in gate.toml does "
        f'not pin their key; add "{public.keyid}" to it, have that reviewed, and sign again'
        for public in sorted(verified_by(envelope, roots), key=lambda public: public.keyid)
        if public.keyid not in pins.keyids
    )


def _check_expiry(document: TrustDocument, files: TrustFiles, at: datetime) -> None:
    trust = trust_of(document, sha256="", signed_by=())
    if trust.expires is not None and trust.has_expired(at):
        raise WrongUsage(
            f"will not sign {files.draft}: it would be worth nothing",
            why=f"it expired at {trust.expires.isoformat()}",
            fix=PROLONG,
        )


def _check_signers(document: TrustDocument, signers: Sequence[Signer], at: datetime) -> None:
    roots = {key.public for key in root_keys(document, at)}
    for signer in signers:
        if signer.public not in roots:
            raise WrongUsage(
                f"the key {signer.public.keyid[:12]} may not sign the trust file",
                why="the draft gives it no role root that is in force now",
                fix="have somebody sign who has it: gate trust sign --key FILE",
            )


def put_file(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all; who may read it stays as it was.

    Raises:
        Broken: When it cannot be written.
    """
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, draft)
        draft.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise Broken(
            f"cannot write {path}",
            why=error.strerror or str(error),
            fix="make its folder writable",
        ) from None
