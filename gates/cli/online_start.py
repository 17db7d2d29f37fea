"""`gate online start`: plan and criteria written down before the first exposure."""

from collections.abc import Mapping
from datetime import datetime
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

    from gates.online.starting import Start, Started
    from gates.wealth import Stake

WHO = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER", "LOGNAME", "USERNAME")
"""Variables that say who works, the first that is set."""


@click.command("start")
@click.argument("policy")
@click.argument("candidates", nargs=-1)
@click.option("--by", help="Who starts it; default: whom the environment names.")
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    policy: str,
    candidates: tuple[str, ...],
    by: str | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Register plan and criteria of the A/Bs of CANDIDATES under POLICY, then expose users.

    Without CANDIDATES: every version of the policy's model but the baseline. Only those that passed
    the stages before may start. What was registered is never overwritten; called again, it says so.

    Exit codes: 0 all are registered, 1 somebody was refused and why, 4 something broke.
    """
    from gates.online.starting import Answer, start

    opened = open_workspace(workspace, tracking_uri, state)
    file = find_policy(policy, opened)
    with open_services(opened) as services:
        found = start(file, candidates, services, by=by or _who(opened.environment))
    if as_json:
        say_json(_json(found))
    else:
        _say(found)
    refused = any(one.answer is Answer.REFUSED for one in found.starts)
    return Exit.NO if refused else Exit.YES


def _who(environment: Mapping[str, str]) -> str:
    return next((environment[name] for name in WHO if environment.get(name)), "unknown")


def _json(found: "Started") -> dict[str, object]:
    return {
        "schema": "gate.online-start/1",
        "starts": [_start(one) for one in found.starts],
        "stakes": stakes_json(found.stakes),
    }


def _start(one: "Start") -> dict[str, object]:
    written = one.registration
    return {
        "candidate": one.version.uri,
        "answer": one.answer,
        "reason": one.reason,
        "sha256": None if written is None else written.sha256,
        "registered_at": None if written is None else written.at.isoformat(),
        "by": None if written is None else written.by,
        "alpha": None if written is None else written.alpha,
        "first_exposure": _exposure_json(one.first_exposure),
        "run_id": one.run_id or None,
    }


def _exposure_json(found: object) -> object:
    from stages.evidence.estimate import Unmeasured

    if isinstance(found, Unmeasured):
        return {"unmeasured": found.reason}
    return found.isoformat() if isinstance(found, datetime) else None


def stakes_json(stakes: "Sequence[Stake]") -> list[dict[str, object]]:
    """What the A/Bs of a policy drew, and what became of them."""
    return [
        {"candidate": s.candidate, "alpha": s.alpha, "drawn_at": s.drawn_at, "won": s.won}
        for s in stakes
    ]


def _say(found: "Started") -> None:
    from gates.reports.table import Table

    rows = tuple((one.version.uri, one.answer.value, one.reason) for one in found.starts)
    say_table(Table(title="", headings=("candidate", "answer", "why"), rows=rows))
    say_stakes(found.stakes)


def say_stakes(stakes: "Sequence[Stake]") -> None:
    """The record of the false discovery rate, where there is one."""
    from gates.reports.table import Table

    if not stakes:
        return
    said = {None: "pending", True: "won", False: "did not win"}
    rows = tuple((s.candidate, f"{s.alpha:.5f}", s.drawn_at, said[s.won]) for s in stakes)
    click.echo()
    headings = ("candidate", "alpha", "drawn", "outcome")
    say_table(Table(title="false discovery over A/Bs", headings=headings, rows=rows))
