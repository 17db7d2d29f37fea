"""`gate promote`: judge again what was signed, then move the alias."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.choices import Holder
from gates.cli.frame import Exit
from gates.cli.junit import junit_option, write_junit
from gates.cli.moved import moved_code, patience_of, serving_json, wait_option
from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json
from gates.cli.trusted_policy import trusted_policy

if TYPE_CHECKING:
    from gates.decide.verdict import RoundDecision
    from gates.promotion.answer import Promotion
    from gates.workspace import Workspace
    from policies.policy import PolicyFile


@click.command("promote")
@click.argument("version")
@click.option("--to", "alias", default="champion", show_default=True, help="The alias to move.")
@click.option("--policy", help="Default: the one that gate.toml names for the alias.")
@click.option("--dry-run", is_flag=True, help="Answer only; nothing is changed.")
@click.option(
    "--expect", type=Holder(), help="Only if the alias points to version N now, or to none."
)
@click.option("--strand", is_flag=True, help="Also if others are left behind by the new baseline.")
@wait_option
@junit_option
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    version: str,
    alias: str,
    policy: str | None,
    dry_run: bool,
    expect: str | None,
    strand: bool,
    wait: float,
    junit: Path | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Promote VERSION: judge again what was signed, and move the alias on a yes.

    Policy, keys and approvals are those of your side, never of MLflow. The alias moves under a
    lock, is read back and recorded; then it is deployed and production is asked what serves.

    Exit codes: 0 promoted (or would be, with --dry-run), 1 no, 3 cannot tell yet, 4 broken, or
    promoted and NOT YET serving.
    """
    from gates.promotion.judging import Request
    from gates.promotion.promoting import promote

    opened = open_workspace(workspace, tracking_uri, state)
    with open_services(opened) as services:
        file = trusted_policy(policy, version, alias, opened)
        if not as_json:
            _say_first(file, opened)
        request = Request(alias=alias, dry_run=dry_run, expect=expect, strand=strand)
        promotion = promote(version, file, services, request=request, patience=patience_of(wait))
    _report(promotion, file, opened, junit=junit)
    if as_json:
        say_json(promotion_json(promotion))
    else:
        for line in _lines(promotion):
            click.echo(line)
    return _code(promotion)


def promotion_json(promotion: "Promotion") -> dict[str, object]:
    """A promotion as the one document of `--json`, `gate.promotion/1`."""
    from gates.reports.decision_json import decision_json

    decided, signed, record = promotion.decided, promotion.signed, promotion.record
    return {
        "schema": "gate.promotion/1",
        "answer": promotion.answer,
        "candidate": promotion.candidate.uri,
        "alias": promotion.alias,
        "before": promotion.before,
        "reason": promotion.reason,
        "refused_by": None if promotion.refusal is None else promotion.refusal.by,
        "signed_decision": None if signed is None else signed.sha256,
        "approved_by": list(promotion.approved_by),
        "left_behind": [one.subject.name for one in promotion.stranded],
        "record": None if record is None else record.sha256,
        "production": serving_json(promotion.aftermath, promotion.candidate.version),
        "decision": None if decided is None else decision_json(decided),
    }


def _code(promotion: "Promotion") -> int:
    from gates.promotion.answer import Answer

    match promotion.answer:
        case Answer.PROMOTED | Answer.WOULD_PROMOTE:
            return moved_code(promotion.aftermath)
        case Answer.NO:
            return Exit.NO
        case Answer.CANNOT_TELL:
            return Exit.CANNOT_TELL


def _say_first(file: "PolicyFile", workspace: "Workspace") -> None:
    from gates.masking import mask_secrets

    click.echo(f"policy {file.policy.policy} ({file.path}), sha256 {file.policy.sha256[:12]}")
    click.echo(f"ledger {mask_secrets(workspace.tracking_uri)}")


def _lines(promotion: "Promotion") -> tuple[str, ...]:
    aftermath = promotion.aftermath
    if aftermath is None:
        return (_sentence(promotion),)
    return (_sentence(promotion), aftermath.sentence(promotion.candidate.version))


def _sentence(promotion: "Promotion") -> str:
    from gates.promotion.answer import Answer

    words = {
        Answer.PROMOTED: "PROMOTED",
        Answer.WOULD_PROMOTE: "YES, would promote",
        Answer.NO: "NO, not promoted",
        Answer.CANNOT_TELL: "CANNOT TELL, not promoted",
    }
    return f"{words[promotion.answer]} {promotion.candidate.uri}: {promotion.reason}"


def _report(
    promotion: "Promotion", file: "PolicyFile", workspace: "Workspace", *, junit: Path | None
) -> None:
    from gates.cli.github import write_step_summary
    from gates.reports.github import step_summary
    from gates.reports.junit import junit as junit_xml

    summary = "### {}\n".format("\n\n".join(_lines(promotion)))
    if promotion.decided is not None:
        summary += "\n" + step_summary(promotion.decided, file.policy)
    write_step_summary(workspace.environment, summary)
    write_junit(junit, junit_xml(promotion.decided or _undecided(promotion, file), file.policy))


def _undecided(promotion: "Promotion", file: "PolicyFile") -> "RoundDecision":
    """No stage reached: a test case per criterion all the same, each an error."""
    from gates.decide.verdict import CandidateDecision, RoundDecision, Verdict

    nothing = CandidateDecision(
        candidate=promotion.candidate.uri,
        verdict=Verdict.HOLD,
        reason=promotion.reason,
        stages=(),
    )
    return RoundDecision(
        round_id="",
        policy=file.policy.policy,
        policy_sha256=file.policy.sha256,
        baseline=promotion.before,
        candidates=(nothing,),
    )
