"""`gate forecast`: what a round would cost."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

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
    from collections.abc import Iterator, Sequence

    from gates.amounts import Range, StageForecast
    from gates.membership import Round
    from gates.reports.table import Table
    from policies.policy import Budget, Policy


@click.command("forecast")
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
    """Say what a round of POLICY would cost from now on, as ranges; nothing is called.

    The low end is a round whose candidates are all stopped at once, the high end one in which none
    is stopped. What is journaled already costs nothing. Calls are those to checkpoints, the
    baseline's, a harness's and the short texts that tell what an endpoint serves among them; the
    calls to judges and services are told below. `?` is what nobody knows before.
    """
    from gates.forecast import forecast
    from gates.membership import assemble

    opened = open_workspace(workspace, tracking_uri, state)
    with open_services(opened) as services:
        round_ = assemble(find_policy(policy, opened), models, services)
        stages = forecast(round_, services)
    if as_json:
        say_json({"schema": "gate.forecast/1", "stages": [asdict(s) for s in stages]})
        return Exit.YES
    say_table(_table(round_, stages))
    for line in _notes(round_, stages):
        click.echo(line)
    return Exit.YES


def _notes(round_: "Round", stages: "Sequence[StageForecast]") -> "Iterator[str]":
    from gates.amounts import NOTHING

    policy = round_.file.policy
    for stage in (stage for stage in stages if stage.calls != NOTHING):
        yield from _asked(stage)
        yield from _run(stage) if stage.harnesses != NOTHING else _unpriced(policy, stage)
    for stage in stages:
        if stage.stage == "offline":
            yield from _caps(policy.budget, stage)
    if policy.plan.online is not None:
        looks = ", ".join(f"{day:g}" for day in policy.plan.online.looks)
        yield (
            f"\nthe A/B is looked at {looks} days after its first exposure, and may end at each; "
            f"what it can find by then: gate online size {policy.policy}"
        )


def _asked(stage: "StageForecast") -> "Iterator[str]":
    """Who is asked, beside the candidates."""
    if stage.to_baseline.calls.high:
        yield f"\n{_said(stage.to_baseline.calls)} of the {stage.stage} calls are the baseline's"
    for name, judged in stage.judging.items():
        yield f"\nendpoint {name}: {_said(judged.calls)} calls"


def _run(stage: "StageForecast") -> "Iterator[str]":
    """What is not known of harnesses that are to be run."""
    if stage.harnesses is None:
        yield "\ncalls ?: give `calls_at_most` to every harness task that is to be run"
    yield "\nusd ?, gpu minutes ?: the tokens of a harness are known once it has run"


def _unpriced(policy: "Policy", stage: "StageForecast") -> "Iterator[str]":
    """What gate.toml must say for a price."""
    judges = [f"[endpoints.{name}]" for name in stage.judging]
    sections = " and ".join([f"[models.{policy.model}]", *judges])
    if stage.usd is None:
        yield (
            "\nusd ?: gate.toml gives no price; add usd_per_million_tokens = { input = ..., "
            f"output = ... }} to {sections}"
        )
    if stage.gpu_minutes is None and policy.budget.gpu_minutes_at_most is not None:
        yield f"\ngpu minutes ?: add gpus and tokens_per_second to {sections}"


def _caps(budget: "Budget", stage: "StageForecast") -> "Iterator[str]":
    """What the policy allows, beside what it may come to."""
    for cap, unit, may in (
        (budget.usd_at_most, "USD", stage.usd),
        (budget.gpu_minutes_at_most, "GPU minutes", stage.gpu_minutes),
        (budget.calls_at_most, "calls", stage.calls),
    ):
        if cap is not None:
            beyond = may is None or may.high > cap
            end = ": may be held over budget" if beyond else ""
            yield f"\nthe policy allows {cap:,g} {unit}, forecast {_said(may)}{end}"


def _table(round_: "Round", stages: "Sequence[StageForecast]") -> "Table":
    from gates.reports.table import Table

    return Table(
        title=f"{_members(round_)} under policy {round_.file.policy.policy}",
        headings=(
            "stage",
            "candidates",
            "calls",
            "prompt tokens",
            "answer tokens",
            "votes",
            "days",
            "data",
            "usd",
            "gpu minutes",
        ),
        rows=tuple(_row(stage) for stage in stages),
    )


def _members(round_: "Round") -> str:
    from gates.decide.spoken import count_words

    return count_words(len(round_.members), "candidates")


def _row(stage: "StageForecast") -> tuple[str, ...]:
    from gates.amounts import NOTHING, summed

    asked, told = stage.asking + stage.pinned, stage.harnesses == NOTHING
    return (
        stage.stage,
        _said(stage.candidates),
        _said(summed((asked.calls, stage.harnesses))),
        _said(asked.prompt_tokens if told else None),
        _said(asked.completion_tokens if told else None),
        _said(stage.votes),
        _said(stage.days),
        "" if stage.data_bytes is None else f"{stage.data_bytes:,} bytes",
        _said(stage.usd),
        _said(stage.gpu_minutes),
    )


def _said(found: "Range | None") -> str:
    if found is None:
        return "?"
    low, high = _number(found.low), _number(found.high)
    return high if low == high else f"{low} to {high}"


def _number(value: float) -> str:
    """Whole ones as they are; money and minutes as people say them."""
    from gates.decide.spoken import amount_words

    return f"{value:,.10g}" if float(value).is_integer() else amount_words(value)
