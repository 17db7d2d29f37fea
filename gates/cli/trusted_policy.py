"""The policy that may move an alias, as the operator's side names it."""

from contextlib import suppress
from typing import TYPE_CHECKING

from gates.cli.options import find_policy

if TYPE_CHECKING:
    from gates.workspace import Workspace
    from policies.policy import PolicyFile


def trusted_policy(
    policy: str | None, version: str, alias: str, workspace: "Workspace"
) -> "PolicyFile":
    """The policy that gate.toml names for an alias, or the one given where it names none.

    Args:
        policy: Given by the person, or None.
        version: A version of the model.
        alias: The alias.
        workspace: Its gate.toml names the policy.

    Raises:
        WrongUsage: When none is named, or another is given than is named.
    """
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
            fix=f'add policies = {{ {alias} = "{_about(model, workspace)}" }} there, or give '
            "--policy",
        )
    return find_policy(str(path), workspace)


def _about(model: str, workspace: "Workspace") -> str:
    """A policy in `policies/` that is about a model; `POLICY` stands for one where none is."""
    from policies.errors import GateError

    for path in sorted((workspace.root / "policies").glob("*.yaml")):
        with suppress(GateError):
            if find_policy(str(path), workspace).policy.model == model:
                return path.stem
    return "POLICY"
