"""Whose keys are in the draft: one more, one rotated, one revoked; nothing counts until signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gates.trust.changes import entry_named, keyid_of, rotated, with_key, with_revoked
from gates.trust.keys import PublicKey
from gates.trust.trust import trust_of
from gates.trust.trust_document import KeyEntry, RevokedEntry, TrustDocument
from gates.trust_upkeep.private_keys import make_key, put_in_place
from gates.trust_upkeep.settings import repin
from gates.trust_upkeep.signing import read_draft, trust_files, write_draft
from gates.trusting import signer_in
from gates.workspace import Workspace
from policies.errors import WrongUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A key and its successor.

    Attributes:
        owner: Whose.
        old: Keyid of the old key.
        new: Keyid of its successor.
        old_file: Where the old private key is now; None when it is in no file here.
        pinned: Whether both are pinned as root keys.
    """

    owner: str
    old: str
    new: str
    old_file: Path | None
    pinned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A key of the draft, as it stands now.

    Attributes:
        entry: What the draft says.
        keyid: Its name.
        counts: Whether it would count now, were the draft in force.
        pinned: Whether gate.toml pins it as a root key.
        here: Whether it signs in this workspace.
    """

    entry: KeyEntry
    keyid: str
    counts: bool
    pinned: bool
    here: bool

    @property
    def remark(self) -> str:
        """Whatever is particular about it, in words."""
        said = (
            "signs here" if self.here else "",
            "pinned" if self.pinned else "",
            f"until {self.entry.until}" if self.entry.until else "",
            f"revoked from {self.entry.revoked.at}: {self.entry.revoked.reason}"
            if self.entry.revoked
            else "",
        )
        return "; ".join(filter(None, said))


def listed(workspace: Workspace, *, at: datetime) -> tuple[Listed, ...]:
    """Every key of the draft.

    Raises:
        WrongUsage: When there is no draft, or the key that signs here cannot be used.
    """
    draft, signer = read_draft(trust_files(workspace)), signer_in(workspace)
    trust = trust_of(draft, sha256="", signed_by=())
    return tuple(
        Listed(
            entry=entry,
            keyid=key.public.keyid,
            counts=key.counts(at),
            pinned=key.public.keyid in workspace.trust.keys,
            here=signer is not None and signer.public == key.public,
        )
        for entry, key in zip(draft.keys, trust.keys, strict=True)
    )


def add_key(workspace: Workspace, entry: KeyEntry) -> None:
    """Takes a key into the draft.

    Raises:
        WrongUsage: When it does not fit the others, or there is no draft.
        Broken: When the draft cannot be written.
    """
    files = trust_files(workspace)
    write_draft(files, with_key(read_draft(files), entry))


def rotate_key(
    workspace: Workspace, *, at: datetime, overlap: timedelta, successor: PublicKey | None = None
) -> Rotation:
    """A successor for the key that signs in a workspace, with its owner and its roles.

    A root key is pinned beside the old one, which must sign the trust file that names it.

    Args:
        workspace: Whose key it is.
        at: Now; from then on the successor counts.
        overlap: How long the old one still does.
        successor: Of a key that is in no file here, such as one in a key management service.

    Raises:
        WrongUsage: When the key that signs here is not in the draft, or in no file and no successor
            is given.
        Broken: When a file cannot be written.
    """
    files = trust_files(workspace)
    draft = read_draft(files)
    old = _own(workspace, draft)
    file, fresh = None, None
    if successor is None:
        file = _own_file(workspace)
        fresh = file.with_name(f"{file.stem}.next{file.suffix}")
        password = workspace.secret(workspace.trust.key_password_env)
        successor = make_key(fresh, password).public
    write_draft(files, rotated(draft, old, successor, at=at, until=at + overlap))
    keyid, pins = keyid_of(old), workspace.trust.keys
    if keyid in pins and workspace.file is not None:
        repin(workspace.file, [*pins, successor.keyid])
    kept = put_in_place(fresh, file, at=at) if file and fresh else None
    return Rotation(
        owner=old.owner, old=keyid, new=successor.keyid, old_file=kept, pinned=keyid in pins
    )


def revoke_key(
    workspace: Workspace,
    name: str,
    *,
    at: datetime,
    reason: str,
    now: datetime,
    heads: Mapping[str, int],
) -> KeyEntry:
    """A key that counts no more, and is pinned no more.

    Args:
        workspace: Whose draft and pins are changed.
        name: Beginning of its keyid, or its owner.
        at: From when on it does not count; may have been long ago.
        reason: In a person's words.
        now: With a zone.
        heads: Last record of each model that was there before.

    Returns:
        Its entry.

    Raises:
        WrongUsage: When there is no such key, the time is yet to come, or nobody could sign the
            trust file any more.
        Broken: When a file cannot be written.
    """
    if at > now:
        raise WrongUsage(
            "a key is revoked from now on, or from a time before",
            why=f"{at.isoformat()} is yet to come",
            fix="leave --at out; a key that is to end later gets an `until` in trust.yaml",
        )
    files = trust_files(workspace)
    draft = read_draft(files)
    entry = entry_named(draft, name)
    revocation = RevokedEntry(at=at.isoformat(), reason=reason, heads=dict(heads))
    changed = with_revoked(draft, entry, revocation)
    pinned = workspace.trust.keys
    pins = [keyid for keyid in pinned if keyid != keyid_of(entry)]
    if len(pins) < len(pinned) and len(pins) < workspace.trust.threshold:
        raise WrongUsage(
            f"will not revoke the last root key that {workspace.file} pins",
            why="nobody could sign the trust file any more",
            fix="first: gate keys rotate; then revoke the old one",
        )
    write_draft(files, changed)
    if len(pins) < len(pinned) and workspace.file is not None:
        repin(workspace.file, pins)
    return entry


def _own(workspace: Workspace, draft: TrustDocument) -> KeyEntry:
    signer = signer_in(workspace)
    if signer is None:
        raise WrongUsage(
            "there is no key to rotate",
            why="this workspace signs with none",
            fix="name it in [trust] key of gate.toml, or begin with: gate trust init",
        )
    return entry_named(draft, signer.public.keyid)


def _own_file(workspace: Workspace) -> Path:
    file = workspace.trust.key
    if file is None or workspace.secret("GATE_KEY") is not None:
        raise WrongUsage(
            "cannot make the successor of a key that is in no file here",
            why="it is in a variable, or behind a command",
            fix="make it where the old one is, and give its public key: --public BASE64",
        )
    return workspace.root / file
