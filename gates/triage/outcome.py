"""What a night comes to: each checkpoint sorted, with one sentence; the whole as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gates.decide.verdict import CandidateDecision, RoundDecision
from gates.ledger.ledger import Logged
from gates.triage.allowance import Allowance
from stages.evidence.records import Cost


class Sort(StrEnum):
    """What becomes of a checkpoint; in the order in which a reader wants them."""

    ADVANCE = "advance"
    """It passed stage 1, and people or traffic may see it next."""
    REGRESSED = "regressed"
    """It is shown to be worse than the last good version, the baseline."""
    BLOCKED = "blocked"
    """It fails what the policy demands of it alone, or others went before it."""
    FLAKY = "flaky"
    """The same was asked twice, and the answers or verdicts differ: never a pass."""
    INFRASTRUCTURE = "infrastructure"
    """Nothing is known of it, since something around it is broken."""
    WAITING = "waiting"
    """Nothing is wrong, and it cannot be told yet."""

    @property
    def settled(self) -> bool:
        """Whether no later night takes it up again."""
        return self not in (Sort.INFRASTRUCTURE, Sort.WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One checkpoint, sorted.

    Attributes:
        candidate: MLflow URI, `models:/assistant/12`.
        known_as: Its name in votes and traffic.
        sort: What becomes of it.
        sentence: Why, in one sentence.
        needs_person: Whether no later night can help it.
        command: What a person may run next; None where there is nothing.
        decision: The decision on it; None before it is decided.
        url: Page of its MLflow run; empty where there is none.
    """

    candidate: str
    known_as: str
    sort: Sort
    sentence: str
    needs_person: bool = False
    command: str | None = None
    decision: CandidateDecision | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A checkpoint that passed stage 1 on an earlier day, and waits for people since.

    Attributes:
        candidate: MLflow URI.
        known_as: Its name in votes and traffic.
        since: ISO 8601 time of the decision from which on it waited.
        sentence: What it waits for.
        command: What a person may run next; None where there is nothing.
    """

    candidate: str
    known_as: str
    since: str
    sentence: str
    command: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """All that a night found out.

    Attributes:
        number: Counts the nights of this policy from 1.
        policy: Name of the policy.
        policy_sha256: Its digest.
        model: Registered model name.
        began: When; of a resumed night, the first time.
        ended: When.
        budget: What it might take.
        cost: What its checkpoints were asked for tonight.
        cost_so_far: The same of every night of this policy.
        outcomes: Tonight's checkpoints, by sort, the best first.
        backlog: Who of earlier days waits for people, the longest first.
        before: How each of tonight's was sorted last, by URI; those that are new are absent.
        decisions: What was logged: the round of those that are settled, then each other alone.
        logged: Where the decisions are found.
        waiting: Decisions that wait for MLflow.
        remarks: What else a person must see to, one sentence each.
    """

    number: int
    policy: str
    policy_sha256: str
    model: str
    began: datetime
    ended: datetime
    budget: Allowance
    cost: Cost
    cost_so_far: Cost
    outcomes: tuple[Outcome, ...]
    backlog: tuple[Waiting, ...] = ()
    before: Mapping[str, Sort] = field(default_factory=dict)
    decisions: tuple[RoundDecision, ...] = ()
    logged: tuple[Logged, ...] = ()
    waiting: int = 0
    remarks: tuple[str, ...] = ()

    def of(self, sort: Sort) -> tuple[Outcome, ...]:
        """The checkpoints of one sort."""
        return tuple(outcome for outcome in self.outcomes if outcome.sort is sort)

    @property
    def changed(self) -> tuple[Outcome, ...]:
        """Checkpoints that are new, or sorted otherwise than last time."""
        return tuple(o for o in self.outcomes if self.before.get(o.candidate) is not o.sort)

    @property
    def for_people(self) -> tuple[Outcome | Waiting, ...]:
        """Who goes to people next: tonight's, the best first; then who has waited longest."""
        return (*self.of(Sort.ADVANCE), *self.backlog)

    @property
    def needs_person(self) -> tuple[Outcome, ...]:
        """What no later night can help."""
        return tuple(outcome for outcome in self.outcomes if outcome.needs_person)
