"""`gate online report`: an A/B in pictures and tables."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.online_start import say_stakes, stakes_json
from gates.cli.options import (
    find_policy,
    json_option,
    open_services,
    open_workspace,
    workspace_options,
)
from gates.cli.output import make_folder, say_json, say_table, write_file

if TYPE_CHECKING:
    from gates.online.reporting import Told
    from gates.reports.online.report import AbReport, LookRow


@click.command("report")
@click.argument("policy")
@click.argument("candidate")
@click.option(
    "-o",
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for ab.html and its pictures; made where there is none.",
)
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    policy: str,
    candidate: str,
    out: Path | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Show the A/B of CANDIDATE under POLICY, look by look; no look is taken, nothing is decided.

    With -o a page and its pictures: the sequential plot of every metric, the effects, the split
    over time. The same stand on the MLflow run of the newest look. Beside them the report of the
    data contract, on the data up to now, or up to the last look of an A/B that has ended.
    """
    from gates.ab import Ab
    from gates.online.reporting import contract_files, told

    opened = open_workspace(workspace, tracking_uri, state)
    file = find_policy(policy, opened)
    with open_services(opened) as services:
        ab = Ab(file=file, version=services.ledger.version(candidate), services=services)
        found = told(ab)
        files = () if out is None else _write(found, contract_files(ab), out)
    if as_json:
        say_json(_json(found, files))
    else:
        _say(found)
        for path in files:
            click.echo(path)
    return Exit.YES


def _write(found: "Told", contract: tuple[tuple[str, str], ...], folder: Path) -> tuple[str, ...]:
    from gates.reports.online.report import ab_html

    make_folder(folder)
    page = ab_html(found.report, found.pictures).encode()
    files = [
        ("ab.html", page),
        *((p.path, p.content) for p in found.pictures),
        *((name, content.encode()) for name, content in contract),
    ]
    for name, content in files:
        write_file(folder / name, content)
    return tuple(str(folder / name) for name, _ in files)


def _json(found: "Told", files: tuple[str, ...]) -> dict[str, object]:
    from gates.reports.online.report import harmed_segments, look_rows

    report = found.report
    return {
        "schema": "gate.online-report/1",
        "candidate": report.candidate,
        "baseline": report.baseline or None,
        "policy": report.policy,
        "registered": report.registered,
        "verdict": None if report.stage is None else report.stage.online,
        "reason": None if report.stage is None else report.stage.reason,
        "looks": [_look(row) for row in look_rows(report.course)],
        "next_day": report.next_day,
        "criteria": [asdict(guard) for guard in report.guards],
        "checks": [asdict(check) for check in report.checks],
        "warnings": list(harmed_segments(report.course)),
        "pictures": [{"path": p.path, "alt": p.alt} for p in found.pictures],
        "stakes": stakes_json(found.stakes),
        "files": list(files),
    }


def _look(row: "LookRow") -> dict[str, object]:
    from stages.evidence.codec import measured_json

    return {
        "number": row.number,
        "day": row.day,
        "units": row.units,
        "information": row.information,
        "alpha_spent": row.alpha_spent,
        "z": row.z,
        "bound": row.bound,
        "difference": measured_json(row.difference),
        "conditional_power": row.conditional_power,
    }


def _say(found: "Told") -> None:
    from gates.reports.online.report import harmed_segments

    report = found.report
    verdict = "no decision" if report.stage is None else str(report.stage.online)
    click.echo(f"{verdict}: A/B of {report.candidate} against {report.baseline or '?'}")
    if report.stage is not None:
        click.echo(report.stage.reason)
    click.echo(f"{report.registered}\n")
    _say_looks(report)
    _say_criteria(report)
    _say_checks(report)
    for sentence in harmed_segments(report.course):
        click.echo(f"\nwarning: {sentence}")
    say_stakes(found.stakes)


def _say_looks(report: "AbReport") -> None:
    from gates.reports.online.report import look_rows, number_words, told_words
    from gates.reports.table import Table

    rows = tuple(
        (
            str(row.number),
            f"{row.day:g}",
            f"{row.units:,}",
            f"{row.information:.1%}",
            f"{row.alpha_spent:.5f}",
            number_words(row.z, ".2f"),
            number_words(row.bound, ".2f"),
            told_words(row.difference),
            number_words(row.conditional_power, ".0%"),
        )
        for row in look_rows(report.course)
    )
    if not rows:
        click.echo("no planned look has come")
        return
    headings = (
        *("look", "day", "units", "information", "alpha spent", "z", "bound"),
        *("difference", "conditional power"),
    )
    say_table(Table(title="looks, by the primary", headings=headings, rows=rows))
    if report.next_day is not None:
        click.echo(f"\nthe next look is that of day {report.next_day:g}")


def _say_criteria(report: "AbReport") -> None:
    from gates.reports.online.report import number_words
    from gates.reports.table import Table

    rows = tuple(
        (
            g.verdict.value,
            g.metric,
            g.role,
            g.demand,
            number_words(g.bound),
            number_words(g.distance, "+.2f"),
        )
        for g in report.guards
    )
    if rows:
        click.echo()
        headings = ("verdict", "metric", "role", "demand", "deciding end", "distance (se)")
        say_table(Table(title="primary and guardrails", headings=headings, rows=rows))


def _say_checks(report: "AbReport") -> None:
    from gates.reports.table import Table

    said = {None: "noted", True: "fine", False: "failed"}
    rows = tuple((check.name, said[check.passed], check.sentence) for check in report.checks)
    if rows:
        click.echo()
        say_table(Table(title="the data", headings=("check", "found", "in words"), rows=rows))
