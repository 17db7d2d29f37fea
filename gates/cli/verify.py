"""`gate verify`: every record and every signature, from MLflow or from a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gates.chain.chain import Chain
    from gates.workspace import Workspace


@click.command("verify")
@click.argument("model", required=False)
@click.option("--records", help="A folder or URL of records; MLflow is not asked.")
@workspace_options
@json_option
def command(
    *,
    model: str | None,
    records: str | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Verify the whole chain of MODEL: each record read from MLflow, each signature computed.

    With --records, every chain of a mirror is verified instead, offline, with all that its
    decisions rest on.

    Exit codes: 0 whole, 1 whole, but a record was signed by a key that may not sign it, 3 whole,
    but what a decision rests on is not in the folder, 4 something is missing, altered, doubled, out
    of order or a stranger's.
    """
    from gates.promotion.moving import custody_of
    from policies.errors import WrongUsage

    opened = open_workspace(workspace, tracking_uri, state)
    if (model is None) == (records is None):
        raise WrongUsage("verify what?", fix="gate verify MODEL, or gate verify --records FOLDER")
    chains: Mapping[str, Chain]
    missing: Mapping[str, Sequence[str]] = {}
    if records is not None:
        chains, missing = _in_folder(records, opened)
    else:
        assert model is not None
        with open_services(opened) as services:
            chains = {model: custody_of(services).whole_chain(model)}
    if as_json:
        say_json(
            {"schema": "gate.verified/1", "chains": [_json(c, missing) for c in chains.values()]}
        )
    else:
        for chain in chains.values():
            _say(chain, missing.get(chain.model, ()))
    strange = [k for c in chains.values() for k in c.void if k.void and not k.void.revoked]
    if strange:
        return Exit.NO
    return Exit.CANNOT_TELL if any(missing.values()) else Exit.YES


def _in_folder(
    url: str, workspace: "Workspace"
) -> "tuple[Mapping[str, Chain], Mapping[str, Sequence[str]]]":
    """Chains, and digests of what they rest on and the folder has not, by model."""
    from gates.chain.folder import chains_in, missing_in
    from gates.chain.mirror import Mirror
    from gates.chain.opening import open_anchor, read_trust
    from gates.chain.places import open_place
    from gates.cli.clock import now
    from policies.errors import WrongUsage
    from stages.engine.state_url import open_state

    anchor, state = open_anchor(workspace), open_state(workspace.state_url)
    trust = read_trust(workspace, state, anchor, at=now())
    mirror = Mirror(open_place(url))
    found = chains_in(mirror, trust=trust, anchor=anchor, now=now())
    if not found:
        raise WrongUsage(
            f"there are no records in {url}",
            why="it has no folder envelopes/, or nothing in it",
            fix="name the folder that [state] records says, or a copy of it",
        )
    missing = {m: missing_in(mirror, chain, trust=trust) for m, chain in found.items()}
    return found, missing


def _say(chain: "Chain", missing: "Sequence[str]") -> None:
    head = chain.head
    if head is None:
        click.echo(f"{chain.model}: no records")
        return
    newest = chain.records[-1].record.at.isoformat(timespec="seconds")
    click.echo(
        f"{chain.model}: {head.sequence} records, every signature verified; the newest is "
        f"{head.sha256[:12]} of {newest}"
    )
    for kept in chain.void:
        assert kept.void is not None
        click.echo(f"  record {kept.record.sequence} does not count: {kept.void.reason}")
    for digest in missing:
        click.echo(f"  a decision rests on {digest}, which is not in blobs/")


def _json(chain: "Chain", missing: "Mapping[str, Sequence[str]]") -> dict[str, object]:
    from gates.chain.history import record_json

    head = chain.head
    return {
        "model": chain.model,
        "records": len(chain.records),
        "head": None if head is None else head.sha256,
        "void": [record_json(kept) for kept in chain.void],
        "missing": list(missing.get(chain.model, ())),
    }
