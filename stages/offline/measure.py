"""Stage 1: a candidate's offline tasks, one after the other, paired with the baseline's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from policies.benchmark_tasks import HarnessTask
from policies.graded_task import GradedTask
from policies.plan import Asked, OfflineTask
from policies.task import AskedTask
from stages.engine.assessed import demand_assessed
from stages.engine.bench_mark import refuse_copied
from stages.engine.checkpoints import Texts
from stages.engine.identity import IdentityChanged
from stages.engine.progress import Progress
from stages.engine.ration import Ration
from stages.engine.ray_cluster import Actors
from stages.engine.state import State
from stages.engine.subject import Subject
from stages.evidence.absence import NO_BASELINE, SAME_CHECKPOINT
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.items import Item
from stages.evidence.records import Cost, Evidence, Measurement, Quantity
from stages.models.prices import UNPRICED, Prices
from stages.models.settings import EndpointSettings
from stages.offline.asking import Asking
from stages.offline.assembly import Assembly, Step
from stages.offline.estimating import measure_task
from stages.offline.graded.reading import Grades
from stages.offline.harness.environment import Programs
from stages.offline.harness.measure import Harnesses
from stages.offline.inputs import check_level, refuse_wrong, seen_in, unusable
from stages.offline.instrument import Instrument, Scores, scored_items
from stages.offline.instruments import instrument_for
from stages.offline.item_records import ItemRecord, Noted, records_of
from stages.offline.judging import judging_of
from stages.offline.portions import Portions, stops_early
from stages.offline.readings import Readings, reading_key
from stages.offline.tools import ClassifierFor, Tools
from stages.offline.toxicity.detoxify_model import load_classifier

GoesOn = Callable[[str, Evidence], bool]
"""Whether more answers to a task could change what is decided; the stage does not know how."""

_NOT_NOW = Unmeasured(
    "nobody was asked: the share of what may be asked now is spent", Cause.OVER_BUDGET
)
_NOTHING_ASKED = Unmeasured("nothing was asked", Cause.WAITING)
_TRIES = 2
"""How often one process measures a task that stays broken."""


class OfflineStage:
    """Measures offline tasks in steps of one task; never sees what is demanded of them.

    Args:
        plan: Tasks by name.
        order: Every task once, in the order in which they are to be measured.
        base: The policy's folder, which paths are relative to.
        state: Where answers and classifier scores are journaled.
        progress: Where to show how far it is.
        calls_at_most: Most questions to one checkpoint, over all tasks; None for no limit.
        classifier_for: Finds a toxicity task's classifier; None: Detoxify's format, from files.
        endpoints: Judges and services that tasks name, by name.
        actors: Ray's workers, for what can be spread; None to do it on this machine.
        programs: Where harnesses are installed; None: where `make` puts them.
        prices: What calls cost; None: nothing is priced.
        goes_on: Whether more answers to a task that stops early could change what is decided on
            evidence so far; None: they always could.
        ration: What may be asked now; None: all that is planned.
    """

    def __init__(  # noqa: PLR0913 - the border of the room: a plan, and the outside world it needs
        self,
        plan: Mapping[str, OfflineTask],
        *,
        order: Sequence[str],
        base: Path,
        state: State,
        progress: Progress,
        calls_at_most: int | None = None,
        classifier_for: ClassifierFor | None = None,
        endpoints: Mapping[str, EndpointSettings] | None = None,
        actors: Actors | None = None,
        programs: Programs | None = None,
        prices: Prices | None = None,
        goes_on: GoesOn | None = None,
        ration: Ration | None = None,
    ) -> None:
        if sorted(order) != sorted(plan):
            raise ValueError(f"the order {order} must name every task of the plan once")
        self._assembly = Assembly(plan=plan, order=tuple(order))
        asked = {n: t for n, t in plan.items() if isinstance(t, AskedTask)}
        self._asking = Asking(
            plan=asked,
            order=tuple(name for name in order if name in asked),
            base=base,
            state=state,
            progress=progress,
            calls_at_most=calls_at_most,
            ration=ration or Ration(),
        )
        self._tools = Tools(
            base=base,
            state=state,
            progress=progress,
            classifier_for=classifier_for or partial(load_classifier, base=base, actors=actors),
            endpoints=endpoints or {},
            actors=actors,
        )
        self._looking = replace(self._tools, classifier_for=classifier_for or seen_in(base))
        self._harnesses = Harnesses(
            base=base, state=state, progress=progress, programs=programs or Programs()
        )
        self._grades = Grades(base=base, state=state)
        self._portions = Portions(asking=self._asking)
        self._readings = Readings(state=state)
        self._goes_on = goes_on or _always
        self._prices = prices or Prices()
        self._instruments: dict[str, Instrument] = {}
        self._known: dict[tuple[str, str, int], Scores] = {}
        self._costs: dict[tuple[str, str], Cost] = {}
        self._tries: dict[tuple[str, str], int] = {}
        self._inputs_seen = False

    def measure_next(
        self, candidate: Subject, baseline: Subject | None, so_far: Evidence | None
    ) -> Evidence:
        """Evidence with one task more; equal to `so_far` when nothing more can be measured now.

        A task that stops early is asked one portion more while that could change anything. When
        every task is there, those that broke are measured again (what was answered is not asked
        again); one process tries a task twice.

        Args:
            candidate: The checkpoint to measure.
            baseline: The one to compare it with; None leaves differences unmeasured.
            so_far: What earlier calls returned for this candidate and baseline.

        Raises:
            InputError: When items, a corpus or a classifier cannot be read; of all tasks at once,
                before anything is asked.
            PolicyError: When a task's level or classifier makes no measurement.
            Broken: When the journal, or a published classifier, cannot be had.
        """
        _check_subjects(candidate, baseline, so_far)
        self._check_inputs()
        evidence = so_far or self._assembly.nothing(candidate, baseline)
        left = (*self._begun(candidate, evidence), *self._assembly.left(so_far))
        if left:
            self._tries[candidate.uri, left[0]] = 0
            self._portions.advance(left[0], candidate)
            return self._with(left[0], candidate, baseline, evidence)
        for name in self._assembly.broken(evidence):
            if self._tries.get((candidate.uri, name), 0) < _TRIES:
                again = self._with(name, candidate, baseline, evidence)
                if again != evidence:
                    return again
        return evidence

    def records(self, candidate: Subject, baseline: Subject | None) -> tuple[ItemRecord, ...]:
        """Every item of the tasks that this stage has scored, with the answers; asks nobody.

        Raises:
            Broken: When the journal cannot be read.
        """
        return tuple(
            record
            for name in self._assembly.order
            for record in records_of(
                name,
                self._known_of(name, candidate, candidate),
                self._known_of(name, baseline, candidate),
            )
        )

    def _check_inputs(self) -> None:
        """Returns when no task's input is wrong: all are told at once, before anybody is asked."""
        if not self._inputs_seen:
            refuse_wrong(unusable(self._assembly.plan, self._looking, self._asking.items))
            self._inputs_seen = True

    def _known_of(self, name: str, subject: Subject | None, candidate: Subject) -> Noted | None:
        """Answers to what a candidate was asked, with the scores that this stage gave them."""
        task = self._assembly.plan[name]
        if subject is not None and isinstance(task, HarnessTask):
            return self._harnesses.known(name, task, subject)
        if subject is None or subject.client is None or not isinstance(task, AskedTask):
            return None
        items = self._portions.items(name, candidate)
        scores = self._known.get((subject.digest, name, len(items)))
        texts = self._asking.known_texts(subject, name, items) if scores else _NOTHING_ASKED
        if scores is None or isinstance(texts, Unmeasured):
            return None
        return Noted(scores=scores, texts=texts)

    def _begun(self, candidate: Subject, evidence: Evidence) -> tuple[str, ...]:
        """Tasks that are asked in portions, of which more are wanted; those that broke are not."""
        broken = self._assembly.broken(evidence)
        return tuple(
            name
            for name in self._asking.order
            if name not in broken and self._portions.wait(name, candidate) in evidence.waits
        )

    def _with(
        self, name: str, candidate: Subject, baseline: Subject | None, evidence: Evidence
    ) -> Evidence:
        self._tries[candidate.uri, name] = self._tries.get((candidate.uri, name), 0) + 1
        joined = self._assembly.with_step(evidence, self._measure(name, candidate, baseline))
        left = self._assembly.left(joined)
        measured = [name for name in self._assembly.order if name not in left]
        costs = [cost for name in measured for cost in self._costs_of(name, candidate)]
        waits = {n: w for n in self._asking.order if (w := self._portions.wait(n, candidate))}
        whole = self._assembly.finished(joined, costs, tuple(waits.values()))
        wanted = tuple(wait for n, wait in waits.items() if self._goes_on(n, whole))
        return self._assembly.finished(joined, costs, wanted)

    def _costs_of(self, name: str, candidate: Subject) -> tuple[Cost, ...]:
        """What asking the candidate cost, and judging its answers."""
        judged = self._costs.get((candidate.digest, name), Cost())
        task = self._assembly.plan[name]
        if not isinstance(task, AskedTask):
            return (self._prices.checkpoint.of(judged),)
        judging = judging_of(task, self._tools.endpoints)
        price = self._prices.endpoint(judging.endpoint) if judging else UNPRICED
        own = self._prices.checkpoint.of(self._asking.cost(candidate, name))
        return (own, price.of(judged))

    def _measure(self, name: str, candidate: Subject, baseline: Subject | None) -> Step:
        task = self._assembly.plan[name]
        data = self._checked(name, task)
        mine = self._scores(name, candidate, candidate)
        theirs = self._compared(name, candidate, baseline)
        self._costs[candidate.digest, name] = mine.cost
        found = measure_task(
            task.metrics(name), mine, theirs, level=task.level, anytime=stops_early(task)
        )
        if isinstance(task, HarnessTask):
            self._keep(name, task, found, candidate, baseline)
        return Step(
            task=name,
            measurements=found,
            data=(*data, *mine.data, *theirs.data),
            tools=(
                *mine.tools,
                *theirs.tools,
                *self._said(name, candidate),
                *self._assessed(task),
            ),
            candidate_changed=mine.changed,
            baseline_changed=theirs.changed,
        )

    def _keep(
        self,
        name: str,
        task: HarnessTask,
        found: Sequence[Measurement],
        *subjects: Subject | None,
    ) -> None:
        """What was measured of the candidate, or compared with of the baseline, stays as it is."""
        measured = [m.quantity for m in found if isinstance(m.measured, Estimate)]
        counts = (bool(measured), Quantity.DIFFERENCE in measured)
        for subject, counted in zip(subjects, counts, strict=True):
            if subject is not None and counted:
                self._harnesses.keep(name, task, subject)

    def _said(self, name: str, candidate: Subject) -> tuple[tuple[str, str], ...]:
        asked = name in self._asking.order
        return self._portions.said(name, candidate) if asked else ()

    def _assessed(self, task: OfflineTask) -> tuple[tuple[str, str], ...]:
        """How the bench was judged that the items are of."""
        if not isinstance(task, AskedTask):
            return ()
        return demand_assessed(task.data, task.assessment, base=self._tools.base)

    def _checked(self, name: str, task: OfflineTask) -> tuple[tuple[str, str], ...]:
        """Name and digest of a task's items; it can be scored."""
        check_level(name, task)
        if not isinstance(task, AskedTask):
            return ()
        file = self._asking.items(name)
        refuse_copied(file, task.assessment)
        self._instrument(name, task).check(file)
        return ((file.url, file.sha256),)

    def _scores(self, name: str, subject: Subject, candidate: Subject) -> Scores:
        """Scores of a checkpoint's answers to what the candidate was asked."""
        task = self._assembly.plan[name]
        if isinstance(task, HarnessTask):
            return self._harnessed(name, task, subject)
        if isinstance(task, GradedTask):
            return self._grades.scores(name, task, subject)
        items = self._portions.items(name, candidate)
        texts = self._asking.texts(subject, name, items)
        match texts:
            case Unmeasured():
                return Scores(items=scored_items(items), columns=texts)
            case IdentityChanged(reason):
                why = Unmeasured(reason)
                return Scores(items=scored_items(items), columns=why, changed=why)
            case _:
                return self._scored(name, task, subject, items, texts)

    def _harnessed(self, name: str, task: HarnessTask, subject: Subject) -> Scores:
        """Scores of a harness, which is not run while nothing may be asked."""
        if self._asking.ration.is_spent and not self._harnesses.is_made(task, subject):
            return Scores(columns=_NOT_NOW)
        return self._harnesses.scores(name, task, subject)

    def _scored(
        self, name: str, task: Asked, subject: Subject, items: Sequence[Item], texts: Texts
    ) -> Scores:
        """Scores of answers; those of a baseline are needed once for each candidate.

        Where something broke they are made anew: what a judge has said is not asked again.
        """
        key = (subject.digest, name, len(items))
        known = self._known.get(key)
        if known is None or known.broken:
            scores = self._read(name, task, subject, items, texts)
            known = self._known[key] = replace(scores, items=scored_items(items))
        return known

    def _read(
        self, name: str, task: Asked, subject: Subject, items: Sequence[Item], texts: Texts
    ) -> Scores:
        """Scores; that somebody was asked to read the answers is journaled, since it is paid."""
        instrument, judging = self._instrument(name, task), judging_of(task, self._tools.endpoints)
        if judging is None:
            return instrument.score(items, texts)
        endpoint = self._tools.endpoint(judging.endpoint)
        key = reading_key(task, self._asking.items(name), endpoint)
        if self._asking.ration.is_spent and self._readings.of(subject, key).cost is None:
            return Scores(columns=_NOT_NOW)
        self._readings.begin(subject, key)
        scores = instrument.score(items, texts)
        if not scores.broken:
            self._readings.end(subject, key, scores.cost)
        return scores

    def _compared(self, name: str, candidate: Subject, baseline: Subject | None) -> Scores:
        if baseline is None:
            return Scores(columns=NO_BASELINE)
        if baseline.digest == candidate.digest:
            return Scores(columns=SAME_CHECKPOINT)
        scores = self._scores(name, baseline, candidate)
        if self._asking.checkpoints.serves_the_same(candidate, baseline):
            return Scores(columns=SAME_CHECKPOINT)
        return scores

    def _instrument(self, name: str, task: Asked) -> Instrument:
        if name not in self._instruments:
            self._instruments[name] = instrument_for(task, self._tools)
        return self._instruments[name]


def _always(name: str, evidence: Evidence) -> bool:
    del name, evidence
    return True


def _check_subjects(candidate: Subject, baseline: Subject | None, so_far: Evidence | None) -> None:
    if so_far is None:
        return
    asked = (candidate.digest, baseline.digest if baseline else None)
    if asked != (so_far.provenance.candidate, so_far.provenance.baseline):
        raise ValueError(f"the evidence so far is of other checkpoints than {candidate.uri}")
