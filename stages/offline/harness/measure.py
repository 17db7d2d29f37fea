"""Scores of a benchmark that another program runs, or has run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from policies.benchmark_tasks import HarnessTask
from policies.canonical import sha256_of
from policies.errors import InputError, WrongUsage
from stages.engine.checkpoints import identity_stream
from stages.engine.identity import IdentityChanged, IdentityUnknown, check_identity
from stages.engine.progress import Progress
from stages.engine.state import State
from stages.engine.subject import Subject
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import Cost
from stages.models.openai_compatible import OpenAICompatible
from stages.offline.harness.environment import Programs
from stages.offline.harness.first_results import check_first, keep_first
from stages.offline.harness.measured_model import check_model
from stages.offline.harness.reading import read_results
from stages.offline.harness.results import HarnessResults, ResultsRefused
from stages.offline.harness.runs import Runs
from stages.offline.instrument import ItemScore, ScoredItem, Scores
from stages.offline.item_records import Noted

_READABLE = 80
"""Characters of a condition that evidence shows; a longer one is shown by its digest."""


@dataclass(kw_only=True)
class Harnesses:
    """Runs harnesses where they are to be run, and reads what they wrote.

    One process runs a harness on a checkpoint once: what was refused is tried again by the next.

    Attributes:
        base: The policy's folder, which paths are relative to.
        state: Where runs are journaled and kept.
        progress: Where to show how far it is.
        programs: Where the harnesses are.
    """

    base: Path
    state: State
    progress: Progress
    programs: Programs = field(default_factory=Programs)
    _measured: dict[tuple[str, str], HarnessResults] = field(default_factory=dict)
    _failed: dict[tuple[str, str], Scores] = field(default_factory=dict)

    def scores(self, name: str, task: HarnessTask, subject: Subject) -> Scores:
        """The scores of a checkpoint's samples, or why there are none.

        Raises:
            WrongUsage: When the harness, or a library for its format, is not installed.
            Broken: When the journal cannot be read or written, or another process runs it.
        """
        own = (subject.digest, name)
        if own in self._failed:
            return self._failed[own]
        if own not in self._measured:
            try:
                found = self._found(name, task, subject)
            except ResultsRefused as error:
                found = Unmeasured(error.in_short)
            if not isinstance(found, HarnessResults):
                self._failed[own] = _without(found)
                return self._failed[own]
            self._measured[own] = found
        return _scores(name, task, self._measured[own], uri=subject.uri)

    def keep(self, name: str, task: HarnessTask, subject: Subject) -> None:
        """Journals the digest of `results` that were measured: no others measure it again.

        Raises:
            ResultsRefused: When another process measured other files meanwhile.
            Broken: When the journal cannot be read or written.
        """
        results = self._measured.get((subject.digest, name))
        if results is not None and task.results is not None:
            keep_first(results, task, subject, name=name, state=self.state)

    def is_made(self, task: HarnessTask, subject: Subject) -> bool:
        """Whether its files are there already, so that nothing would be run for them."""
        if task.results is not None or not isinstance(subject.client, OpenAICompatible):
            return True
        try:
            return self._runs.kept(self._runs.key(task, subject), task) is not None
        except (InputError, WrongUsage):
            return True  # measuring says what is wrong with it

    def known(self, name: str, task: HarnessTask, subject: Subject) -> Noted | None:
        """The scores that were given, with the answers; nothing is run or read."""
        results = self._measured.get((subject.digest, name))
        if results is None:
            return None
        answers = [sample.answer for sample in results.samples]
        texts = tuple((text,) for text in answers if text is not None)
        return Noted(
            scores=_scores(name, task, results, uri=subject.uri),
            texts=texts if len(texts) == len(answers) else None,
        )

    def _found(
        self, name: str, task: HarnessTask, subject: Subject
    ) -> HarnessResults | Unmeasured | IdentityChanged:
        if task.results is not None:
            found = read_results(self._path(task.results, subject), task)
            check_model(found, task, subject)
            check_first(found, task, subject, name=name, state=self.state)
            return found
        client = subject.client
        if not isinstance(client, OpenAICompatible):
            return Unmeasured(
                f"{task.harness} asks an endpoint, and {subject.uri} has none: name `results`",
                Cause.WAITING,
            )
        key = self._runs.key(task, subject)
        kept = self._runs.kept(key, task)
        if kept is not None:
            return kept
        return self._made(key, task, subject, client)

    def _made(
        self, key: str, task: HarnessTask, subject: Subject, client: OpenAICompatible
    ) -> HarnessResults | Unmeasured | IdentityChanged:
        """A run between two looks at what the endpoint serves."""
        stream = identity_stream(subject)
        changed = check_identity(client, state=self.state, stream=stream)
        if changed is None:
            made = self._runs.make(key, task, client.settings)
            changed = check_identity(client, state=self.state, stream=stream)
            if changed is None:
                return made
        return Unmeasured(changed.reason) if isinstance(changed, IdentityUnknown) else changed

    def _path(self, results: str, subject: Subject) -> Path:
        return self.base / results.replace("{version}", subject.uri.rpartition("/")[2])

    @property
    def _runs(self) -> Runs:
        return Runs(
            base=self.base, state=self.state, progress=self.progress, programs=self.programs
        )


def _without(found: Unmeasured | IdentityChanged) -> Scores:
    if isinstance(found, Unmeasured):
        return Scores(columns=found)
    why = Unmeasured(found.reason)
    return Scores(columns=why, changed=why)


def _scores(name: str, task: HarnessTask, results: HarnessResults, *, uri: str) -> Scores:
    """A harness's results under the task's first metric."""
    metric = task.metrics(name)[0].name.partition(".")[2]
    column = tuple(ItemScore(sample.score) for sample in results.samples)
    said = [*results.conditions, (f"model of {uri}", results.model or "not told")]
    return Scores(
        items=tuple(ScoredItem(id=s.id, cluster=s.cluster) for s in results.samples),
        columns=_too_many(task, results) or {metric: column},
        data=tuple((file.name, file.sha256) for file in results.files),
        tools=tuple((f"{task.harness}: {n}", _short(v)) for n, v in said),
        cost=Cost() if task.results is not None else cost_of_run(results),
        conditions=_conditions(results),
        origin=results.origin,
    )


def _too_many(task: HarnessTask, results: HarnessResults) -> Unmeasured | None:
    """Why a run does not count that made more requests than it was allowed."""
    if task.results is not None or task.calls_at_most is None:
        return None
    if results.calls <= task.calls_at_most:
        return None
    return Unmeasured(
        f"the run made {results.calls:,} requests, and `calls_at_most` of its task allows "
        f"{task.calls_at_most:,}; it is kept, and counts once the task allows it",
        Cause.OVER_BUDGET,
    )


def cost_of_run(results: HarnessResults) -> Cost:
    """Of a run that the gate made."""
    return Cost(
        calls=results.calls,
        prompt_tokens=results.prompt_tokens,
        completion_tokens=results.completion_tokens,
    )


def _conditions(results: HarnessResults) -> Mapping[str, str]:
    return dict(results.conditions)


def _short(value: str) -> str:
    return value if len(value) <= _READABLE else f"sha256 {sha256_of(value)}"
