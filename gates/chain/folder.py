"""Records in a folder, without MLflow: every chain that is there, whole, and what it rests on."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from gates.chain.anchor import Anchor
from gates.chain.bodies import Decision
from gates.chain.chain import Chain
from gates.chain.encoding import payload_in, record_of
from gates.chain.mirror import Mirror
from gates.chain.verifying import verify
from gates.trust.dsse import decode, verified_by
from gates.trust.trust import Trust
from gates.trust.trust_document import Role

ERASURE = "application/vnd.checkpoint-gate.erasure+json"
"""Payload type of a signed statement that blobs were erased."""


def chains_in(
    mirror: Mirror, *, trust: Trust, anchor: Anchor, now: datetime
) -> Mapping[str, Chain]:
    """Every chain of a mirror, by model, each record's signature verified.

    Raises:
        Untrusted: When a record is missing, altered, doubled, out of order, or a stranger's.
        Broken: When a file cannot be read, or is not what its name says.
    """
    found: dict[str, list[tuple[int, bytes]]] = {}
    for envelope in mirror.everything():
        what = f"a record in {mirror.url}"
        record = record_of(payload_in(envelope, what=what), what=what)
        found.setdefault(record.model, []).append((record.sequence, envelope))
    return {
        model: verify(
            [envelope for _, envelope in sorted(envelopes)],
            model=model,
            trust=trust,
            now=now,
            anchor=anchor.head(model),
        )
        for model, envelopes in sorted(found.items())
    }


def missing_in(mirror: Mirror, chain: Chain, *, trust: Trust) -> tuple[str, ...]:
    """Digests of what decisions rest on and the mirror has not, nor a signed word that it erased.

    Args:
        mirror: The folder.
        chain: A verified chain of it.
        trust: Whose word on what was erased counts.

    Raises:
        Broken: When a file is not what its name says.
    """
    named = dict.fromkeys(
        digest
        for kept in chain.counting
        if isinstance(kept.record.body, Decision)
        for digest in _rests_on(kept.record.body, mirror)
    )
    erased = _erased(mirror, trust)
    return tuple(d for d in named if d not in erased and mirror.sound_blob(d) is None)


def _rests_on(decision: Decision, mirror: Mirror) -> Iterator[str]:
    yield decision.policy_sha256
    yield decision.candidate_record_sha256
    yield decision.members_sha256
    yield from decision.evidence_sha256.values()
    table = mirror.sound_blob(decision.members_sha256)
    for stages in json.loads(table).values() if table is not None else ():
        yield from stages.values()


def _erased(mirror: Mirror, trust: Trust) -> frozenset[str]:
    """What somebody with the role release says to be erased."""
    keys = [key.public for key in trust.keys if Role.RELEASE in key.roles]
    found: set[str] = set()
    for statement in mirror.erasures:
        opened = decode(statement, payload_type=ERASURE, what="a statement on what was erased")
        if verified_by(opened, keys):
            found.update(map(str, json.loads(opened.payload)["erased"]))
    return frozenset(found)
