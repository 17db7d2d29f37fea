"""A night from its beginning to its end: turns, a round, and what became of everybody."""

import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gates.ledger.outbox import flush, waiting
from gates.membership import Round, everybody
from gates.notify.events import tell
from gates.services import Services
from gates.serving import still_running
from gates.triage.allowance import Allowance
from gates.triage.backlog import backlog
from gates.triage.deciding import Deciding, Known, Settled
from gates.triage.due import GIVEN_UP_AFTER, Due, due
from gates.triage.night_book import Book, NightBook
from gates.triage.outcome import Night, Outcome, Sort
from gates.triage.turns import Turn, Turns, lacks
from gates.triage.watching import watched
from policies.errors import Broken, WrongUsage
from policies.policy import PolicyFile
from stages.engine.state import LockHeld
from stages.engine.threads import Done, Failed, attempt
from stages.evidence.costs import total
from stages.evidence.estimate import Cause
from stages.evidence.records import Cost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gates.ledger.ledger import Version

TRIES = 3
"""How often a night asks a checkpoint whose infrastructure is at fault."""

_DEATHS = 2
"""How often the process may end in a checkpoint's turn before the night passes it over."""


class AlreadyRunning(Broken):
    """Another triage of the same policy is running; this one did nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a night goes about it.

    Attributes:
        limits: What it may take beside the policy's own budget.
        since: Only checkpoints registered so recently, and those left open; None: all.
        retry_seconds: Pause before a fault of the infrastructure is tried again when nobody else is
            left to ask; doubled before the next.
        pause: Waits some seconds.
    """

    limits: Allowance = field(default_factory=Allowance)
    since: timedelta | None = None
    retry_seconds: float = 30.0
    pause: Callable[[float], None] = time.sleep

    def wait(self, tries: int) -> None:
        """Waits after so many tries."""
        self.pause(self.retry_seconds * 2 ** (tries - 1))


def triage(file: PolicyFile, services: Services, how: Manner | None = None) -> Night:
    """Measures every new checkpoint offline, decides and logs it; an interrupted night goes on.

    Args:
        file: The policy, with an offline plan.
        services: The outside world.
        how: How it goes about it.

    Raises:
        AlreadyRunning: When another triage of this policy is running; nothing is done then.
        WrongUsage: When a baseline is needed and there is none, or the plan has no offline stage.
        LedgerDown: When the ledger does not answer.
    """
    policy, how = file.policy.policy, how or Manner()
    if file.policy.plan.offline is None:
        raise WrongUsage(
            f"policy {policy} has nothing to measure at night",
            why="a night measures the offline stage, and its plan has none",
            fix="add `offline` to its plan, or name another policy",
        )
    with _alone(policy, services), services.state.lock(f"rounds/{policy}"):
        flush(services.state, services.ledger)
        round_ = everybody(file, services)
        pages = NightBook(state=services.state, policy=policy)
        book = pages.begin(services.clock())
        found = due(round_, book, services, since=how.since)
        pages.note_known(book, found.known)
        night = _Running(
            round=round_,
            services=services,
            pages=pages,
            book=book,
            budget=_budget(file, how.limits),
            how=how,
        )
        return night.through(found)


def _budget(file: PolicyFile, limits: Allowance) -> Allowance:
    said = file.policy.budget
    calls = None if said.calls_at_most is None else float(said.calls_at_most)
    policy = Allowance(calls=calls, usd=said.usd_at_most, gpu_minutes=said.gpu_minutes_at_most)
    return policy.least(limits)


@contextmanager
def _alone(policy: str, services: Services) -> "Iterator[None]":
    try:
        lock = services.state.lock(f"triage/{policy}")
        lock.__enter__()
    except LockHeld as error:
        raise AlreadyRunning(
            f"another triage of policy {policy} is running; this one did nothing",
            why=error.why,
            fix="wait until it ends; what it has begun need not be begun again",
        ) from error
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


