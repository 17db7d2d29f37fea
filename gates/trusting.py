"""What a workspace believes, and what it signs with."""

from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from gates.masking import mask_said
from gates.trust.keys import PublicKey, Signer, public_key_of
from gates.trust.pins import Pins, Seen, newest
from gates.trust.signers import signer_from_command, signer_from_file, signer_from_pem
from gates.trust.trust import Trust
from gates.trust.trust_file import read_trust
from gates.workspace import Workspace
from policies.errors import Broken, WrongUsage
from stages.engine.state import Entry, State, foreign_entry

VARIABLE = "GATE_KEY"
"""Holds a private key in PEM, and wins over gate.toml."""

STREAM = "trust/seen"
"""Trust files that were believed, each version once."""


def pins_of(workspace: Workspace) -> Pins:
    """Whose trust file counts in a workspace."""
    return Pins(keyids=tuple(workspace.trust.keys), threshold=workspace.trust.threshold)


def signer_in(workspace: Workspace) -> Signer | None:
    """What signs in a workspace; None when nothing is named.

    Raises:
        WrongUsage: When what is named cannot be used.
    """
    said = workspace.trust
    password = workspace.secret(said.key_password_env)
    pem = workspace.secret(VARIABLE)
    if pem is not None:
        return signer_from_pem(pem.encode(), where=f"${VARIABLE}", password=password)
    if said.key is not None:
        return signer_from_file(workspace.root / said.key, password=password)
    if said.key_env is not None:
        return signer_from_pem(
            _variable(workspace, said.key_env), where=f"${said.key_env}", password=password
        )
    if said.key_command and said.key_public is not None:
        command = (_program(said.key_command[0], workspace.root), *said.key_command[1:])
        return signer_from_command(
            command,
            _public(said.key_public),
            shown=partial(mask_said, variables=workspace.environment),
        )
    return None


def trust_in(
    workspace: Workspace,
    state: State,
    *,
    at: datetime,
    anchored: Seen | None = None,
    expired_too: bool = False,
) -> Trust | None:
    """What a workspace believes; None when it names no trust file.

    A version that is believed is remembered in the state: an older one is refused from then on. A
    state that may only be read remembers nothing, and hinders nobody who only looks.

    Args:
        workspace: Names the file and pins its root keys.
        state: Remembers the newest version.
        at: Now, with a zone.
        anchored: The newest version that the anchor remembers.
        expired_too: Whether one that has expired is read all the same: to look, or to go back.

    Raises:
        WrongUsage: When the file is not there or nobody is pinned.
        Untrusted: When it cannot be believed.
    """
    if workspace.trust_file is None:
        return None
    here = seen_here(state)
    seen = newest(here, anchored)
    trust = trust_at_hand(workspace, at=at, seen=seen, expired_too=expired_too)
    assert trust is not None
    if here is None or here.version < trust.version:
        with suppress(Broken):
            keys = pins_of(workspace).keyids
            entry: Entry = {"version": trust.version, "sha256": trust.sha256, "keys": [*keys]}
            state.append(STREAM, [entry])
    return trust


def trust_at_hand(
    workspace: Workspace, *, at: datetime, seen: Seen | None, expired_too: bool
) -> Trust | None:
    """The same, held against what the caller remembers; the state is not asked.

    Raises:
        WrongUsage: As `trust_in`.
        Untrusted: As `trust_in`.
    """
    if workspace.trust_file is None:
        return None
    pins = pins_of(workspace)
    return read_trust(workspace.trust_file, pins=pins, at=at, seen=seen, expired_too=expired_too)


def seen_here(state: State) -> Seen | None:
    """The newest trust file that was believed under a state."""
    return newest(*(_seen(entry, state) for entry in state.read(STREAM)))


def _seen(entry: Entry, state: State) -> Seen:
    match entry:
        case {"version": int(version), "sha256": str(sha256), "keys": [*keys]}:
            return Seen(version=version, sha256=sha256, keys=tuple(map(str, keys)))
        case {"version": int(version), "sha256": str(sha256)}:  # as versions before wrote it
            return Seen(version=version, sha256=sha256)
        case _:
            raise foreign_entry("a trust file that was seen", stream=STREAM, state=state)


def _variable(workspace: Workspace, name: str) -> bytes:
    value = workspace.secret(name)
    if value is None:
        raise WrongUsage(
            "there is no key to sign with",
            why=f"[trust] key_env names {name}, which is not set",
            fix=f"set {name} to the private key in PEM",
        )
    return value.encode()


def _program(named: str, root: Path) -> str:
    """A path starts from the workspace; a bare name is looked for in PATH."""
    return str(root / named) if "/" in named else named


def _public(text: str) -> PublicKey:
    try:
        return public_key_of(text)
    except ValueError as error:
        raise WrongUsage(
            "cannot use [trust] key_public",
            why=str(error),
            fix="give the 32 bytes of the public key in base64: gate keys list shows them",
        ) from None
