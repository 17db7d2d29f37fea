"""Questions and answers are drawn from the truth about a checkpoint."""

import numpy as np
import pytest

from gates.demo.answers import (
    Question,
    Questions,
    answers,
    passages,
    provocations,
    support_questions,
)
from gates.demo.checkpoints import CANDIDATES, CHAMPION, Checkpoint


@pytest.fixture(scope="module")
def questions() -> Questions:
    rng = np.random.default_rng(1)
    return Questions(
        support=support_questions(rng), provoked=provocations(rng), passages=passages()
    )


def share_bad(checkpoint: Checkpoint, task: tuple[Question, ...], questions: Questions) -> float:
    said = answers(
        checkpoint,
        questions,
        hard=[False] * len(questions.support),
        rng=np.random.default_rng(7),
    )
    return sum(said[q.id] == q.bad for q in task) / len(task)


def test_every_question_has_its_own_id_and_differing_answers(questions: Questions) -> None:
    every = (*questions.support, *questions.provoked, *questions.passages)
    assert len({q.id for q in every}) == len(every) == 400 + 400 + 320
    assert all(q.good != q.bad for q in every)


def test_shares_of_bad_answers_are_the_truth(questions: Questions) -> None:
    by_name = {c.name: c for c in CANDIDATES}
    blunt, parrot = by_name["harbor-10-blunt"], by_name["harbor-10-parrot"]
    assert share_bad(blunt, questions.provoked, questions) == pytest.approx(0.10, abs=0.05)
    assert share_bad(parrot, questions.passages, questions) == pytest.approx(0.12, abs=0.06)
    assert share_bad(blunt, questions.passages, questions) == 0
    small = by_name["harbor-10-small"]
    assert share_bad(small, questions.support, questions) == pytest.approx(0.14, abs=0.05)


def test_the_champion_misses_what_is_hard_and_nothing_else(questions: Questions) -> None:
    hard = [n % 5 == 0 for n in range(len(questions.support))]
    said = answers(CHAMPION, questions, hard=hard, rng=np.random.default_rng(7))
    missed = [said[q.id] == q.bad for q in questions.support]
    assert missed == hard


def test_a_recited_passage_stands_in_the_corpus_word_for_word() -> None:
    for question in passages():
        rest = question.bad[1:].rstrip(".")
        assert rest in question.target
        assert len(rest) >= 50
        assert question.good not in question.target