@dataclass(kw_only=True)
class _Running:
    """A night while it goes on.

    Attributes:
        round: The policy, the baseline, and every version that could take part.
        services: The outside world.
        pages: The journal of nights.
        book: What it said at the beginning.
        budget: What the night may take.
        how: How it goes about it.
    """

    round: Round
    services: Services
    pages: NightBook
    book: Book
    budget: Allowance
    how: Manner
    _known: dict[str, Known] = field(default_factory=dict)
    _tries: dict[str, int] = field(default_factory=dict)
    _before: dict[str, Cost] = field(default_factory=dict)
    _costs: dict[str, Cost] = field(default_factory=dict)
    _remarks: list[str] = field(default_factory=list)

    def through(self, found: Due) -> Night:
        """The whole night."""
        self._turns = Turns(round=self.round, services=self.services)
        self._started = self.services.clock()
        self._before = dict(self.book.before)
        self._read_costs((*found.versions, *filter(None, (self.round.baseline,))))
        versions = self._cheap_first(found.versions)
        alone = bool(versions) and not self._baseline_is_there()
        self._ask(versions, alone=alone)
        deciding = Deciding(round=self.round, services=self.services)
        settled = deciding.all(versions, self._known)
        outcomes = (*settled.outcomes, *(self._given_up(v) for v in found.given_up))
        beside = found.revoked | {o.candidate for o in outcomes}
        earlier = backlog(self.round, self.book, self.services, beside=beside)
        seen = watched(self.round.file.policy.model, self.services)
        tell(self.services.state, *seen.events, at=self.services.clock())
        self._remarks += [*settled.remarks, *earlier.remarks, *self._servers_left(), *seen.remarks]
        cost = total(self._costs.values())
        ended = self.services.clock()
        self.pages.end(self.book, outcomes, cost, ended)
        night = self._told(cost, ended, replace(settled, outcomes=outcomes))
        return replace(night, backlog=earlier.waiting)

    def _told(self, cost: Cost, ended: datetime, settled: Settled) -> Night:
        policy = self.round.file.policy
        return Night(
            number=self.book.number,
            policy=policy.policy,
            policy_sha256=policy.sha256,
            model=policy.model,
            began=self.book.began,
            ended=ended,
            budget=self.budget,
            cost=cost,
            cost_so_far=total((self.book.cost, cost)),
            outcomes=tuple(sorted(settled.outcomes, key=lambda o: list(Sort).index(o.sort))),
            before={uri: last.sort for uri, last in self.book.last.items()},
            decisions=settled.decisions,
            logged=settled.logged,
            waiting=len(waiting(self.services.state)),
            remarks=tuple(self._remarks),
        )

    def _cheap_first(self, versions: "Sequence[Version]") -> "tuple[Version, ...]":
        """In the order of what they may still take; those that cannot be opened come first."""
        dear = {v.uri: attempt(self._turns.dear, v) for v in versions}
        costs = {u: 0.0 if isinstance(d, Failed) else d.value for u, d in dear.items()}
        return tuple(sorted(versions, key=lambda v: (costs[v.uri], int(v.version))))

    def _baseline_is_there(self) -> bool:
        """Asks the baseline first, since every checkpoint is compared with its answers."""
        version = self.round.baseline
        if version is None:
            return True
        why: str | None = None
        for number in range(TRIES):
            if number:
                self.how.wait(number)
            self._begin_turn(version)
            found = attempt(lambda v: self._turns.baseline(v, self._left()), version)
            self._end_turn(version)
            why = found.reason if isinstance(found, Failed) else found.value.reason
            if why is None or (isinstance(found, Done) and not found.value.broken):
                break
        if why is not None:
            self._remarks.append(f"the baseline {version.uri} was not asked all: {why}")
        return why is None

    def _ask(self, versions: "Sequence[Version]", *, alone: bool) -> None:
        """Turns for all, again and again while that moves anybody on."""
        left, whole = tuple(versions), False
        while left:
            before = total(self._costs.values()).calls
            again = []
            for number, version in enumerate(left):
                share = self._left().share(1 if whole else len(left) - number)
                if self._turn(version, share, alone=alone):
                    again.append(version)
            faults = [v for v in again if self._known[v.uri].fault is not None]
            if not faults and total(self._costs.values()).calls == before:
                if whole:
                    return
                whole = True  # what is left is too little for all, and may be enough for one
            if again and len(faults) == len(again):
                self.how.wait(self._tries[again[0].uri])
            left = tuple(again)

    def _turn(self, version: "Version", share: Allowance, *, alone: bool) -> bool:
        """One turn; whether another could move the checkpoint on tonight."""
        uri = version.uri
        if self.book.deaths.get(uri, 0) >= _DEATHS:
            died = f"the process ended {self.book.deaths[uri]} times tonight while it was asked"
            self._known[uri] = Known(fault=died, final=True)
            return False
        self._begin_turn(version)
        found = attempt(lambda v: self._turns.candidate(v, share, alone=alone), version)
        self._end_turn(version)
        if isinstance(found, Failed):
            return self._failed(uri, found.reason)
        turn = found.value
        if self._costs.get(uri, Cost()).calls:
            turn = replace(turn, too_dear=None)  # what was asked tonight says more
        self._known[uri] = Known(turn=turn, missing_baseline=alone)
        if turn.is_settled(self.round.file.policy):
            return False
        if lacks(turn.evidence, Cause.BROKEN):
            return self._failed(uri, _why_broken(turn), turn)
        return found.value.too_dear is not None or lacks(turn.evidence, Cause.OVER_BUDGET)

    def _failed(self, uri: str, reason: str, turn: Turn | None = None) -> bool:
        self._tries[uri] = self._tries.get(uri, 0) + 1
        self._known[uri] = Known(turn=turn, fault=reason)
        return self._tries[uri] < TRIES

    def _begin_turn(self, version: "Version") -> None:
        now = attempt(self._turns.cost, version)
        cost = Cost() if isinstance(now, Failed) else now.value
        self._before.setdefault(version.uri, cost)
        self.pages.begin_turn(self.book, version.uri, cost)

    def _end_turn(self, version: "Version") -> None:
        self._read_costs((version,))
        self.pages.end_turn(self.book, version.uri)

    def _read_costs(self, versions: "Sequence[Version]") -> None:
        """What each has cost since its first turn tonight, an interrupted one's among it."""
        for version in versions:
            before = self._before.get(version.uri)
            if before is not None:
                found = attempt(lambda v: self._turns.spent(v, self._before[v.uri]), version)
                if not isinstance(found, Failed):
                    self._costs[version.uri] = found.value

    def _left(self) -> Allowance:
        seconds = (self.services.clock() - self._started).total_seconds()
        return self.budget.less(total(self._costs.values()), seconds=seconds)

    def _given_up(self, version: "Version") -> Outcome:
        last = self.book.last[version.uri]
        policy = self.round.file.policy.policy
        return Outcome(
            candidate=version.uri,
            known_as=version.known_as,
            sort=Sort.INFRASTRUCTURE,
            sentence=f"given up after {GIVEN_UP_AFTER} nights: {last.sentence}",
            needs_person=True,
            command=f"gate run {policy} {version.name}/{version.version}",
        )

    def _servers_left(self) -> list[str]:
        model = self.round.file.policy.model
        return [
            f"the server of {model}/{number} could not be stopped, and no other starts before it is"
            for number in still_running(model, self.services)
        ]


def _why_broken(turn: Turn) -> str:
    for m in turn.evidence.measurements:
        reason = getattr(m.measured, "reason", None)
        if reason is not None and getattr(m.measured, "cause", None) is Cause.BROKEN:
            return f"{m.metric} is not measured: {reason}"
    raise AssertionError("something is broken")
