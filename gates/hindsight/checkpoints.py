"""Every checkpoint that was decided under a policy, once, with its evidence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gates.ledger.ledger import Decided, LedgerDown, Version
from gates.services import Services
from policies.errors import Broken, InputError, WrongUsage
from policies.policy import Policy
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import Evidence, StageName

Stages = Mapping[StageName, Evidence]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whose decisions are looked at.

    Attributes:
        model: Registered model.
        policy: Name of the policy; None: of the only one that decided about the model.
        since: Decisions before it are left out; None for all.
    """

    model: str
    policy: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One checkpoint and the newest decision on it.

    Attributes:
        version: The version it was decided as.
        decided: That decision.
        evidence: What it rests on, by stage; or why that cannot be read.
    """

    version: Version
    decided: Decided
    evidence: Stages | Unmeasured

    @property
    def measured(self) -> Stages:
        """Its evidence by stage; empty where it cannot be read."""
        return {} if isinstance(self.evidence, Unmeasured) else self.evidence

    @property
    def digest(self) -> str:
        """What tells it from other checkpoints: how it answers, or its version where unknown."""
        known = (found.provenance.candidate for found in self.measured.values())
        return next(known, self.version.uri)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """All checkpoints that a policy decided about.

    Attributes:
        model: Registered model.
        policy: The policy as it was at the newest decision.
        since: Decisions before it are left out; None for all.
        checkpoints: At least one, in the order of their versions.
        again: Decisions left out since a newer one is about the same checkpoint.
    """

    model: str
    policy: Policy
    since: datetime | None
    checkpoints: tuple[Checkpoint, ...]
    again: int

    @property
    def unread(self) -> tuple[Checkpoint, ...]:
        """Those whose evidence cannot be read."""
        return tuple(c for c in self.checkpoints if isinstance(c.evidence, Unmeasured))


def read_past(question: Question, services: Services) -> Past:
    """Everything that was decided, the newest decision on each checkpoint.

    Raises:
        InputError: When there is no such model, or no decision on it.
        WrongUsage: When several policies decided about it and none is named.
        Broken: When a record is not what was logged.
        LedgerDown: When the ledger does not answer.
    """
    versions = services.ledger.versions(question.model)
    if not versions:
        raise InputError(
            f"there is no model {question.model}",
            why=f"{services.ledger.uri} has no registered model of this name",
            fix="name the store that holds its decisions with --tracking-uri",
        )
    with services.progress.task("versions read", len(versions)) as advance:
        histories = []
        for version in versions:
            histories.append((version, tuple(_asked_for(version, question, services))))
            advance()
    _refuse_none_or_several([d for _, history in histories for d in history], question)
    reader = _Reader(services)
    newest = [reader.checkpoint(version, history[0]) for version, history in histories if history]
    kept = _once(newest)
    last = max(kept, key=lambda checkpoint: checkpoint.decided.decided_at)
    return Past(
        model=question.model,
        policy=last.decided.policy,
        since=question.since,
        checkpoints=kept,
        again=sum(len(history) for _, history in histories) - len(kept),
    )


def _asked_for(version: Version, question: Question, services: Services) -> Iterator[Decided]:
    """The decisions on a version that are asked for, newest first."""
    for decided in services.ledger.history(version):
        late = (
            question.since is None or datetime.fromisoformat(decided.decided_at) >= question.since
        )
        if late and question.policy in (None, decided.policy_name):
            yield decided


def _refuse_none_or_several(decided: Sequence[Decided], question: Question) -> None:
    names = sorted({one.policy_name for one in decided})
    if not names:
        under = "" if question.policy is None else f" under policy {question.policy}"
        raise InputError(
            f"nothing was decided about {question.model}{under}",
            why="no version has such a decision, or none since the time that is named",
            fix=f"gate run {question.policy or 'POLICY'}",
        )
    if len(names) > 1:
        raise WrongUsage(
            f"{len(names)} policies decided about {question.model}",
            why=f"they are {', '.join(names)}, and measure different things",
            fix=f"name one: {names[0]}",
        )


def _once(checkpoints: Sequence[Checkpoint]) -> tuple[Checkpoint, ...]:
    """Each checkpoint once, however often it was registered: as it was decided last."""
    newest: dict[str, Checkpoint] = {}
    for one in checkpoints:
        other = newest.get(one.digest)
        if other is None or one.decided.decided_at >= other.decided.decided_at:
            newest[one.digest] = one
    return tuple(c for c in checkpoints if newest[c.digest] is c)


class _Reader:
    """Reads the evidence of each round once."""

    def __init__(self, services: Services) -> None:
        self._ledger = services.ledger
        self._rounds: dict[tuple[str, str], Mapping[str, Stages] | Unmeasured] = {}

    def checkpoint(self, version: Version, decided: Decided) -> Checkpoint:
        """A version with the evidence of its decision."""
        key = decided.round_id, decided.decided_at
        if key not in self._rounds:
            self._rounds[key] = self._read(decided)
        found = self._rounds[key]
        evidence = found if isinstance(found, Unmeasured) else found.get(version.uri, {})
        return Checkpoint(version=version, decided=decided, evidence=evidence)

    def _read(self, decided: Decided) -> Mapping[str, Stages] | Unmeasured:
        try:
            return self._ledger.stored(decided).evidence
        except LedgerDown:
            raise
        except Broken as error:
            return Unmeasured(error.in_short)
