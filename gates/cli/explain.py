"""`gate explain`: why, in sentences."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.expired import expiry_warnings
from gates.cli.frame import Exit
from gates.cli.options import (
    find_policy,
    json_option,
    open_services,
    open_workspace,
    workspace_options,
)
from gates.cli.output import say_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gates.decide.verdict import Finding, StageDecision
    from gates.ledger.ledger import Decided, Version
    from gates.outlook.outlook import Outlook
    from gates.services import Services
    from gates.standing import Standing
    from stages.evidence.estimate import Unmeasured
    from stages.stats.votes_needed import StillNeeded


@click.command("explain")
@click.argument("version")
@click.option("--policy", help="Name of the policy; default: the newest decision under any.")
@workspace_options
@json_option
def command(
    *,
    version: str,
    policy: str | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Say the sentences behind the verdict on VERSION, and what it would take to pass.

    Of each criterion that does not pass: by how much its limit is missed, and how many items,
    prompts or days are likely needed, as a range, with what is assumed. Nothing is measured.
    """
    from gates.outlook.telling import outlook_json
    from gates.reports.decision_json import decision_json
    from gates.standing import as_round

    opened = open_workspace(workspace, tracking_uri, state)
    with open_services(opened, expired_too=True) as services:
        expiry_warnings(services)
        found = services.ledger.version(version)
        standing, now = _standing(found, services), services.clock()
        history = services.ledger.history(found)
        stored = next((d for d in history if policy in (None, d.policy_name)), None)
        logged = [services.ledger.found(stored)] if stored is not None and as_json else []
        ahead = () if stored is None else _outlooks(stored, services)
    if as_json and stored is not None:
        document = decision_json(as_round(stored), logged)
        apart = standing.apart_json()
        say_json({**document, "standing": apart, "outlook": outlook_json(ahead)})
    elif as_json:
        say_json({"schema": "gate.status/1", "versions": [standing.as_json()]})
    else:
        _say_apart(standing, now)
        if stored is None:
            _say_undecided(found, policy)
        else:
            _say(stored, ahead)
            _say_earlier([decided for decided in history if decided is not stored])
            _say_next(stored, standing)
    return Exit.YES


def _standing(version: "Version", services: "Services") -> "Standing":
    """What the signed records say of it, whatever was decided."""
    from gates.standing import standings

    chain = None if services.custody is None else services.custody.chain(version.name)
    (found,) = standings(f"{version.name}/{version.version}", services.ledger, chain)
    return found


def _outlooks(decided: "Decided", services: "Services") -> "tuple[Outlook, ...]":
    """What each open criterion would take; nothing where the evidence is gone."""
    from gates.ledger.ledger import LedgerDown
    from gates.outlook.outlook import outlooks
    from policies.errors import Broken

    try:
        stored = services.ledger.stored(decided)
    except LedgerDown:
        raise
    except Broken as error:
        click.echo(f"what it would take cannot be told: {error.in_short}", err=True)
        return ()
    return outlooks(stored, still=_still_needed(decided, services))


def _still_needed(decided: "Decided", services: "Services") -> "StillNeeded | Unmeasured | None":
    """What the votes of a held comparison foretell, where its policy is here."""
    from gates.side_by_side.needing import likely_needed
    from gates.standing import Standing
    from policies.errors import GateError

    candidate = decided.decision.candidate
    standing = Standing(version=services.ledger.version(candidate), decided=decided)
    if not standing.compares:
        return None
    try:
        file = find_policy(decided.policy_name, services.workspace)
        same = file.policy.sha256 == decided.policy_sha256
        return likely_needed(candidate, file, services) if same else None
    except GateError:
        return None  # the reasons and what is missed are told, whatever can be read now


def _say_apart(standing: "Standing", now: "datetime") -> None:
    """First of all: an override, a revocation, an ended A/B; none of them is ever a pass."""
    sentences = standing.apart(now)
    for sentence in sentences:
        click.echo(sentence)
    if sentences:
        click.echo()


def _say_undecided(found: "Version", policy: str | None) -> None:
    adopted = found.tags.get("gate_adopted")
    if adopted:
        click.echo(f"{found.uri}: ADOPTED, {adopted}")
        click.echo("candidates are compared with it; it never passed the gate itself")
    else:
        under = f" under policy {policy}" if policy else ""
        click.echo(f"{found.uri}: undecided{under}")
        click.echo(f"next: gate run {policy or 'POLICY'} {found.name}/{found.version}")


def _say(stored: "Decided", ahead: "Sequence[Outlook]") -> None:
    decision = stored.decision
    click.echo(f"{decision.verdict} {decision.candidate} under policy {stored.policy_name}")
    click.echo(f"decided {stored.decided_at}, compared with {stored.baseline or 'nothing'}")
    for stage in decision.stages:
        _say_stage(stage, {one.finding: one for one in ahead if one.stage is stage.stage})


def _say_earlier(others: "Sequence[Decided]") -> None:
    """Every other decision on the version: trying again is never hidden."""
    if others:
        click.echo("\nother decisions on this version")
    for other in others:
        click.echo(
            f"  {other.decision.verdict} on {other.decided_at[:10]} under policy "
            f"{other.policy_name}: {other.decision.reason}"
        )


def _say_stage(stage: "StageDecision", ahead: "Mapping[Finding, Outlook]") -> None:
    from gates.outlook.telling import lines_of
    from gates.reports.wording import stage_words, verdict_words, wait_words, worst_first

    click.echo(f"\n{stage_words(stage.stage)}: {verdict_words(stage)}")
    if stage.reason not in {finding.sentence for finding in stage.findings}:
        click.echo(f"  {stage.reason}")
    for finding in worst_first(stage.findings):
        click.echo(f"  {finding.verdict:<10} {finding.sentence}")
        click.echo(f"             {finding.severity}, because {finding.because}")
        for line in lines_of(ahead.get(finding)):
            click.echo(f"             {line}")
    if stage.waits_for is not None:
        click.echo(f"  waits for {wait_words(stage.waits_for)}")
        if stage.waits_for.expected:
            click.echo(f"  expected {stage.waits_for.expected}")
        if stage.waits_for.command:
            click.echo(f"  next: {stage.waits_for.command}")


def _say_next(stored: "Decided", standing: "Standing") -> None:
    """What a settled verdict leads to; an open one, and a revocation, have said it already."""
    from gates.decide.verdict import Verdict

    version = standing.version
    match stored.decision.verdict:
        case Verdict.PASS if standing.revoked is not None or standing.lost_its_ab:
            pass
        case Verdict.PASS if version.aliases:
            click.echo(f"\nit is {version.name}@{', '.join(version.aliases)} now")
        case Verdict.PASS:
            click.echo(f"\nnext: gate promote {version.name}/{version.version}")
        case Verdict.FAIL:
            click.echo("\na FAIL stays one: it takes a better checkpoint, or another policy")
        case _:
            pass
