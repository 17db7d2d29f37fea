"""`gate online size`: power, days and the least effect that is found."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.choices import Number
from gates.cli.frame import Exit
from gates.cli.options import (
    find_policy,
    json_option,
    open_services,
    open_workspace,
    workspace_options,
)
from gates.cli.output import check_writable, say_json, say_table, write_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gates.online.sizing import GoalSize, OnlineSize, Past
    from gates.workspace import Workspace
    from policies.online import OnlinePlan
    from policies.policy import PolicyFile
    from stages.stats.online_design import History

SHARE = Number(0, 1, min_open=True, max_open=True)


@click.command("size")
@click.argument("policy")
@click.option("--history", help="`experiment_id` of an earlier A/B in the plan's own source.")
@click.option(
    "--units-per-day",
    type=Number(min=0, min_open=True),
    help="Distinct units of both arms on a day, where no history is named.",
)
@click.option(
    "--returning",
    type=Number(0, 1),
    default=0.0,
    show_default=True,
    help="Share of a day's units that come again on the next day.",
)
@click.option(
    "--past",
    "pasts",
    multiple=True,
    metavar="METRIC=MEAN[:DEVIATION[:EXPLAINED]]",
    help="One unit's value; EXPLAINED is the share of variance that covariates take out. A "
    "proportion needs its mean only.",
)
@click.option("--effect", type=Number(min=0, min_open=True), help="On the primary.")
@click.option("--power", type=SHARE, default=0.8, show_default=True, help="To ship.")
@click.option(
    "--days",
    type=click.IntRange(min=1),
    help="How far ahead to look; default: twice the last planned look.",
)
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="A PNG of power by day."
)
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    policy: str,
    history: str | None,
    units_per_day: float | None,
    returning: float,
    pasts: tuple[str, ...],
    effect: float | None,
    power: float,
    days: int | None,
    plot: Path | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Say what the A/B of POLICY can find, how long it takes, and what its plan should say.

    What is known before comes from an earlier A/B (--history), or from --units-per-day and --past.
    The wanted power is that of a SHIP: its beta is shared by the primary and the guardrails.
    """
    import numpy as np

    from gates.online.planned import online_plan
    from gates.online.sizing import size
    from gates.reports.online.power import power_png

    check_writable(plot)
    opened = open_workspace(workspace, tracking_uri, state)
    file = find_policy(policy, opened)
    plan = online_plan(file)
    horizon = days or int(2 * plan.looks[-1])
    if history is not None:
        past = _from_history(history, file, opened)
    else:
        past = _from_numbers(plan, units_per_day, returning, pasts, horizon)
    found = size(file.policy, past, power=power, effect=effect, random=np.random.default_rng(0))
    if plot is not None:
        title = f"power of the A/B of policy {file.policy.policy}"
        drawn = power_png(found.curve, wanted=power, horizon=plan.looks[-1], title=title)
        write_file(plot, drawn)
    if as_json:
        say_json({"schema": "gate.online-size/1", **asdict(found)})
    else:
        _say(found, plan)
    return Exit.YES


def _from_history(name: str, file: "PolicyFile", workspace: "Workspace") -> "Past":
    from gates.measuring import online_sources
    from gates.online.planned import online_plan
    from gates.online.sizing import past_of
    from stages.online.sources import locate

    plan = online_plan(file)
    with open_services(workspace) as services:
        source = locate(plan, base=file.folder, named=online_sources(services))
    return past_of(plan, source, name)


def _from_numbers(
    plan: "OnlinePlan",
    units_per_day: float | None,
    returning: float,
    pasts: tuple[str, ...],
    days: int,
) -> "Past":
    from gates.online.sizing import Past
    from policies.errors import WrongUsage
    from stages.stats.exposure import steady_exposure

    if units_per_day is None:
        raise WrongUsage(
            "it is not said how many units come",
            fix="give --history EXPERIMENT, or --units-per-day with a --past for each metric",
        )
    return Past(
        exposure=steady_exposure(units_per_day, returning=returning, days=days),
        metrics=_pasts(plan, pasts),
    )


def _pasts(plan: "OnlinePlan", pasts: tuple[str, ...]) -> "Mapping[str, History]":
    from policies.errors import WrongUsage
    from policies.online import OnlineKind

    found: dict[str, History] = {}
    for text in pasts:
        name, _, numbers = text.partition("=")
        is_rate = name in plan.metrics and plan.metrics[name].kind is OnlineKind.PROPORTION
        why = "it names no metric of the plan, or no numbers that a value can have"
        try:
            known = _known(numbers, is_rate=is_rate)
        except (ValueError, IndexError):
            known = None
            if is_rate:
                why = f"{name} is a proportion, and its mean a share between 0 and 1"
        if known is None or name not in plan.metrics:
            raise WrongUsage(
                f"cannot use --past {text}",
                why=why,
                fix=f"write METRIC=MEAN:DEVIATION, the metric one of {', '.join(plan.metrics)}; "
                "a proportion needs no deviation",
            )
        found[name] = known
    return found


def _known(numbers: str, *, is_rate: bool) -> "History":
    """What `MEAN:DEVIATION:EXPLAINED` says; a rate has no deviation of its own."""
    from stages.stats.online_design import History, rate_history

    mean, *rest = (float(number) for number in numbers.split(":"))
    explained = rest[1] if len(rest) > 1 else 0.0
    if is_rate:
        return rate_history(mean, explained=explained)
    return History(mean=mean, deviation=rest[0], explained=explained)


def _say(found: "OnlineSize", plan: "OnlinePlan") -> None:
    from gates.reports.table import Table

    course = found.course
    click.echo(
        f"planned: {found.planned_units:,} units; {found.comes_units:,.0f} have come, with their "
        f"windows closed, by day {plan.looks[-1]:g}\n"
        f"it ships with probability {course.power:.0%} if the effect is true and no guardrail is "
        f"touched, after {course.mean_days:.1f} days on average\n"
        f"for {found.power:.0%}, primary and guardrails need {found.each:.1%} each\n"
    )
    rows = tuple(_row(goal) for goal in found.goals)
    headings = ("metric", "role", "demand", "power", "needs units", "least that is found")
    say_table(Table(title="", headings=headings, rows=rows))
    click.echo(f"\n{_advice(found, plan)}")


def _row(goal: "GoalSize") -> tuple[str, ...]:
    unit = " of the champion's" if goal.relative else ""
    least = "none" if goal.detectable is None else f"{goal.detectable:.4g}{unit}"
    units = "never" if goal.units is None else f"{goal.units:,}"
    return (goal.metric, goal.role, f"{goal.demand:.4g}{unit}", f"{goal.power:.1%}", units, least)


def _advice(found: "OnlineSize", plan: "OnlinePlan") -> str:
    if found.needed_units is None:
        return "some goal is not shown by any number of units: see `never`"
    if found.needed_days is None:
        return (
            f"planned_units: {found.needed_units} is needed, and so many do not come: look for a "
            "larger `minimum_effect`, or wider margins"
        )
    days = f"they are in on day {found.needed_days:.1f}"
    late = found.needed_days > plan.looks[-1]
    return f"planned_units: {found.needed_units} is enough; {days}" + (
        f", after the last look of day {plan.looks[-1]:g}" if late else ""
    )
