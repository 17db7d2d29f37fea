"""Single questions, as people read them beside a decision; nothing is decided on them."""

from dataclasses import dataclass, field
from enum import StrEnum


class By(StrEnum):
    """Whose opinion it is."""

    PERSON = "person"
    JUDGE = "judge"
    PROGRAM = "program"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What somebody said of the answers to one question.

    Attributes:
        name: What it is about: a metric, `preference`. One table column each.
        value: A number, or a word of a small set.
        by: Whose it is.
        who: Their name: a pseudonym of a person, the endpoint of a judge.
        why: Their reason, as Markdown; may be empty.
    """

    name: str
    value: float | str
    by: By
    who: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of a conversation.

    Attributes:
        role: Who says it: `user`, `assistant`, `system`.
        text: What is said, as Markdown.
    """

    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One question with its answers and what was said of them.

    MLflow's pages render its texts as Markdown and load the pictures that it names: whoever makes
    an example of foreign text makes that text inert first.

    Attributes:
        task: The task, or `side_by_side`.
        item: Id of the question in it.
        preview: Beginning of the question, as plain text.
        asked: The question.
        answer: The candidate's, as Markdown; None where it is not known.
        rival: The baseline's.
        opinions: What was said of them.
    """

    task: str
    item: str
    preview: str
    asked: tuple[Turn, ...]
    answer: str | None
    rival: str | None = None
    opinions: tuple[Opinion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Those of one stage.

    Attributes:
        shown: As many as a store bears, the worst for the candidate first.
        left_out: How many there are beside them.
    """

    shown: tuple[Example, ...] = field(default=())
    left_out: int = 0
