"""`gate audit`: dossiers for auditors, what is kept for how long, and who is who."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.options import (
    json_option,
    open_services,
    open_workspace,
    workspace_option,
    workspace_options,
)
from gates.cli.output import check_writable, say_json, write_file

if TYPE_CHECKING:
    from gates.audit.exporting import Dossier
    from gates.audit.retention import Erasure
    from gates.audit.verify import Report


@click.group("audit")
def command() -> None:
    """Audit: everything a decision rests on, verified without this program."""


@command.command("export")
@click.argument("reference", metavar="MODEL[/VERSION|@ALIAS]")
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("dossier.zip"),
    show_default=True,
    help="The dossier.",
)
@workspace_options
@json_option
def export_command(
    *,
    reference: str,
    out: Path,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Write the dossier of a model, or of one of its versions.

    Policies, plans, evidence, findings, approvals, looks, every record, the trust file and a
    program that verifies them. What MLflow has deleted is taken from the records' mirror.

    Exit codes: 0 whole, 3 INCOMPLETE: something that was signed is nowhere any more.
    """
    from gates.audit.exporting import export
    from gates.promotion.moving import custody_of

    check_writable(out)
    with open_services(open_workspace(workspace, tracking_uri, state)) as services:
        dossier = export(reference, services, custody_of(services))
        pins = services.workspace.trust.keys
    write_file(out, dossier.data)
    if as_json:
        say_json(_exported_json(out, dossier))
    else:
        _say_exported(out, dossier, pins[0])
    return Exit.CANNOT_TELL if dossier.material.missing else Exit.YES


