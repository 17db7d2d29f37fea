"""What measuring checkpoints offline may still cost, and what it did: read from the journals.

The low end is the cheapest way it can go: every candidate is stopped by its first task. The high
end is the dearest: nobody is stopped, every answer is as long as the plan allows, and every judge
is asked as often as it may be. What nobody can know before, the size and the tokens of a harness's
run, is None.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gates.amounts import (
    CHARACTERS_PER_TOKEN,
    NONE,
    NOTHING,
    PINNED_TOKENS,
    Calls,
    Range,
    StageForecast,
    asked_calls,
    pinned_calls,
    priced,
    summed,
)
from gates.measuring import harness_programs, judging_endpoints, prices_of
from gates.membership import Round
from gates.services import Services
from gates.task_order import offline_order
from policies.benchmark_tasks import HarnessTask
from policies.errors import InputError, WrongUsage
from policies.graded_task import GradedTask
from policies.plan import OfflineTask
from policies.task import AskedTask, DetectorTask
from stages.engine.answering import answer_name
from stages.engine.checkpoints import identity_stream
from stages.engine.identity import pinned_stream
from stages.engine.subject import Subject
from stages.engine.threads import Failed
from stages.evidence.costs import total
from stages.evidence.items import Item
from stages.evidence.records import Cost, StageName
from stages.models.fingerprint import CANARIES
from stages.models.openai_compatible import OpenAICompatible
from stages.models.prices import Price
from stages.offline.asking import Asking
from stages.offline.detector import read_labelled
from stages.offline.harness.measure import cost_of_run
from stages.offline.harness.results import HarnessResults
from stages.offline.harness.runs import Runs
from stages.offline.judging import Judging, judging_of
from stages.offline.portions import PORTIONS, stops_early
from stages.offline.readings import Reading, Readings, reading_key

BRIEF_TOKENS = 1_000
"""At most: tokens of what a judge is told beside an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one task of one checkpoint may still take."""

    asking: Calls = NONE
    pinned: Calls = NONE
    read: Calls = NONE
    harness: Range | None = NOTHING

    def maybe(self) -> "_Part":
        return _Part(
            asking=self.asking.maybe(),
            pinned=self.pinned.maybe(),
            read=self.read.maybe(),
            harness=None if self.harness is None else self.harness.maybe(),
        )


@dataclass(kw_only=True)
class OfflineBooks:
    """Accounts for the offline tasks of a round; asks nobody.

    Attributes:
        round: Whose policy says the tasks.
        services: Where the journals and the prices are.
    """

    round: Round
    services: Services
    _kept: dict[tuple[str, str], HarnessResults] = field(default_factory=dict)

    def __post_init__(self) -> None:
        file, services = self.round.file, self.services
        asked = file.policy.plan.asked()
        self._order = offline_order(file)
        self._prices = prices_of(file.policy.model, services)
        self._endpoints = judging_endpoints(services)
        self._readings = Readings(state=services.state)
        self._asking = Asking(
            plan=asked,
            order=tuple(name for name in self._order if name in asked),
            base=file.folder,
            state=services.state,
            progress=services.progress,
            calls_at_most=None,
        )
        self._runs = Runs(
            base=file.folder,
            state=services.state,
            progress=services.progress,
            programs=harness_programs(services),
        )

    def due(self, subjects: Sequence[Subject], *, reach: Range = NOTHING) -> StageForecast:
        """What measuring these checkpoints would still cost.

        Args:
            subjects: Candidates, and the baseline.
            reach: How many candidates there are.

        Raises:
            InputError: When items or recorded outputs cannot be read.
        """
        baseline = self.round.baseline.uri if self.round.baseline else None
        own, theirs, pinned, judged = NONE, NONE, NONE, dict[str, Calls]()
        harnesses: list[Range | None] = []
        for subject in subjects:
            for name in self._order:
                part = self._part(subject, name)
                part = part if name == self._order[0] else part.maybe()
                own, pinned = own + part.asking, pinned + part.pinned
                theirs += part.asking if subject.uri == baseline else NONE
                harnesses.append(part.harness)
                judging = judging_of(self._task(name), self._endpoints)
                if judging is not None and part.read != NONE:
                    judged[judging.endpoint] = judged.get(judging.endpoint, NONE) + part.read
        due = StageForecast(
            stage=StageName.OFFLINE,
            candidates=reach,
            asking=own,
            to_baseline=theirs,
            pinned=pinned,
            judging=judged,
            harnesses=summed(harnesses),
        )
        return priced(due, self._prices)

    def dearest_call(self, subject: Subject) -> Calls:
        """One call at its dearest: the longest question that is missing, and the longest answer."""
        found = [
            asked_calls((item,), task.sampling)
            for name, task in self.round.file.policy.plan.asked().items()
            for item in self._missing(subject, name)
        ]
        return Calls(
            calls=Range(low=1, high=1),
            prompt_tokens=Range(high=max((c.prompt_tokens.high for c in found), default=0)),
            completion_tokens=Range(high=max((c.completion_tokens.high for c in found), default=0)),
        )

    def spent(self, subject: Subject, *, no_more: bool = False) -> Cost:
        """What a checkpoint has cost, its pinned texts, judges and harnesses among it.

        Calls that failed count as calls; what they cost, no server says.

        Args:
            subject: The checkpoint.
            no_more: Whether it is asked no more: a judge that has begun and is not known to have
                ended then counts with all that it may have been asked. Else that is still due.
        """
        price = self._prices.checkpoint
        costs = [self._failed(subject), price.of(self._pinned_so_far(subject))]
        for name in self._order:
            task = self._task(name)
            if isinstance(task, HarnessTask):
                costs.append(price.of(self._run_so_far(subject, name, task)))
            elif not isinstance(task, GradedTask):
                costs.append(price.of(self._answered(subject, name)))
                costs.append(self._read_so_far(subject, name, task, no_more=no_more))
        spent = total(costs)
        return spent if spent.calls else replace(spent, usd=0.0, gpu_minutes=0.0)

    def _task(self, name: str) -> OfflineTask:
        plan = self.round.file.policy.plan.offline
        assert plan is not None
        return plan[name]

    def _part(self, subject: Subject, name: str) -> _Part:
        task = self._task(name)
        if isinstance(task, HarnessTask):
            harness = self._harness(subject, name, task)
            checks = NONE if harness == NOTHING else pinned_calls(2, client=subject.client)
            return _Part(harness=harness, pinned=checks)
        if isinstance(task, GradedTask):
            return _Part()  # it was made before
        missing = self._missing(subject, name)
        portions = PORTIONS if stops_early(task) else 1
        return _Part(
            asking=asked_calls(missing, task.sampling),
            pinned=pinned_calls(2 * portions, client=subject.client) if missing else NONE,
            read=self._to_read(subject, name, task),
        )

    def _missing(self, subject: Subject, name: str) -> tuple[Item, ...]:
        """Items that have to be asked; recorded outputs cost nothing."""
        if subject.client is None or subject.client.identity.get("kind") == "recorded":
            return ()
        items, generations = self._asking.items(name).items, self._asking.plan[name].generations
        known = self._asking.known(subject, name, items).responses
        return tuple(
            item
            for item in items
            for generation in range(generations)
            if isinstance(known[answer_name(item.id, generation)], Failed)
        )

    def _to_read(self, subject: Subject, name: str, task: AskedTask) -> Calls:
        """What the judge or service of a task is still to be asked."""
        judging = judging_of(task, self._endpoints)
        if judging is None or subject.client is None:
            return NONE
        reading = self._reading(subject, name, task, judging)
        if reading.cost is not None:
            return NONE
        whole = self._whole_reading(name, task, judging)
        return whole.maybe() if reading.begun else whole

    def _read_so_far(self, subject: Subject, name: str, task: AskedTask, *, no_more: bool) -> Cost:
        judging = judging_of(task, self._endpoints)
        if judging is None or subject.client is None:
            return Cost()
        reading, price = (
            self._reading(subject, name, task, judging),
            self._prices.endpoint(judging.endpoint),
        )
        if reading.cost is not None:
            paid = price.of(reading.cost)
            if not paid.calls or (paid.usd is not None and paid.gpu_minutes is not None):
                return paid
            return _at_most(self._whole_reading(name, task, judging), price, made=paid.calls)
        if reading.begun and no_more:
            return _at_most(self._whole_reading(name, task, judging), price)
        return Cost()

    def _reading(self, subject: Subject, name: str, task: AskedTask, judging: Judging) -> Reading:
        endpoint = self._endpoints.get(judging.endpoint)
        if endpoint is None:
            return Reading()  # measuring says that there is no such endpoint
        return self._readings.of(subject, reading_key(task, self._asking.items(name), endpoint))

    def _whole_reading(self, name: str, task: AskedTask, judging: Judging) -> Calls:
        """All that a judge or service is asked about a task's answers, and the labelled texts."""
        items = self._asking.items(name).items
        asked = asked_calls(items, task.sampling)
        few, many = CHARACTERS_PER_TOKEN
        shown = [float(task.sampling.max_tokens * many)] * (len(items) * task.generations)
        shown += self._labelled(task)
        low = judging.calls_at_least(len(shown))
        high = sum(map(judging.calls_at_most, shown)) + judging.probes
        told = asked.prompt_tokens.high * task.generations
        told += sum(shown) / few + len(shown) * BRIEF_TOKENS
        each = judging.calls_at_most(0)
        return Calls(
            calls=Range(low=low, high=high),
            prompt_tokens=Range(low=low, high=math.ceil(told * each)),
            completion_tokens=Range(
                low=min(low, low * judging.answer_tokens), high=high * judging.answer_tokens
            ),
        )

    def _labelled(self, task: AskedTask) -> list[float]:
        """Characters of each labelled text on which a detector's errors are counted."""
        if not isinstance(task, DetectorTask) or task.labelled is None:
            return []
        found = read_labelled(task.labelled, base=self.round.file.folder)
        return [float(len(labelled.text)) for labelled in found.texts]

    def _answered(self, subject: Subject, name: str) -> Cost:
        """Of the answers that are in the journal now."""
        if subject.client is None:
            return Cost()
        self._asking.known(subject, name, self._asking.items(name).items)
        return self._asking.cost(subject, name)

    def _failed(self, subject: Subject) -> Cost:
        entries = self.services.state.read(f"answers/{subject.digest}")
        failed = sum(entry.get("kind") == "failure" for entry in entries)
        return Cost(calls=failed, usd=0.0, gpu_minutes=0.0) if failed else Cost()

    def _pinned_so_far(self, subject: Subject) -> Cost:
        checks = self.services.state.read(pinned_stream(identity_stream(subject)))
        calls = len(CANARIES) * len(checks)
        tokens = calls * PINNED_TOKENS
        return Cost(calls=calls, prompt_tokens=tokens, completion_tokens=tokens)

    def _harness(self, subject: Subject, name: str, task: HarnessTask) -> Range | None:
        """Requests of a run that is to be made; None where the task does not say how many."""
        runs = task.results is None and isinstance(subject.client, OpenAICompatible)
        if not runs or self._kept_run(subject, name, task) is not None:
            return NOTHING
        if task.calls_at_most is None:
            return None
        low = min(task.items_at_least, task.calls_at_most)
        return Range(low=low, high=task.calls_at_most)

    def _run_so_far(self, subject: Subject, name: str, task: HarnessTask) -> Cost:
        """Of every run that was begun; one whose requests its files do not tell made the most."""
        if task.results is not None or not isinstance(subject.client, OpenAICompatible):
            return Cost()
        kept = self._kept_run(subject, name, task)
        known = cost_of_run(kept) if kept is not None else Cost()
        failed = self._begun(subject, task) - (kept is not None)
        most = max(known.calls, task.calls_at_most or 0, task.items_at_least)
        if failed > 0:
            return Cost(calls=(failed + (kept is not None)) * most)
        return known if kept is None else replace(known, calls=most)

    def _begun(self, subject: Subject, task: HarnessTask) -> int:
        try:
            return self._runs.begun(self._runs.key(task, subject))
        except (InputError, WrongUsage):
            return 0  # measuring says what is wrong with it

    def _kept_run(self, subject: Subject, name: str, task: HarnessTask) -> HarnessResults | None:
        own = (subject.digest, name)
        if own not in self._kept:
            try:
                kept = self._runs.kept(self._runs.key(task, subject), task)
            except (InputError, WrongUsage):
                return None  # measuring says what is wrong with it
            if kept is None:
                return None
            self._kept[own] = kept
        return self._kept[own]


def _at_most(calls: Calls, price: Price, *, made: int | None = None) -> Cost:
    """A cost at its high end."""
    usd, minutes = calls.usd(price), calls.gpu_minutes(price)
    return Cost(
        calls=math.ceil(calls.calls.high) if made is None else made,
        prompt_tokens=math.ceil(calls.prompt_tokens.high),
        completion_tokens=math.ceil(calls.completion_tokens.high),
        usd=None if usd is None else usd.high,
        gpu_minutes=None if minutes is None else minutes.high,
    )
