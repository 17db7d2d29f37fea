"""`gate history`: what an alias pointed to, when, and by whose word."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.expired import expiry_warnings
from gates.cli.frame import Exit
from gates.cli.moment import Moment
from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json, say_table
from gates.cli.people import naming

if TYPE_CHECKING:
    from collections.abc import Callable

    from gates.chain.chain import Chain
    from gates.chain.history import Stretch
    from gates.reports.table import Table


@click.command("history")
@click.argument("model")
@click.option("--alias", default="champion", show_default=True, help="Whose moves are told.")
@click.option("--at", type=Moment(), help="What it pointed to at this time (ISO 8601).")
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    model: str,
    alias: str,
    at: datetime | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Tell every recorded move of an alias of MODEL, and what else is recorded of the model.

    Where the alias was moved without a record, the answer is "unrecorded change", never a guess.

    Exit codes: 0 it is told, 1 with --at: nothing had been recorded then, 2 with --at: it is in the
    future, 3 an unrecorded change, or another checkpoint than was recorded, 4 the records cannot be
    believed.
    """
    from gates.chain.history import stretch_at, stretches
    from gates.promotion.moving import custody_of
    from gates.standing import aliases_now, behind_json

    opened = open_workspace(workspace, tracking_uri, state)
    with open_services(opened, expired_too=True) as services:
        _refuse_future(at, services.clock())
        custody = custody_of(services)
        warnings = expiry_warnings(services)
        chain = custody.chain(model)
        (now,) = aliases_now(model, chain, (alias,), services)
        found = stretches(chain, alias, now.points_to)
    then = None if at is None else stretch_at(found, at)
    is_last = then in (None, *found[-1:])
    for doubt in now.doubts if is_last else ():
        click.echo(f"warning: {doubt}", err=True)
    if as_json:
        document = _json(model, alias, chain, found, at=at, then=then)
        say_json({**document, "now": behind_json(now), "warnings": list(warnings)})
    elif at is not None:
        click.echo(naming(opened)(_answer(alias, at, then)))
    else:
        say_table(_table(alias, chain, found, naming(opened)))
    code = _exit_code(found, at=at, then=then, is_held=now.points_to is not None)
    return Exit.CANNOT_TELL if code is Exit.YES and is_last and now.replaced else code


def _refuse_future(at: datetime | None, now: datetime) -> None:
    from policies.errors import WrongUsage

    if at is not None and at > now:
        raise WrongUsage(
            f"nobody knows what will be at {at.isoformat()}",
            why=f"here it is {now.isoformat()}",
            fix="leave --at out for what is now",
        )


def _exit_code(
    found: "tuple[Stretch, ...]", *, at: datetime | None, then: "Stretch | None", is_held: bool
) -> Exit:
    if at is not None and then is None:
        return Exit.NO
    told = found if then is None else (then,)
    unrecorded = any(one.unrecorded for one in told) or (is_held and not found)
    return Exit.CANNOT_TELL if unrecorded else Exit.YES


def _answer(alias: str, at: datetime, then: "Stretch | None") -> str:
    if then is None:
        return f"nothing had been recorded of {alias} at {at.isoformat()}"
    mover = then.move if then.override is None else then.override
    by = ", ".join(mover.owners)
    record = f"record {then.move.record.sequence} of {then.move.record.at.isoformat()}, {by}"
    return f"{alias} at {at.isoformat()}: {then.words} ({record})"


def _table(
    alias: str, chain: "Chain", found: "tuple[Stretch, ...]", named: "Callable[[str], str]"
) -> "Table":
    from gates.chain.bodies import Decision, kind_of
    from gates.chain.signing import sentence
    from gates.reports.table import Table

    outside = {one.move.sha256: one.words for one in found if one.unrecorded}
    rows = []
    for kept in chain.records:
        record = kept.record
        if isinstance(record.body, Decision):
            continue
        said = sentence(record.body) if kept.void is None else f"does not count: {kept.void.reason}"
        more = f"; then {outside[kept.sha256]}" if kept.sha256 in outside else ""
        rows.append(
            (
                str(record.sequence),
                record.at.isoformat(timespec="seconds"),
                kind_of(record.body),
                record.subject.name.removeprefix("models:/"),
                named(", ".join(kept.owners)),
                said + more,
            )
        )
    headings = ("record", "at", "what", "version", "by", "said")
    title = f"{chain.model}: {len(chain.records)} records; {alias} moved {len(found)} times"
    return Table(title=title, headings=headings, rows=tuple(rows))


def _json(
    model: str,
    alias: str,
    chain: "Chain",
    found: "tuple[Stretch, ...]",
    *,
    at: datetime | None,
    then: "Stretch | None",
) -> dict[str, object]:
    from gates.chain.history import record_json

    return {
        "schema": "gate.history/1",
        "model": model,
        "alias": alias,
        "moves": [_stretch_json(one) for one in found],
        "at": None if at is None else at.isoformat(),
        "then": None if then is None else _stretch_json(then),
        "records": [record_json(kept) for kept in chain.records],
    }


def _stretch_json(one: "Stretch") -> dict[str, object]:
    from gates.standing import override_json

    return {
        "candidate": one.move.record.subject.name,
        "record": one.move.sha256,
        "since": one.move.record.at.isoformat(),
        "until": None if one.until is None else one.until.isoformat(),
        "unrecorded_change": one.unrecorded,
        "left_as": one.left_as,
        "override": override_json(one.override),
    }
