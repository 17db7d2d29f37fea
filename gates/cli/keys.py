"""`gate keys`: private keys of this machine, and whose keys the draft of the trust file names."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.moment import Moment
from gates.cli.options import json_option, open_workspace, workspace_option
from gates.cli.output import say_json, say_table
from gates.trust.trust_document import Kind, Role

if TYPE_CHECKING:
    from gates.trust.keys import PublicKey
    from gates.trust_upkeep.roster import Listed
    from gates.workspace import Workspace

SIGN = "next: gate trust check, then gate trust sign"


@click.group("keys")
def command() -> None:
    """Keys: whoever signs has one; the signed trust file says what it may do."""


@command.command("new")
@click.argument("owner")
@click.option("--role", "roles", multiple=True, type=click.Choice([r.value for r in Role]))
@click.option("--ci", is_flag=True, help="A CI's key: never a person's approval.")
@click.option("--account", "accounts", multiple=True, help="Such as github:ann; repeat.")
@click.option("--public", help="A public key that is there already, in base64; makes no key.")
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path), help="Of the private key.")
@workspace_option
@json_option
def new(  # noqa: PLR0913 - one parameter per option
    *,
    owner: str,
    roles: tuple[str, ...],
    ci: bool,
    accounts: tuple[str, ...],
    public: str | None,
    file: Path | None,
    workspace: Path,
    as_json: bool,
) -> int:
    """Make a key for OWNER; with --role, take it into the draft of the trust file.

    The private key stays in a file that only you may read; GATE_KEY_PASSWORD encrypts it. Give its
    public key to whoever keeps the trust file: they name it with --public and --role.
    """
    from gates.cli.clock import now
    from gates.trust.changes import key_entry
    from gates.trust.signers import new_private_key, signer_of
    from gates.trust_upkeep.private_keys import store_key
    from gates.trust_upkeep.roster import add_key

    opened = open_workspace(workspace, None, None)
    private = new_private_key() if public is None else None
    key = _public(public or "") if private is None else signer_of(private).public
    entry = None
    if roles:
        entry = key_entry(
            key.base64,
            owner,
            kind=Kind.CI if ci else Kind.PERSON,
            accounts=accounts,
            roles=[Role(role) for role in roles],
            since=now(),
        )
    made = None
    if private is not None:
        made = file or opened.root / ".gate" / "keys" / f"{_file_name(owner)}.pem"
        store_key(made, private, opened.secret(opened.trust.key_password_env))
    if entry is not None:
        add_key(opened, entry)
    told = NewKey(owner=owner, public=key, file=made, drafted=bool(roles))
    if as_json:
        say_json(told.as_json())
    else:
        told.say()
    return Exit.YES


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was made, or taken into the draft.

    Attributes:
        owner: Whose.
        public: The key.
        file: Of the private one; None where no key was made.
        drafted: Whether the draft of the trust file has it.
    """

    owner: str
    public: "PublicKey"
    file: Path | None
    drafted: bool

    def as_json(self) -> dict[str, object]:
        """As one document."""
        return {
            "schema": "gate.key/1",
            "owner": self.owner,
            "keyid": self.public.keyid,
            "public": self.public.base64,
            "file": None if self.file is None else str(self.file),
            "drafted": self.drafted,
        }

    def say(self) -> None:
        """In words, with what comes next."""
        public = self.public.base64
        if self.file is not None:
            click.echo(f"wrote {self.file}")
        click.echo(f"public key {public}")
        click.echo(f"keyid {self.public.keyid}")
        taken_in = f"next: gate keys new {self.owner} --public {public} --role ..."
        click.echo(SIGN if self.drafted else taken_in)


@command.command("list")
@workspace_option
@json_option
def listing(*, workspace: Path, as_json: bool) -> int:
    """List the keys of the draft: whose, what they may do, and whether they count now."""
    from gates.cli.clock import now
    from gates.cli.people import naming
    from gates.reports.table import Table
    from gates.trust_upkeep.roster import listed

    opened = open_workspace(workspace, None, None)
    rows, named = listed(opened, at=now()), naming(opened)
    if as_json:
        say_json({"schema": "gate.keys/1", "keys": [_key_json(row) for row in rows]})
        return Exit.YES
    headings = ("keyid", "owner", "kind", "roles", "counts", "remark")
    cells = tuple(_key_cells(row, named(row.entry.owner)) for row in rows)
    say_table(Table(title="", headings=headings, rows=cells))
    return Exit.YES


def _key_json(row: "Listed") -> dict[str, object]:
    return {
        "keyid": row.keyid,
        "public": row.entry.public,
        "owner": row.entry.owner,
        "kind": row.entry.kind,
        "accounts": list(row.entry.accounts),
        "roles": list(row.entry.roles),
        "since": row.entry.since,
        "until": row.entry.until,
        "counts": row.counts,
        "pinned": row.pinned,
        "here": row.here,
        "remark": row.remark,
    }


