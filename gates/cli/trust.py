"""`gate trust`: whose keys count, and which policies may move which alias."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.moment import Moment
from gates.cli.options import (
    find_policy,
    json_option,
    open_workspace,
    workspace_option,
    workspace_options,
)
from gates.cli.output import say_json, say_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gates.trust.keys import Signer
    from gates.trust.trust import Trust
    from gates.trust.trust_document import Stage, TrustDocument
    from gates.trust.trust_file import SignedTrust
    from gates.trust_upkeep.signing import Signed
    from gates.workspace import Workspace
    from policies.policy import Policy


@click.group("trust")
def command() -> None:
    """The trust file: drafted in trust.yaml, in force once enough people have signed it."""


@command.command("init")
@click.option("--owner", help="Your name in records, for ever; default: a pseudonym.")
@workspace_option
@json_option
def init(*, owner: str | None, workspace: Path, as_json: bool) -> int:
    """Make a key, a trust file that it signs, and the settings that name both.

    The policies that gate.toml names are in force from now on, as they are now. Records will have
    a pseudonym for you; people.json alone says your name, and can forget it.
    """
    from gates.cli.people import begin, naming

    begun = begin(open_workspace(workspace, None, None), owner=owner)
    if as_json:
        said = {"owner": begun.owner, "keyid": begun.keyid}
        say_json(
            {"schema": "gate.trust-init/1", **said, "written": [str(p) for p in begun.written]}
        )
        return Exit.YES
    for path in begun.written:
        click.echo(f"wrote {path}")
    who = naming(open_workspace(workspace, None, None))(begun.owner)
    click.echo(f"{who} may do everything; root key {begun.keyid[:12]} is pinned")
    return Exit.YES


@command.command("allow")
@click.argument("model")
@click.argument("alias")
@click.argument("policy")
@click.option("--approvals", type=click.IntRange(0), help="People other than the author.")
@click.option("--from", "since", type=Moment(), help="In force from then on; default: now.")
@click.option("--because", help="Why, for whoever signs.")
@click.option("--keep", is_flag=True, help="What is in force for the alias stays so, too.")
@workspace_option
@json_option
def allow(  # noqa: PLR0913 - one parameter per option
    *,
    model: str,
    alias: str,
    policy: str,
    approvals: int | None,
    since: datetime | None,
    because: str | None,
    keep: bool,
    workspace: Path,
    as_json: bool,
) -> int:
    """Let POLICY, as it is now, move ALIAS of MODEL; in the draft, until it is signed.

    What is in force for the alias ends when this begins. A policy of kind judge has one stage, and
    the alias demands no other from then on.
    """
    from gates.adequacy import unfrozen_tasks
    from gates.cli.clock import now
    from gates.trust.changes import Allowance, allowed, in_force_since, stages_demanded
    from gates.trust_upkeep.signing import read_draft, trust_files, write_draft

    opened = open_workspace(workspace, None, None)
    file, files = find_policy(policy, opened).policy, trust_files(opened)
    open_tasks = unfrozen_tasks(file)
    before = read_draft(files)
    allowance = Allowance(
        model=model,
        alias=alias,
        policy=file.policy,
        sha256=file.sha256,
        since=since or now(),
        because=because,
        approvals=approvals,
        keep=keep,
        stages=_stages(file, before, model, alias, beside=keep or since is not None),
    )
    draft = allowed(before, allowance)
    write_draft(files, draft)
    begins, stages = in_force_since(draft, allowance), stages_demanded(draft, allowance)
    if as_json:
        said = {"model": model, "alias": alias, "policy": file.policy, "sha256": file.sha256}
        document = {**said, "since": begins, "stages": stages, "unfrozen": open_tasks}
        say_json({"schema": "gate.trust-allow/1", **document})
        return Exit.YES
    click.echo(f"policy {file.policy} ({file.sha256[:12]}) may move {model}@{alias} from {begins}")
    if note := _note_on_stages(file, stages):
        click.echo(f"note: {note}")
    if open_tasks:
        click.echo(
            f"note: the items of {', '.join(open_tasks)} are not frozen: others, and easier ones, "
            f"would count under this digest; gate policy check {policy} names the line for each"
        )
    click.echo("next: gate trust check, then gate trust sign")
    return Exit.YES


def _stages(
    policy: "Policy", draft: "TrustDocument", model: str, alias: str, *, beside: bool
) -> "tuple[Stage, ...] | None":
    """What a judge's policy can pass; nothing less where another policy may move the alias too."""
    from gates.trust.changes import stages_of

    named = model in draft.models and alias in draft.models[model].aliases
    return None if named and beside else stages_of(policy)


