"""`gate promote`: re-decide, then move the alias."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.junit import junit_option, write_junit
from gates.cli.options import (
    find_policy,
    json_option,
    open_services,
    open_workspace,
    workspace_options,
)
from gates.cli.output import say_json

if TYPE_CHECKING:
    from gates.decide.verdict import RoundDecision
    from gates.promotion.promoting import Promotion
    from gates.workspace import Workspace
    from policies.policy import PolicyFile


@click.command("promote")
@click.argument("version")
@click.option("--to", "alias", default="champion", show_default=True, help="The alias to move.")
@click.option("--policy", help="Default: the one that gate.toml trusts with the alias.")
@click.option("--dry-run", is_flag=True, help="Answer only; nothing is changed.")
@junit_option
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    version: str,
    alias: str,
    policy: str | None,
    dry_run: bool,
    junit: Path | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Promote VERSION: decide again from its recorded evidence, and move the alias on a yes.

    The policy comes from your side, never from MLflow. The alias must still point to the baseline
    that the decision compared with; after the move it is read back.

    Exit codes: 0 promoted (or would be, with --dry-run), 1 no, 3 cannot tell yet, 4 broken.
    """
    from gates.promotion.promoting import Answer, promote

    opened = open_workspace(workspace, tracking_uri, state)
    with open_services(opened) as services:
        file = _policy_file(policy, version, alias, opened)
        if not as_json:
            _say_first(file, opened)
        promotion = promote(version, file, services, alias=alias, dry_run=dry_run)
    _report(promotion, file, opened, junit=junit)
    if as_json:
        say_json(promotion_json(promotion))
    else:
        click.echo(_sentence(promotion))
    match promotion.answer:
        case Answer.PROMOTED | Answer.WOULD_PROMOTE:
            return Exit.YES
        case Answer.NO:
            return Exit.NO
        case Answer.CANNOT_TELL:
            return Exit.CANNOT_TELL


def promotion_json(promotion: "Promotion") -> dict[str, object]:
    """A promotion as the one document of `--json`, `gate.promotion/1`."""
    from gates.reports.decision_json import decision_json

    decided = promotion.decided
    return {
        "schema": "gate.promotion/1",
        "answer": promotion.answer,
        "candidate": promotion.candidate.uri,
        "alias": promotion.alias,
        "before": promotion.before,
        "reason": promotion.reason,
        "decision": None if decided is None else decision_json(decided),
    }


def _policy_file(
    policy: str | None, version: str, alias: str, workspace: "Workspace"
) -> "PolicyFile":
    from gates.ledger.references import parse_reference
    from policies.errors import WrongUsage

    model = parse_reference(version).name
    path = workspace.policy_path(model, alias)
    if policy is not None:
        named = find_policy(policy, workspace)
        if path is not None and named.path.resolve() != path.resolve():
            raise WrongUsage(
                f"{named.path} may not move {model}@{alias}",
                why=f"{workspace.file} trusts {path} with it",
                fix="leave --policy out, or change the policy that gate.toml trusts",
            )
        return named
    if path is None:
        raise WrongUsage(
            f"no policy may move {model}@{alias}",
            why=f"gate.toml names none in [models.{model}] policies",
            fix=f'add policies = {{ {alias} = "release" }} there, or give --policy',
        )
    return find_policy(str(path), workspace)


def _say_first(file: "PolicyFile", workspace: "Workspace") -> None:
    from gates.masking import mask_secrets

    click.echo(f"policy {file.policy.policy} ({file.path}), sha256 {file.policy.sha256[:12]}")
    click.echo(f"ledger {mask_secrets(workspace.tracking_uri)}")


def _sentence(promotion: "Promotion") -> str:
    from gates.promotion.promoting import Answer

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

    summary = f"### {_sentence(promotion)}\n"
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
