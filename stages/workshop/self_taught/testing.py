"""Judges tested on pairs that nobody learned from, by the scores that admit a judge to stage 2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from policies.canonical import Json, sha256_of
from policies.pairs_task import PairLabels, PairsTask
from policies.side_by_side import PairRubric
from policies.task import Sampling
from stages.engine.data import read_items
from stages.evidence.items import Item
from stages.evidence.records import Measurement
from stages.judges.comparing import Contest
from stages.offline.estimating import measure_task
from stages.offline.instrument import Scores
from stages.offline.pairs.instrument import Pairs
from stages.offline.pairs.pair import FIRST, SECOND, TIE, Pair, read_pairs
from stages.offline.pairs.replies import Judged, Said, Twice
from stages.stats.tango import PairCounts, p_lower
from stages.workshop.self_taught.judging import Heard, Judge, Judgement, judge_pairs
from stages.workshop.self_taught.majority import majority
from stages.workshop.self_taught.measures import decided_difference
from stages.workshop.self_taught.people import Voted, read_voted
from stages.workshop.self_taught.recipe import HELD_OUT, Judging, SelfTaught, Test
from stages.workshop.workroom import Workroom


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """Pairs of one test.

    Attributes:
        name: Of the test.
        task: How they are scored, as stage 1 scores a judge.
        pairs: In the file's order.
        sha256: Digest of the files; of made pairs, of the pairs.
        left_out: Why other pairs of the files are not among them, by id.
    """

    name: str
    task: PairsTask
    pairs: tuple[Pair, ...]
    sha256: str
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def contests(self) -> tuple[Contest, ...]:
        """As they are put to a judge; ids are unique."""
        return tuple(
            Contest(
                id=pair.item.id,
                messages=pair.item.messages,
                answer_a=pair.answer_a,
                answer_b=pair.answer_b,
                rubric=self.task.rubric,
            )
            for pair in self.pairs
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sat:
    """A test that a judge sat.

    Attributes:
        exam: The test.
        judgements: Two of every pair, one in each order, in the test's order.
        heard: What those were made of, and what it cost.
        majority_of: Of how many each is the majority; 1 where it is one at temperature 0.
    """

    exam: Exam
    judgements: tuple[Judgement, ...]
    heard: Heard
    majority_of: int = 1

    @property
    def name(self) -> str:
        """Under which it is reported: the test's, or e.g. `held_out_of_32`."""
        return (
            self.exam.name if self.majority_of == 1 else f"{self.exam.name}_of_{self.majority_of}"
        )

    @property
    def scores(self) -> Scores:
        """By stage 1's instrument for judges of pairs."""
        found = [
            _judged(pair, ab, ba)
            for pair, ab, ba in zip(
                self.exam.pairs, self.judgements[::2], self.judgements[1::2], strict=True
            )
        ]
        items = [pair.item for pair in self.exam.pairs for _ in (0, 1)]
        return Pairs(self.exam.task).of_judged(items, found)

    def measured(self, before: "Sat | None") -> tuple[Measurement, ...]:
        """Every metric, and how it differs from that of a judge before on the same pairs."""
        scores, level = self.scores, self.exam.task.level
        theirs = scores if before is None else before.scores
        found = measure_task(self.exam.task.metrics(self.name), scores, theirs, level=level)
        if self.exam.task.pairs is not PairLabels.PEOPLE:
            return found
        return (*found, decided_difference(self.name, scores, theirs, level=level))

    def exact_p(self, before: "Sat") -> float | None:
        """Two-sided exact p-value (McNemar) of equal accuracy, one order of each pair drawn.

        The order of a pair follows from its digest: it is the same for every judge, and no judge's
        verdict in the other order counts. None of votes, and where pairs share a question.
        """
        clusters = {pair.item.cluster for pair in self.exam.pairs}
        if self.exam.task.pairs is PairLabels.PEOPLE or len(clusters) < len(self.exam.pairs):
            return None
        pairs = _counts(self.right_when_drawn(), before.right_when_drawn())
        return min(1.0, 2 * min(p_lower(pairs), p_lower(pairs.swapped)))

    def right_when_drawn(self) -> tuple[bool, ...]:
        """Whether it was right on each pair, in one order that is drawn for the pair."""
        orders = [int(sha256_of(["order", pair.item.digest]), 16) % 2 for pair in self.exam.pairs]
        return tuple(self.judgements[2 * at + order].right for at, order in enumerate(orders))


