"""Judgements as rows that a model is trained on."""

from stages.workshop.self_taught.choosing import Lessons
from stages.workshop.training.data import Preferred, Taught


def right_rows(lessons: Lessons) -> tuple[Taught, ...]:
    """Right judgements: a judge learns to give them."""
    return tuple(
        Taught(id=each.question.item.id, messages=each.question.item.messages, answer=each.reply)
        for each in lessons.right
    )


def preference_rows(lessons: Lessons) -> tuple[Preferred, ...]:
    """Right judgements against others of the same showing: a judge learns to prefer them."""
    return tuple(
        Preferred(
            id=each.chosen.question.item.id,
            messages=each.chosen.question.item.messages,
            chosen=each.chosen.reply,
            rejected=each.rejected.reply,
        )
        for each in lessons.preferences
    )