@command.command("check")
@click.argument("dossier", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--root-key", "root_keys", multiple=True, help="Default: those gate.toml pins.")
@click.option("--head", help="Digest of a record that must be there, if you know one.")
@workspace_option
@json_option
def check_command(
    *, dossier: Path, root_keys: tuple[str, ...], head: str | None, workspace: Path, as_json: bool
) -> int:
    """Verify DOSSIER, the zip of gate audit export, as the verify.py in it does.

    Exit codes: 0 verified, 1 not as it was signed, 3 INCOMPLETE, 4 no dossier as it was exported.
    """
    from gates.audit.checking import check
    from gates.audit.packing import unpack
    from gates.audit.verify import lines_of
    from policies.errors import WrongUsage

    said = open_workspace(workspace, None, None).trust
    if not root_keys and not said.keys:
        raise WrongUsage(
            "on whose word is the dossier to be believed?",
            why="[trust] keys in gate.toml pins no root key",
            fix="name one that you know: --root-key KEYID",
        )
    report = check(
        unpack(dossier),
        root_keys=root_keys or tuple(said.keys),
        threshold=1 if root_keys else said.threshold,
        head=head,
    )
    if as_json:
        say_json(_report_json(dossier, report))
    else:
        for line in lines_of(report):
            click.echo(line)
    return Exit(report.exit_code)


@command.command("prune")
@click.argument("model")
@click.option("--dry-run", is_flag=True, help="Say what would be erased; erase nothing.")
@workspace_options
@json_option
def prune_command(
    *,
    model: str,
    dry_run: bool,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Erase evidence on MODEL that is older than [state] retention_days, and write down what.

    Records, policies and findings stay: the chain is verified as before. Evidence behind what
    serves now, and behind decisions that may still move an alias, stays too.
    """
    from gates.audit.retention import due, erase
    from gates.promotion.moving import custody_of
    from policies.errors import WrongUsage

    with open_services(open_workspace(workspace, tracking_uri, state)) as services:
        days = services.workspace.retention_days
        if days is None:
            raise WrongUsage(
                "evidence is kept for ever here",
                why="gate.toml has no `[state] retention_days`",
                fix="add it, in days",
            )
        custody = custody_of(services)
        chain, at = custody.chain(model), services.clock()
        erasure = due(chain, custody, retention_days=days, at=at)
        if erasure.digests and not dry_run:
            erase(erasure, custody)
    if as_json:
        say_json(_erasure_json(erasure, erased=not dry_run))
    else:
        _say_erasure(erasure, dry_run=dry_run)
    return Exit.YES


@command.command("people")
@workspace_option
@json_option
def people_command(*, workspace: Path, as_json: bool) -> int:
    """List whom the pseudonyms of the trust file stand for, as far as it is known."""
    from gates.audit.people import people_file, read_people
    from gates.cli.output import say_table
    from gates.reports.table import Table

    found = read_people(people_file(open_workspace(workspace, None, None).trust_file)).names
    if as_json:
        entries = [{"owner": owner, "name": name} for owner, name in found.items()]
        say_json({"schema": "gate.known_people/1", "people": entries})
    else:
        say_table(Table(title="", headings=("owner", "name"), rows=tuple(found.items())))
    return Exit.YES


@command.command("pseudonym")
@click.argument("name")
@workspace_option
def pseudonym_command(*, name: str, workspace: Path) -> int:
    """Draw a pseudonym for a person called NAME, under which they own keys and stand in records."""
    import secrets

    from gates.audit.people import give_pseudonym, people_file

    path = people_file(open_workspace(workspace, None, None).trust_file)
    owner = give_pseudonym(path, name, draw=lambda: secrets.token_hex(4))
    click.echo(f"{owner} stands for {name}; {path} alone says so")
    click.echo(f"next: gate keys new {owner} --role ...")
    return Exit.YES


@command.command("forget")
@click.argument("owner")
@workspace_option
def forget_command(*, owner: str, workspace: Path) -> int:
    """Erase the name behind the pseudonym OWNER; keys and records stay as they are."""
    from gates.audit.people import forget, people_file

    path = people_file(open_workspace(workspace, None, None).trust_file)
    forget(path, owner)
    click.echo(f"nothing says any more who {owner} is; records and keys stay as they are")
    click.echo("next: erase it from backups, and their accounts from trust.yaml: gate trust sign")
    return Exit.YES


def _say_exported(out: Path, dossier: "Dossier", root_key: str) -> None:
    from gates.decide.spoken import count_words

    material = dossier.material
    click.echo(
        f"wrote {out}: {count_words(len(material.chain.records), 'records')} of "
        f"{material.chain.model}, {count_words(len(material.decisions), 'decisions')} on "
        f"{material.about or 'all its versions'}, {len(dossier.files)} files"
    )
    for remark in material.remarks:
        click.echo(f"  {remark}")
    for difference in dossier.differences:
        click.echo(f"  {difference}")
    if material.erased:
        click.echo(f"  {len(material.erased)} files were erased under retention; it says which")
    if dossier.signed_by is None:
        click.echo("  nobody signed its table of contents: no key that counts signs here")
    for path in material.missing:
        click.echo(f"INCOMPLETE: {path} is neither in the records' mirror nor in MLflow")
    click.echo(f"an auditor unpacks it and runs: python verify.py --root-key {root_key}")


def _exported_json(out: Path, dossier: "Dossier") -> dict[str, object]:
    from policies.canonical import sha256_of_bytes

    material = dossier.material
    head = material.chain.head
    return {
        "schema": "gate.exported/1",
        "dossier": str(out),
        "sha256": sha256_of_bytes(dossier.data),
        "model": material.chain.model,
        "about": material.about,
        "records": len(material.chain.records),
        "head": None if head is None else head.sha256,
        "decisions": [kept.record.sequence for kept in material.decisions],
        "differences": list(dossier.differences),
        "missing": list(material.missing),
        "erased": list(material.erased),
        "remarks": list(material.remarks),
        "signed_by": dossier.signed_by,
    }


def _report_json(path: Path, report: "Report") -> dict[str, object]:
    return {
        "schema": "gate.dossier_check/1",
        "dossier": str(path),
        "verified": report.verified,
        "remarks": report.remarks,
        "missing": report.missing,
        "problems": report.problems,
        "exit_code": report.exit_code,
    }


def _say_erasure(erasure: "Erasure", *, dry_run: bool) -> None:
    count, days = len(erasure.digests), erasure.retention_days
    if not count:
        click.echo(f"{erasure.model}: no evidence is older than {days} days and needed no more")
        return
    did = "would be erased" if dry_run else "were erased, which a signed statement says"
    click.echo(f"{erasure.model}: {count} files of evidence older than {days} days {did}")
    for sha256 in erasure.digests:
        click.echo(f"  {sha256}")


def _erasure_json(erasure: "Erasure", *, erased: bool) -> dict[str, object]:
    return {
        "schema": "gate.pruned/1",
        "model": erasure.model,
        "retention_days": erasure.retention_days,
        "evidence": list(erasure.digests),
        "erased": erased,
    }