def read_exams(recipe: SelfTaught, base: Path) -> tuple[Exam, ...]:
    """The tests that a recipe names.

    Raises:
        InputError: When a file cannot be used, naming file and pair.
    """
    return tuple(
        _read(name, test, recipe.judging.rubric, level=recipe.level, base=base)
        for name, test in recipe.tests.items()
    )


def held_out_exam(contests: Sequence[Contest], rubric: PairRubric, *, level: float) -> Exam:
    """The test on pairs that were made and set aside; `answer_a` is the better answer.

    Args:
        contests: The pairs.
        rubric: What judges look for.
        level: Of its intervals.
    """
    pairs = tuple(
        Pair(
            item=Item(id=c.id, messages=c.messages, cluster=c.question.id),
            answer_a=c.answer_a,
            answer_b=c.answer_b,
            votes={},
        )
        for c in contests
    )
    said: list[Json] = [[p.item.digest, p.answer_a, p.answer_b] for p in pairs]
    task = PairsTask(data=HELD_OUT, pairs=PairLabels.LABELLED, rubric=rubric, level=level)
    return Exam(name=HELD_OUT, task=task, pairs=pairs, sha256=sha256_of(said))


def sit(
    judge: Judge, exams: Sequence[Exam], judging: Judging, workroom: Workroom
) -> Mapping[str, Sat]:
    """A judge's judgements of all tests, by name: at temperature 0, then by majority; journaled.

    Raises:
        OutOfBudget: When the recipe's budget does not pay for it.
        EndpointError: When the judge cannot be reached.
    """
    once = [Sampling(temperature=0.0, max_tokens=judging.max_tokens, seed=judging.seed)]
    often = [] if judging.majority_of is None else [drawn(judging, judging.majority_of)]
    found = [
        _sat(exam, judge_pairs(judge, exam.contests, how, workroom, step=f"test-{exam.name}"), how)
        for how in (once, *often)
        for exam in exams
    ]
    return {sat.name: sat for sat in found}


def drawn(judging: Judging, times: int) -> list[Sampling]:
    """How judgements are drawn that shall differ.

    Args:
        judging: Says how.
        times: How many of each showing.
    """
    return [
        Sampling(
            temperature=judging.temperature,
            top_p=judging.top_p,
            max_tokens=judging.max_tokens,
            seed=judging.seed + sample,
        )
        for sample in range(times)
    ]


def _sat(exam: Exam, heard: Heard, samplings: Sequence[Sampling]) -> Sat:
    return Sat(
        exam=exam,
        judgements=majority(heard.judgements),
        heard=heard,
        majority_of=len(samplings),
    )


def _read(name: str, test: Test, rubric: PairRubric, *, level: float, base: Path) -> Exam:
    read = _voted_or_given(test, base)
    task = PairsTask(data=test.files[0], pairs=test.pairs, rubric=rubric, level=level)
    Pairs(task).check(read.file)
    return Exam(
        name=name,
        task=task,
        pairs=read_pairs(read.file, test.pairs),
        sha256=read.file.sha256,
        left_out=read.left_out,
    )


def _voted_or_given(test: Test, base: Path) -> Voted:
    if test.data is None:
        return read_voted(test, base=base)
    file = read_items(test.data, base=base, cluster=test.cluster, sha256=test.sha256)
    return Voted(file=file, left_out={})


def _judged(pair: Pair, ab: Judgement, ba: Judgement) -> Judged:
    return Judged(pair=pair, said=(Twice(ab=_said(ab), ba=_said(ba)),), why=(_why(ab), _why(ba)))


def _said(judgement: Judgement) -> Said:
    if judgement.unread:
        return None
    return TIE if judgement.prefers_a is None else FIRST if judgement.prefers_a else SECOND


def _why(judgement: Judgement) -> str:
    return f"cannot be read: {judgement.unread}" if judgement.unread else judgement.reply


def _counts(mine: Sequence[bool], theirs: Sequence[bool]) -> PairCounts:
    both = list(zip(mine, theirs, strict=True))
    return PairCounts(
        both=both.count((True, True)),
        gained=both.count((True, False)),
        lost=both.count((False, True)),
        neither=both.count((False, False)),
    )
