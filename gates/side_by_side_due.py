"""What comparing answers may still cost, and what it did: read from the journals.

The low end is a candidate that never reaches the stage; the high end is the dearest: every answer
is as long as the plan allows, and every judge is asked as often as it may be.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property

from gates.amounts import (
    NONE,
    NOTHING,
    Calls,
    Range,
    StageForecast,
    asked_calls,
    pinned_calls,
    priced,
)
from gates.judges_due import calls_of_judge
from gates.measuring import judging_endpoints, prices_of
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
from stages.judges.asking import verdict_log
from stages.models.openai_compatible import OpenAICompatible
from stages.models.prices import Prices
from stages.side_by_side.answering import Prompts, read_prompts
from stages.side_by_side.gold import read_gold
from stages.side_by_side.pairs import Pair


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
            reach: How many candidates come so far, and are judged.

        Raises:
            InputError: When prompts, recorded outputs or a calibration set cannot be read.
            PolicyError: When there are fewer prompts than are planned.
        """
        asked = self.answers_due(subjects, reach=reach)
        whole = replace(
            asked,
            judging=self._judging(reach),
            in_batches=self._plan.judging.batch,
            votes=self._votes(reach),
        )
        return priced(whole, self._prices)

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
        return asked_calls(missing, self._plan.sampling), pinned_calls(2) if missing else NONE

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

    def _votes(self, reach: Range) -> Range:
        """Votes of people; a plan that may stop at any time may stop after the first prompt."""
        if self._plan.count is Counted.JUDGES:
            return NOTHING
        most = self._plan.votes_at_most
        least = most if self._plan.stopping is Stopping.FIXED else self._plan.overlap
        return Range(low=reach.low * least, high=reach.high * most)

    def _judging(self, reach: Range) -> dict[str, Calls]:
        """What each judge may be asked; nothing is sure of one that was asked before."""
        if self._prompts is None or not self._plan.judges:
            return {}
        of_judge = calls_of_judge(self._plan, self._prompts.answered, gold=self._calibration)
        calls = of_judge.of_each(reach)
        return {n: calls.maybe() if self._was_asked(n) else calls for n in self._plan.judges}

    @cached_property
    def _calibration(self) -> tuple[Pair, ...]:
        judging = self._plan.judging
        if judging.calibration is None:
            return ()
        return read_gold(
            judging.calibration,
            base=self.round.file.folder,
            sha256=judging.calibration_sha256,
        )

    def _was_asked(self, judge: str) -> bool:
        settings = judging_endpoints(self.services).get(judge)
        if settings is None:
            return False  # measuring says that there is no such endpoint
        with closing(OpenAICompatible(settings)) as client:
            log = verdict_log(client, self.services.state)
        return bool(log.state.read(log.stream))
