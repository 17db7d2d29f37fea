import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.side_by_side import PairRubric
from stages.engine.answering import AnswerLog
from stages.engine.folder_state import FolderState
from stages.evidence.items import Response
from stages.judges.comparing import Comparer
from stages.judges.pair_rubrics import CHOICES
from stages.judges.verdict import Unreadable, Verdict
from stages.models.client import Request
from stages.workshop.self_taught.briefing import (
    Briefing,
    ShortBriefing,
    Stage2Briefing,
    briefing_for,
    prefers_first,
)
from stages.workshop.self_taught.recipe import BriefKind, Judging
from tests.stages.workshop.self_taught.scene import ToyJudge, contest


class TieJudge(ToyJudge):
    """Says of every case that it cannot decide, in the form of stage 2."""

    def answer(self, request: Request) -> Response:
        self.asked.append(request)
        shown = str(request.item.messages[-1]["content"])
        found = re.search(r"^Case ([0-9a-f]+)$", shown, re.MULTILINE)
        said = {"case": found[1] if found else "", "reasoning": "so", "verdict": "A=B"}
        return Response(text=json.dumps(said))


def test_a_judge_is_taught_the_very_words_that_stage_2_asks_it_in(tmp_path: Path) -> None:
    one, judge = contest("ann"), TieJudge(skill=1.0)
    log = AnswerLog(state=FolderState(tmp_path), stream="judge")
    Comparer(client=judge, log=log).compare([one])
    briefing = briefing_for(Judging())
    taught = [briefing.question(one, a_first=first).item.messages for first in (True, False)]
    assert taught == [r.item.messages for r in judge.asked if r.item.id != "probe"]


def test_its_verdict_is_read_as_in_stage_2() -> None:
    briefing = Stage2Briefing(PairRubric.CODE)
    asked = briefing.question(contest("ann"), a_first=True)
    reply = json.dumps({"case": asked.number, "reasoning": "so", "verdict": "B>>A"})
    assert briefing.read(reply, asked) == Verdict(choice="B>>A", reasoning="so")
    assert isinstance(briefing.read(reply.replace(asked.number, "0"), asked), Unreadable)


def test_rubrics_are_briefs_of_their_own() -> None:
    assert len({Stage2Briefing(rubric).digest for rubric in PairRubric}) == len(PairRubric)


@pytest.mark.parametrize("choice", CHOICES)
def test_a_verdict_is_for_the_first_for_the_second_or_for_neither(choice: str) -> None:
    wanted = {"A>>B": True, "A>B": True, "B>A": False, "B>>A": False}.get(choice)
    assert prefers_first(Verdict(choice=choice, reasoning="so")) is wanted


def test_the_short_brief_shows_both_orders() -> None:
    asked = [
        ShortBriefing().question(contest("ann"), a_first=first).item.messages[0]["content"]
        for first in (True, False)
    ]
    assert asked == [
        "Question : say ann Answer A : it is ann Answer B : it is nothing Which is better ?",
        "Question : say ann Answer A : it is nothing Answer B : it is ann Which is better ?",
    ]


@pytest.mark.parametrize(
    ("reply", "choice"),
    [
        ("it says so verdict: A", "A"),
        ("many\nlines verdict:  B ", "B"),
        ("verdict: A", None),
        ("so verdict: C", None),
        ("so verdict: A or B", None),
        ("so verdict: B verdict: A", None),
        ("so A", None),
    ],
)
def test_a_short_reply_is_reasons_and_one_verdict_at_its_end(
    reply: str, choice: str | None
) -> None:
    briefing: Briefing = briefing_for(Judging(brief=BriefKind.SHORT))
    read = briefing.read(reply, briefing.question(contest("ann"), a_first=True))
    assert (read.choice if isinstance(read, Verdict) else None) == choice


@given(st.text())
def test_no_reply_breaks_the_reading(reply: str) -> None:
    for briefing in (ShortBriefing(), Stage2Briefing(PairRubric.GENERAL)):
        asked = briefing.question(contest("ann"), a_first=True)
        assert isinstance(briefing.read(reply, asked), Verdict | Unreadable)
