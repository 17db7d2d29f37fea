"""Revocation: a version is taken out of the running, whatever was decided on it."""

from dataclasses import dataclass

from gates.chain.bodies import Revocation
from gates.chain.record import Kept
from gates.ledger.ledger import Version
from gates.promotion.moving import custody_of, known_subject
from gates.promotion.reasons import refuse_no_reason
from gates.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """A revocation.

    Attributes:
        version: The version.
        record: Its record, or that of whoever was quicker.
        serves: Aliases that point to it still: a revocation moves nothing.
    """

    version: Version
    record: Kept
    serves: tuple[str, ...]


def revoke(reference: str, services: Services, *, reason: str) -> Revoked:
    """Records that a version must not be promoted any more; a second one changes nothing.

    Args:
        reference: The version.
        services: The outside world.
        reason: Why, in a person's words.

    Raises:
        WrongUsage: When there is no trust file or reason, or the key may not revoke.
        LedgerDown: When the store does not answer; nothing was changed.
    """
    custody = custody_of(services)
    version = services.ledger.version(reference)
    refuse_no_reason(reason, f"gate revoke {version.name}/{version.version}")
    with custody.lease(version.name, intent=f"revoke {version.uri}") as lease:
        chain = custody.chain(version.name)
        subject = known_subject(version, chain, services)
        record = chain.revoked(subject)
        if record is None or chain.left_by_rollback(record):
            body = Revocation(reason=reason.strip())
            record = custody.append(version.name, subject, body, lease=lease)
    return Revoked(version=version, record=record, serves=version.aliases)
