"""Records of a chain, as if they had been signed and verified."""

from datetime import UTC, datetime, timedelta

from gates.chain.bodies import Body, CiIdentity, Decision, Signatory
from gates.chain.chain import Chain
from gates.chain.record import ChainRecord, Kept, Void
from gates.decide.verdict import Verdict
from gates.trust.keys import PublicKey
from gates.trust.statement import Subject
from gates.trust.trust import AliasTrust, InForce, Trust, TrustedKey
from gates.trust.trust_document import Kind, Role, Stage
from stages.evidence.records import StageName

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
SUBJECT = Subject(name="models:/assistant/2", sha256="2" * 64)
BASELINE = "models:/assistant/1"


def decision(  # noqa: PLR0913 - one parameter per field a test may want otherwise
    verdict: Verdict = Verdict.PASS,
    *,
    policy: str = "release",
    policy_sha256: str = "a" * 64,
    baseline: str | None = BASELINE,
    decided_at: datetime = NOW,
    valid_until: datetime | None = None,
    in_ab: bool = False,
) -> Decision:
    return Decision(
        verdict=verdict,
        reason="because",
        decided_at=decided_at,
        policy=policy,
        policy_sha256=policy_sha256,
        round_id="round",
        baseline=baseline,
        run_id="run",
        stage_runs={StageName.ONLINE: "r"} if in_ab else {},
        members_sha256="e" * 64,
        candidate_record_sha256="f" * 64,
        valid_until=valid_until,
    )


def kept(  # noqa: PLR0913 - one parameter per field a test may want otherwise
    body: Body,
    *,
    sequence: int = 1,
    by: str = "ann",
    ci: CiIdentity | None = None,
    subject: Subject = SUBJECT,
    at: datetime = NOW,
    void: str | None = None,
) -> Kept:
    record = ChainRecord(
        model="assistant",
        sequence=sequence,
        previous=None if sequence == 1 else f"{sequence - 1:064x}",
        at=at,
        by=Signatory(owner=by, keyid=f"key of {by}", ci=ci),
        fencing=1,
        subject=subject,
        tool_version="1",
        body=body,
    )
    return Kept(
        record=record,
        sha256=f"{sequence:064x}",
        envelope=b"",
        void=None if void is None else Void(reason=void),
    )


def chain(*records: Kept) -> Chain:
    return Chain(model="assistant", records=records)


def person(owner: str, *, accounts: tuple[str, ...] = (), kind: Kind = Kind.PERSON) -> TrustedKey:
    return TrustedKey(
        public=PublicKey(owner.encode().ljust(32, b"-")),
        owner=owner,
        kind=kind,
        accounts=accounts,
        roles=frozenset(Role),
        since=NOW - timedelta(days=365),
        until=None,
        revoked=None,
    )


def trust(*keys: TrustedKey) -> Trust:
    return Trust(
        version=1,
        sha256="0" * 64,
        expires=None,
        root_threshold=1,
        signed_by=("ann",),
        keys=keys,
        aliases={},
    )


def entry(*policies: InForce, approvals: int = 0, days: int = 30) -> AliasTrust:
    return AliasTrust(
        policies=policies,
        stages=tuple(Stage),
        approvals=approvals,
        decision_valid=timedelta(days=days),
    )
