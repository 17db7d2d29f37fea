"""Stage 2 as the pipeline sees it: the evidence of blind comparisons with the baseline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from policies.benchmark_tasks import Stopping
from policies.canonical import sha256_of
from policies.side_by_side import Counted, SideBySidePlan
from stages.engine.program import code_version
from stages.engine.subject import Subject
from stages.evidence.absence import NO_BASELINE, SAME_CHECKPOINT
from stages.evidence.costs import total
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import (
    Cost,
    Evidence,
    Measurement,
    Provenance,
    Quantity,
    StageName,
    Validity,
    Wait,
)
from stages.models.prices import Price
from stages.side_by_side.comparison import Comparing, Comparison
from stages.side_by_side.judged.panel import Judged
from stages.side_by_side.pairs import settled
from stages.side_by_side.preference import Preference
from stages.side_by_side.sums import Measured, sums_of
from stages.side_by_side.telling import told_of
from stages.side_by_side.told import Told

_FROM_VOTES = ("win_rate", "graded", "both_bad", "raked_win_rate")
"""Metrics that say nothing before somebody has voted, but where judges' verdicts count alone."""

_OF_JUDGES = ("judge_win_rate", "judge_graded")

SILENT = 0.1
"""Share of the prompts above which a baseline that says nothing is broken, rather than beaten: by
the rule it loses all of them, unread."""

_SEQUENCES = ("win_rate", "graded", "both_bad", *_OF_JUDGES)
"""Metrics that a plan which may stop at any time measures by confidence sequences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What there is to say of one pair: values by the metric's own name.

    Attributes:
        measured: The values.
        read_by_both: Prompts that both people and judges are shown.
        waits: What is waited for.
        cost: Of answers and judgements.
        read: Name and digest of what was read.
        tools: Who judged, and what they were told.
    """

    measured: Mapping[str, Measured]
    read_by_both: int = 0
    waits: tuple[Wait, ...] = ()
    cost: Cost = field(default_factory=Cost)
    read: tuple[tuple[str, str], ...] = ()
    tools: tuple[tuple[str, str], ...] = ()


