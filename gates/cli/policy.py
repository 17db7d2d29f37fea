"""`gate policy`: check, explain, compare and replay policies."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from gates.adequacy import StageAdequacy, adequacy, unfrozen
from gates.cli.frame import Exit
from gates.cli.github import annotate, annotating
from gates.cli.options import (
    find_policy,
    json_option,
    open_services,
    open_workspace,
    state_or_none,
    workspace_options,
)
from gates.cli.output import say_json
from gates.cli.policy_diff import command as diff
from gates.cli.policy_replay import command as replay
from gates.decide.limits import demand_words
from gates.decide.spoken import metric_words
from gates.inputs import check_inputs
from gates.measuring import judges_named, judges_standing
from gates.power import Adequacy
from gates.reports.github import Annotation
from gates.reports.plan_words import plan_words
from gates.workspace import Workspace
from policies.clicking import clicking_remark
from policies.criteria import Severity
from policies.detectors import detector_remark
from policies.errors import GateError
from policies.one_arm import one_arm_remark
from policies.policy import Budget, Policy
from policies.silence import silence_remark
from policies.undemanded import undemanded_remark
from policies.unread_answers import unread_remark

SMALL = 0.1
"""Below this share percents are said with a digit more."""


@click.group("policy")
def command() -> None:
    """Policies: what is measured, what is demanded, and why."""


command.add_command(diff)
command.add_command(replay)


@command.command("check")
@click.argument("policy")
@workspace_options
@json_option
def check(
    *, policy: str, workspace: Path, tracking_uri: str | None, state: str | None, as_json: bool
) -> int:
    """Refuse a POLICY that cannot be used, and warn where its samples are too small.

    For every blocking criterion: the probability that a candidate equal to the baseline passes, and
    how many items would do. Exit code 2 when the policy cannot be used, or a task's items, corpus,
    classifier, endpoint or results: every problem is told at once. Nothing is fetched or asked; the
    ledger is read only where gate.toml says that a judge of the policy is admitted by its own gate.
    """
    opened = open_workspace(workspace, tracking_uri, state)
    with annotating(opened.environment), state_or_none(None) as nothing:
        file = find_policy(policy, opened)
        untold = check_inputs(file, opened, nothing)
        stages, open_tasks = adequacy(file), unfrozen(file)
    remarks = _remarks(file.policy, opened)
    small = [(one.metric, one.sentence) for one in _too_small(stages)]
    for title, message in (*small, *remarks.items()):
        noted = Annotation(level="warning", message=message, file=str(file.path), title=title)
        annotate(opened.environment, noted)
    if as_json:
        say_json(
            {
                "schema": "gate.policy-check/1",
                "policy": {"name": file.policy.policy, "sha256": file.policy.sha256},
                "stages": [asdict(stage) for stage in stages],
                "unfrozen": [asdict(task) for task in open_tasks],
                "untold": [asdict(task) for task in untold],
                "warnings": list(remarks.values()),
            }
        )
        return Exit.YES
    click.echo(f"{file.path} is valid (sha256 {file.policy.sha256[:12]})")
    for stage in stages:
        _say_stage(stage, file.policy)
    for remark in remarks.values():
        click.echo(f"\nWARNING {remark}")
    for each in untold:
        click.echo(f"\nnote: {each.task} cannot be told as a whole here: {each.sentence}")
    for task in open_tasks:
        click.echo(
            f"\nnote: the items of {task.task} are not frozen, and items that are added after a "
            f"look make it a second look; freeze them with\n  sha256: {task.sha256}"
        )
    return Exit.YES


def _remarks(policy: Policy, opened: Workspace) -> dict[str, str]:
    """What is to be said of a policy that can be used, by what it is about."""
    found = {
        "helpfulness": silence_remark(policy),
        "detector": detector_remark(policy),
        "gold": clicking_remark(policy),
        "attacks": unread_remark(policy),
        "traffic": one_arm_remark(policy),
        "assessment": undemanded_remark(policy),
        **{f"judge {n}": said for n, said in enumerate(_of_judges(policy, opened), 1)},
    }
    return {title: remark for title, remark in found.items() if remark is not None}


@command.command("explain")
@click.argument("policy")
@workspace_options
@json_option
def explain(
    *, policy: str, workspace: Path, tracking_uri: str | None, state: str | None, as_json: bool
) -> int:
    """Say in sentences what POLICY measures and demands, and why."""
    file = find_policy(policy, open_workspace(workspace, tracking_uri, state))
    metrics = file.policy.plan.metrics()
    if as_json:
        say_json(file.policy.model_dump(mode="json"))
        return Exit.YES
    click.echo(
        f"policy {file.policy.policy} decides which versions of {file.policy.model} may go on; "
        f"they are compared with {file.policy.model}@{file.policy.baseline}"
    )
    for caps in _budget_words(file.policy.budget):
        click.echo(caps)
    if file.policy.whole_picture:
        click.echo("every offline task is measured, also of a candidate that is blocked already")
    for stage in file.policy.plan.stages():
        click.echo(f"\n{stage.replace('_', ' ')}")
        for line in plan_words(file.policy.plan, stage):
            click.echo(f"  measures {line}")
        for criterion in file.policy.criteria_of(stage):
            words = demand_words(criterion, metrics[criterion.metric])
            click.echo(f"  {criterion.severity}: {metric_words(criterion.metric)} must be {words}")
            click.echo(f"    because {criterion.because}")
        quota = file.policy.keep.get(stage)  # type: ignore[call-overload]
        if quota is not None:
            by = metric_words(quota.by)
            click.echo(f"  at most {quota.most} go on, the best by {by}")
    return Exit.YES


@command.command("schema")
def schema() -> int:
    """Print the JSON Schema of policies, for editors."""
    from policies.load import policy_schema

    say_json(policy_schema())
    return Exit.YES


def _of_judges(policy: Policy, opened: Workspace) -> Iterator[str]:
    """What is to be known of judges that gate.toml says are admitted by a gate of their own."""
    sections = opened.endpoints
    named = [sections.get(name) for name in judges_named(policy.plan, sections)]
    if not any(section is not None and section.admitted is not None for section in named):
        return
    compared = policy.plan.side_by_side
    with open_services(opened) as services:
        for found in judges_standing(policy.plan, services):
            if isinstance(found, GateError):
                yield f"{found.in_short}; {found.fix}"
            elif compared is not None and (unlike := found.unlike(compared.judging)):
                yield unlike


def _budget_words(budget: Budget) -> Iterator[str]:
    caps = (
        None if budget.usd_at_most is None else f"{budget.usd_at_most:,.2f} USD",
        None if budget.calls_at_most is None else f"{budget.calls_at_most:,} model calls",
        None
        if budget.gpu_minutes_at_most is None
        else f"{budget.gpu_minutes_at_most:,g} GPU minutes",
    )
    said = " and ".join(cap for cap in caps if cap)
    if said:
        yield f"a round may cost {said} at most"


def _too_small(stages: tuple[StageAdequacy, ...]) -> list[Adequacy]:
    return [c for stage in stages for c in stage.criteria if c.enough is False]


def _say_stage(stage: StageAdequacy, policy: Policy) -> None:
    click.echo(f"\n{stage.stage.replace('_', ' ')}{_chance(stage)}")
    metrics = policy.plan.metrics()
    demanded = [c for c in policy.criteria_of(stage.stage) if c.severity is Severity.BLOCKING]
    for criterion, demand in zip(stage.criteria, demanded, strict=True):
        mark = "WARNING " if criterion.enough is False else ""
        words = demand_words(demand, metrics[demand.metric])
        click.echo(f"  {mark}{criterion.metric} {words}: {criterion.sentence}")
        if criterion.assumption:
            click.echo(f"    assuming that {criterion.assumption}")


def _chance(stage: StageAdequacy) -> str:
    """What an equal candidate can hope for; criteria that cannot be told are left out, and said."""
    if stage.probability is None:
        return ""
    untold = any(c.probability is None for c in stage.criteria)
    what = "what can be told beforehand" if untold else ""
    passes = f"passes {what}".strip()
    return (
        f": a candidate equal to the baseline {passes} with probability "
        f"{_percent(stage.probability)}"
    )


def _percent(share: float) -> str:
    """Small ones with a digit more: 2.5 % is not 2 %."""
    return f"{share:.1%}" if share < SMALL else f"{share:.0%}"
