"""The evidence that a signed decision rests on: from the records, else from MLflow."""

from collections.abc import Mapping, Sequence

from gates.chain.bodies import Decision
from gates.chain.custody import Custody
from gates.ledger.ledger import Decided
from gates.ledger.records import decode_candidate
from gates.services import Services
from policies.errors import Broken
from stages.evidence.codec import decode, evidence_sha256
from stages.evidence.records import Evidence, StageName

ByMember = Mapping[str, Mapping[StageName, Evidence]]
"""Evidence by candidate URI and stage."""


def evidence_of(
    decision: Decision, history: Sequence[Decided], custody: Custody, services: Services
) -> ByMember:
    """Evidence of every member of the round.

    Args:
        decision: The signed decision.
        history: Decisions that the ledger has on the version.
        custody: The records, which outlive deleted MLflow runs.
        services: The outside world.

    Raises:
        Broken: When neither has it, or the ledger's does not match its digests.
    """
    kept = _kept(decision, custody)
    if kept is not None:
        return kept
    found = next((decided for decided in history if decided.run_id == decision.run_id), None)
    if found is None:
        raise Broken(
            "the evidence of the signed decision is gone",
            why=f"its MLflow run {decision.run_id} was deleted, and the records do not hold it",
            fix="restore it with mlflow runs restore, or decide again with gate run",
        )
    return services.ledger.stored(found).evidence


def digests_of(evidence: ByMember) -> dict[str, dict[StageName, str]]:
    """Digest of every piece, by member and stage."""
    return {
        uri: {stage: evidence_sha256(found) for stage, found in stages.items()}
        for uri, stages in evidence.items()
    }


def _kept(decision: Decision, custody: Custody) -> ByMember | None:
    """What the records hold, if they hold all of it."""
    body = custody.blob(decision.candidate_record_sha256)
    if body is None:
        return None
    record = decode_candidate(body, where="the record of the signed decision")
    found: dict[str, dict[StageName, Evidence]] = {}
    for uri, stages in record.evidence_sha256.items():
        blobs = {stage: custody.blob(sha256) for stage, sha256 in stages.items()}
        held = {stage: blob for stage, blob in blobs.items() if blob is not None}
        if len(held) < len(blobs):
            return None
        found[uri] = {
            stage: decode(blob, where=f"{stage} of {uri}") for stage, blob in held.items()
        }
    return found