class SideBySideStage:
    """Measures votes on a candidate against the baseline as its plan says; sees no threshold.

    Args:
        plan: The side-by-side plan.
        comparing: Brings together votes, answers and judgements.
        price: Of the checkpoints' answers.
    """

    def __init__(self, plan: SideBySidePlan, comparing: Comparing, *, price: Price) -> None:
        self._plan = plan
        self._comparing = comparing
        self._price = price
        self._known: dict[tuple[str, str], Comparison] = {}

    def measure_next(
        self, candidate: Subject, baseline: Subject | None, so_far: Evidence | None = None
    ) -> Evidence:
        """The evidence of all that was voted and judged, in one step: `so_far` where it was taken.

        What came meanwhile waits for the next run, and so does a judge who failed. Votes, answers
        and judgements are journaled: every run reads them whole, so a killed one loses nothing and
        the same journals give the same bytes. What is not there is waited for.

        Raises:
            InputError: A file cannot be read, or a vote in it is wrong or stands twice; nothing of
                it is counted then.
            PolicyError: The plan's data holds fewer prompts than are planned.
            Broken: A journal or the ballot box cannot be used.
        """
        if so_far is not None:
            return so_far
        outcome = self._outcome(candidate, baseline)
        return Evidence(
            stage=StageName.SIDE_BY_SIDE,
            candidate=candidate.uri,
            baseline=baseline.uri if baseline else None,
            measurements=tuple(
                self._measurement(metric.name, outcome) for metric in self._plan.metrics()
            ),
            waits=outcome.waits,
            cost=outcome.cost,
            provenance=Provenance(
                candidate=candidate.digest,
                baseline=baseline.digest if baseline else None,
                plan=sha256_of(self._plan.said()),
                data=outcome.read,
                code=code_version(),
                seeds=(("side_by_side", self._plan.seed),) if self._plan.data else (),
                tools=outcome.tools,
            ),
        )

    def told(self, candidate: Subject, baseline: Subject) -> Told | None:
        """What was measured last of a comparison, vote by vote; None when nothing was."""
        known = self._known.get((candidate.uri, baseline.uri))
        return None if known is None else told_of(known, candidate, baseline)

    def _outcome(self, candidate: Subject, baseline: Subject | None) -> _Outcome:
        if baseline is None:
            return self._nothing(NO_BASELINE)
        if baseline.digest == candidate.digest:
            return self._nothing(SAME_CHECKPOINT)
        if baseline.known_as == candidate.known_as:
            return self._nothing(
                Unmeasured(f"votes know candidate and baseline alike as `{candidate.known_as}`")
            )
        known = self._comparing.of(candidate, baseline)
        self._known[candidate.uri, baseline.uri] = known
        judged = known.judged if isinstance(known.judged, Judged) else None
        paid = judged.cost if judged else Cost()
        return _Outcome(
            measured=self._sums(known, f"{candidate.known_as} with {baseline.known_as}"),
            read_by_both=_read_by_both(known, judged),
            waits=tuple(self._waits(known)),
            cost=replace(total((self._price.of(known.cost), paid)), votes=len(known.counted.votes)),
            read=known.gathered.read,
            tools=tuple(sorted((*(judged.tools if judged else ()), *_assessed(known)))),
        )

    def _sums(self, known: Comparison, pair: str) -> Mapping[str, Measured]:
        found = sums_of(known, self._plan)
        silent, prompts = _silent(known), len(_prompts(known))
        if silent > SILENT * prompts:
            mute = Unmeasured(
                f"the baseline says nothing to {silent} of {prompts} prompts, which is no "
                "comparison: mend what answers for it, or ask what it answers"
            )
            return {**found, **dict.fromkeys((*_FROM_VOTES, *_OF_JUDGES), mute)}
        complete = len(known.counted.prompts) >= self._plan.prompts_planned
        through = complete and not known.unread  # else nobody has seen what the rule speaks of
        if known.voted or through or self._plan.count is Counted.JUDGES:
            return found
        lacking = Unmeasured(f"no vote compares {pair} yet", Cause.WAITING)
        return {**found, **dict.fromkeys(_FROM_VOTES, lacking)}

    def _waits(self, known: Comparison) -> Iterator[Wait]:
        if isinstance(known.judged, Judged):
            yield from known.judged.waits
        have, need = len(known.counted.prompts), self._plan.prompts_planned
        if self._plan.count is Counted.JUDGES or have >= need:
            return
        gathered, each = known.gathered, ""
        if self._plan.overlap > 1:
            each = f" ({self._plan.overlap} each)"
        absent = f"; not there yet: {', '.join(gathered.absent)}" if gathered.absent else ""
        assigned = gathered.batch is not None or self._plan.votes or gathered.prompts is None
        yield Wait(
            cause=Cause.WAITING,
            who="annotators" if assigned else "release manager",
            what=f"votes on {need - have} more prompts{each}{absent}"
            if assigned
            else f"a batch for annotators: {need} prompts{each}",
            have=have,
            need=need,
            command="gate run POLICY" if assigned else "gate sxs assign POLICY",
        )

    def _measurement(self, metric: str, outcome: _Outcome) -> Measurement:
        name = metric.partition(".")[2]
        measured = outcome.measured[name]
        anytime = self._plan.stopping is Stopping.ANYTIME and name in _SEQUENCES
        return Measurement(
            metric=metric,
            quantity=Quantity.VALUE,
            measured=measured,
            validity=Validity.ANYTIME if anytime else Validity.FIXED,
            planned=None if anytime else self._decides_at(name, measured, outcome),
        )

    def _decides_at(self, name: str, measured: Measured, outcome: _Outcome) -> int:
        """The number of units at which a metric may decide.

        That of the plan for all that changes with the votes; what rests on all answers, or on all
        verdicts of a judge, is known at once, and on more prompts than people are shown where these
        only correct the judges.
        """
        if name in _FROM_VOTES or isinstance(measured, Unmeasured):
            return self._plan.prompts_planned
        if outcome.waits and name.endswith("_agreement"):
            return max(outcome.read_by_both, measured.n)
        if outcome.waits and name == "attacks":
            return max(self._plan.prompts_planned, measured.n)
        return measured.n

    def _nothing(self, why: Unmeasured) -> _Outcome:
        names = (metric.name.partition(".")[2] for metric in self._plan.metrics())
        return _Outcome(measured=dict.fromkeys(names, why))


def _prompts(known: Comparison) -> frozenset[str]:
    """Prompts of the answers that are known, and of the votes that count."""
    return frozenset(
        (*(pair.prompt for pair in known.pairs), *(turn.prompt for turn in known.counted.turns))
    )


def _silent(known: Comparison) -> int:
    """Number of prompts to which the baseline says nothing: where it does, or the rule says so."""
    read = {pair.prompt for pair in known.pairs if settled(pair) is Preference.A_MUCH_BETTER}
    ruled = (turn for turn in known.counted.turns if turn.settled)
    return len(read | {turn.prompt for turn in ruled if turn.votes[0].win == 1})


def _assessed(known: Comparison) -> tuple[tuple[str, str], ...]:
    """How the bench was judged that the prompts are of."""
    return known.gathered.prompts.assessed if known.gathered.prompts else ()


def _read_by_both(known: Comparison, judged: Judged | None) -> int:
    """Prompts drawn for people whose pair is neither settled nor lost: judges see it too."""
    if judged is None or known.gathered.prompts is None:
        return 0
    drawn = frozenset(known.gathered.prompts.shown)
    return sum(
        settled(pair) is None and pair.prompt in drawn - judged.lost for pair in judged.pairs
    )
