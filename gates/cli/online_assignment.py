"""`gate online assignment`: who meets which arm, as files for flag services."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.choices import Number, Spelled
from gates.cli.frame import Exit
from gates.cli.options import (
    find_policy,
    json_option,
    open_services,
    open_workspace,
    workspace_options,
)
from gates.cli.output import check_writable, say_json, say_table, write_file
from gates.online.assigning import Service

if TYPE_CHECKING:
    from gates.online.assigning import Assigned
    from policies.online import OnlinePlan
    from stages.online.assignment.experiment import Place


@click.command("assignment")
@click.argument("policy")
@click.argument("candidates", nargs=-1)
@click.option("--to", type=Spelled([to.value for to in Service]), help="Who reads the rule.")
@click.option("--out", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Its file.")
@click.option(
    "--day",
    type=Number(min=0),
    default=0.0,
    show_default=True,
    help="Days since the first exposure, where the plan has a ramp.",
)
@click.option(
    "--coverage",
    type=Number(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Share of all units that takes part; grow it, and none changes its arm.",
)
@click.option("--unit", help="Where one unit lies, and why.")
@click.option(
    "--units",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with one unit per line, for --to csv.",
)
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    policy: str,
    candidates: tuple[str, ...],
    to: str | None,
    out: Path | None,
    day: float,
    coverage: float,
    unit: str | None,
    units: Path | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Say who meets which arm of POLICY's A/B with CANDIDATES, and write it for a flag service.

    `growthbook` is a feature with an experiment rule (hash version 2), `flagd` a flag with a
    fractional rule, `csv` a list of the arms of --units. Without --to: the arms and their shares,
    and what exposures must carry.
    """
    from gates.online.assigning import assigned
    from gates.online.planned import online_plan

    opened = open_workspace(workspace, tracking_uri, state)
    file = find_policy(policy, opened)
    check_writable(out)
    with open_services(opened) as services:
        found = assigned(file, candidates, services, coverage=coverage)
    service = Service(to) if to else None
    if unit is not None:
        _one(found, unit, service or Service.GROWTHBOOK, day=day, as_json=as_json)
    elif units is not None:
        _list(found, units, out, day=day, as_json=as_json)
    elif service is not None:
        _rule(found, service, out, day=day, as_json=as_json)
    else:
        _shown(found, online_plan(file), as_json=as_json)
    return Exit.YES


def _one(found: "Assigned", unit: str, service: Service, *, day: float, as_json: bool) -> None:
    from gates.online.assigning import place_of

    at = place_of(found, unit, service, day=day)
    if as_json:
        say_json(
            {
                "schema": "gate.online-unit/1",
                "experiment_id": found.experiment.key,
                "unit": unit,
                "variation_id": at.arm.name if at.arm else None,
                "serves": at.arm.serves if at.arm else None,
                "bucket": at.bucket,
                "part": {"from": at.low, "below": at.high},
            }
        )
        return
    click.echo(_why(found, at, service, day=day))


def _why(found: "Assigned", at: "Place", service: Service, *, day: float) -> str:
    hashed = (
        "MurmurHash3 of flag key and unit"
        if service is Service.FLAGD
        else "FNV-1a of seed and unit, twice"
    )
    arm = f"meets {at.arm.name} ({at.arm.serves})" if at.arm else "takes no part"
    said = (
        f"{at.unit} {arm} in {found.experiment.key}: its bucket is {at.bucket:g} ({hashed}), "
        f"between {at.low:g} and {at.high:g}, {'that arm' if at.arm else 'nobody'}'s part at a "
        f"coverage of {found.experiment.coverage:.3g}"
    )
    if found.experiment.needs_memory:
        said += (
            f"; so it is when it is first exposed on day {day:g}, and it keeps its arm while "
            "the ramp goes on"
        )
    return said


def _list(found: "Assigned", units: Path, out: Path | None, *, day: float, as_json: bool) -> None:
    from gates.online.assigning import arms_of_units

    listed = arms_of_units(found, _lines(units), day=day)
    if out is not None:
        write_file(out, listed.text.encode())
    said = f"{listed.units - listed.outside:,} of {listed.units:,} units take part"
    if as_json:
        rows = {"units": listed.units, "outside": listed.outside}
        path = str(out) if out else None
        say_json(
            {
                "schema": "gate.online-units/1",
                "experiment_id": found.experiment.key,
                **rows,
                "file": path,
            }
        )
    elif out is None:
        click.echo(listed.text, nl=False)
        click.echo(said, err=True)
    else:
        click.echo(f"wrote {out}: {said}")


def _lines(path: Path) -> list[str]:
    from policies.errors import InputError

    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read the units in {path}",
            why=str(error),
            fix="name a text file with one unit per line",
        ) from None


def _rule(
    found: "Assigned", service: Service, out: Path | None, *, day: float, as_json: bool
) -> None:
    from gates.online.assigning import rule

    written = rule(found, service, day=day)
    text = json.dumps(written, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if out is not None:
        write_file(out, text.encode())
    if as_json:
        path = str(out) if out else None
        known = {"experiment_id": found.experiment.key, "to": service.value, "rule": written}
        say_json({"schema": "gate.online-rule/1", **known, "file": path})
    elif out is None:
        click.echo(text, nl=False)
    else:
        click.echo(f"wrote {out}")
    if found.experiment.needs_memory:
        click.echo(
            "the ramp changes the shares: switch the SDK's sticky bucketing on, so that a unit "
            "keeps the arm of its first exposure",
            err=True,
        )


def _shown(found: "Assigned", plan: "OnlinePlan", *, as_json: bool) -> None:
    from gates.online.assigning import columns_to_log
    from gates.reports.table import Table

    experiment, columns = found.experiment, columns_to_log(plan)
    if as_json:
        arms = [{"variation_id": a.name, "serves": a.serves} for a in experiment.arms]
        steps = [{"from_day": s.from_day, "shares": s.shares} for s in experiment.steps]
        known = {"experiment_id": experiment.key, "by_gate": found.by_gate}
        say_json(
            {
                "schema": "gate.online-assignment/1",
                **known,
                "arms": arms,
                "steps": steps,
                "columns": columns,
            }
        )
        return
    days = [f"from day {step.from_day:g}" for step in experiment.steps]
    shares = zip(
        experiment.arms, zip(*(s.shares for s in experiment.steps), strict=True), strict=True
    )
    rows = [(arm.name, arm.serves, *(f"{x:.2%}" for x in each)) for arm, each in shares]
    say_table(
        Table(
            title=f"experiment_id {experiment.key}",
            headings=("variation_id", "serves", *days),
            rows=tuple(rows),
        )
    )
    who = "by the files that --to writes" if found.by_gate else "by others (`assignment: external`)"
    click.echo(f"\nunits are assigned {who}; every exposure carries {', '.join(columns)}")
