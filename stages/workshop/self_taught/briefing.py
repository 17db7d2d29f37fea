"""In which words a judge of pairs is asked, and what of its reply counts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, assert_never

from policies.canonical import Json, sha256_of
from policies.side_by_side import PairRubric
from stages.evidence.items import Item
from stages.judges.asking import Brief, Case, put
from stages.judges.comparing import Contest
from stages.judges.conversation import turns
from stages.judges.fence import Exhibit
from stages.judges.pair_rubrics import brief_for
from stages.judges.verdict import Choice, Unreadable, Verdict, read_verdict
from stages.workshop.self_taught.recipe import BriefKind, Judging

_LEANINGS: Mapping[Choice, bool] = {
    "A": True,
    "A>>B": True,
    "A>B": True,
    "B": False,
    "B>A": False,
    "B>>A": False,
}
"""What choices say of the answer that was shown first: better or worse; others say neither."""


def prefers_first(verdict: Verdict) -> bool | None:
    """Whether a verdict is for the answer that was shown first; None when it is for neither."""
    return _LEANINGS.get(verdict.choice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A contest as it is put to a judge, in one order.

    Attributes:
        item: What is asked.
        number: What a verdict must repeat; empty where it need not.
    """

    item: Item
    number: str = ""


class Briefing(Protocol):
    """How a judge of pairs is asked."""

    @property
    def digest(self) -> str:
        """Of all that every judge is told."""
        ...

    @property
    def response_format(self) -> Mapping[str, Json] | None:
        """The form that endpoints can hold it to; None where there is none."""
        ...

    def question(self, contest: Contest, *, a_first: bool) -> Question:
        """A contest in one order; the item's id is the contest's with the order."""
        ...

    def read(self, reply: str, question: Question) -> Verdict | Unreadable:
        """The verdict of a reply, or why it is none."""
        ...


def briefing_for(judging: Judging) -> Briefing:
    """The words that a recipe chose."""
    match judging.brief:
        case BriefKind.STAGE_2:
            return Stage2Briefing(judging.rubric)
        case BriefKind.SHORT:
            return ShortBriefing()
        case never:
            assert_never(never)


@dataclass(frozen=True, slots=True)
class Stage2Briefing:
    """Word for word what stage 2 asks its judges, see `stages.judges.comparing`."""

    rubric: PairRubric

    @property
    def digest(self) -> str:
        """See `Briefing`."""
        return self._brief.digest

    @property
    def response_format(self) -> Mapping[str, Json] | None:
        """See `Briefing`."""
        return self._brief.form.response_format

    def question(self, contest: Contest, *, a_first: bool) -> Question:
        """See `Briefing`."""
        first, second = _in_order(contest, a_first=a_first)
        answers = (Exhibit("answer a", first), Exhibit("answer b", second))
        exhibits = (*turns(contest.question), *answers)
        asked = put(self._brief, Case(id=_named(contest, a_first=a_first), exhibits=exhibits))
        return Question(item=asked.item, number=asked.number)

    def read(self, reply: str, question: Question) -> Verdict | Unreadable:
        """See `Briefing`."""
        return read_verdict(reply, self._brief.form, case=question.number)

    @property
    def _brief(self) -> Brief:
        return brief_for(self.rubric, own_answer=False)


_SHORT = "Question : {question} Answer A : {first} Answer B : {second} Which is better ?"
_REPLY = re.compile(r"(?P<reasons>\S.*?)\s+verdict:\s+(?P<choice>[AB])\s*", re.DOTALL)


class ShortBriefing:
    """A few words, with spaces between them, and a reply in plain words.

    The texts are not fenced: an answer can speak to such a judge. It serves to try the loop with a
    model that is too small for a page, and is no brief of stage 2.
    """

    @property
    def digest(self) -> str:
        """See `Briefing`."""
        return sha256_of([_SHORT, _REPLY.pattern])

    @property
    def response_format(self) -> Mapping[str, Json] | None:
        """There is none: the reply is no JSON."""
        return None

    def question(self, contest: Contest, *, a_first: bool) -> Question:
        """See `Briefing`."""
        first, second = _in_order(contest, a_first=a_first)
        said = " ".join(exhibit.text for exhibit in turns(contest.question))
        text = _SHORT.format(question=said, first=first, second=second)
        name = _named(contest, a_first=a_first)
        return Question(
            item=Item(id=name, messages=({"role": "user", "content": text},), cluster=name)
        )

    def read(self, reply: str, question: Question) -> Verdict | Unreadable:
        """Reasons, then `verdict:` and A or B, at the very end and only there."""
        del question
        found = _REPLY.fullmatch(reply.strip())
        if found is None or "verdict:" in found["reasons"]:
            return Unreadable("the reply does not end with reasons, `verdict:` and A or B")
        return Verdict(choice=found["choice"], reasoning=found["reasons"])


def _in_order(contest: Contest, *, a_first: bool) -> tuple[str, str]:
    answers = contest.answer_a, contest.answer_b
    return answers if a_first else (answers[1], answers[0])


def _named(contest: Contest, *, a_first: bool) -> str:
    return f"{contest.id} {'a first' if a_first else 'b first'}"
