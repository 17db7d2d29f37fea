"""The A/B of a policy, and whom it is between."""

from collections.abc import Sequence
from dataclasses import dataclass

from gates.membership import assemble
from gates.services import Services
from policies.errors import WrongUsage
from policies.online import OnlinePlan
from policies.policy import PolicyFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Who meets whom, by their names in traffic.

    Attributes:
        champion: The version in production.
        challengers: The candidates.
    """

    champion: str
    challengers: tuple[str, ...]


def online_plan(file: PolicyFile) -> OnlinePlan:
    """The plan of a policy's A/B.

    Raises:
        WrongUsage: The policy has none.
    """
    plan = file.policy.plan.online
    if plan is None:
        raise WrongUsage(
            f"policy {file.policy.policy} has no A/B",
            why="its plan has no `online`",
            fix="name a policy with an online stage, or add one",
        )
    return plan


def sides(file: PolicyFile, candidates: Sequence[str], services: Services) -> Sides:
    """The champion, and the candidates that are named (or all there are).

    Raises:
        WrongUsage: There is no champion, no candidate, or one of another model.
    """
    found = assemble(file, candidates, services)
    assert found.baseline is not None, "an A/B needs a baseline, and assemble refuses without"
    return Sides(
        champion=found.baseline.known_as,
        challengers=tuple(version.known_as for version in found.members),
    )
