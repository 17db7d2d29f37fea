"""Who takes part in a round: the candidates, and the baseline they are held against."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gates.ledger.ledger import Version
from gates.services import Services
from policies.criteria import Better, NonInferior
from policies.errors import WrongUsage
from policies.policy import Policy, PolicyFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The candidates decided together, and the baseline they are held against.

    Attributes:
        file: The policy and where it was read.
        members: The candidates, by version number.
        baseline: The version behind the policy's alias, pinned for the round; None when the policy
            compares with nothing.
    """

    file: PolicyFile
    members: tuple[Version, ...]
    baseline: Version | None


def assemble(file: PolicyFile, references: Sequence[str], services: Services) -> Round:
    """The members of a round and its baseline, as the registry has them now."""
    round_ = everybody(file, services)
    if references:
        members = {v.uri: v for v in map(services.ledger.version, references)}.values()
        in_order = tuple(sorted(members, key=lambda v: int(v.version)))
        round_ = replace(round_, members=in_order)
    _refuse_strangers(file.policy, round_.members)
    return round_


def everybody(file: PolicyFile, services: Services) -> Round:
    """Every version of the policy's model but the baseline and adopted ones; may be nobody."""
    policy = file.policy
    baseline = _baseline(policy, services)
    members = tuple(
        v
        for v in services.ledger.versions(policy.model)
        if "gate_adopted" not in v.tags and (baseline is None or v.uri != baseline.uri)
    )
    return Round(
        file=file,
        members=tuple(sorted(members, key=lambda v: int(v.version))),
        baseline=baseline,
    )


def needs_baseline(policy: Policy) -> bool:
    """Whether anything in the policy compares a candidate with the baseline."""
    compares = any(isinstance(c.demand, NonInferior | Better) for c in policy.criteria)
    return compares or policy.plan.side_by_side is not None or policy.plan.online is not None


def how_to_adopt(model: str, versions: Sequence[Version]) -> str:
    """How a model gets its first baseline: what serves is registered, then adopted."""
    if versions:
        return f'gate adopt {model}/VERSION --reason "in production since ..."'
    return (
        f"gate register {model} --endpoint URL --model-name NAME, then "
        f'gate adopt {model}/1 --reason "in production since ..."'
    )


def _baseline(policy: Policy, services: Services) -> Version | None:
    versions = services.ledger.versions(policy.model)
    found = next((v for v in versions if policy.baseline in v.aliases), None)
    if found is None and needs_baseline(policy):
        raise WrongUsage(
            f"{policy.model} has no {policy.baseline} yet",
            why="the policy compares candidates with the version in production, and no version "
            f"of {policy.model} carries the alias `{policy.baseline}`",
            fix=how_to_adopt(policy.model, versions),
        )
    return found


def _refuse_strangers(policy: Policy, members: Sequence[Version]) -> None:
    if not members:
        raise WrongUsage(
            f"there is no candidate of {policy.model}",
            why="no version was named, and the registry has none beside the baseline",
            fix=f"gate register {policy.model} --endpoint URL --model-name NAME",
        )
    strangers = [v.uri for v in members if v.name != policy.model]
    if strangers:
        raise WrongUsage(
            f"policy {policy.policy} is about {policy.model}",
            why=f"it cannot decide on {', '.join(strangers)}",
            fix=f"name versions of {policy.model}, or another policy",
        )
