"""Stage 1: a candidate's offline tasks, one after the other, paired with the baseline's."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from policies.plan import BenchmarkTask, OfflineTask
from stages.engine.identity import IdentityChanged
from stages.engine.progress import Progress
from stages.engine.state import State
from stages.engine.subject import Subject
from stages.evidence.absence import NO_BASELINE, SAME_CHECKPOINT
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import Evidence
from stages.offline.asking import Asking
from stages.offline.assembly import Assembly, Step
from stages.offline.detoxify_model import load_classifier
from stages.offline.estimating import Design, measure_metric
from stages.offline.item_records import ItemRecord, records_of
from stages.offline.scored import ClassifierFor, Scored, Scoring

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
    ) -> None:
        if sorted(order) != sorted(plan):
            raise ValueError(f"the order {order} must name every task of the plan once")
        self._assembly = Assembly(plan=plan, order=tuple(order))
        self._asking = Asking(
            plan=plan,
            order=tuple(order),
            base=base,
            state=state,
            progress=progress,
            calls_at_most=calls_at_most,
        )
        self._scoring = Scoring(
            base=base,
            state=state,
            progress=progress,
            classifier_for=classifier_for or partial(load_classifier, base=base),
        )
        self._tries: dict[tuple[str, str], int] = {}

    def measure_next(
        self, candidate: Subject, baseline: Subject | None, so_far: Evidence | None
    ) -> Evidence:
        """Evidence with one task more; equal to `so_far` when nothing more can be measured now.

        When every task is there, those that broke are measured again (what was answered is not
        asked again); one process tries a task twice.

        Args:
            candidate: The checkpoint to measure.
            baseline: The one to compare it with; None leaves differences unmeasured.
            so_far: What earlier calls returned for this candidate and baseline.

        Raises:
            InputError: When items, a corpus or a classifier cannot be read.
            PolicyError: When a task's level or classifier makes no measurement.
            Broken: When the journal, or a published classifier, cannot be had.
        """
        _check_subjects(candidate, baseline, so_far)
        evidence = so_far or self._assembly.nothing(candidate, baseline)
        left = self._assembly.left(so_far)
        if left:
            return self._with(left[0], candidate, baseline, evidence)
        for name in self._assembly.broken(evidence):
            if self._tries.get((candidate.uri, name), 0) < _TRIES:
                again = self._with(name, candidate, baseline, evidence)
                if again != evidence:
                    return again
        return evidence

    def records(self, candidate: Subject, baseline: Subject | None) -> tuple[ItemRecord, ...]:
        """Every item of every task with the answers and scores that are known; nothing is asked.

        Raises:
            InputError: When items, a corpus or a classifier cannot be read.
            Broken: When the journal cannot be read or written.
        """
        return tuple(
            record
            for name in self._assembly.order
            for record in records_of(
                name, candidate, baseline, asking=self._asking, scoring=self._scoring
            )
        )

    def _with(
        self, name: str, candidate: Subject, baseline: Subject | None, evidence: Evidence
    ) -> Evidence:
        self._tries[candidate.uri, name] = self._tries.get((candidate.uri, name), 0) + 1
        joined = self._assembly.with_step(evidence, self._measure(name, candidate, baseline))
        left = self._assembly.left(joined)
        measured = [name for name in self._assembly.order if name not in left]
        return self._assembly.finished(
            joined, [self._asking.cost(candidate, name) for name in measured]
        )

    def _measure(self, name: str, candidate: Subject, baseline: Subject | None) -> Step:
        task, file = self._asking.plan[name], self._asking.items(name)
        self._scoring.check(name, task, file)
        mine, theirs = self._scored(name, candidate), self._compared(name, candidate, baseline)
        design = Design(
            clusters=tuple(item.cluster for item in file.items),
            level=task.level,
            safety=not isinstance(task, BenchmarkTask),
        )
        (metric,) = task.metrics(name)
        return Step(
            task=name,
            measurements=measure_metric(metric, mine.values, theirs.values, design),
            data=((file.url, file.sha256), *mine.data, *theirs.data),
            tools=(*mine.tools, *theirs.tools),
            candidate_changed=mine.changed,
            baseline_changed=theirs.changed,
        )

    def _scored(self, name: str, subject: Subject) -> Scored:
        texts = self._asking.texts(subject, name)
        match texts:
            case Unmeasured():
                return Scored(scores=texts)
            case IdentityChanged(reason):
                return Scored(scores=Unmeasured(reason), changed=Unmeasured(reason))
            case _:
                items = self._asking.items(name).items
                return self._scoring.score(self._asking.plan[name], items, texts)

    def _compared(self, name: str, candidate: Subject, baseline: Subject | None) -> Scored:
        if baseline is None:
            return Scored(scores=NO_BASELINE)
        if baseline.digest == candidate.digest:
            return Scored(scores=SAME_CHECKPOINT)
        scored = self._scored(name, baseline)
        if self._asking.serves_the_same(candidate, baseline):
            return Scored(scores=SAME_CHECKPOINT)
        return scored


def _check_subjects(candidate: Subject, baseline: Subject | None, so_far: Evidence | None) -> None:
    if so_far is None:
        return
    asked = (candidate.digest, baseline.digest if baseline else None)
    if asked != (so_far.provenance.candidate, so_far.provenance.baseline):
        raise ValueError(f"the evidence so far is of other checkpoints than {candidate.uri}")
