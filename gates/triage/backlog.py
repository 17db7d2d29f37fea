"""Who passed stage 1 on an earlier day and still waits for people."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile

from gates.decide.verdict import Verdict
from gates.ledger.ledger import Decided, LedgerDown, Version
from gates.membership import Round
from gates.services import Services
from gates.triage.night_book import Book
from gates.triage.outcome import Waiting
from policies.errors import GateError
from stages.evidence.records import StageName


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What the ledger says of earlier days.

    Attributes:
        waiting: Who waits, the longest first.
        remarks: Of whom that cannot be told, and why.
    """

    waiting: tuple[Waiting, ...] = ()
    remarks: tuple[str, ...] = ()


def backlog(round_: Round, book: Book, services: Services, *, beside: Collection[str]) -> Backlog:
    """Everybody who waits for people under a policy.

    A version's tags say whose decisions are worth reading; what is said of one is read from its
    decisions alone.

    Args:
        round_: The policy, and every version that could take part.
        book: What earlier nights found.
        services: The ledger.
        beside: URIs that the night took up, and those that were revoked.
    """
    if round_.file.policy.plan.side_by_side is None:
        return Backlog()
    waiting: list[Waiting] = []
    remarks: list[str] = []
    for version in round_.members:
        if version.uri in beside or not _may_wait(version, round_.file.policy.policy, book):
            continue
        try:
            waiting += _waiting(version, round_.file.policy.policy, services)
        except LedgerDown as error:
            remarks.append(f"who else waits for people cannot be read: {error.in_short}")
            break
        except GateError as error:
            remarks.append(f"whether {version.known_as} waits for people: {error.in_short}")
    return Backlog(waiting=tuple(sorted(waiting, key=lambda w: w.since)), remarks=tuple(remarks))


def _may_wait(version: Version, policy: str, book: Book) -> bool:
    """Whether the tags leave it open: they tell of the newest decision, under any policy."""
    if version.tags.get("gate_policy") == policy:
        return version.tags.get(f"gate_{StageName.SIDE_BY_SIDE}", "").startswith(Verdict.HOLD)
    return version.uri in book.last or version.uri in book.known


def _waiting(version: Version, policy: str, services: Services) -> list[Waiting]:
    history = [d for d in services.ledger.history(version) if d.policy_name == policy]
    waited: Sequence[Decided] = list(takewhile(_waits, history))
    if not waited:
        return []
    last = waited[0].decision.stages[-1]
    return [
        Waiting(
            candidate=version.uri,
            known_as=version.known_as,
            since=waited[-1].decided_at,
            sentence=last.reason,
            command=None if last.waits_for is None else last.waits_for.command,
        )
    ]


def _waits(decided: Decided) -> bool:
    last = decided.decision.stages[-1]
    return last.stage is StageName.SIDE_BY_SIDE and last.verdict is Verdict.HOLD
