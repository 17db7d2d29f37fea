"""Single questions for a reviewer: the worst first, capped and counted, no foreign markup."""

import json
import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gates.examples import LONGEST, MOST, compared_examples, offline_examples
from gates.ledger.examples import By, Examples
from gates.reports.escaping import inert_text, xml_text
from policies.plan import Plan
from policies.policy import Policy
from stages.offline.instrument import ItemScore
from stages.side_by_side.pairs import Pair
from stages.side_by_side.told import PromptScore, Told
from stages.side_by_side.vote import CandidateVote
from tests.gates.reports.items.records import record

POLICY = Policy.model_validate_json(
    """{"policy": "release", "model": "assistant",
        "plan": {"offline": {"qa": {"data": "qa.jsonl", "scorer": "numeric"}}},
        "criteria": [{"metric": "qa.accuracy", "at_least": 0.5, "severity": "blocking",
                      "because": "it must be right"}]}"""
)
EVIL = "![x](http://evil.example/a.png) <img src=//evil.example> [here](javascript:alert(1))"

MARKUP = re.compile(r"(?<!\\)(?:\\\\)*([\[\]`*|~!<>])")
"""Begins markup unless it is escaped."""


def vote(prompt: str, who: str, win: float | None, *, judge: bool = False) -> CandidateVote:
    return CandidateVote(
        prompt=prompt, annotator=who, win=win, graded=win, both_bad=win == 0.5, judge=judge
    )


def pair(prompt: str, **said: object) -> Pair:
    whole = Pair(
        prompt=prompt,
        messages=({"role": "system", "content": "Be brief."}, {"role": "user", "content": EVIL}),
        model_a="a/2",
        model_b="a/1",
        answer_a="mine",
        answer_b="theirs",
    )
    return replace(whole, **said)


def score(prompt: str, win: float) -> PromptScore:
    return PromptScore(prompt=prompt, topic="", low=win, high=win)


def told(**said: object) -> Told:
    return replace(Told(candidate="models:/a/2", baseline="models:/a/1"), **said)


def texts(found: Examples) -> list[str]:
    return [
        text
        for example in found.shown
        for text in (
            *(turn.text for turn in example.asked),
            example.answer or "",
            example.rival or "",
            *(opinion.why for opinion in example.opinions),
        )
    ]


def test_regressions_come_first_and_what_does_not_fit_is_counted() -> None:
    same = [record(f"i{n}", 1.0, 1.0) for n in range(MOST + 5)]
    found = offline_examples(POLICY, [*same, record("gain", 1.0, 0.0), record("loss", 0.0, 1.0)])
    assert [example.item for example in found.shown[:3]] == ["loss", "gain", "i0"]
    assert (len(found.shown), found.left_out) == (MOST, 7)


def test_an_item_carries_both_answers_and_every_score() -> None:
    (example,) = offline_examples(POLICY, [record("loss", 0.25, 1.0, detail="it *says* 7")]).shown
    assert (example.task, example.preview) == ("qa", "what is loss?")
    assert (example.answer, example.rival) == ("my answer", "their answer")
    said = {opinion.name: (opinion.value, opinion.by) for opinion in example.opinions}
    assert said == {
        "outcome": ("regression", By.PROGRAM),
        "score": (0.25, By.PROGRAM),
        "score of the baseline": (1.0, By.PROGRAM),
    }
    assert example.opinions[1].why == "it \\*says\\* 7"


def test_other_metrics_of_a_task_stand_by_their_names() -> None:
    two = record("i1", 1.0)
    two = replace(two, candidate={**two.candidate, "abstained": ItemScore(0.0)})
    (example,) = offline_examples(POLICY, [two]).shown
    assert [o.name for o in example.opinions] == ["outcome", "score", "qa.abstained"]


def test_a_judges_score_is_a_judges() -> None:
    task = {"data": "qa.jsonl", "judge": "judge_a", "rubric": ["relevance"]}
    plan = Plan.model_validate_json(json.dumps({"offline": {"qa": task}}))
    policy = POLICY.model_copy(update={"plan": plan})
    (example,) = offline_examples(policy, [record("i", 1.0, metric="relevance")]).shown
    assert [(o.by, o.who) for o in example.opinions if o.name == "score"] == [(By.JUDGE, "judge_a")]


def test_an_answer_that_nobody_knows_is_none_not_empty() -> None:
    (example,) = offline_examples(POLICY, [record("alone", 1.0)]).shown
    assert example.rival is None


def test_what_was_never_measured_has_no_examples() -> None:
    assert offline_examples(POLICY, []) == Examples()
    assert compared_examples(told()) == Examples()


def test_prompts_that_were_lost_come_first_with_every_vote_as_an_opinion() -> None:
    found = compared_examples(
        told(
            pairs=(pair("won"), pair("lost")),
            prompts=(score("won", 1.0), score("lost", 0.0)),
            said=(vote("lost", "ann", 0.0), vote("lost", "bob", 0.5), vote("won", "ann", 1.0)),
            judged=(vote("lost", "judge_a", None),),
        )
    )
    assert [example.item for example in found.shown] == ["lost", "won"]
    said = [(o.name, o.value, o.by, o.who) for o in found.shown[0].opinions]
    assert said == [
        ("won by the candidate", 0.0, By.PROGRAM, "gate"),
        ("preference", "baseline", By.PERSON, "ann"),
        ("preference", "tie", By.PERSON, "bob"),
        ("judge's preference", "unresolved", By.JUDGE, "judge_a"),
    ]
    assert found.shown[0].opinions[2].why == "both answers were called bad"
    assert [turn.role for turn in found.shown[0].asked] == ["system", "user"]


def test_votes_of_files_are_shown_though_their_prompts_text_is_unknown() -> None:
    known = replace(vote("p2", "ann", 0.75), answer="mine", rival="theirs")
    found = compared_examples(told(said=(vote("p1", "ann", 1.0), known)))
    assert [(e.item, e.answer, e.rival) for e in found.shown] == [
        ("p1", None, None),
        ("p2", "mine", "theirs"),
    ]
    assert found.shown[1].opinions[0].value == "0.75 for the candidate"


def test_a_prompt_that_nobody_judged_claims_no_win() -> None:
    (example,) = compared_examples(told(pairs=(pair("p1"),))).shown
    assert example.opinions == ()


def test_an_answer_that_was_written_to_win_says_so() -> None:
    found = compared_examples(told(pairs=(pair("p1"),), flagged={"p1": "it *orders* the judge"}))
    assert found.shown[0].opinions[0].why == "it \\*orders\\* the judge"


def test_foreign_text_brings_no_markup_link_or_picture() -> None:
    found = compared_examples(told(pairs=(pair("p1", answer_a=EVIL),), flagged={"p1": EVIL}))
    for text in texts(found):
        assert not MARKUP.search(text)
        assert "://" not in text


def test_a_long_text_is_cut_and_says_how_much_is_missing() -> None:
    (example,) = compared_examples(told(pairs=(pair("p1", answer_a="x" * (LONGEST + 9)),))).shown
    assert example.answer is not None
    assert example.answer.endswith("\\[9 characters more\\]")


@given(st.text(max_size=80))
def test_lines_stay_lines_and_nothing_of_them_is_markup(text: str) -> None:
    found = inert_text(text)
    assert len(found.split("  \n")) == max(1, len(xml_text(text).splitlines()))
    assert not MARKUP.search(found)
