"""Whether the traffic of a policy's A/Bs could be analysed; nothing is compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from gates.ab import Ab
from gates.membership import assemble
from gates.online.planned import online_plan
from gates.services import Services
from policies.errors import PolicyError
from policies.online import OnlinePlan
from policies.policy import PolicyFile
from stages.online.arms import arms_of
from stages.online.checking import Checked, check_traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedAb:
    """One candidate's A/B, checked.

    Attributes:
        candidate: Its name in traffic.
        found: What was found.
    """

    candidate: str
    found: Checked

    @property
    def answer(self) -> bool | None:
        """Whether it could be analysed; None when nothing is wrong and there is no exposure."""
        if any(check.passed is False for check in self.found.checks):
            return False
        if any(check.name == "exposures" and check.passed is None for check in self.found.checks):
            return None
        return True


def check(file: PolicyFile, candidates: Sequence[str], services: Services) -> tuple[CheckedAb, ...]:
    """Tests the traffic of A/Bs, up to now.

    Args:
        file: The policy.
        candidates: Versions; none stands for all that are no baseline.
        services: The outside world.

    Raises:
        WrongUsage: The policy has no A/B, or there is no candidate.
        PolicyError: The plan names no source that there is, or tells no arms apart.
        InputError: The traffic cannot be reached or read.
    """
    plan, found = online_plan(file), []
    for version in assemble(file, candidates, services).members:
        _refuse_one_name(plan, version.known_as)
        reading = Ab(file=file, version=version, services=services).reading()
        found.append(CheckedAb(candidate=version.known_as, found=check_traffic(reading)))
    return tuple(found)


def _refuse_one_name(plan: OnlinePlan, candidate: str) -> None:
    try:
        arms_of(plan, candidate)
    except ValueError as error:
        raise PolicyError(
            "the arms of this A/B cannot be told apart",
            why=str(error),
            fix="give `variants` of the plan two names",
        ) from error
