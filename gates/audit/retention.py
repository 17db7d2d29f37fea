"""Evidence that is older than it may be kept: erased, and a signed statement says so.

Records, policies and findings are never erased: the chain stays whole, and a dossier says what was
erased, when and by whom.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from gates.audit.material import evidence_of
from gates.chain.bodies import Decision, Promotion
from gates.chain.chain import Chain
from gates.chain.custody import Custody
from gates.chain.record import Kept
from gates.trust.canonical_bytes import canonical_bytes, read_canonical
from gates.trust.dsse import decode, encode, sign
from gates.trust.shapes import a_list, a_text, an_object
from gates.trust.trust_document import Role
from policies.errors import WrongUsage

SCHEMA = "gate.erasure/1"
PAYLOAD_TYPE = "application/vnd.checkpoint-gate.erasure+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What is to be erased.

    Attributes:
        model: Registered model name.
        at: Now.
        retention_days: Days that evidence is kept.
        digests: Of the evidence, in order.
    """

    model: str
    at: datetime
    retention_days: int
    digests: tuple[str, ...]


def due(chain: Chain, custody: Custody, *, retention_days: int, at: datetime) -> Erasure:
    """Evidence that no decision needs any more and that is older than it may be kept.

    Kept are the evidence of a decision that may still move an alias, and of the one by which an
    alias serves what it serves now.

    Args:
        chain: The model's records.
        custody: Its mirror has the evidence.
        retention_days: Days that evidence is kept after the decision on it.
        at: Now, with a zone.
    """
    serving = _serving(chain)
    old, needed = set[str](), set[str]()
    for kept in chain.records:
        body = kept.record.body
        if not isinstance(body, Decision):
            continue
        rests = evidence_of(body, custody.blob)
        is_open = body.valid_until is not None and body.valid_until > at
        is_young = body.decided_at + timedelta(days=retention_days) > at
        (needed if is_open or is_young or kept.sha256 in serving else old).update(rests)
    there = tuple(sorted(d for d in old - needed if custody.blob(d) is not None))
    return Erasure(model=chain.model, at=at, retention_days=retention_days, digests=there)


def erase(erasure: Erasure, custody: Custody) -> None:
    """Writes down what is erased, signed, and erases it.

    Raises:
        WrongUsage: When there is no key, or it has not the role release.
        Broken: When the mirror cannot be written.
    """
    _check_may_erase(custody, erasure.at)
    payload = canonical_bytes(
        {
            "schema": SCHEMA,
            "model": erasure.model,
            "at": erasure.at.isoformat(),
            "retention_days": erasure.retention_days,
            "erased": list(erasure.digests),
        }
    )
    custody.erase(erasure.digests, encode(sign(PAYLOAD_TYPE, payload, (custody.signer,))))


def erased_in(statement: bytes, *, what: str) -> Collection[str]:
    """Digests that a statement says to be erased; its signature is not looked at.

    Raises:
        Untrusted: When it is no such statement.
    """
    payload = decode(statement, payload_type=PAYLOAD_TYPE, what=what).payload
    said = an_object(read_canonical(payload, what=what))
    return frozenset(map(a_text, a_list(said["erased"])))


def _serving(chain: Chain) -> frozenset[str]:
    """Digests of the decisions by which aliases point where they do."""
    newest = {_alias(kept): kept for kept in chain.counting if _alias(kept) is not None}
    return frozenset(_behind(chain, newest.values()))


def _behind(chain: Chain, moves: Collection[Kept]) -> Iterator[str]:
    for move in moves:
        for kept in chain.counting:
            body = kept.record.body
            same = kept.record.subject == move.record.subject
            if same and isinstance(body, Promotion) and body.decision is not None:
                yield body.decision


def _alias(kept: Kept) -> str | None:
    """The alias that a record moves; None when it moves none."""
    found = getattr(kept.record.body, "alias", None)
    return found if isinstance(found, str) else None


def _check_may_erase(custody: Custody, at: datetime) -> None:
    by = custody.signatory(custody.signer)
    key = custody.trust.owner_of(custody.signer.public)
    if key is None or Role.RELEASE not in key.roles or not key.counts(at):
        raise WrongUsage(
            f"{by.owner} may not erase evidence",
            why="that takes a key with the role release, which counts now",
            fix="ask somebody who has it; gate trust show says who has which role",
        )
