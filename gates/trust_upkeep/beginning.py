"""The first trust file of a workspace: one person, one key, the policies that gate.toml names."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gates.trust.changes import Allowance, allowed, key_entry, stages_of
from gates.trust.keys import Signer
from gates.trust.pins import Pins
from gates.trust.trust_document import Kind, Role, TrustDocument
from gates.trust_upkeep.private_keys import own_key
from gates.trust_upkeep.settings import with_trust
from gates.trust_upkeep.signing import files_at, put_file, sign_draft, write_draft
from gates.trusting import signer_in
from gates.workspace import Workspace
from policies.errors import WrongUsage
from policies.load import load_policy

FIRST_KEY = ".gate/keys/signing.pem"
"""Private key of whoever begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A workspace that can believe and sign.

    Attributes:
        owner: Who has every role.
        keyid: Of the root key that gate.toml pins.
        written: Files that were made or changed.
    """

    owner: str
    keyid: str
    written: tuple[Path, ...]


def begin_trust(workspace: Workspace, *, owner: str, at: datetime) -> Begun:
    """Makes a key, a trust file that it signs, and the settings that name both.

    A key that the workspace signs with already is used as it is.

    Args:
        workspace: Without a `[trust] root`.
        owner: Gets every role; others are named in the draft later.
        at: From now on the key and the policies of gate.toml count; with a zone.

    Raises:
        WrongUsage: When there is a trust file or no gate.toml, or the key or a policy cannot be
            used.
        Broken: When a file cannot be written.
    """
    settings = _settings(workspace)
    signer = signer_in(workspace)
    file = workspace.root / FIRST_KEY if signer is None else None
    if file is not None:
        signer = own_key(file, password=workspace.secret(workspace.trust.key_password_env))
    assert signer is not None
    document = _first(workspace, owner, signer, at)
    keyid = signer.public.keyid
    text = with_trust(
        settings.read_text(encoding="utf-8"),
        keyid=keyid,
        key=FIRST_KEY if file else None,
        where=str(settings),
    )
    files = files_at(workspace.root / "trust.json")
    write_draft(files, document)
    sign_draft(files, (signer,), pins=Pins(keyids=(keyid,)), at=at)
    put_file(settings, text.encode())
    written = (*((file,) if file else ()), files.draft, files.signed, settings)
    return Begun(owner=owner, keyid=keyid, written=written)


def _settings(workspace: Workspace) -> Path:
    if workspace.file is None:
        raise WrongUsage(
            "there is no workspace to trust anybody in",
            why=f"there is no gate.toml in {workspace.root} or above",
            fix="gate init writes one, with a key and a trust file",
        )
    there = files_at(workspace.root / "trust.json")
    found = [path for path in (there.signed, there.draft) if path.exists()]
    if workspace.trust_file is not None or found:
        named = workspace.trust_file or found[0]
        raise WrongUsage(
            "this workspace has a trust file already",
            why=f"{named} is {'named in gate.toml' if workspace.trust_file else 'there'}",
            fix="change its draft and have it signed: gate trust check, then gate trust sign",
        )
    return workspace.file


def _first(workspace: Workspace, owner: str, signer: Signer, at: datetime) -> TrustDocument:
    entry = key_entry(
        signer.public.base64,
        owner,
        kind=Kind.PERSON,
        accounts=(),
        roles=tuple(Role),
        since=at,
    )
    document = TrustDocument(version=1, keys=(entry,))
    for model, section in workspace.models.items():
        for alias in section.policies:
            path = workspace.policy_path(model, alias)
            assert path is not None
            policy = load_policy(path)
            allowance = Allowance(
                model=model,
                alias=alias,
                policy=policy.policy,
                sha256=policy.sha256,
                since=at,
                stages=stages_of(policy),
            )
            document = allowed(document, allowance)
    return document
