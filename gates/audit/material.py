"""All that a decision rests on, by digest: from the records' mirror, else from MLflow."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from gates.chain.bodies import Decision, members_table
from gates.chain.record import Kept
from gates.ledger.ledger import Ledger
from policies.canonical import Json, canonical_json, sha256_of_bytes
from policies.errors import GateError
from stages.evidence.codec import encode, evidence_sha256
from stages.evidence.records import Evidence, StageName

Blob = Callable[[str], bytes | None]
"""Bytes of a digest; None where they are not."""


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A file that a decision rests on.

    Attributes:
        folder: What it is: `policies`, `findings`, `members`, `evidence`.
        sha256: Its digest.
    """

    folder: str
    sha256: str

    @property
    def path(self) -> str:
        """Its place in a dossier."""
        return f"{self.folder}/{self.sha256}.json"


def needs_of(decision: Decision, blob: Blob) -> tuple[Need, ...]:
    """Every file that a decision rests on, as far as the table of its round says."""
    return (
        Need("policies", decision.policy_sha256),
        Need("findings", decision.candidate_record_sha256),
        Need("members", decision.members_sha256),
        *(Need("evidence", sha256) for sha256 in evidence_of(decision, blob)),
    )


def evidence_of(decision: Decision, blob: Blob) -> tuple[str, ...]:
    """Digests of its round's evidence; of its own alone where the table of the round is gone."""
    own = set(decision.evidence_sha256.values())
    table = blob(decision.members_sha256)
    members: Mapping[str, Mapping[str, str]] = {} if table is None else json.loads(table)
    return tuple(sorted(own.union(*(stages.values() for stages in members.values()))))


def from_ledger(kept: Kept, ledger: Ledger) -> Mapping[str, bytes]:
    """What MLflow still has of a decision, by digest; nothing where its run is gone."""
    found: dict[str, bytes] = {}
    body, uri = kept.record.body, kept.record.subject.name
    with suppress(GateError):
        history = ledger.history(ledger.version(uri))
        for decided in history:
            if isinstance(body, Decision) and decided.run_id == body.run_id:
                found |= _named(ledger.record_file(decided))
                found |= _named(canonical_json(decided.policy.said()).encode())
                found |= _of_round(ledger.stored(decided).evidence)
    return found


def plans_of(policy: bytes, wanted: Mapping[StageName, str]) -> Iterator[tuple[str, bytes]]:
    """The plans of a policy whose digests a decision names, each with its digest.

    Args:
        policy: The policy's canonical JSON.
        wanted: Digest of each stage's plan.
    """
    plan: Json = json.loads(policy).get("plan", {})
    for stage, sha256 in sorted(wanted.items()):
        said = plan.get(stage) if isinstance(plan, dict) else None
        data = canonical_json(said).encode()
        if sha256_of_bytes(data) == sha256:
            yield sha256, data


def _of_round(evidence: Mapping[str, Mapping[StageName, Evidence]]) -> Mapping[str, bytes]:
    """Every member's evidence, and the table of it."""
    found: dict[str, bytes] = {}
    digests: dict[str, dict[StageName, str]] = {}
    for uri, stages in evidence.items():
        digests[uri] = {stage: evidence_sha256(one) for stage, one in stages.items()}
        for one in stages.values():
            found |= _named(encode(one))
    return {**found, **_named(members_table(digests))}


def _named(data: bytes) -> Mapping[str, bytes]:
    return {sha256_of_bytes(data): data}
