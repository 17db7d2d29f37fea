"""A benchmark whose items are told apart: those that stand in the training corpus, and others."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from policies.benchmark_tasks import BenchmarkTask, Contamination, LeakTest
from stages.engine.data import ItemFile
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.items import Item
from stages.offline.benchmark import Benchmark
from stages.offline.contamination.search import Searched, search, text_of
from stages.offline.contamination.trace import Trace
from stages.offline.contamination.verdict import Leak, leak
from stages.offline.instrument import Answers, Column, ItemScore, Scores
from stages.offline.memorization.corpus import Corpus
from stages.offline.portions import stops_early
from stages.offline.tools import Tools
from stages.stats.betting import betting_interval
from stages.stats.clusters import mean_of_each
from stages.stats.means import clustered_mean
from stages.stats.shares import SHARE
from stages.stats.unpaired import sequential_difference, unpaired_difference

FEWEST_CLEAN = 10
"""Below this many clean items a score without the others is not measured."""

_SHOWN_CHARACTERS = 200


@dataclass(kw_only=True)
class Contaminated:
    """Scores a benchmark, and its clean and its dirty items apart.

    The dirty ones are left out of the score where the task says `exclude`. So are those between
    clean and dirty; those too short to be looked for stay.

    Attributes:
        benchmark: What scores the answers.
        task: Its task.
        contamination: The corpus and the test.
        tools: Where paths start from, and where searches are journaled.
    """

    benchmark: Benchmark
    task: BenchmarkTask
    contamination: Contamination
    tools: Tools
    _items: tuple[Item, ...] = field(default=())
    _searched: Searched | None = field(default=None)

    def check(self, file: ItemFile) -> None:
        """Returns when items can be scored and looked for, and every corpus entry names a file.

        Raises:
            InputError: When one does not.
        """
        self.benchmark.check(file)
        for item in file.items:
            text_of(item)
        self._corpus().shards()
        self._items, self._searched = file.items, None

    def score(self, items: Sequence[Item], answers: Sequence[Answers]) -> Scores:
        """The benchmark's scores; `contaminated`, `clean`, `dirty` and `clean_minus_dirty`.

        Raises:
            InputError: When the corpus cannot be read.
            Broken: When the journal cannot be read or written.
        """
        scores = self.benchmark.score(items, answers)
        searched = self._search(items)
        leaks = [self._leak(trace) for trace in searched.traces]
        own = self.task.scorer.metric
        whole = scores.column(own)
        assert not isinstance(scores.columns, Unmeasured)
        assert not isinstance(whole, Unmeasured)
        clean, dirty = _only(whole, leaks, Leak.CLEAN), _only(whole, leaks, Leak.DIRTY)
        columns = {
            **(_without_leaks(scores.columns, leaks) if self.contamination.exclude else {}),
            "contaminated": _flags(leaks, searched.traces),
            "clean": _measured(clean, "clean"),
            "dirty": _measured(dirty, "dirty"),
        }
        between = sequential_difference if stops_early(self.task) else unpaired_difference
        difference = between(
            self._mean(clean, scores, "clean"), self._mean(dirty, scores, "dirty"), unit="number"
        )
        return replace(
            scores,
            columns={**scores.columns, **columns},
            left_out={**scores.left_out, **self._left_out(scores.columns, leaks)},
            estimates={**scores.estimates, "clean_minus_dirty": difference},
            data=(*scores.data, *searched.data),
            tools=(*scores.tools, ("contamination", self._said(leaks))),
        )

    def _corpus(self) -> Corpus:
        return Corpus(
            self.contamination.corpus, base=self.tools.base, columns=self.contamination.columns
        )

    def _search(self, items: Sequence[Item]) -> Searched:
        """What was found of these items; all items of the file are looked for together, once.

        Candidate and baseline are asked the same ones, perhaps in portions.
        """
        places = {item.id: place for place, item in enumerate(self._items)}
        if self._searched is None or not all(item.id in places for item in items):
            everything = self._items if all(item.id in places for item in items) else tuple(items)
            self._items, places = everything, {item.id: n for n, item in enumerate(everything)}
            self._searched = search(
                everything, self._corpus(), state=self.tools.state, progress=self.tools.progress
            )
        found = self._searched.traces
        return replace(self._searched, traces=tuple(found[places[item.id]] for item in items))

    def _leak(self, trace: Trace) -> Leak:
        test = self.contamination.test
        return leak(trace, test, dirty_at_least=self.contamination.dirty_at_least)

    def _mean(self, column: Column, scores: Scores, kind: str) -> Estimate | Unmeasured:
        scored = [
            (score.value, item.cluster)
            for score, item in zip(column, scores.items, strict=True)
            if score is not None
        ]
        if not scored:
            return _none_is(kind)
        values, clusters = zip(*scored, strict=True)
        if stops_early(self.task):
            means = mean_of_each(values, clusters)
            return betting_interval(means, level=(1 + self.task.level) / 2)
        return clustered_mean(values, clusters, level=self.task.level, unit=SHARE)

    def _left_out(
        self, columns: Mapping[str, Column | Unmeasured], leaks: Sequence[Leak]
    ) -> Mapping[str, str]:
        """What the benchmark's scores leave out."""
        count = sum(each in (Leak.DIRTY, Leak.BETWEEN) for each in leaks)
        if not (self.contamination.exclude and count):
            return {}
        return dict.fromkeys(columns, f"{count:,} of {len(leaks):,} items, contaminated")

    def _said(self, leaks: Sequence[Leak]) -> str:
        """In one sentence: the test, the counts, and what became of the dirty items."""
        counts = Counter(leaks)
        test = self.contamination.test
        limit = f" from {self.contamination.dirty_at_least:.0%}"
        found = ", ".join(f"{counts[each]} {each.value.replace('_', ' ')}" for each in Leak)
        left_out = counts[Leak.DIRTY] + counts[Leak.BETWEEN]
        fate = f"{left_out} left out of the score" if self.contamination.exclude else "all scored"
        return f"{test}{limit if test is LeakTest.LONGEST else ''}: {found} items; {fate}"


