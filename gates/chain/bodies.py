"""What a record may say; each kind has a predicate type of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gates.decide.verdict import Verdict
from gates.trust.ci import CiIdentity
from policies.canonical import canonical_json, sha256_of_bytes
from stages.evidence.records import StageName


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """Who signed a record.

    Attributes:
        owner: Person or CI, as the trust file names it.
        keyid: SHA-256 of the raw public key.
        ci: The run, where the key is a CI's.
    """

    owner: str
    keyid: str
    ci: CiIdentity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A release decision on the subject, logged in MLflow, with digests of all that it rests on.

    Attributes:
        verdict: PASS, FAIL or HOLD.
        reason: One sentence.
        decided_at: When it was decided, which may be before it was signed.
        policy: Name of the policy.
        policy_sha256: Its digest.
        plan_sha256: Digest of each measured stage's plan.
        round_id: The round.
        baseline: URI of the baseline it compared with.
        run_id: The candidate's MLflow run.
        stage_runs: MLflow runs of its stages.
        evidence_sha256: Digests of the candidate's own evidence.
        members_sha256: Digest of the table of every member's evidence: see `members_sha256`.
        candidate_record_sha256: Digest of the `record.json` of the MLflow run.
        earlier: Digests of every earlier decision record on the same checkpoint, under any policy.
        look: Number of the last look at its A/B; None without one.
        alpha_spent: What the looks have spent of alpha; None without one.
        valid_until: When the trust file lets it move nothing more; None where it moves nothing.
    """

    verdict: Verdict
    reason: str
    decided_at: datetime
    policy: str
    policy_sha256: str
    plan_sha256: Mapping[StageName, str] = field(default_factory=dict)
    round_id: str
    baseline: str | None
    run_id: str
    stage_runs: Mapping[StageName, str] = field(default_factory=dict)
    evidence_sha256: Mapping[StageName, str] = field(default_factory=dict)
    members_sha256: str
    candidate_record_sha256: str
    earlier: tuple[str, ...] = ()
    look: int | None = None
    alpha_spent: float | None = None
    valid_until: datetime | None = None

    def __post_init__(self) -> None:
        _refuse_without_zone(self.decided_at, self.valid_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """The subject was in production before the gate: an alias points to it without a PASS.

    Attributes:
        alias: The alias.
        reason: In a person's words.
        endpoint: Address that the version answers at; None where it has none.
    """

    alias: str
    reason: str
    endpoint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person other than the author agrees to one decision on the subject.

    Attributes:
        decision: Digest of the decision's record.
        reason: In the person's words.
    """

    decision: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Two people let the subject have an alias for a while without a PASS.

    Attributes:
        decision: Digest of the decision's record that they overrule; None where there is none.
        alias: The alias.
        reason: In their words.
        second: The second person, who signs the same envelope.
        expires: From when on it lets nothing more.
    """

    decision: str | None
    alias: str
    reason: str
    second: Signatory
    expires: datetime

    def __post_init__(self) -> None:
        _refuse_without_zone(self.expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """The subject must not be promoted any more.

    Attributes:
        reason: In a person's words.
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """An alias was moved to the subject, and read back.

    Attributes:
        alias: The alias.
        before: URI of the version behind it before; None when there was none.
        decision: Digest of the decision's record; None only under an override.
        approvals: Digests of the approvals counted.
        override: Digest of the override's record it rests on; None for a PASS.
        endpoint: Address that the version answers at; None where it has none.
    """

    alias: str
    before: str | None
    decision: str | None
    approvals: tuple[str, ...] = ()
    override: str | None = None
    endpoint: str | None = None

    def __post_init__(self) -> None:
        if self.decision is None and self.override is None:
            raise ValueError("a promotion rests on a decision or an override")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """An alias was moved back to the subject.

    Attributes:
        alias: The alias.
        before: URI of the version left behind; None when there was none.
        reason: In a person's words.
        endpoint: Address that the version answers at; None where it has none.
    """

    alias: str
    before: str | None
    reason: str
    endpoint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbEnded:
    """The subject's A/B was ended, other than by a look.

    Attributes:
        reason: In a person's words.
    """

    reason: str


Body = Decision | Adoption | Approval | Override | Revocation | Promotion | Rollback | AbEnded

PREDICATE_TYPES: Mapping[type[Body], str] = {
    Decision: "urn:checkpoint-gate:release-decision/v1",
    Adoption: "urn:checkpoint-gate:adoption/v1",
    Approval: "urn:checkpoint-gate:approval/v1",
    Override: "urn:checkpoint-gate:override/v1",
    Revocation: "urn:checkpoint-gate:revocation/v1",
    Promotion: "urn:checkpoint-gate:promotion/v1",
    Rollback: "urn:checkpoint-gate:rollback/v1",
    AbEnded: "urn:checkpoint-gate:ab-ended/v1",
}
"""Of every kind; a kind that says more gets a new version and this one is still read."""


def members_table(evidence_sha256: Mapping[str, Mapping[StageName, str]]) -> bytes:
    """The table of a whole round's evidence, as its digest is taken.

    Args:
        evidence_sha256: Digest of each member's evidence, by candidate URI and stage.
    """
    table = {
        uri: {stage.value: digest for stage, digest in stages.items()}
        for uri, stages in evidence_sha256.items()
    }
    return canonical_json(table).encode()


def members_sha256(evidence_sha256: Mapping[str, Mapping[StageName, str]]) -> str:
    """Digest of the evidence of a whole round: of its `members_table`."""
    return sha256_of_bytes(members_table(evidence_sha256))


def kind_of(body: Body) -> str:
    """`release-decision`, `promotion`: a body's kind as people read it."""
    return PREDICATE_TYPES[type(body)].removeprefix("urn:checkpoint-gate:").removesuffix("/v1")


def _refuse_without_zone(*times: datetime | None) -> None:
    if any(time is not None and time.tzinfo is None for time in times):
        raise ValueError("a time has a zone")
