"""`gate triage`: every new checkpoint, at night."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
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
from gates.cli.output import check_writable, make_folder, say_json, write_file
from gates.cli.since import Span

if TYPE_CHECKING:
    from gates.services import Services
    from gates.triage.night import Manner
    from gates.triage.outcome import Night
    from gates.triage.telling import Told
    from policies.policy import PolicyFile


@click.command("triage")
@click.argument("policy")
@click.option(
    "--since", type=Span(), help="Only checkpoints registered so recently, `24h`, and those left."
)
@click.option(
    "--calls-at-most", type=click.IntRange(min=1), help="Beside the policy's own `budget`."
)
@click.option("--usd-at-most", type=Number(min=0, min_open=True), help="The same.")
@click.option("--minutes-at-most", type=Number(min=0, min_open=True), help="On the clock.")
@click.option(
    "--retry-after-seconds",
    type=Number(min=0),
    default=30.0,
    show_default=True,
    help="Pause before a fault of the infrastructure is tried again; doubled once.",
)
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for report.md, report.html and report.json.",
)
@click.option(
    "--metrics",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for Prometheus, replaced in one step.",
)
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    policy: str,
    since: timedelta | None,
    calls_at_most: int | None,
    usd_at_most: float | None,
    minutes_at_most: float | None,
    retry_after_seconds: float,
    report: Path | None,
    metrics: Path | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Measure every new checkpoint of POLICY's model offline, sort it, and write one report.

    New are registered versions without a decision under this policy. Each gets its share of the
    policy's budget; what one leaves goes to the next. An interrupted night goes on where it was.

    Exit codes: 0 the night was processed, whatever it found; 4 it was not, such as when another
    triage of this policy is running, or its decisions are not in MLflow yet.
    """
    from gates.triage.allowance import Allowance
    from gates.triage.night import Manner
    from gates.triage.page import as_text, page_of
    from gates.triage.report_json import night_json

    check_writable(metrics)
    if report is not None:
        make_folder(report)
    opened = open_workspace(workspace, tracking_uri, state)
    file = find_policy(policy, opened)
    limits = Allowance(
        calls=calls_at_most,
        usd=usd_at_most,
        seconds=None if minutes_at_most is None else 60 * minutes_at_most,
    )
    how = Manner(limits=limits, since=since, retry_seconds=retry_after_seconds)
    with open_services(opened) as services, _ended_softly():
        night, told = _night(file, services, how, metrics)
    for name, content in told.files.items() if report is not None else ():
        write_file(report / name, content)  # type: ignore[operator] # is not None
    if as_json:
        say_json(night_json(night, url=told.url))
    else:
        click.echo(as_text(page_of(night)))
    return Exit.BROKEN if night.waiting else Exit.YES


def _night(
    file: "PolicyFile",
    services: "Services",
    how: "Manner",
    metrics: Path | None,
) -> "tuple[Night, Told]":
    from gates.triage.metrics import write_failure, write_night
    from gates.triage.night import AlreadyRunning, triage
    from gates.triage.telling import tell_night
    from policies.errors import GateError

    try:
        night = triage(file, services, how)
    except AlreadyRunning:
        raise  # the other one writes the metrics
    except GateError:
        if metrics is not None:
            at = services.clock().timestamp()
            write_failure(metrics, file.policy.policy, file.policy.model, at=at)
        raise
    told = tell_night(night, services)
    if metrics is not None:
        write_night(metrics, night)
    return night, told


@contextmanager
def _ended_softly() -> Iterator[None]:
    """Whoever ends the job by SIGTERM ends it as Ctrl-C does: servers are stopped first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
