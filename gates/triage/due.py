"""Which checkpoints a night takes up: new ones, and those that an earlier night left open."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gates.chain.bodies import Revocation
from gates.decide.verdict import Verdict
from gates.ledger.ledger import Version
from gates.membership import Round
from gates.services import Services
from gates.triage.night_book import Book, Last
from gates.triage.outcome import Sort
from gates.trust.untrusted import Untrusted

GIVEN_UP_AFTER = 7
"""Nights in a row with an infrastructure's fault, after which only a person takes it up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a night finds in the registry.

    Attributes:
        versions: Checkpoints that it takes up.
        given_up: Those that only a person may take up again.
        known: URIs of those that were decided before, and that no journal of a night names.
        revoked: URIs of those that a signed record takes out of the running.
    """

    versions: tuple[Version, ...]
    given_up: tuple[Version, ...]
    known: tuple[str, ...]
    revoked: frozenset[str] = frozenset()


def due(round_: Round, book: Book, services: Services, *, since: timedelta | None) -> Due:
    """The checkpoints of a model without a decision under this policy.

    A version that was decided under an earlier text of the policy is not new: what a changed text
    would turn, `gate policy replay` tells. Nor is one that was revoked.

    Args:
        round_: The policy, and every version but the baseline and adopted ones.
        book: What earlier nights found.
        services: The ledger, which is asked for versions that no night has seen.
        since: Only checkpoints that were registered so recently, and those left open; None: all.
    """
    revoked = _revoked(round_, services)
    left = [v for v in round_.members if v.uri not in book.known and v.uri not in revoked]
    versions, given_up, known = [], [], []
    for version in left:
        last = book.last.get(version.uri)
        if version.uri in book.before:
            versions.append(version)  # its turn began tonight, whatever was logged since
        elif last is not None and _is_given_up(last):
            given_up.append(version)
        elif last is not None:
            versions += [] if last.sort.settled else [version]
        elif _is_recent(version, services.clock(), since):
            if _is_decided(version, round_.file.policy.policy, services):
                known.append(version.uri)
            else:
                versions.append(version)
    return Due(
        versions=tuple(versions),
        given_up=tuple(given_up),
        known=tuple(known),
        revoked=revoked,
    )


def _is_given_up(last: Last) -> bool:
    return last.sort is Sort.INFRASTRUCTURE and last.nights >= GIVEN_UP_AFTER


def _is_recent(version: Version, now: datetime, since: timedelta | None) -> bool:
    return since is None or datetime.fromisoformat(version.created) >= now - since


def _is_decided(version: Version, policy: str, services: Services) -> bool:
    """Whether its offline stage passed or failed under a policy of this name."""
    for decided in services.ledger.history(version):
        if decided.policy_name == policy:
            return decided.decision.stages[0].verdict is not Verdict.HOLD
    return False


def _revoked(round_: Round, services: Services) -> frozenset[str]:
    """URIs that a signed record revokes; none where nothing is signed, or nothing can be believed.

    A night asks and decides and moves nothing: `watched` tells a person of such records.
    """
    if services.custody is None:
        return frozenset()
    try:
        counting = services.custody.chain(round_.file.policy.model).counting
    except Untrusted:
        return frozenset()
    return frozenset(
        k.record.subject.name for k in counting if isinstance(k.record.body, Revocation)
    )