def _only(column: Column, leaks: Sequence[Leak], kind: Leak) -> Column:
    return tuple(score if each is kind else None for score, each in zip(column, leaks, strict=True))


def _measured(column: Column, kind: str) -> Column | Unmeasured:
    return column if any(score is not None for score in column) else _none_is(kind)


def _none_is(kind: str) -> Unmeasured:
    return Unmeasured(f"no item is {kind}", Cause.UNDERPOWERED)


def _flags(leaks: Sequence[Leak], traces: Sequence[Trace]) -> Column | Unmeasured:
    """1 for every item that is not clean, among those that are long enough to tell."""
    if all(each is Leak.TOO_SHORT for each in leaks):
        return Unmeasured(
            "no item is long enough to be looked for in the corpus", Cause.UNDERPOWERED
        )
    return tuple(
        None
        if each is Leak.TOO_SHORT
        else ItemScore(float(each is not Leak.CLEAN), shown(trace) if each != Leak.CLEAN else "")
        for each, trace in zip(leaks, traces, strict=True)
    )


def shown(trace: Trace) -> str:
    """The longest run of an item that stands in the corpus, for people."""
    if trace.longest is None:
        return ""
    words = trace.longest.words
    cut = words if len(words) <= _SHOWN_CHARACTERS else f"{words[:_SHOWN_CHARACTERS]}..."
    return (
        f"{trace.longest.length} of {trace.length} words stand in {trace.longest.document} "
        f"in a row: {cut}"
    )


def _without_leaks(
    columns: Mapping[str, Column | Unmeasured], leaks: Sequence[Leak]
) -> dict[str, Column | Unmeasured]:
    """The same columns without the items that leaked; unmeasured where too few are left."""
    kept = sum(each is Leak.CLEAN for each in leaks)
    if kept < FEWEST_CLEAN:
        why = f"{kept} of {len(leaks)} items are clean, and the others are left out; at least "
        where = "`gate bench contamination` shows where the corpus holds them"
        few = Unmeasured(f"{why}{FEWEST_CLEAN} are needed; {where}", Cause.UNDERPOWERED)
        return dict.fromkeys(columns, few)
    stays = (Leak.CLEAN, Leak.TOO_SHORT)
    return {
        name: column
        if isinstance(column, Unmeasured)
        else tuple(
            score if each in stays else None for score, each in zip(column, leaks, strict=True)
        )
        for name, column in columns.items()
    }
