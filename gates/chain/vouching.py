"""Decisions that the ledger has are signed: what was measured here is vouched for here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gates.chain.bodies import Decision, members_sha256, members_table
from gates.chain.custody import Custody
from gates.chain.record import unopened
from gates.chain.renewing import decision_valid
from gates.chain.signing import Entry
from gates.ledger.ledger import Ledger, Logged, Record
from gates.ledger.outbox import kept_record, logged
from gates.ledger.records import CandidateRecord, candidate_records, encode_candidate
from gates.trust.statement import Subject
from gates.trust.trust import Trust
from policies.canonical import canonical_json, sha256_of_bytes
from policies.errors import Broken, GateError
from stages.engine.state import State
from stages.evidence.codec import encode
from stages.evidence.records import Evidence, StageName

SIGNED = "chain/signed"
"""Stream of `{"signed": key}`: records whose decisions are in the chain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """What became of decisions that were logged and not signed.

    Attributes:
        signed: Records whose decisions are signed now.
        unsigned: Records whose decisions still are not.
        why: Why not; None when all are.
        is_broken: Whether something must be mended, rather than that nobody signs here.
    """

    signed: int = 0
    unsigned: int = 0
    why: str | None = None
    is_broken: bool = False


def vouch(custody: Custody | None, state: State, ledger: Ledger) -> Vouched:
    """Signs what was logged and is not signed yet, oldest first; killed, it goes on where it was.

    Args:
        custody: Signs and appends; None where the workspace names no trust file.
        state: Where decisions were kept before they were logged.
        ledger: Where they are logged.
    """
    keys = unsigned(state)
    if custody is None:
        why = "the workspace names no trust file; gate trust init makes one"
        return Vouched(unsigned=len(keys), why=why if keys else None)
    try:
        for model, records in _by_model([kept_record(state, key) for key in keys]).items():
            _sign(model, records, custody, state, ledger)
    except GateError as error:
        left = len(unsigned(state))
        return Vouched(
            signed=len(keys) - left,
            unsigned=left,
            why=error.in_short,
            is_broken=isinstance(error, Broken),
        )
    return Vouched(signed=len(keys))


def unsigned(state: State) -> tuple[str, ...]:
    """Keys of records that the ledger has and whose decisions are not signed, oldest first."""
    signed = {str(entry["signed"]) for entry in state.read(SIGNED)}
    return tuple(key for key in logged(state) if key not in signed)


def _by_model(records: Sequence[Record]) -> Mapping[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.policy.model, []).append(record)
    return found


def _sign(
    model: str, records: Sequence[Record], custody: Custody, state: State, ledger: Ledger
) -> None:
    with custody.lease(model, intent=f"sign decisions on {model}") as lease:
        for record in records:
            have = {
                kept.record.body.candidate_record_sha256
                for kept in custody.chain(model).counting
                if isinstance(kept.record.body, Decision)
            }
            _keep(record, custody)
            entries = [
                entry
                for entry in _entries(record, ledger.log(record), custody.trust)
                if isinstance(entry.body, Decision)
                and entry.body.candidate_record_sha256 not in have
            ]
            custody.append_all(model, entries, lease=lease)
            state.append(SIGNED, [{"signed": record.key}])


def _keep(record: Record, custody: Custody) -> None:
    """What the decisions rest on, kept where it outlives MLflow's runs."""
    shares = candidate_records(record)
    for share in shares:
        custody.keep(encode_candidate(share))
    if shares:
        custody.keep(members_table(shares[0].evidence_sha256))
    custody.keep(canonical_json(record.policy.said()).encode())
    for stages in record.evidence.values():
        for evidence in stages.values():
            custody.keep(encode(evidence))


def _entries(record: Record, found: Sequence[Logged], trust: Trust) -> Iterator[Entry]:
    shares = candidate_records(record)
    members = members_sha256(shares[0].evidence_sha256) if shares else ""
    places = {logged.candidate: logged for logged in found}
    for share in shares:
        candidate = share.decision.candidate
        evidence = record.evidence.get(candidate, {})
        yield Entry(
            subject=_subject(candidate, evidence),
            body=_decision(share, evidence, places[candidate], trust, members=members),
        )


def _decision(
    share: CandidateRecord,
    evidence: Mapping[StageName, Evidence],
    place: Logged,
    trust: Trust,
    *,
    members: str,
) -> Decision:
    online = evidence.get(StageName.ONLINE)
    look = None if online is None else online.look
    decided_at = datetime.fromisoformat(share.decided_at)
    return Decision(
        verdict=share.decision.verdict,
        reason=share.decision.reason,
        decided_at=decided_at,
        policy=share.policy.policy,
        policy_sha256=share.policy.sha256,
        plan_sha256={stage: found.provenance.plan for stage, found in evidence.items()},
        round_id=share.round_id,
        baseline=share.baseline,
        run_id=place.run_id,
        stage_runs=dict(place.stage_run_ids),
        evidence_sha256=dict(share.evidence_sha256.get(share.decision.candidate, {})),
        members_sha256=members,
        candidate_record_sha256=sha256_of_bytes(encode_candidate(share)),
        look=None if look is None else look.number,
        alpha_spent=None if look is None else look.alpha_spent,
        valid_until=_valid_until(share, trust, decided_at),
    )


def _subject(candidate: str, evidence: Mapping[StageName, Evidence]) -> Subject:
    """The checkpoint that was measured; one that could not be opened has a digest of its name."""
    digests = [found.provenance.candidate for found in evidence.values()]
    measured = next((digest for digest in digests if digest), None)
    return Subject(name=candidate, sha256=measured) if measured else unopened(candidate)


def _valid_until(share: CandidateRecord, trust: Trust, decided_at: datetime) -> datetime | None:
    """When it moves no alias any more that its policy may move now; None where it may move none."""
    valid = decision_valid(share.policy, trust, decided_at)
    return None if valid is None else decided_at + valid