def _note_on_stages(policy: "Policy", stages: "Sequence[Stage]") -> str | None:
    """What to know of the stages that an alias demands; None where they are as ever."""
    from gates.trust.changes import stages_of
    from gates.trust.trust_document import Stage

    demanded, can_pass = ", ".join(stages), stages_of(policy)
    if can_pass is not None and set(stages) <= set(can_pass):
        return f"`stages: [{demanded}]` in trust.yaml: a judge's policy has no other stage"
    if can_pass is not None:
        return (
            f"a judge's policy has no stage but {', '.join(can_pass)}, and the alias demands "
            f"{demanded}: once no other policy may move it, write `stages: [offline]` in trust.yaml"
        )
    if set(stages) < set(Stage):
        return f"the alias demands {demanded} and no other stage: `stages` in trust.yaml"
    return None


@command.command("sign")
@click.option(
    "--key",
    "keys",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Private key; default: the one that signs here. Repeat.",
)
@workspace_options
@json_option
def sign(
    *,
    keys: tuple[Path, ...],
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Sign what the draft says; once enough people have, it is in force.

    Until then it waits in trust.pending.json, and the trust file in force stays in force. Exit code
    3 while it waits.
    """
    from gates.chain.opening import open_anchor
    from gates.cli.clock import now
    from gates.trust.pins import newest
    from gates.trust_upkeep.signing import sign_draft, trust_files
    from gates.trusting import pins_of, seen_here
    from stages.engine.state_url import open_state

    opened = open_workspace(workspace, tracking_uri, state)
    seen = newest(seen_here(open_state(opened.state_url)), open_anchor(opened).trust)
    signed = sign_draft(
        trust_files(opened),
        _signers(opened, keys),
        pins=pins_of(opened),
        at=now(),
        seen=seen,
    )
    if as_json:
        say_json(
            {
                "schema": "gate.trust-sign/1",
                "version": signed.version,
                "changes": list(signed.changes),
                "signed_by": list(signed.people),
                "needed": signed.needed,
                "not_counted": list(signed.not_counted),
                "in_force": signed.in_force,
            }
        )
    else:
        _say_signed(signed)
    return Exit.YES if signed.in_force else Exit.CANNOT_TELL


@command.command("show")
@click.option("--draft", is_flag=True, help="What is in force as a draft, in YAML.")
@workspace_options
@json_option
def show(
    *, draft: bool, workspace: Path, tracking_uri: str | None, state: str | None, as_json: bool
) -> int:
    """Say what is in force: who may do what, and which policies may move which alias."""
    from gates.trust.draft import draft_text
    from gates.trust.trust_document import payload_of

    opened = open_workspace(workspace, tracking_uri, state)
    found = _in_force(opened)
    trust = found.trust
    if as_json:
        said = {"sha256": trust.sha256, "signed_by": list(trust.signed_by)}
        say_json({"schema": "gate.trust-show/1", **said, "trust": payload_of(found.document)})
    elif draft:
        click.echo(draft_text(found.document), nl=False)
    else:
        _say_trust(trust, opened)
    return Exit.YES


@command.command("check")
@workspace_options
@json_option
def check(*, workspace: Path, tracking_uri: str | None, state: str | None, as_json: bool) -> int:
    """Is the trust file believed; what does the draft change; what needs a person.

    Exit code 1 when the draft says what is not in force.
    """
    from gates.cli.clock import now
    from gates.trust.differences import differences
    from gates.trust_upkeep.checking import remarks
    from gates.trust_upkeep.signing import read_draft, trust_files

    opened = open_workspace(workspace, tracking_uri, state)
    in_force = _in_force(opened)
    trust = in_force.trust
    changes = differences(in_force.document, read_draft(trust_files(opened)))
    found = remarks(opened, trust, at=now())
    if as_json:
        said = {"version": trust.version, "signed_by": list(trust.signed_by)}
        say_json({"schema": "gate.trust-check/1", **said, "changes": changes, "remarks": found})
    else:
        click.echo(f"version {trust.version} is in force, signed by {', '.join(trust.signed_by)}")
        for remark in found:
            click.echo(f"note: {remark}")
        if changes:
            click.echo("the draft says what is not in force; gate trust sign would change:")
        for change in changes:
            click.echo(f"  {change}")
    return Exit.NO if changes else Exit.YES


def _in_force(workspace: "Workspace") -> "SignedTrust":
    """The trust file in force; remembered, so that an older one is refused from now on."""
    from gates.chain.opening import open_anchor, read_trust
    from gates.cli.clock import now
    from gates.trust_upkeep.signing import believed, trust_files
    from gates.trusting import pins_of
    from stages.engine.state_url import open_state

    files, asked = trust_files(workspace), now()
    read_trust(workspace, open_state(workspace.state_url), open_anchor(workspace), at=asked)
    found = believed(files, pins=pins_of(workspace), at=asked)
    assert found is not None, "it was believed a moment ago"
    return found


def _signers(workspace: "Workspace", keys: "Sequence[Path]") -> "Sequence[Signer]":
    from gates.trust.signers import signer_from_file
    from gates.trusting import signer_in
    from policies.errors import WrongUsage

    password = workspace.secret(workspace.trust.key_password_env)
    if keys:
        return [signer_from_file(file, password=password, named_by="--key") for file in keys]
    signer = signer_in(workspace)
    if signer is None:
        raise WrongUsage(
            "there is no key to sign with",
            why="gate.toml names none, and GATE_KEY is not set",
            fix="gate trust sign --key FILE; a key is made by: gate keys new",
        )
    return [signer]


def _say_signed(signed: "Signed") -> None:
    for change in signed.changes:
        click.echo(f"  {change}")
    people = ", ".join(signed.people) or "nobody whose root key gate.toml pins"
    if signed.in_force:
        click.echo(f"version {signed.version} is in force, signed by {people}")
    else:
        click.echo(
            f"version {signed.version} waits: {signed.needed} must sign, {len(signed.people)} did "
            f"({people}); the one before stays in force"
        )
    for sentence in signed.not_counted:
        click.echo(f"note: {sentence}")


def _say_trust(trust: "Trust", workspace: "Workspace") -> None:
    from gates.cli.people import naming
    from gates.reports.table import Table

    named = naming(workspace)
    end = f"until {trust.expires.isoformat()}" if trust.expires else "without an end"
    click.echo(
        f"version {trust.version} ({trust.sha256[:12]}) is in force {end}, signed by "
        f"{named(', '.join(trust.signed_by))}"
    )
    for (model, alias), entry in trust.aliases.items():
        click.echo(f"\n{model}@{alias} moves")
        click.echo(f"  after {', '.join(entry.stages)}")
        click.echo(f"  with {entry.approvals} approvals of people other than the author")
        click.echo(f"  by decisions at most {entry.decision_valid.days} days old")
        for each in entry.policies:
            until = f" until {each.until.isoformat()}" if each.until else ""
            since = each.since.isoformat()
            click.echo(f"  under policy {each.policy} {each.sha256[:12]} from {since}{until}")
    rows = tuple(
        (key.public.keyid[:12], named(key.owner), key.kind.value, ", ".join(sorted(key.roles)))
        for key in trust.keys
    )
    click.echo()
    say_table(Table(title="", headings=("keyid", "owner", "kind", "roles"), rows=rows))
