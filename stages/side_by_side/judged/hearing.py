"""What one judge says of pairs: preferences, and what is still missing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten

from policies.side_by_side import Judging
from stages.engine.threads import Failed
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import Cost
from stages.judges.comparing import Comparer, Contest
from stages.judges.verdict import Verdict
from stages.side_by_side.pairs import Pair
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote

_ORDER = (Cause.BROKEN, Cause.OVER_BUDGET, Cause.WAITING)
"""What is told of first when verdicts are missing for several reasons."""


_REASON_SHOWN = 120
"""Characters of a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a judge said of a pair in one order, once.

    Attributes:
        pair: The pair.
        judge: Its name.
        a_first: Whether the answer of `pair.model_a` was shown first.
        repeat: Which repetition in this order, from 0.
        said: Of the pair's a and b, whichever was shown first; unresolved when it refused, wrote
            what cannot be read, or could not be shown the pair.
        why: Its reasons, or why there is no verdict.
        asked_anew: Whether there is no verdict, and the next run asks for one again.
    """

    pair: Pair
    judge: str
    a_first: bool
    repeat: int
    said: Preference
    why: str
    asked_anew: bool = False

    @property
    def vote(self) -> Vote:
        """The same as a vote."""
        first = self.pair.model_a if self.a_first else self.pair.model_b
        worth = self.said.worth
        return Vote(
            prompt=self.pair.prompt,
            annotator=self.judge,
            model_a=self.pair.model_a,
            model_b=self.pair.model_b,
            win_a=worth.win,
            graded_a=worth.graded,
            both_bad=worth.both_bad,
            first=first,
            where=f"judge {self.judge}, {first} first, repetition {self.repeat + 1}",
            answer_a=self.pair.answer_a,
            answer_b=self.pair.answer_b,
            judge=True,
            record={
                "pair": self.pair.id,
                "repeat": self.repeat,
                "preference": self.said.value,
                "reasoning": self.why,
            },
        )


def worst_of(lacking: Sequence[Unmeasured]) -> Unmeasured | None:
    """What is told of when several things are missing; None when nothing is."""
    return min(lacking, key=lambda each: _ORDER.index(each.cause), default=None)


@dataclass(frozen=True, slots=True)
class Missing:
    """A judgement that is not there.

    Attributes:
        pair: The pair that it is on.
        why: Waited for, too dear, or it never reached the judge.
    """

    pair: Pair
    why: Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one judge said of all pairs.

    Attributes:
        judge: Its name.
        said: Every judgement, unresolved ones included.
        missing: Those that are not there yet.
        cost: Tokens and calls of its replies.
        who: Model, address, and the names that its replies give.
    """

    judge: str
    said: tuple[Judgement, ...]
    missing: tuple[Missing, ...]
    cost: Cost
    who: tuple[str, ...]

    @property
    def unasked(self) -> tuple[Pair, ...]:
        """A pair for every judgement that is to be asked for; what is in a batch was."""
        return tuple(m.pair for m in self.missing if m.why.cause is not Cause.WAITING)

    @property
    def unread(self) -> str | None:
        """How many verdicts cannot be read, with the most frequent reason; None when all can."""
        reasons = Counter(j.why for j in self.said if j.said is Preference.UNRESOLVED)
        if not reasons:
            return None
        why = shorten(reasons.most_common(1)[0][0].replace(";", ","), _REASON_SHOWN)
        return (
            f"{reasons.total()} of {len(self.said)} verdicts of {self.judge} cannot be read, "
            f"such as: {why}"
        )

    @property
    def lacks(self) -> Unmeasured | None:
        """Why its verdicts are not all there; None when they are."""
        if not self.missing:
            return None
        reasons = (missing.why for missing in self.missing)
        first = min(reasons, key=lambda failed: _ORDER.index(failed.cause))
        number = len(self.missing)
        whole = number + len(self.said)
        return Unmeasured(
            f"{number} of {whole} verdicts of {self.judge} are missing ({first.reason})",
            first.cause,
        )


def hear(name: str, pairs: Sequence[Pair], comparer: Comparer, judging: Judging) -> Heard:
    """What a judge says of pairs, in both orders, `judging.repeats` times each.

    Args:
        name: The judge's.
        pairs: What it is shown; none of them settled.
        comparer: Asks it.
        judging: Which rubric is for which topic.

    Raises:
        Broken: When the journal cannot be read or written, or another process is asking.
    """
    by_id = {pair.id: pair for pair in pairs}
    compared = comparer.compare([_contest(pair, judging) for pair in by_id.values()])
    said, missing = [], []
    for shown, verdict in compared.verdicts.items():
        if isinstance(verdict, Failed) and (verdict.unreached or verdict.cause is not Cause.BROKEN):
            missing.append(Missing(by_id[shown.contest], verdict))
            continue
        said.append(
            Judgement(
                pair=by_id[shown.contest],
                judge=name,
                a_first=shown.a_first,
                repeat=shown.repeat,
                said=_preference(verdict, a_first=shown.a_first),
                why=verdict.reasoning if isinstance(verdict, Verdict) else verdict.reason,
                asked_anew=isinstance(verdict, Failed) and not verdict.final,
            )
        )
    return Heard(
        judge=name,
        said=tuple(said),
        missing=tuple(missing),
        cost=compared.cost,
        who=compared.judge,
    )


def _contest(pair: Pair, judging: Judging) -> Contest:
    return Contest(
        id=pair.id,
        messages=pair.messages,
        answer_a=pair.answer_a,
        answer_b=pair.answer_b,
        rubric=judging.rubrics.get(pair.topic, judging.rubric),
    )


def _preference(verdict: Verdict | Failed, *, a_first: bool) -> Preference:
    """From what stood first and second to a and b."""
    if isinstance(verdict, Failed):
        return Preference.UNRESOLVED
    shown = Preference(str(verdict.choice))
    return shown if a_first else shown.turned
