"""What comparing answers may still cost, and what it did: read from the journals.

The low end is a candidate that never reaches the stage; the high end is the dearest: every answer
that is not there yet is as long as the plan allows, and every judge is asked as often as it may be
about what it has not said.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gates.amounts import (
    NONE,
    NOTHING,
    Calls,
    Range,
    StageForecast,
    asked_calls,
    of_some,
    pinned_calls,
    priced,
)
from gates.judges_books import NOBODY, Hearings, read_hearings
from gates.measuring import gathering_of, prices_of
from gates.membership import Round
from gates.services import Services
from policies.benchmark_tasks import Stopping
from policies.side_by_side import Counted, SideBySidePlan
from stages.engine.answering import Answers
from stages.engine.checkpoints import Checkpoints, Questions
from stages.engine.subject import Subject
from stages.engine.threads import Failed
from stages.evidence.items import Item
from stages.evidence.records import Cost, StageName
from stages.models.prices import Prices
from stages.side_by_side.aggregate import Tally
from stages.side_by_side.answering import Prompts, read_prompts
from stages.side_by_side.comparison import Comparing


@dataclass(kw_only=True)
class SideBySideBooks:
    """Accounts for the comparisons of a round; asks nobody.

    Attributes:
        round: Whose policy says the comparisons.
        services: Where the journals and the prices are.
    """

    round: Round
    services: Services

    def due(self, subjects: Sequence[Subject], *, reach: Range) -> StageForecast:
        """What comparing these checkpoints with the baseline would still cost.

        Args:
            subjects: Candidates, and the baseline; who answered everything costs nothing more.
            reach: How many candidates come so far, and are judged and voted on.

        Raises:
            InputError: When prompts, recorded outputs, votes or a calibration set cannot be read.
            PolicyError: When there are fewer prompts than are planned.
            Broken: When a journal or the ballot box cannot be read.
        """
        judged = self.judges_due(self.hearings(subjects), reach=reach)
        asked = self.answers_due(subjects, reach=reach)
        whole = replace(
            asked,
            judging=judged.judging,
            in_batches=judged.in_batches,
            votes=self._votes(subjects, reach),
        )
        return priced(whole, self._prices)

    def hearings(self, subjects: Sequence[Subject]) -> Hearings:
        """What the judges have said of these checkpoints, and have not.

        Raises:
            InputError: When prompts, recorded outputs or a calibration set cannot be read.
            Broken: When a journal cannot be read.
        """
        candidates, baseline = self._sides(subjects)
        if self._prompts is None or not self._plan.judges or baseline is None:
            return NOBODY
        return read_hearings(
            self.round, self.services, self._prompts, candidates, baseline=baseline
        )

    def judges_due(
        self, heard: Hearings, *, reach: Range, among: Collection[str] | None = None
    ) -> StageForecast:
        """What judges would still cost, and nobody else; see `Hearings.of_reach`."""
        due = StageForecast(
            stage=StageName.SIDE_BY_SIDE,
            candidates=reach,
            judging=heard.of_reach(reach, among=among),
            in_batches=self._plan.judging.batch,
        )
        return priced(due, self._prices)

    def answers_due(self, subjects: Sequence[Subject], *, reach: Range) -> StageForecast:
        """The same without judges and votes: what a batch takes.

        Raises:
            InputError: When prompts or recorded outputs cannot be read.
            PolicyError: When there are fewer prompts than are planned.
        """
        parts = [(subject, self._asked(subject)) for subject in subjects]
        if not reach.low:
            parts = [(s, (asking.maybe(), pinned.maybe())) for s, (asking, pinned) in parts]
        baseline = self.round.baseline.uri if self.round.baseline else None
        due = StageForecast(
            stage=StageName.SIDE_BY_SIDE,
            candidates=reach,
            asking=sum((asking for _, (asking, _) in parts), start=NONE),
            to_baseline=sum((a for s, (a, _) in parts if s.uri == baseline), start=NONE),
            pinned=sum((pinned for _, (_, pinned) in parts), start=NONE),
        )
        return priced(due, self._prices)

    def spent(self, subject: Subject) -> Cost:
        """What the answers of a checkpoint to this stage's prompts have cost."""
        if self._prompts is None or subject.client is None:
            return Cost()
        return self._prices.checkpoint.of(self._known(subject, self._prompts).cost)

    @cached_property
    def _plan(self) -> SideBySidePlan:
        plan = self.round.file.policy.plan.side_by_side
        assert plan is not None
        return plan

    @cached_property
    def _prompts(self) -> Prompts | None:
        """The plan's prompts; None where it names none, and nobody is asked."""
        if self._plan.data is None:
            return None
        return read_prompts(self._plan, base=self.round.file.folder)

    @cached_property
    def _prices(self) -> Prices:
        return prices_of(self.round.file.policy.model, self.services)

    def _asked(self, subject: Subject) -> tuple[Calls, Calls]:
        """Questions to a checkpoint, and pinned texts around them."""
        missing = self._missing(subject)
        pinned = pinned_calls(2, client=subject.client) if missing else NONE
        return asked_calls(missing, self._plan.sampling), pinned

    def _missing(self, subject: Subject) -> tuple[Item, ...]:
        """Items that have to be asked; recorded outputs cost nothing."""
        client = subject.client
        if self._prompts is None or client is None or client.identity.get("kind") == "recorded":
            return ()
        known = self._known(subject, self._prompts).responses
        return tuple(item for item in self._prompts.answered if isinstance(known[item.id], Failed))

    def _known(self, subject: Subject, prompts: Prompts) -> Answers:
        checkpoints = Checkpoints(state=self.services.state, progress=self.services.progress)
        questions = Questions(items=prompts.answered, sampling=self._plan.sampling)
        return checkpoints.known(subject, questions)

    def _sides(self, subjects: Sequence[Subject]) -> tuple[list[Subject], Subject | None]:
        """The candidates, and the baseline."""
        uri = self.round.baseline.uri if self.round.baseline else None
        baseline = next((subject for subject in subjects if subject.uri == uri), None)
        return [subject for subject in subjects if subject.uri != uri], baseline

    def _votes(self, subjects: Sequence[Subject], reach: Range) -> Range:
        """Votes that people have not given yet."""
        candidates, baseline = self._sides(subjects)
        if self._plan.count is Counted.JUDGES or baseline is None:
            return NOTHING
        gathering = gathering_of(self._plan, self.round.file, self.services)
        comparing = Comparing(plan=self._plan, gathering=gathering)
        each = [
            votes_left(self._plan, comparing.of(one, baseline).counted)
            for one in candidates
            if one.digest != baseline.digest
        ]
        return of_some(each, reach)


def votes_left(plan: SideBySidePlan, counted: Tally) -> Range:
    """Votes that people may still give on a candidate.

    A prompt that was begun has one vote at least, and lacks one at least. A plan that may stop at
    any time may stop with the next prompt.

    Args:
        plan: The side-by-side plan.
        counted: What was voted so far.
    """
    open_, overlap = plan.prompts_planned - len(counted.prompts), plan.overlap
    high = open_ * overlap - counted.begun
    if plan.stopping is Stopping.FIXED:
        return Range(low=high - counted.begun * max(0, overlap - 2), high=high)
    return Range(low=min(high, 1 if counted.begun else overlap), high=high)
