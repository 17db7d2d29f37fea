from dataclasses import replace

import pytest

from policies.errors import InputError
from stages.side_by_side.assignment import Task
from stages.side_by_side.exchange.shown import conversation_text, shown
from tests.stages.side_by_side.exchange.handed_out import batch, tasks


def test_a_task_is_blind_and_has_its_sides_in_order() -> None:
    of = batch()
    for task in tasks(of):
        pair = of.shown[task.pair]
        first, second = (task.answer_1, task.answer_2)
        assert (first if task.a_first else second) == pair.answer_a
        assert (second if task.a_first else first) == pair.answer_b
        assert not {"new", "old"} & {task.id, task.annotator}


def test_ids_are_opaque_unique_and_always_the_same() -> None:
    ids = [task.id for task in tasks(batch())]
    assert len(set(ids)) == len(ids)
    assert ids == [task.id for task in tasks(batch())]
    assert all(len(name) == 16 for name in ids)


def test_sides_are_swapped_for_some_and_not_for_others() -> None:
    assert {task.a_first for task in tasks(batch())} == {True, False}


def test_the_digest_is_of_the_texts_whatever_the_line_ends() -> None:
    task = tasks(batch())[0]
    windows = task.conversation.replace("\n", "\r\n")
    assert replace(task, conversation=windows).digest == task.digest
    assert replace(task, answer_1="other").digest != task.digest
    assert replace(task, answer_1=task.answer_2, answer_2=task.answer_1).digest != task.digest


def test_the_whole_conversation_is_text() -> None:
    image = {"type": "image_url", "image_url": {"url": "x.png"}}
    text = conversation_text(
        [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [image]}]
    )
    assert text.startswith("[user]\nHi\n\n[assistant]\n{")
    assert "x.png" in text


def test_a_task_of_another_batch_is_refused() -> None:
    task = Task(annotator="ann", pair="elsewhere", a_first=True, gold=False, position=0)
    with pytest.raises(InputError, match="batch june"):
        shown(batch(), [task])
    known = replace(task, pair=batch().pairs[0].id)
    with pytest.raises(InputError) as refused:
        shown(batch(), [known, known])
    assert "stands twice" in refused.value.why
