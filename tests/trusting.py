"""A workspace that people and its tests trust: keys, a signed trust file and `[trust]`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gates.trust.canonical_bytes import canonical_bytes
from gates.trust.dsse import encode, sign
from gates.trust.signers import LocalSigner, new_private_key, signer_of, write_private_key
from gates.trust.trust_document import (
    AliasEntry,
    InForceEntry,
    KeyEntry,
    Kind,
    ModelEntry,
    Role,
    Stage,
    TrustDocument,
    payload_of,
)
from gates.trust.trust_file import PAYLOAD_TYPE
from policies.load import load_policy

LONG_AGO = "2000-01-01T00:00:00+00:00"
"""Before any clock of a test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """Everybody's private keys, and the trust file that names them.

    Attributes:
        root: The workspace.
        owner: Who signs the trust file and whose key `[trust] key` is: has every role.
        signers: Private keys by owner.
        files: Their PEM files by owner.
        document: What the trust file says.
    """

    root: Path
    owner: str
    signers: Mapping[str, LocalSigner]
    files: Mapping[str, Path]
    document: TrustDocument

    @property
    def signer(self) -> LocalSigner:
        """The owner's private key."""
        return self.signers[self.owner]

    @property
    def trust_file(self) -> Path:
        """The signed trust file."""
        return self.root / "trust.json"

    @property
    def settings(self) -> str:
        """What `gate.toml` says of it."""
        return (
            f'\n[trust]\nroot = "trust.json"\nkey = ".gate/keys/{self.owner}.pem"\n'
            f'keys = ["{self.signer.public.keyid}"]\n'
        )

    def publish(self, document: TrustDocument) -> "Keyring":
        """Signs another trust file in the place of the one before, as the owner."""
        write_trust(self.trust_file, document, (self.signer,))
        return Keyring(
            root=self.root,
            owner=self.owner,
            signers=self.signers,
            files=self.files,
            document=document,
        )


def trusted(  # noqa: PLR0913 - one parameter per thing a test may want otherwise
    workspace_root: Path,
    policy_path: Path,
    *,
    model: str = "assistant",
    alias: str = "champion",
    approvals: int = 0,
    stages: Sequence[Stage] = tuple(Stage),
    decision_valid_days: int = 30,
    owner: str = "ann",
    people: Sequence[str] = (),
    ci: Sequence[str] = (),
    since: str = LONG_AGO,
) -> Keyring:
    """Makes keys, signs `trust.json` and names it in the workspace's `gate.toml`.

    Args:
        workspace_root: Folder of `gate.toml`, which must not have a `[trust]` yet.
        policy_path: The policy whose digest is in force for the alias.
        model: The registered model.
        alias: The alias.
        approvals: People who must approve.
        stages: Stages that the alias demands.
        decision_valid_days: Older decisions move nothing.
        owner: Has every role, signs the trust file, and is who acts in the workspace.
        people: More people, with the roles approve and oncall; those who may approve.
        ci: Names of CIs, with the roles decide and release.
        since: From when on keys and the policy count.
    """
    folder = workspace_root / ".gate" / "keys"
    everybody = (owner, *people, *ci)
    keys = {name: new_private_key() for name in everybody}
    files = {name: folder / f"{name}.pem" for name in everybody}
    for name, key in keys.items():
        write_private_key(files[name], key, password=None)
    signers = {name: signer_of(key) for name, key in keys.items()}
    roles = {owner: tuple(Role)}
    roles |= dict.fromkeys(people, (Role.APPROVE, Role.ONCALL))
    roles |= dict.fromkeys(ci, (Role.DECIDE, Role.RELEASE))
    policy = load_policy(policy_path)
    in_force = InForceEntry(sha256=policy.sha256, since=since)
    entry = AliasEntry(
        policies={policy.policy: (in_force,)},
        stages=tuple(stages),
        approvals=approvals,
        decision_valid_days=decision_valid_days,
    )
    document = TrustDocument(
        version=1,
        keys=tuple(
            KeyEntry(
                public=signers[name].public.base64,
                owner=name,
                kind=Kind.CI if name in ci else Kind.PERSON,
                roles=roles[name],
                since=since,
            )
            for name in everybody
        ),
        models={model: ModelEntry(aliases={alias: entry})},
    )
    write_trust(workspace_root / "trust.json", document, (signers[owner],))
    keyring = Keyring(
        root=workspace_root, owner=owner, signers=signers, files=files, document=document
    )
    with (workspace_root / "gate.toml").open("a", encoding="utf-8") as settings:
        settings.write(keyring.settings)
    return keyring


def write_trust(path: Path, document: TrustDocument, signers: Sequence[LocalSigner]) -> None:
    """Writes a trust file that these have signed."""
    payload = canonical_bytes(payload_of(document))
    path.write_bytes(encode(sign(PAYLOAD_TYPE, payload, signers)))
