"""Tasks as they are shown elsewhere: sides in their order, blind, known by opaque ids."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from policies.canonical import Json, canonical_json, sha256_of
from policies.errors import InputError
from stages.side_by_side.assignment import Task
from stages.side_by_side.batch import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A pair, as one annotator sees it.

    Attributes:
        id: Of the batch, the annotator and the pair: opaque, the same in every process.
        annotator: Whose task it is.
        pair: The pair's id.
        a_first: Whether the pair's answer a is answer 1.
        conversation: All that was said before the answers, as text.
        answer_1: The answer on the left.
        answer_2: The answer on the right.
    """

    id: str
    annotator: str
    pair: str
    a_first: bool
    conversation: str
    answer_1: str
    answer_2: str

    @property
    def digest(self) -> str:
        """Digest of the texts, with line ends as any tool may have changed them."""
        return content_digest(self.conversation, self.answer_1, self.answer_2)


def content_digest(*texts: str) -> str:
    """Digest of texts, whichever line ends a tool gave them; 16 hexadecimal digits."""
    return sha256_of([plain_lines(text) for text in texts])[:16]


def plain_lines(text: str) -> str:
    """A text with line feeds for line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def shown(batch: Batch, tasks: Iterable[Task]) -> tuple[Shown, ...]:
    """Tasks with their texts, in their order.

    Raises:
        InputError: When a task's pair is none of the batch, or the task stands twice.
    """
    found = [_shown(batch, task) for task in tasks]
    if len({task.id for task in found}) < len(found):
        raise _refused(batch, "a task stands twice")
    return tuple(found)


def conversation_text(messages: Sequence[Mapping[str, Json]]) -> str:
    """A conversation as text: who speaks on a line of its own, then what they say."""
    return "\n\n".join(f"[{message.get('role')}]\n{_said(message)}" for message in messages)


def _shown(batch: Batch, task: Task) -> Shown:
    pair = batch.shown.get(task.pair)
    if pair is None:
        raise _refused(batch, f"there is no pair {task.pair} in it")
    answers = (pair.answer_a, pair.answer_b)
    answer_1, answer_2 = answers if task.a_first else answers[::-1]
    return Shown(
        id=sha256_of([batch.digest, task.annotator, task.pair])[:16],
        annotator=task.annotator,
        pair=task.pair,
        a_first=task.a_first,
        conversation=conversation_text(pair.messages),
        answer_1=answer_1,
        answer_2=answer_2,
    )


def _said(message: Mapping[str, Json]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    return canonical_json({name: value for name, value in message.items() if name != "role"})


def _refused(batch: Batch, why: str) -> InputError:
    return InputError(
        f"cannot hand out tasks of batch {batch.name}",
        why=why,
        fix="assign the batch anew and hand those tasks out",
    )
