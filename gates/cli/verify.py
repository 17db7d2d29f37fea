"""`gate verify`: every record and every signature, from MLflow or from a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gates.chain.alias_standing import AliasStanding
    from gates.chain.chain import Chain
    from gates.chain.record import Kept
    from gates.workspace import Workspace


@click.command("verify")
@click.argument("model", required=False)
@click.option("--records", help="A folder or URL of records; MLflow is not asked.")
@click.option("--restore", is_flag=True, help="First put back what MLflow lost, from the copies.")
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    model: str | None,
    records: str | None,
    restore: bool,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Verify the whole chain of MODEL: each record read from MLflow, each signature computed.

    With --records, every chain of a mirror is verified instead, offline, with all that its
    decisions rest on.

    With --restore, records that MLflow lost, since it was restored from an older backup, are put
    back first, byte for byte as [state] records has them. Nothing is put back where MLflow has a
    record that does not belong to them.

    The versions behind the aliases of the trust file are fetched, and held against the records.

    Exit codes: 0 whole, 1 whole, but a record was signed by a key that may not sign it, 3 whole,
    but what a decision rests on is not in the folder, or an alias points elsewhere than its record
    says or to another checkpoint, 4 something is missing, altered, doubled, out of order or a
    stranger's.
    """
    _refuse_unclear(model, records, restore=restore)
    from gates.standing import behind_json

    opened = open_workspace(workspace, tracking_uri, state)
    chains: Mapping[str, Chain]
    missing: Mapping[str, Sequence[str]] = {}
    restored: Sequence[Kept] = ()
    aliases: Sequence[AliasStanding] = ()
    if records is not None:
        chains, missing = _in_folder(records, opened)
    else:
        assert model is not None
        chain, restored, aliases = _in_ledger(model, opened, restore=restore)
        chains = {model: chain}
    anchored = _anchored(chains, opened)
    if records is None:
        _say_not_anchored(anchored, opened)
    if as_json:
        documents = [
            {
                **_json(c, missing, anchored=anchored[name]),
                "aliases": [behind_json(one) for one in aliases],
            }
            for name, c in chains.items()
        ]
        again = [kept.record.sequence for kept in restored]
        say_json({"schema": "gate.verified/1", "chains": documents, "restored": again})
    else:
        if restore:
            click.echo(_restored(restored))
        for name, found in chains.items():
            _say(found, missing.get(name, ()), doubts=[d for one in aliases for d in one.doubts])
    return _exit_code(chains, missing, aliases)


def _exit_code(
    chains: "Mapping[str, Chain]",
    missing: "Mapping[str, Sequence[str]]",
    aliases: "Sequence[AliasStanding]",
) -> Exit:
    strange = [k for c in chains.values() for k in c.void if k.void and not k.void.revoked]
    if strange:
        return Exit.NO
    doubtful = any(one.moved_outside or one.replaced for one in aliases)
    return Exit.CANNOT_TELL if doubtful or any(missing.values()) else Exit.YES


def _refuse_unclear(model: str | None, records: str | None, *, restore: bool) -> None:
    from policies.errors import WrongUsage

    if (model is None) == (records is None):
        raise WrongUsage("verify what?", fix="gate verify MODEL, or gate verify --records FOLDER")
    if restore and model is None:
        raise WrongUsage("whose records are to be restored?", fix="gate verify MODEL --restore")


def _in_ledger(
    model: str, workspace: "Workspace", *, restore: bool
) -> "tuple[Chain, Sequence[Kept], Sequence[AliasStanding]]":
    """The chain as the ledger has it, what was put back there before, and how aliases stand."""
    from gates.promotion.moving import custody_of
    from gates.standing import aliases_now

    with open_services(workspace) as services:
        custody = custody_of(services)
        restored = custody.replenish(model) if restore else ()
        chain = custody.whole_chain(model)
        aliases = [alias for named, alias in custody.trust.aliases if named == model]
        return chain, restored, aliases_now(model, chain, aliases, services, afresh=True)


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


def _anchored(chains: "Mapping[str, Chain]", workspace: "Workspace") -> "Mapping[str, bool]":
    """Whether the anchor has the newest record of each chain: not where it may only be read."""
    from gates.chain.opening import open_anchor

    anchor = open_anchor(workspace)
    return {model: anchor.head(model) == chain.head for model, chain in chains.items()}


def _say_not_anchored(anchored: "Mapping[str, bool]", workspace: "Workspace") -> None:
    from gates.masking import mask_secrets

    for model in (model for model, is_there in anchored.items() if not is_there):
        click.echo(
            f"warning: the anchor {mask_secrets(workspace.anchor)} was not advanced to the newest "
            f"record of {model}: it, or [state] records, cannot be written here; somebody who may "
            f"write there runs gate verify {model}",
            err=True,
        )


def _restored(records: "Sequence[Kept]") -> str:
    if not records:
        return "MLflow had lost no record"
    first, last = records[0].record.sequence, records[-1].record.sequence
    many = f"records {first} to {last}, {len(records)} of them, were"
    return f"{many if len(records) > 1 else f'record {first} was'} put back into MLflow"


def _say(chain: "Chain", missing: "Sequence[str]", *, doubts: "Sequence[str]") -> None:
    head = chain.head
    if head is None:
        click.echo(f"{chain.model}: no records")
    else:
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
    for doubt in doubts:
        click.echo(f"  {doubt}")


def _json(
    chain: "Chain", missing: "Mapping[str, Sequence[str]]", *, anchored: bool
) -> dict[str, object]:
    from gates.chain.history import record_json

    head = chain.head
    return {
        "model": chain.model,
        "records": len(chain.records),
        "head": None if head is None else head.sha256,
        "anchored": anchored,
        "void": [record_json(kept) for kept in chain.void],
        "missing": list(missing.get(chain.model, ())),
    }
