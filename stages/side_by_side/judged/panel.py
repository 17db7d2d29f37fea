"""The panel: what several judges say of a candidate's answers, and how well each of them judges."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from policies.side_by_side import JUDGE_HEALTH, Judging, SideBySidePlan
from stages.engine.subject import Subject
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import Cost, Wait
from stages.judges.pair_rubrics import brief_for
from stages.judges.purse import Purse
from stages.side_by_side.gold import read_gold
from stages.side_by_side.judged import health
from stages.side_by_side.judged.bench import PINNED, Bench, Hearing
from stages.side_by_side.judged.drift import drift
from stages.side_by_side.judged.hearing import Heard, worst_of
from stages.side_by_side.judged.scoring import Score, panel_rows
from stages.side_by_side.judged.seats import Seat, Seats, seats_of
from stages.side_by_side.pairs import Pair, settled
from stages.side_by_side.scores import Row
from stages.side_by_side.vote import CandidateVote, Vote

Measured = Estimate | Unmeasured

_PROVEN = 0.999
"""Level at which a drift is beyond doubt: it is looked at daily, and takes an admission away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the panel found.

    Attributes:
        pairs: What was judged, one per prompt, settled and lost pairs included.
        lost: Prompts on which the candidate earns nothing: no judge was asked about them.
        seats: Who judged, who was left out, and what people should know of that.
        heard: What each judge said.
        health: Of every judge that the plan names, by `JUDGE_METRIC`, such as `judge_a_drift`.
        cost: Of every reply, whenever it was given; own answers and the calibration set included.
        tools: Who judged, and what they were told, for the evidence.
        out: Why nothing that the panel says counts: a judge lost its admission; None when it did
            not.
    """

    pairs: tuple[Pair, ...]
    lost: frozenset[str]
    seats: Seats
    heard: tuple[Heard, ...]
    health: Mapping[str, Measured]
    cost: Cost
    tools: tuple[tuple[str, str], ...]
    out: Unmeasured | None = None

    @property
    def votes(self) -> tuple[Vote, ...]:
        """Every judgement, unresolved ones included: one per judge, order and repetition."""
        return tuple(each.vote for heard in self.heard for each in heard.said)

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of the judges, a sentence each."""
        left_out = (f"judge {name} {why}" for name, why in self.seats.left_out.items())
        return (*self.seats.notes, *left_out)

    @property
    def unread(self) -> str:
        """What cannot be read, judge by judge; empty when all can."""
        return ", ".join(unread for heard in self.heard if (unread := heard.unread) is not None)

    @property
    def asked_anew(self) -> frozenset[str]:
        """Prompts with a judgement that is unresolved and that the next run asks for again."""
        return frozenset(
            each.pair.prompt for heard in self.heard for each in heard.said if each.asked_anew
        )

    @property
    def waits(self) -> tuple[Wait, ...]:
        """What is still in batches, judge by judge."""
        return tuple(wait for heard in self.heard if (wait := _wait(heard)) is not None)

    def rows(self, score: Score) -> tuple[Row, ...] | Unmeasured:
        """What the panel says of the candidate on each prompt, in the pairs' order.

        Args:
            score: What a preference says, see `scoring`.

        Returns:
            A score in [0, 1] with its bounds for every prompt; or `Unmeasured` when nobody is left
            on the panel, when a judge lost its admission, or while a judgement is waited for, too
            dear, or never reached a judge.
        """
        if self.out is not None:
            return self.out
        if not self.seats.sitting:
            left_out = "; ".join(f"{name} {why}" for name, why in self.seats.left_out.items())
            return Unmeasured(
                f"nobody is left on the panel: {left_out or 'the plan names no judge'}"
            )
        lacking = worst_of([lacks for each in self.heard if (lacks := each.lacks) is not None])
        if lacking is not None:
            return lacking
        return panel_rows(
            self.pairs,
            [judgement for each in self.heard for judgement in each.said],
            {seat.name: seat.weight for seat in self.seats.sitting},
            score,
            lost=self.lost,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a judge is still to be asked.

    Attributes:
        judge: Its name.
        pairs: A pair for every comparison.
        calibration: The same of the calibration set.
    """

    judge: str
    pairs: tuple[Pair, ...]
    calibration: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A plan's judges.

    Attributes:
        plan: Names them, and says how they judge.
        bench: What they work with.
    """

    plan: SideBySidePlan
    bench: Bench

    def judge(
        self,
        candidate: Subject,
        baseline: Subject,
        pairs: Sequence[Pair],
        *,
        people: Sequence[CandidateVote] = (),
        lost: Collection[str] = (),
    ) -> Judged:
        """What the judges say, asking only for what no journal holds.

        Settled pairs are shown to nobody, and neither are those whose answer was written to win: it
        wins nothing. Every judge is asked about the pairs, in the plan's
        order, before any is asked about the calibration set. What a cap leaves out and what a batch
        has not brought yet is missing; nothing that was journaled is lost by that.

        Args:
            candidate: Whose answers are a.
            baseline: Whose answers are b.
            pairs: One per prompt.
            people: Votes of people on the same two checkpoints, which judges are held against.
            lost: Prompts of these pairs on which the candidate's answer was written to win.

        Raises:
            InputError: When an endpoint is not known, or the calibration set cannot be used.
            Broken: When the journal cannot be read or written, or another process is asking.
        """
        if len({pair.prompt for pair in pairs}) < len(pairs):
            raise ValueError("a panel judges one pair per prompt")
        seats = seats_of(self.plan, candidate, baseline, self.bench.endpoints)
        shown = _shown(pairs, lost)
        gold, purse = self._gold(), Purse(self.bench.cap)
        if purse.limited:
            self._sittings(seats, shown, gold, purse, looks_only=True)
        sittings = self._sittings(seats, shown, gold, purse, looks_only=False)
        heard = tuple(sitting.heard for sitting in sittings)
        unasked = sum(settled(pair) is None for pair in pairs) - len(shown)
        return Judged(
            pairs=tuple(pairs),
            lost=frozenset(lost),
            seats=seats,
            heard=heard,
            health={
                **_health_of_absent(seats),
                **{
                    f"{sitting.seat.name}_{metric}": measured
                    for sitting in sittings
                    for metric, measured in sitting.health(
                        people, level=self.plan.level, unasked=unasked
                    ).items()
                },
            },
            cost=purse.spent(),
            tools=_tools(self.plan.judging, heard),
            out=self._out(sittings),
        )

    def left(
        self,
        candidate: Subject,
        baseline: Subject,
        pairs: Sequence[Pair],
        *,
        purse: Purse,
        lost: Collection[str] = (),
    ) -> tuple[Left, ...]:
        """What each judge who sits is still to be asked; nobody is asked now.

        Args:
            candidate: Whose answers are a.
            baseline: Whose answers are b.
            pairs: One per prompt.
            purse: Learns what the judges have cost.
            lost: Prompts of these pairs on which the candidate's answer was written to win.

        Raises:
            InputError: When an endpoint is not known, or the calibration set cannot be used.
            Broken: When the journal cannot be read.
        """
        seats = seats_of(self.plan, candidate, baseline, self.bench.endpoints)
        gold = self._gold()
        sittings = self._sittings(seats, _shown(pairs, lost), gold, purse, looks_only=True)
        return tuple(
            Left(
                judge=sitting.seat.name,
                pairs=sitting.heard.unasked,
                calibration=tuple(
                    pair
                    for heard in (sitting.pinned, sitting.now)
                    if heard is not None
                    for pair in heard.unasked
                ),
            )
            for sitting in sittings
        )

    def _out(self, sittings: Sequence["_Sitting"]) -> Unmeasured | None:
        """An admitted judge that has drifted loses its admission, and the panel its word."""
        for sitting in sittings:
            suspend, why = self.bench.admitted.get(sitting.seat.name), sitting.drifted()
            if suspend is not None and why is not None:
                return Unmeasured(suspend(why))
        return None

    def _gold(self) -> tuple[Pair, ...]:
        judging = self.plan.judging
        if judging.calibration is None or not self.plan.judges:
            return ()
        return read_gold(
            judging.calibration,
            base=self.bench.base,
            topic=self.plan.topic if judging.rubrics else None,
            sha256=judging.calibration_sha256,
        )

    def _sittings(
        self,
        seats: Seats,
        shown: Sequence[Pair],
        gold: Sequence[Pair],
        purse: Purse,
        *,
        looks_only: bool,
    ) -> tuple["_Sitting", ...]:
        """Every judge on every pair, then every judge on the calibration set, twice at first."""
        hearing = Hearing(
            bench=self.bench, judging=self.plan.judging, purse=purse, looks_only=looks_only
        )
        heard = [_Sitting(seat, hearing.of_pairs(seat, shown)) for seat in seats.sitting]
        if not gold:
            return tuple(heard)
        return tuple(
            replace(
                sitting,
                pinned=hearing.of_calibration(sitting.seat, gold, when=PINNED),
                now=hearing.of_calibration(sitting.seat, gold, when=self.bench.round),
            )
            for sitting in heard
        )


@dataclass(frozen=True, slots=True)
class _Sitting:
    """A judge, and all that it said."""

    seat: Seat
    heard: Heard
    pinned: Heard | None = None
    now: Heard | None = None

    def health(
        self, people: Sequence[CandidateVote], *, level: float, unasked: int
    ) -> Mapping[str, Measured]:
        """By metric; what is unasked are pairs that were lost before a judge saw them."""
        lacks, said = self.heard.lacks, self.heard.said
        found: dict[str, Measured] = {
            "first_position": lacks or health.first_position(said, level=level),
            "inconsistency": lacks or health.inconsistency(said, level=level),
            "repeat_variance": lacks or health.repeat_variance(said, level=level),
            "severity": lacks or health.severity(said, level=level),
            "agreement": lacks or health.agreement(said, people, level=level),
        }
        told = {name: health.without(measured, unasked) for name, measured in found.items()}
        return {**told, "drift": self._drift(level=level)}

    def drifted(self) -> str | None:
        """What proves that it is not the judge that was pinned; None when nothing does."""
        found = self._drift(level=_PROVEN)
        if isinstance(found, Unmeasured) or found.low is None or found.high is None:
            return None
        if found.low <= 0 <= found.high:
            return None
        way = "worse" if found.value > 0 else "better"
        return (
            f"on {found.n} pinned pairs it is right {abs(found.value):.1%} of the time {way} than "
            f"when they were pinned (interval at {_PROVEN:.1%})"
        )

    def _drift(self, *, level: float) -> Measured:
        if self.pinned is None or self.now is None:
            return Unmeasured("the plan names no calibration set: `judging.calibration`")
        lacks = self.pinned.lacks or self.now.lacks
        return lacks or drift(self.pinned.said, self.now.said, level=level)


def _shown(pairs: Sequence[Pair], lost: Collection[str]) -> tuple[Pair, ...]:
    """What judges are asked about."""
    return tuple(pair for pair in pairs if settled(pair) is None and pair.prompt not in lost)


def _health_of_absent(seats: Seats) -> Mapping[str, Unmeasured]:
    return {
        f"{name}_{metric}": Unmeasured(f"judge {name} {why}")
        for name, why in seats.left_out.items()
        for metric, _ in JUDGE_HEALTH
    }


def _wait(heard: Heard) -> Wait | None:
    if not any(missing.why.cause is Cause.WAITING for missing in heard.missing):
        return None
    return Wait(
        cause=Cause.WAITING,
        who="judges",
        what=f"verdicts of {heard.judge}, which its provider gives in batches",
        have=len(heard.said),
        need=len(heard.said) + len(heard.missing),
        command="gate run POLICY",
    )


def _tools(judging: Judging, heard: Sequence[Heard]) -> tuple[tuple[str, str], ...]:
    rubrics = {judging.rubric, *judging.rubrics.values()} if heard else set()
    own = judging.own_answer_first
    return (
        *((f"judge {each.judge}", "; ".join(each.who)) for each in heard),
        *((f"prompt {r}", brief_for(r, own_answer=own).digest) for r in sorted(rubrics)),
    )
