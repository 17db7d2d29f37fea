"""`gate sxs assign`: blind pairs for people, from a policy's prompts."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.ballot_box import open_box
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
    from collections.abc import Sequence

    from gates.side_by_side.assigning import Assigned
    from stages.side_by_side.batch import Batch


@click.command("assign")
@click.argument("policy")
@click.argument("models", nargs=-1)
@workspace_options
@json_option
def command(
    *,
    policy: str,
    models: tuple[str, ...],
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Ask the candidates MODELS and the baseline for answers, and make a batch of pairs of each.

    Without MODELS: every version of the policy's model but the baseline. What was answered before
    is not asked again, and a batch that is there is left as it is.

    Exit codes: 0 every candidate has its batch, 3 one has none yet, 4 something broke.
    """
    from gates.side_by_side.assigning import assign

    opened = open_workspace(workspace, tracking_uri, state)
    file = find_policy(policy, opened)
    with open_services(opened) as services, open_box(opened) as box:
        found = assign(file, models, services, box)
    if as_json:
        say_json({"schema": "gate.sxs-assign/1", "candidates": [_json(one) for one in found]})
    else:
        _say(found)
    return _exit(found)


def _exit(found: "Sequence[Assigned]") -> Exit:
    from stages.evidence.estimate import Cause, Unmeasured

    causes = {one.found.cause for one in found if isinstance(one.found, Unmeasured)}
    if not causes:
        return Exit.YES
    return Exit.BROKEN if Cause.BROKEN in causes else Exit.CANNOT_TELL


def _json(one: "Assigned") -> dict[str, object]:
    from stages.evidence.estimate import Unmeasured

    start = {"candidate": one.candidate, "baseline": one.baseline}
    if isinstance(one.found, Unmeasured):
        why = {"unmeasured": one.found.reason, "cause": one.found.cause.value}
        return {**start, "batch": None, "lacks": why}
    batch = one.found
    return {
        **start,
        "batch": {
            "name": batch.name,
            "digest": batch.digest,
            "new": one.is_new,
            "pairs": len(batch.pairs),
            "settled": len(batch.settled),
            "written_to_win": len(batch.lost),
            "gold": len(batch.gold),
            "overlap": batch.terms.overlap,
            "votes_needed": batch.votes_needed,
        },
        "lacks": None,
    }


def _why_settled(batch: "Batch") -> str:
    """The rule that settles pairs, with the number of those lost by it."""
    if not batch.lost:
        return "empty or identical answers"
    return (
        f"{len(batch.lost):,} lost, since the candidate's answers were written to win: empty, "
        "enormous, one for many prompts, or words to the judge"
    )


def _say(found: "Sequence[Assigned]") -> None:
    from stages.evidence.estimate import Unmeasured

    for one in found:
        if isinstance(one.found, Unmeasured):
            click.echo(f"{one.candidate}: no batch: {one.found.reason}")
            continue
        batch = one.found
        click.echo(
            f"{one.candidate} against {one.baseline}: batch {batch.name}"
            f"{'' if one.is_new else ' (it was there)'}\n"
            f"  {len(batch.pairs):,} pairs to be shown, {len(batch.settled):,} settled by the rule "
            f"({_why_settled(batch)}), {len(batch.gold):,} gold\n"
            f"  {batch.votes_needed:,} votes: {batch.terms.overlap} on each pair"
        )
        if batch.votes_needed:
            click.echo(f"  next: gate sxs people {batch.name} add NAME..., then gate sxs serve")
        else:
            click.echo(f"  next: gate run {batch.terms.policy}; there is nothing to be shown")
