"""`gate run`: candidates moved as far as their evidence allows."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.junit import junit_option, write_junit
from gates.cli.options import (
    find_policy,
    json_option,
    open_services,
    open_workspace,
    workspace_options,
)
from gates.cli.output import say_json, say_table

if TYPE_CHECKING:
    from gates.pipeline import RoundResult
    from policies.policy import Policy


@click.command("run")
@click.argument("policy")
@click.argument("models", nargs=-1)
@click.option("--hold-ok", is_flag=True, help="Exit 0 where the answer is: cannot tell yet.")
@junit_option
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    policy: str,
    models: tuple[str, ...],
    hold_ok: bool,
    junit: Path | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Move the candidates MODELS under POLICY as far as their evidence allows, and log it.

    Without MODELS: every version of the policy's model but the baseline. Call it again to go on;
    nothing that was measured is measured or paid for again.

    Exit codes: 0 someone passed all that the policy demands, 1 all failed, 3 cannot tell yet, 4
    something broke or the decision is not in MLflow yet.
    """
    from gates.cli.github import write_step_summary
    from gates.pipeline import run_round
    from gates.reports.decision_json import decision_json
    from gates.reports.github import step_summary
    from gates.reports.junit import junit as junit_xml

    opened = open_workspace(workspace, tracking_uri, state)
    file = find_policy(policy, opened)
    with open_services(opened) as services:
        result = run_round(file, models, services)
    write_junit(junit, junit_xml(result.decision, file.policy))
    write_step_summary(opened.environment, step_summary(result.decision, file.policy))
    if as_json:
        say_json(decision_json(result.decision, result.logged))
    else:
        _say(result, file.policy)
    if result.waiting:
        _warn_of_waiting(result.waiting)
    if result.vouched.why is not None:
        click.echo(f"not signed: {result.vouched.why}", err=True)
    return exit_code(result, hold_ok=hold_ok)


def exit_code(result: "RoundResult", *, hold_ok: bool) -> Exit:
    """What a round comes to, as an exit code."""
    from gates.decide.verdict import Verdict
    from stages.evidence.estimate import Cause

    candidates = result.decision.candidates
    verdicts = {c.verdict for c in candidates}
    waits = [s.waits_for for c in candidates for s in c.stages if s.waits_for is not None]
    if result.waiting or result.vouched.is_broken:
        return Exit.BROKEN
    if Verdict.PASS in verdicts:
        return Exit.YES
    if verdicts == {Verdict.FAIL}:
        return Exit.NO
    if any(wait.cause is Cause.BROKEN for wait in waits):
        return Exit.BROKEN
    return Exit.YES if hold_ok else Exit.CANNOT_TELL


def _warn_of_waiting(decisions: int) -> None:
    click.echo(
        f"{decisions} decision(s) wait for MLflow, which does not answer; they are kept "
        "and logged by the next gate run",
        err=True,
    )


def _say(result: "RoundResult", policy: "Policy") -> None:
    from gates.reports.table import funnel_table, status_table
    from gates.reports.wording import cost_words, total_cost, wait_words

    say_table(funnel_table(result.decision, policy))
    click.echo()
    say_table(status_table(result.decision))
    for candidate in result.decision.candidates:
        wait = candidate.stages[-1].waits_for
        if wait is not None:
            click.echo(f"\n{candidate.candidate} waits for {wait_words(wait)}")
            if wait.command:
                click.echo(f"  next: {wait.command}")
        if any(stage.cost.calls for stage in candidate.stages):
            click.echo(f"\n{candidate.candidate} cost {cost_words(total_cost(candidate))}")
    for logged in result.logged:
        if logged.url:
            click.echo(f"\n{logged.candidate}: {logged.url}")
