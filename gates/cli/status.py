"""`gate status`: where every version stands."""

from collections.abc import Iterator
from dataclasses import replace
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
from gates.cli.output import say_json, say_table

if TYPE_CHECKING:
    from gates.chain.alias_standing import AliasStanding
    from gates.chain.chain import Chain
    from gates.services import Services
    from gates.standing import Standing
    from stages.evidence.estimate import Unmeasured
    from stages.stats.votes_needed import StillNeeded


HEADINGS = (
    "version",
    "known as",
    "aliases",
    "policy",
    "stage",
    "verdict",
    "whose move",
    "have/need",
    "expected",
)


@click.command("status")
@click.argument("model")
@workspace_options
@json_option
def command(
    *, model: str, workspace: Path, tracking_uri: str | None, state: str | None, as_json: bool
) -> int:
    """Show a row per version of MODEL: stage, verdict, whose move it is, have and need, when.

    MODEL may be a name, `assistant`, or one version of it, `assistant/12`.
    """
    from gates.ledger.references import model_of
    from gates.reports.table import Table
    from gates.standing import alias_json, standings

    opened = open_workspace(workspace, tracking_uri, state)
    with open_services(opened, expired_too=True) as services:
        name = model_of(model)
        warnings = expiry_warnings(services)
        chain = None if services.custody is None else services.custody.chain(name)
        aliases = _aliases(name, chain, services)
        other = {one.points_to for one in aliases if one.replaced}
        found = tuple(
            _told(replace(one, replaced=one.version.uri in other), services)
            for one in standings(model, services.ledger, chain)
        )
        now = services.clock()
    if as_json:
        versions = [one.as_json() for one in found]
        shown = [alias_json(one, at=now) for one in aliases]
        document = {"versions": versions, "aliases": shown, "warnings": list(warnings)}
        say_json({"schema": "gate.status/1", **document})
        return Exit.YES
    say_table(Table(title="", headings=HEADINGS, rows=tuple(one.as_row() for one in found)))
    sentences = [sentence for one in found for sentence in _sentences(one)]
    sentences += [sentence for alias in aliases for sentence in alias.sentences(now)]
    for sentence in sentences:
        click.echo(f"\n{sentence}")
    return Exit.YES


def _sentences(one: "Standing") -> Iterator[str]:
    """What of a version no column says."""
    if one.needed is not None:
        yield f"{one.version.uri}: {_needed_words(one.needed)}"
    if (said := one.ab_words) is not None:
        yield f"{one.version.uri}: {said}"
    if one.drifted is not None:
        yield one.drifted


def _aliases(name: str, chain: "Chain | None", services: "Services") -> tuple["AliasStanding", ...]:
    """The aliases that the trust file names, and where they stand; nothing where nobody signs."""
    from gates.standing import aliases_now

    if chain is None or services.custody is None:
        return ()
    trusted = [alias for model, alias in services.custody.trust.aliases if model == name]
    return aliases_now(name, chain, trusted, services)


def _told(one: "Standing", services: "Services") -> "Standing":
    """The same with how many more votes it likely needs, where its policy is here and says so."""
    from gates.side_by_side.needing import likely_needed
    from policies.errors import GateError

    if one.decided is None or not one.compares:
        return one
    try:
        file = find_policy(one.decided.policy_name, services.workspace)
        if file.policy.sha256 != one.decided.policy_sha256:
            return one
        return replace(one, needed=likely_needed(one.version.uri, file, services))
    except GateError:
        return one  # status tells what was decided, whatever can be read now


def _needed_words(needed: "StillNeeded | Unmeasured") -> str:
    from stages.evidence.estimate import Unmeasured

    if isinstance(needed, Unmeasured):
        return f"how many more prompts it needs cannot be told: {needed.reason}"
    half = "more than half of such courses take them all"
    if needed.half is not None:
        half = f"half of such courses end within {needed.half:,}"
    return (
        f"if votes go on as they began, the {needed.left:,} prompts left show that the win rate "
        f"is kept with probability {needed.shown:.0%}, and missed with {needed.excluded:.0%}; "
        f"{half}, and they take {needed.mean:,.0f} prompts on average"
    )
