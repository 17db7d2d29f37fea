"""Custody of a workspace's records, as its settings say."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from gates.chain.anchor import Anchor
from gates.chain.custody import Custody
from gates.chain.hands import Hands
from gates.chain.mirror import Mirror
from gates.chain.places import open_place
from gates.ledger.chain_keeping import ChainKeeper
from gates.trust.pins import seen_in
from gates.trust.trust import Trust
from gates.trusting import signer_in, trust_at_hand, trust_in
from gates.workspace import Workspace
from policies.errors import Broken, WrongUsage
from stages.engine.program import code_version
from stages.engine.state import State


def open_custody(
    workspace: Workspace,
    keeper: ChainKeeper,
    state: State,
    *,
    clock: Callable[[], datetime],
    expired_too: bool = False,
) -> Custody | None:
    """Custody of a workspace's records; None when it names no trust file. Nothing is read yet.

    Args:
        workspace: Names trust file, key, records and anchor.
        keeper: Keeps the chains.
        state: Remembers the newest trust file.
        clock: Says what time it is.
        expired_too: Whether a trust file that has expired is read all the same.
    """
    if workspace.trust_file is None:
        return None
    anchor = open_anchor(workspace)
    return Custody(
        Hands(
            keeper=keeper,
            mirror=Mirror(open_place(workspace.records)),
            anchor=anchor,
            read_trust=lambda: read_trust(
                workspace, state, anchor, at=clock(), expired_too=expired_too
            ),
            read_trust_at_hand=lambda: _trust_at_hand(
                workspace, anchor, at=clock(), expired_too=expired_too
            ),
            read_signer=lambda: signer_in(workspace),
            environment=workspace.environment,
            clock=clock,
            tool_version=code_version(),
        )
    )


def open_anchor(workspace: Workspace) -> Anchor:
    """The file that remembers what was verified last."""
    folder, _, name = workspace.anchor.rpartition("/")
    return Anchor(open_place(folder), name)


def read_trust(
    workspace: Workspace,
    state: State,
    anchor: Anchor,
    *,
    at: datetime,
    expired_too: bool = False,
) -> Trust:
    """The trust file, not older than any that state or anchor remember.

    Both remember it from now on, where they may be written: whoever only looks needs neither.

    Args:
        workspace: Names the file.
        state: Remembers the newest one.
        anchor: The same.
        at: Now, with a zone.
        expired_too: Whether one that has expired is read all the same: to look, or to go back.

    Raises:
        WrongUsage: When the workspace names none, or nobody is pinned.
        Untrusted: When it cannot be believed.
    """
    found = trust_in(workspace, state, at=at, anchored=anchor.trust, expired_too=expired_too)
    trust = _named(found)
    with suppress(Broken):
        anchor.grow_trust(seen_in(trust))
    return trust


def _trust_at_hand(
    workspace: Workspace, anchor: Anchor, *, at: datetime, expired_too: bool
) -> Trust:
    return _named(trust_at_hand(workspace, at=at, seen=anchor.trust, expired_too=expired_too))


def _named(trust: Trust | None) -> Trust:
    if trust is None:
        raise WrongUsage(
            "nothing says whose records count",
            why="[trust] root in gate.toml names no trust file",
            fix="gate trust init makes a key and a trust file",
        )
    return trust
