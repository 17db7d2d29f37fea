"""`gate online look`: the looks that are due, each taken once."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.moment import Moment
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

    from gates.decide.verdict import StageDecision
    from gates.online.looking import Due
    from gates.pipeline import RoundResult
    from gates.services import Services
    from policies.policy import PolicyFile
    from stages.evidence.records import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What became of one A/B.

    Attributes:
        due: What was to be done.
        taken: Days of the looks that were taken now.
        result: The newest round it was decided in; None when it had ended before.
    """

    due: "Due"
    taken: tuple[float, ...]
    result: "RoundResult | None"

    @property
    def candidate(self) -> str:
        """MLflow URI of the candidate."""
        return self.due.ab.version.uri

    @property
    def stage(self) -> "StageDecision | None":
        """What was decided of the A/B now; None when nothing was."""
        from stages.evidence.records import StageName

        if self.result is None:
            return None
        of_all = self.result.decision.candidates
        stages = next(c.stages for c in of_all if c.candidate == self.candidate)
        return next((stage for stage in stages if stage.stage is StageName.ONLINE), None)

    @property
    def look(self) -> "Look | None":
        """Where it stands; None when nothing was decided."""
        from stages.evidence.records import StageName

        if self.result is None:
            return None
        found = self.result.evidence[self.candidate].get(StageName.ONLINE)
        return None if found is None else found.look

    @property
    def reason(self) -> str:
        """What it came to, in one sentence."""
        if self.result is None:
            moved = f"; {self.due.moved}" if self.due.moved else ""
            return f"it has ended with {self.due.ended}{moved}"
        of_all = self.result.decision.candidates
        whole = next(c for c in of_all if c.candidate == self.candidate)
        return whole.reason if self.stage is None else self.stage.reason

    @property
    def alpha_spent(self) -> float | None:
        """Alpha spent up to this look; None when nothing was decided, or it is INVALID."""
        from gates.decide.verdict import OnlineVerdict

        if self.look is None or self.verdict == OnlineVerdict.INVALID:
            return None
        return self.look.alpha_spent

    @property
    def verdict(self) -> str:
        """The verdict of the newest look, or the one that ended it; empty without any."""
        if self.result is None:
            return self.due.ended
        return "" if self.stage is None or self.stage.online is None else str(self.stage.online)


@click.command("look")
@click.argument("policy")
@click.argument("candidate", required=False)
@click.option(
    "--as-of", type=Moment(UTC), help="Take the looks that were due by then; default: now."
)
@click.option("--hold-ok", is_flag=True, help="Exit 0 where the answer is: cannot tell yet.")
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    policy: str,
    candidate: str | None,
    as_of: datetime | None,
    hold_ok: bool,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Take the looks that are due at the A/Bs of POLICY, or at that of CANDIDATE, and log them.

    Looks that were missed are taken one by one. A look that was taken stands: asked for again, it
    is neither taken nor decided anew, and if its data have changed since, that is said.

    Exit codes: 0 somebody ships, 1 all ended without, 3 cannot tell yet, 4 something is broken.
    """
    from gates.online.looking import abs_of
    from policies.errors import WrongUsage

    opened = open_workspace(workspace, tracking_uri, state)
    file = find_policy(policy, opened)
    with open_services(opened) as services:
        at = as_of or services.clock()
        if at > services.clock():
            raise WrongUsage(
                f"no look can be taken as of {at.isoformat()}",
                why="that time has not come",
                fix="leave --as-of out",
            )
        at_time = replace(services, looks_as_of=at)
        found = [_look(ab.version.uri, file, at_time) for ab in abs_of(file, candidate, at_time)]
    if as_json:
        say_json(
            {
                "schema": "gate.online-look/1",
                "as_of": at.isoformat(),
                "looks": [_json(one) for one in found],
            }
        )
    else:
        _say(found)
    return _exit_code(found, hold_ok=hold_ok)


def _look(uri: str, file: "PolicyFile", services: "Services") -> Looked:
    """Takes every look that is due at one A/B, in order, until it ends."""
    from gates.ab import Ab
    from gates.online.looking import due_of, members_of
    from gates.pipeline import run_round
    from gates.wealth import ENDS

    assert services.looks_as_of is not None
    ab = Ab(file=file, version=services.ledger.version(uri), services=services)
    due = due_of(ab, as_of=services.looks_as_of)
    looked = Looked(due=due, taken=(), result=None)
    for moment in due.moments:
        result = run_round(file, members_of(ab), replace(services, looks_as_of=moment))
        taken = tuple(day for day in ab.taken() if day not in due.taken)
        looked = Looked(due=due, taken=taken, result=result)
        if looked.stage is not None and looked.stage.online in ENDS:
            break
    return looked


def _exit_code(found: "Sequence[Looked]", *, hold_ok: bool) -> Exit:
    from gates.decide.verdict import OnlineVerdict
    from stages.evidence.estimate import Cause

    waits = [one.stage.waits_for for one in found if one.stage is not None]
    verdicts = {one.verdict for one in found}
    if any(one.result is not None and one.result.waiting for one in found):
        return Exit.BROKEN
    if any(wait is not None and wait.cause is Cause.BROKEN for wait in waits):
        return Exit.BROKEN
    if OnlineVerdict.SHIP in verdicts:
        return Exit.YES
    if verdicts <= {OnlineVerdict.STOP, OnlineVerdict.INCONCLUSIVE}:
        return Exit.NO
    return Exit.YES if hold_ok else Exit.CANNOT_TELL


def _json(one: Looked) -> dict[str, object]:
    from stages.evidence.estimate import Unmeasured

    look, changed = one.look, one.due.changed
    logged = () if one.result is None else one.result.logged
    place = next((where for where in logged if where.candidate == one.candidate), None)
    return {
        "candidate": one.candidate,
        "verdict": one.verdict or None,
        "reason": one.reason,
        "taken": list(one.taken),
        "taken_before": list(one.due.taken),
        "changed": {"unmeasured": changed.reason}
        if isinstance(changed, Unmeasured)
        else list(changed),
        "look": None if look is None else look.number,
        "information": None if look is None else look.information,
        "alpha_spent": one.alpha_spent,
        "conditional_power": None if look is None else look.conditional_power,
        "next_look": _next(one),
        "run_id": None if place is None else place.run_id,
        "url": None if place is None else place.url,
    }


def _next(one: Looked) -> str | None:
    stage = one.stage
    wait = None if stage is None else stage.waits_for
    return wait.expected if wait is not None and wait.who == "traffic" else None


def _say(found: "Sequence[Looked]") -> None:
    from gates.reports.table import Table

    say_table(
        Table(
            title="",
            headings=("candidate", "verdict", "taken now", "alpha spent", "next look", "why"),
            rows=tuple(
                (
                    one.candidate,
                    one.verdict or "no look",
                    ", ".join(f"day {day:g}" for day in one.taken) or "none",
                    "" if one.alpha_spent is None else f"{one.alpha_spent:.5f}",
                    _next(one) or "",
                    one.reason,
                )
                for one in found
            ),
        )
    )
    for one in found:
        said = _changed_words(one)
        if said:
            click.echo(f"\n{one.candidate}: {said}", err=True)


def _changed_words(one: Looked) -> str:
    from stages.evidence.estimate import Unmeasured

    changed = one.due.changed
    if isinstance(changed, Unmeasured):
        return f"whether the data of the newest look have changed cannot be told: {changed.reason}"
    if not changed:
        return ""
    return (
        f"the data of the look of day {one.due.taken[-1]:g} have changed since it was taken "
        f"({', '.join(changed)}); the look stands as it was, and is not decided again"
    )
