"""What of a trust file needs a person, though it is believed."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from gates.trust.trust import Trust
from gates.trust.trust_document import Role
from gates.trusting import signer_in
from gates.workspace import Workspace
from policies.load import load_policy

SOON = timedelta(days=30)


def remarks(workspace: Workspace, trust: Trust, *, at: datetime) -> tuple[str, ...]:
    """A sentence for each thing that will not work as one might think.

    Raises:
        WrongUsage: When the key that signs here cannot be used, or a policy cannot.
    """
    return (
        *_pins(workspace, trust, at),
        *_endings(trust, at),
        *_signer(workspace, trust, at),
        *_policies(workspace, trust, at),
    )


def _pins(workspace: Workspace, trust: Trust, at: datetime) -> Iterator[str]:
    pins = workspace.trust
    if pins.threshold < trust.root_threshold:
        yield (
            f"gate.toml would take a trust file that {pins.threshold} signed, if that file said so;"
            f" set `threshold = {trust.root_threshold}` in [trust]"
        )
    roots = {key.public.keyid: key.owner for key in trust.keys_for(Role.ROOT, at)}
    for keyid in pins.keys:
        if keyid not in roots:
            yield f"gate.toml pins {keyid[:12]}, which is no root key in force"
    for keyid, owner in roots.items():
        if keyid not in pins.keys:
            yield f"the root key {keyid[:12]} of {owner} is not pinned: it does not count here"


def _endings(trust: Trust, at: datetime) -> Iterator[str]:
    if trust.expires is not None and trust.expires - at < SOON:
        yield f"the trust file expires at {trust.expires.isoformat()}; sign one that lasts longer"
    for key in trust.keys:
        if key.counts(at) and key.until is not None and key.until - at < SOON:
            who = f"the key {key.public.keyid[:12]} of {key.owner}"
            yield f"{who} ends at {key.until.isoformat()}"


def _signer(workspace: Workspace, trust: Trust, at: datetime) -> Iterator[str]:
    signer = signer_in(workspace)
    if signer is None:
        yield "this workspace names no key: it signs nothing"
        return
    entry = trust.owner_of(signer.public)
    if entry is None or not entry.counts(at):
        yield f"the key {signer.public.keyid[:12]}, which signs here, does not count"


def _policies(workspace: Workspace, trust: Trust, at: datetime) -> Iterator[str]:
    for model, section in workspace.models.items():
        for alias in section.policies:
            path = workspace.policy_path(model, alias)
            assert path is not None
            policy = load_policy(path)
            name, sha256 = policy.policy, policy.sha256
            if not trust.in_force(model, alias, policy=name, sha256=sha256, at=at):
                yield (
                    f"policy {name} ({sha256[:12]}) is not in force for {model}@{alias}: "
                    f"gate trust allow {model} {alias} {name}"
                )
