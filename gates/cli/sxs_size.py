"""`gate sxs size`: how many votes a wanted effect takes."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.choices import Number
from gates.cli.frame import Exit
from gates.cli.options import find_policy, json_option, open_workspace, workspace_option
from gates.cli.output import say_json

if TYPE_CHECKING:
    from gates.side_by_side.sizing import Wish
    from stages.stats.votes_needed import Size

SHARE = Number(0, 1, min_open=True, max_open=True)


@click.command("size")
@click.argument("policy", required=False)
@click.option(
    "--effect",
    type=SHARE,
    required=True,
    help="How far the true win rate lies above the limit, such as 0.05.",
)
@click.option("--limit", type=SHARE, default=0.5, show_default=True, help="Win rate demanded.")
@click.option(
    "--overlap",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Votes per prompt.",
)
@click.option("--level", type=SHARE, default=0.95, show_default=True, help="Of the interval.")
@click.option("--power", type=SHARE, default=0.9, show_default=True, help="Of the fixed design.")
@click.option(
    "--ties",
    type=Number(0, 1),
    default=0.2,
    show_default=True,
    help="Share of votes that are ties or both bad.",
)
@click.option(
    "--agreement",
    type=Number(0, 1),
    default=0.3,
    show_default=True,
    help="Correlation of two votes on one prompt; matters with an overlap above 1.",
)
@workspace_option
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    policy: str | None,
    effect: float,
    limit: float,
    overlap: int,
    level: float,
    power: float,
    ties: float,
    agreement: float,
    workspace: Path,
    as_json: bool,
) -> int:
    """Say how many prompts and votes it takes to show that a win rate is above a limit.

    Two rules are compared: one look at a planned number, and looking after every prompt with an
    interval that holds at any time (`stopping: anytime`). POLICY gives limit, level and overlap.
    """
    from gates.side_by_side.sizing import Wish, size, under_policy
    from stages.stats.votes_needed import Voting

    wish = Wish(
        effect=effect,
        limit=limit,
        level=level,
        power=power,
        voting=Voting(ties=ties, overlap=overlap, agreement=agreement),
    )
    if policy is not None:
        file = find_policy(policy, open_workspace(workspace, None, None))
        wish = under_policy(wish, file.policy)
    found = size(wish)
    if as_json:
        say_json(_json(wish, found))
    else:
        _say(wish, found)
    return Exit.YES


def _json(wish: "Wish", found: "Size") -> dict[str, object]:
    return {
        "schema": "gate.sxs-size/1",
        "wish": {
            "effect": wish.effect,
            "limit": wish.limit,
            "level": wish.level,
            "power": wish.power,
            **asdict(wish.voting),
        },
        "fixed_prompts": found.fixed,
        "planned_prompts": found.planned,
        "prompts": asdict(found.course),
        "votes": {
            "fixed": found.fixed * wish.voting.overlap,
            "planned": found.planned * wish.voting.overlap,
            "mean": found.course.mean * wish.voting.overlap,
        },
    }


def _say(wish: "Wish", found: "Size") -> None:
    course, overlap = found.course, wish.voting.overlap
    each = f", {overlap} votes on each" if overlap > 1 else ""
    click.echo(
        f"to show a win rate above {wish.limit:g} when it is {wish.limit + wish.effect:g} "
        f"({wish.level:.0%} interval, {wish.voting.ties:.0%} ties{each}):\n"
        f"\none look (`stopping: fixed`): {found.fixed:,} prompts, "
        f"votes_at_most: {found.fixed * overlap}, shown with probability {wish.power:.0%}\n"
        f"\nat any time (`stopping: anytime`): {found.planned:,} prompts at most, "
        f"votes_at_most: {found.planned * overlap}\n"
        f"  ends after {course.mean:,.0f} prompts ({course.mean * overlap:,.0f} votes) on average, "
        f"half of the time within {course.half:,}, nine times in ten within "
        f"{course.nine_tenths:,}\n"
        f"  shown with probability {course.shown:.0%}, wrongly excluded with {course.excluded:.1%}"
    )
