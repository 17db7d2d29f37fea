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
    from collections.abc import Sequence

    from gates.forecast import Range, StageForecast
    from gates.membership import Round
    from gates.reports.table import Table


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
    is stopped. What is journaled already costs nothing; the few short texts that tell whether an
    endpoint still serves the same checkpoint are not counted.
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
    if any(stage.usd is None and stage.asking.calls.high for stage in stages):
        click.echo(
            "\nusd ?: gate.toml gives no price; add usd_per_million_tokens = { input = ..., "
            f"output = ... }} to [models.{round_.file.policy.model}]"
        )
    return Exit.YES


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
        ),
        rows=tuple(_row(stage) for stage in stages),
    )


def _members(round_: "Round") -> str:
    from gates.decide.spoken import count_words

    return count_words(len(round_.members), "candidates")


def _row(stage: "StageForecast") -> tuple[str, ...]:
    return (
        stage.stage,
        _said(stage.candidates),
        _said(stage.asking.calls),
        _said(stage.asking.prompt_tokens),
        _said(stage.asking.completion_tokens),
        _said(stage.votes),
        _said(stage.days),
        "" if stage.data_bytes is None else f"{stage.data_bytes:,} bytes",
        "?" if stage.usd is None else _said(stage.usd),
    )


def _said(found: "Range") -> str:
    if found.high == found.low:
        return f"{found.high:,.10g}"
    return f"{found.low:,.10g} to {found.high:,.10g}"
