"""`gate online check`: whether an A/B's traffic can be analysed, before anything is."""

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
    from pathlib import Path

    from gates.online.checking import CheckedAb
    from stages.evidence.records import Check

WORDS = {True: "PASS", False: "FAIL", None: "-"}
"""What is shown of a check; the last: reported, or not yet to be told."""


@click.command("check")
@click.argument("policy")
@click.argument("candidates", nargs=-1)
@workspace_options
@json_option
def command(
    *,
    policy: str,
    candidates: tuple[str, ...],
    workspace: "Path",
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Test access, columns, types, freshness, the data contract and the split of POLICY's A/B.

    No metric is compared or shown, so that it may be called at any time, from before the first
    exposure on.

    Exit codes: 0 it can be analysed, 1 something is wrong, 3 nothing is wrong and there is no
    exposure yet.
    """
    from gates.online.checking import check

    opened = open_workspace(workspace, tracking_uri, state)
    file = find_policy(policy, opened)
    with open_services(opened) as services:
        found = check(file, candidates, services)
    if as_json:
        say_json({"schema": "gate.online-check/1", "candidates": [_json(one) for one in found]})
    else:
        _say(found)
    return _exit(found)


def _exit(found: "Sequence[CheckedAb]") -> Exit:
    answers = [one.answer for one in found]
    if False in answers:
        return Exit.NO
    return Exit.CANNOT_TELL if None in answers else Exit.YES


def _json(one: "CheckedAb") -> dict[str, object]:
    return {
        "candidate": one.candidate,
        "experiment_id": one.found.experiment,
        "first_exposure": one.found.start.isoformat() if one.found.start else None,
        "passed": one.answer,
        "checks": [_check(check) for check in one.found.checks],
    }


def _check(check: "Check") -> dict[str, object]:
    return {"name": check.name, "passed": check.passed, "sentence": check.sentence}


def _say(found: "Sequence[CheckedAb]") -> None:
    from gates.reports.table import Table

    for one in found:
        rows = tuple((WORDS[c.passed], c.name, c.sentence) for c in one.found.checks)
        title = f"{one.candidate}: experiment_id {one.found.experiment}"
        say_table(Table(title=title, headings=("", "check", "found"), rows=rows))
