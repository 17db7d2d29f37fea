"""People with keys, a trust that names them, and custody of records in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gates.chain.anchor import Anchor
from gates.chain.bodies import Body, Decision, Signatory
from gates.chain.chain import Chain
from gates.chain.custody import Custody
from gates.chain.encoding import statement_of
from gates.chain.hands import Hands
from gates.chain.mirror import Mirror
from gates.chain.places import Folder
from gates.chain.record import Head, Kept
from gates.chain.signing import Entry, Seal, signed_after
from gates.chain.verifying import verify
from gates.decide.verdict import Verdict
from gates.ledger.chain_keeping import ChainKeeper
from gates.trust.dsse import encode as encode_envelope
from gates.trust.dsse import sign
from gates.trust.keys import Signer
from gates.trust.signers import LocalSigner, new_private_key, signer_of
from gates.trust.statement import PAYLOAD_TYPE, Subject, encode
from gates.trust.trust import Revoked, Trust, TrustedKey
from gates.trust.trust_document import Kind, Role
from policies.canonical import sha256_of
from stages.evidence.records import StageName
from tests.fakes.memory_ledger import MemoryLedger

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
PEOPLE: Mapping[str, Sequence[Role]] = {
    "ann": tuple(Role),
    "ben": (Role.APPROVE, Role.ONCALL),
    "robot": (Role.DECIDE, Role.RELEASE),
}
"""Ann may do everything, Ben approve and roll back; the robot is a CI."""

CI = {"GITHUB_REPOSITORY": "acme/models", "GITHUB_SHA": "c0ffee", "GITHUB_ACTOR": "ann"}
SIGNERS: Mapping[str, LocalSigner] = {name: signer_of(new_private_key()) for name in PEOPLE}
STRANGER = signer_of(new_private_key())


def digest(text: str) -> str:
    return sha256_of(text)


def subject(version: int = 2, *, model: str = "assistant", checkpoint: str = "") -> Subject:
    name = f"models:/{model}/{version}"
    return Subject(name=name, sha256=digest(checkpoint or name))


def trust(**revoked: Revoked) -> Trust:
    keys = tuple(
        TrustedKey(
            public=SIGNERS[name].public,
            owner=name,
            kind=Kind.CI if name == "robot" else Kind.PERSON,
            accounts=(),
            roles=frozenset(roles),
            since=LONG_AGO,
            until=None,
            revoked=revoked.get(name),
        )
        for name, roles in PEOPLE.items()
    )
    return Trust(
        version=1,
        sha256=digest("trust"),
        expires=None,
        root_threshold=1,
        signed_by=("ann",),
        keys=keys,
        aliases={},
    )


TRUST = trust()


def decision(
    verdict: Verdict = Verdict.PASS, *, policy: str = "release", earlier: tuple[str, ...] = ()
) -> Decision:
    return Decision(
        verdict=verdict,
        reason="passed offline",
        decided_at=NOW,
        policy=policy,
        policy_sha256=digest(policy),
        plan_sha256={StageName.OFFLINE: digest("plan")},
        round_id=digest("round"),
        baseline="models:/assistant/1",
        run_id="run",
        stage_runs={StageName.OFFLINE: "stage-run"},
        evidence_sha256={StageName.OFFLINE: digest("evidence")},
        members_sha256=digest("members"),
        candidate_record_sha256=digest("record.json"),
        earlier=earlier,
    )


def signatory(name: str) -> Signatory:
    key = SIGNERS[name]
    return Signatory(owner=name, keyid=key.public.keyid)


@dataclass
class Paper:
    """Envelopes on a desk: each as honest or as forged as a test wants it."""

    model: str = "assistant"
    envelopes: list[bytes] = field(default_factory=list)
    now: datetime = NOW
    fencing: int = 1

    def write(
        self, body: Body, about: Subject | None = None, *, by: str = "ann", more: Sequence[str] = ()
    ) -> Kept:
        """Appends an honest record, a minute after the one before."""
        return self.sign(Entry(subject=about or subject(), body=body), signatory(by), [by, *more])

    def sign(self, entry: Entry, by: Signatory, keys: Sequence[str | Signer]) -> Kept:
        """Appends a record that says to be by somebody, with signatures of these keys."""
        self.now += timedelta(minutes=1)
        signers = tuple(SIGNERS[key] if isinstance(key, str) else key for key in keys)
        seal = Seal(by=by, signers=signers, at=self.now, fencing=self.fencing, tool_version="1")
        (envelope,) = signed_after(self.chain(), [entry], seal)
        self.envelopes.append(envelope)
        return self.chain().records[-1]

    def forge(self, **changes: object) -> None:
        """Puts a record with a lie in it at the end, signed by Ann."""
        last = self.chain().records[-1]
        honest = replace(
            last.record, sequence=last.record.sequence + 1, previous=last.sha256, body=decision()
        )
        payload = encode(statement_of(replace(honest, **changes)))
        self.envelopes.append(encode_envelope(sign(PAYLOAD_TYPE, payload, [SIGNERS["ann"]])))

    def chain(self, **how: object) -> Chain:
        return self.verified(self.envelopes, **how)

    def verified(
        self, envelopes: Sequence[bytes], *, by: Trust = TRUST, anchor: Head | None = None
    ) -> Chain:
        return verify(envelopes, model=self.model, trust=by, now=self.now, anchor=anchor)


@dataclass
class Office:
    """Custody of somebody's records; what they share is the ledger."""

    folder: Path
    keeper: ChainKeeper = field(default_factory=MemoryLedger)
    who: str = "ann"
    now: datetime = NOW
    trust: Trust = TRUST
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def custody(self) -> Custody:
        """As a new process has it."""
        return Custody(
            Hands(
                keeper=self.keeper,
                mirror=Mirror(Folder(self.folder / "records")),
                anchor=self.anchor,
                read_trust=lambda: self.trust,
                read_trust_at_hand=lambda: self.trust,
                read_signer=lambda: SIGNERS.get(self.who),
                environment=self.environment,
                clock=lambda: self.now,
                tool_version="1",
            )
        )

    @property
    def anchor(self) -> Anchor:
        return Anchor(Folder(self.folder), "anchor.json")

    def append(self, body: Body, about: Subject | None = None) -> Kept:
        custody = self.custody
        with custody.lease("assistant", intent="test") as lease:
            return custody.append("assistant", about or subject(), body, lease=lease)

    def elsewhere(self, folder: Path, **how: object) -> "Office":
        """Somebody else's, on another machine."""
        return replace(self, folder=folder, **how)
