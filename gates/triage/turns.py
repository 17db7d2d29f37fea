"""One checkpoint's turn: asked as far as its share of the night goes, whatever becomes of it."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

from gates.decide.stage_gate import anything_open
from gates.ledger.ledger import Version
from gates.measuring import offline_stage, prices_of
from gates.membership import Round
from gates.offline_due import OfflineBooks
from gates.pipeline import measure_stage
from gates.services import Services
from gates.serving import served
from gates.subjects import opened
from gates.triage.allowance import (
    Allowance,
    TooDear,
    anything_due,
    calls_within,
    spent_since,
)
from gates.triage.repeats import differing
from policies.policy import Policy
from stages.engine.ration import Ration
from stages.engine.subject import Subject
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import Cost, Evidence, Quantity, StageName
from stages.offline.item_records import ItemRecord
from stages.offline.measure import OfflineStage


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a turn came to.

    Attributes:
        evidence: All that is known of the checkpoint now.
        items: What became of its items, for people.
        too_dear: Why its share allowed nothing at all; None where it allowed something.
        differs: How it answered the same differently; None where it is not known to.
    """

    evidence: Evidence
    items: tuple[ItemRecord, ...] = ()
    too_dear: str | None = None
    differs: str | None = None

    def is_settled(self, policy: Policy) -> bool:
        """Whether asking more could change nothing."""
        if self.differs is not None:
            return True
        if policy.whole_picture and lacks(self.evidence, Cause.OVER_BUDGET):
            return False
        return not anything_open(policy, StageName.OFFLINE, self.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What the baseline has not been asked.

    Attributes:
        reason: Why it was not; None when all is there.
        broken: Whether trying again may help.
    """

    reason: str | None = None
    broken: bool = False


@dataclass(kw_only=True)
class Turns:
    """The turns of a night: its baseline's first, then those of its checkpoints.

    Attributes:
        round: The policy, and the baseline.
        services: The outside world.
    """

    round: Round
    services: Services

    def cost(self, version: Version) -> Cost:
        """What a checkpoint has cost until now, whoever asked it.

        Raises:
            GateError: When nobody can tell how it answers.
        """
        with ExitStack() as clients:
            return self._books.spent(opened(version, self.services, clients), no_more=True)

    def spent(self, version: Version, before: Cost) -> Cost:
        """What it has cost since."""
        return spent_since(before, self.cost(version))

    def dear(self, version: Version) -> float:
        """How many calls it may still take at most: the cheap have their turns first.

        Raises:
            GateError: When nobody can tell how it answers.
        """
        with ExitStack() as clients:
            due = self._books.due((opened(version, self.services, clients),))
            return due.asking.calls.high

    def baseline(self, version: Version, share: Allowance) -> Missing:
        """Asks the baseline all that candidates may be compared in; None when all is there.

        Its server runs alone, as every checkpoint's does: so it is asked before the first of them.

        Raises:
            GateError: When it cannot be opened or served.
        """
        turn = self._turn(version, None, share)
        if turn.too_dear is not None:
            return Missing(reason=turn.too_dear)
        return missing(turn.evidence)

    def candidate(self, version: Version, share: Allowance, *, alone: bool) -> Turn:
        """Asks a checkpoint as far as its share goes.

        Args:
            version: Whom.
            share: What it may take.
            alone: Whether there are no answers of the baseline to compare with.

        Raises:
            GateError: When it cannot be opened or served.
        """
        with ExitStack() as clients:
            baseline = None
            if self.round.baseline is not None:
                baseline = opened(self.round.baseline, self.services, clients)
                if alone:
                    baseline = replace(baseline, client=None)
            return self._turn(version, baseline, share)

    def _turn(self, version: Version, baseline: Subject | None, share: Allowance) -> Turn:
        """What the journals say; then, where that is not enough, what the checkpoint says."""
        begun = self.services.clock()
        with ExitStack() as clients:
            subject = opened(version, self.services, clients)
            is_baseline = version == self.round.baseline
            turn = self._measured(subject, baseline, Ration(calls=0), whole=is_baseline)
            if not is_baseline and turn.is_settled(self.round.file.policy):
                return turn
            due = self._books.due((subject,))
            unchecked = lacks(turn.evidence, Cause.OVER_BUDGET)  # answered, and killed after it
            if not anything_due(due) and not unchecked:
                return turn
            price = prices_of(self.round.file.policy.model, self.services).checkpoint
            calls = calls_within(share, due, price=price, dearest=self._books.dearest_call(subject))
            if isinstance(calls, TooDear):
                return replace(turn, too_dear=calls.reason)
            until = None if share.seconds is None else begun + timedelta(seconds=share.seconds)
            ration = Ration(
                calls=calls,
                is_over=lambda: until is not None and self.services.clock() >= until,
            )
            with served(version, self.services):
                return self._measured(subject, baseline, ration, whole=is_baseline)

    def _measured(
        self, subject: Subject, baseline: Subject | None, ration: Ration, *, whole: bool
    ) -> Turn:
        policy = self.round.file.policy
        stage = offline_stage(self.round.file, self.services, ration=ration, to_the_end=whole)
        evidence = (
            _to_the_end(stage, subject)
            if whole
            else measure_stage(policy, stage, subject, baseline)
        )
        return Turn(
            evidence=evidence,
            items=stage.records(subject, baseline),
            differs=differing(subject, self.services.state),
        )

    @cached_property
    def _books(self) -> OfflineBooks:
        return OfflineBooks(round=self.round, services=self.services)


def lacks(evidence: Evidence, cause: Cause) -> bool:
    """Whether anything is unmeasured for a cause."""
    return any(
        isinstance(m.measured, Unmeasured) and m.measured.cause is cause
        for m in evidence.measurements
    )


def missing(evidence: Evidence) -> Missing:
    """What of a checkpoint's own values is not there; what is broken is told first."""
    lacking = [
        (m.measured.cause is Cause.BROKEN, f"{m.metric}: {m.measured.reason}")
        for m in evidence.measurements
        if m.quantity is Quantity.VALUE and isinstance(m.measured, Unmeasured)
    ]
    if not lacking:
        return Missing()
    broken, reason = max(lacking, key=lambda lack: lack[0])
    return Missing(reason=reason, broken=broken)


def _to_the_end(stage: OfflineStage, subject: Subject) -> Evidence:
    evidence = stage.measure_next(subject, None, None)
    while (further := stage.measure_next(subject, None, evidence)) != evidence:
        evidence = further
    return evidence
