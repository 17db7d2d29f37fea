"""Every batch of a ballot box, as `gate sxs show` lists them when none is named."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from gates.cli.output import say_json, say_table

if TYPE_CHECKING:
    from stages.side_by_side.ballots.box import BallotBox

HEADINGS = ("batch", "policy", "candidate", "votes", "state")


def say_batches(box: "BallotBox", *, as_json: bool) -> None:
    """Lists the batches, oldest first."""
    found = [_listed(box, name) for name in box.batches.names()]
    if as_json:
        say_json({"schema": "gate.sxs-batches/1", "batches": [asdict(one) for one in found]})
    elif not found:
        click.echo("there is no batch yet: gate sxs assign POLICY makes one for each candidate")
    else:
        _say(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    batch: str
    policy: str
    candidates: tuple[str, ...]
    votes: int
    needed: int
    stopped: bool


def _listed(box: "BallotBox", name: str) -> _Listed:
    terms, progress = box.batches.get(name).terms, box.progress(name)
    return _Listed(
        batch=name,
        policy=terms.policy,
        candidates=terms.candidates,
        votes=progress.votes,
        needed=progress.needed,
        stopped=progress.stopped is not None,
    )


def _say(found: "list[_Listed]") -> None:
    from gates.reports.table import Table

    rows = tuple(
        (
            one.batch,
            one.policy,
            ", ".join(one.candidates),
            f"{one.votes:,} of {one.needed:,}",
            "stopped" if one.stopped else "open",
        )
        for one in found
    )
    say_table(Table(title="", headings=HEADINGS, rows=rows))
