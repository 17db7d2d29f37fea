"""Every recorded decision of a model under a proposed policy; measures nothing, asks nobody."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from gates.ledger.ledger import Decided, LedgerDown, Version
from gates.replay.judging import Again, Outcome, judge_again, with_recorded
from gates.services import Services
from policies.errors import Broken, InputError
from policies.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One recorded decision, made again.

    Attributes:
        decided: As it was recorded.
        again: As the proposed policy would have it.
    """

    decided: Decided
    again: Again


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Which decisions a proposed policy is held against.

    Attributes:
        policy: The proposed policy.
        instead_of: Name of the policy whose decisions are replayed.
        since: Decisions before it are left out; None for all.
    """

    policy: Policy
    instead_of: str
    since: datetime | None = None


def replay(proposal: Proposal, services: Services) -> Iterator[Replayed]:
    """The last decision of every round on every version, one by one, as they are made again.

    A round that moved on has many records; what it came to last is replayed. Only the ledger is
    read: no checkpoint, judge or traffic is asked, and no journal is written.

    Args:
        proposal: The policy, and what it is to replace.
        services: The outside world.

    Raises:
        InputError: When there is no such model.
        Broken: When a record is not what was logged.
        LedgerDown: When the ledger does not answer.
    """
    versions = services.ledger.versions(proposal.policy.model)
    if not versions:
        raise InputError(
            f"there is no model {proposal.policy.model}",
            why=f"{services.ledger.uri} has no registered model of this name",
            fix="name the store that holds its decisions with --tracking-uri",
        )
    rounds: dict[tuple[str, str], Mapping[str, Again] | str] = {}
    with services.progress.task("versions replayed", len(versions)) as advance:
        for version in versions:
            for decided in _last_of_rounds(version, proposal, services):
                key = (decided.round_id, decided.decided_at)
                if key not in rounds:
                    rounds[key] = _judged(decided, proposal.policy, services)
                yield Replayed(decided=decided, again=_of(decided, rounds[key]))
            advance()


def _last_of_rounds(version: Version, proposal: Proposal, services: Services) -> Iterator[Decided]:
    """The newest decision of each round on a version, the newest round first."""
    seen = set()
    for decided in services.ledger.history(version):
        since = proposal.since
        if decided.policy_name != proposal.instead_of or decided.round_id in seen:
            continue
        if since is None or datetime.fromisoformat(decided.decided_at) >= since:
            seen.add(decided.round_id)
            yield decided


def _judged(decided: Decided, policy: Policy, services: Services) -> Mapping[str, Again] | str:
    """The members of a round, or why its evidence cannot be read."""
    try:
        return judge_again(services.ledger.stored(decided), policy)
    except LedgerDown:
        raise
    except Broken as error:
        return error.in_short


def _of(decided: Decided, judged: Mapping[str, Again] | str) -> Again:
    recorded = decided.decision
    if isinstance(judged, str):
        verdict = recorded.verdict
        return Again(outcome=Outcome.LACKS, before=verdict, after=verdict, reason=judged)
    return with_recorded(judged[recorded.candidate], recorded)