def _key_cells(row: "Listed", owner: str) -> tuple[str, ...]:
    counts = "yes" if row.counts else "no"
    roles = ", ".join(row.entry.roles)
    return (row.keyid[:12], owner, row.entry.kind.value, roles, counts, row.remark)


@command.command("rotate")
@click.option("--public", help="Of a successor that is in no file here, in base64.")
@click.option(
    "--overlap-days",
    type=click.IntRange(0, 365),
    default=7,
    show_default=True,
    help="How long the old key still counts.",
)
@workspace_option
@json_option
def rotate(*, public: str | None, overlap_days: int, workspace: Path, as_json: bool) -> int:
    """Give the key that signs here a successor with the same owner and roles.

    What the old key has signed goes on counting. A root key's successor is pinned in gate.toml; the
    trust file that names it is signed by the old key, which others have pinned.
    """
    from gates.cli.clock import now
    from gates.trust_upkeep.roster import rotate_key

    opened = open_workspace(workspace, None, None)
    done = rotate_key(
        opened,
        at=now(),
        overlap=timedelta(days=overlap_days),
        successor=None if public is None else _public(public),
    )
    if as_json:
        say_json(
            {
                "schema": "gate.key-rotation/1",
                "owner": done.owner,
                "old": done.old,
                "new": done.new,
                "old_file": None if done.old_file is None else str(done.old_file),
                "pinned": done.pinned,
            }
        )
        return Exit.YES
    click.echo(f"{done.owner}: {done.new[:12]} follows {done.old[:12]}")
    if done.old_file is not None:
        click.echo(f"the old key is in {done.old_file}")
    if done.pinned:
        click.echo("gate.toml pins both; take the old one out when it has ended")
    old = f" --key {done.old_file}" if done.old_file else ""
    click.echo(f"next: gate trust sign{old}")
    return Exit.YES


@command.command("revoke")
@click.argument("key")
@click.option("--reason", required=True, help="Why, for whoever reads it in a year.")
@click.option("--at", type=Moment(), help="From when on it does not count; default: now.")
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="MODEL=N",
    help="Last record of a model before a theft: later ones do not count, whatever date they bear.",
)
@workspace_option
@json_option
def revoke(
    *,
    key: str,
    reason: str,
    at: datetime | None,
    heads: tuple[str, ...],
    workspace: Path,
    as_json: bool,
) -> int:
    """Revoke KEY (the beginning of its keyid, or its owner): from then on it counts for nothing.

    A thief can date what they sign before the theft; --head closes that door.
    """
    from gates.cli.clock import now
    from gates.promotion.reasons import refuse_no_reason
    from gates.trust.changes import keyid_of
    from gates.trust_upkeep.roster import revoke_key

    refuse_no_reason(reason, f"gate keys revoke {key}")
    opened = open_workspace(workspace, None, None)
    known = dict(_head(each) for each in heads)
    asked = now()
    entry = revoke_key(opened, key, at=at or asked, reason=reason, now=asked, heads=known)
    since = (at or asked).isoformat()
    if as_json:
        said = {"keyid": keyid_of(entry), "owner": entry.owner, "at": since, "reason": reason}
        say_json({"schema": "gate.key-revocation/1", **said, "heads": known})
        return Exit.YES
    click.echo(f"the key {keyid_of(entry)[:12]} of {entry.owner} counts for nothing from {since}")
    for model, newest in _heads_seen(opened).items():
        if model not in known:
            click.echo(
                f"note: {model} has {newest} records, as seen here; whoever has the key can date "
                f"more of them back, unless you say --head {model}=N: none after N counts"
            )
    click.echo(SIGN)
    return Exit.YES


def _heads_seen(workspace: "Workspace") -> dict[str, int]:
    from gates.chain.opening import open_anchor

    anchor = open_anchor(workspace)
    heads = {model: anchor.head(model) for model in workspace.models}
    return {model: head.sequence for model, head in heads.items() if head is not None}


def _file_name(owner: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in owner)


def _public(text: str) -> "PublicKey":
    from gates.trust.keys import public_key_of

    try:
        return public_key_of(text)
    except ValueError as error:
        raise click.BadParameter(
            f"{error}; it is 32 bytes in base64", param_hint="--public"
        ) from None


def _head(text: str) -> tuple[str, int]:
    model, equals, number = text.rpartition("=")
    if not (equals and model and number.isascii() and number.isdecimal()):
        raise click.BadParameter(f"{text} is not MODEL=NUMBER", param_hint="--head")
    return model, int(number)
