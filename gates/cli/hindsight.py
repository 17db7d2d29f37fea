"""What `gate funnel` and `gate trend` share: whose decisions they look back at."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.options import find_policy, open_services
from gates.cli.since import Span

if TYPE_CHECKING:
    from gates.hindsight.checkpoints import Past
    from gates.ledger.ledger import Ledger
    from gates.workspace import Workspace
    from policies.policy import Policy

since_option = click.option(
    "--since", type=Span(), help="Only decisions of so long ago at most: 24h, 180d, 26w."
)
report_option = click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Also write an HTML page."
)


def past_of(opened: "Workspace", name: str, *, since: timedelta | None) -> "Past":
    """Everything that a policy, or the only policy of a model, decided; read from the ledger."""
    from gates.hindsight.checkpoints import Question, read_past

    with open_services(opened) as services:
        policy = _policy_or_none(name, opened, services.ledger)
        question = Question(
            model=name if policy is None else policy.model,
            policy=None if policy is None else policy.policy,
            since=None if since is None else services.clock() - since,
        )
        return read_past(question, services)


def _policy_or_none(name: str, opened: "Workspace", ledger: "Ledger") -> "Policy | None":
    """The policy of a name; None where the name is a registered model's."""
    from policies.errors import PolicyError, WrongUsage

    try:
        return find_policy(name, opened).policy
    except PolicyError:
        raise
    except WrongUsage:
        if "/" in name or not ledger.versions(name):
            raise
        return None
