"""What generators are asked: one text per method, with what matters in each domain."""

import re
from collections.abc import Mapping, Sequence

from policies.graded_task import Domain, Method
from stages.workshop.generators.cells import Cell, Instance

VERSION = "1"
"""Of the texts below: a change of one is another version, and grades of two are not comparable."""

PLACES: Mapping[Method, tuple[str, ...]] = {
    Method.INSTANCE: ("demonstrations",),
    Method.RESPONSE: ("instruction",),
    Method.QUALITY: ("instruction", "response"),
}
"""What each method's text must have a place for, as `{name}`; `{number}` may stand beside it."""

_PLACE = re.compile(r"\{(demonstrations|instruction|response|number)\}")

_BOTH = """\
Reply with exactly two blocks and nothing before, between or after them:
<instruction>
the instruction
</instruction>
<response>
the answer
</response>"""

_ANSWER = """\
Reply with exactly one block and nothing before or after it:
<response>
the answer
</response>"""

_GUIDANCE = {
    Domain.MATH: """\
The subject is mathematics. A good problem can be solved from what it says, has one answer that \
can be checked, and needs several steps. A good answer derives the result step by step, without \
gaps, and ends with a line that states it.""",
    Domain.CODE: """\
The subject is programming. A good task says what goes in, what comes out and what happens at the \
edges. A good answer is a complete program or function that runs as it stands and does all that \
was asked, with a word on why it is right.""",
    Domain.INSTRUCTION_FOLLOWING: """\
The subject is whatever people ask an assistant for: explaining, writing, planning, rewriting, \
sorting out. A good instruction says what is wanted, with limits that can be checked. A good \
answer keeps to every one of them, is true, and is as long as it needs to be.""",
}

_TEXTS = {
    Method.INSTANCE: """\
You write training material for a language model: instructions with ideal answers.

{guidance}

Three examples show subject, difficulty and form:

{demonstrations}

Write one new instruction with its answer. It must not be one of the examples in other words: take \
another situation and other contents. This is number {number} of a long series whose parts must \
all differ, so avoid what would come to mind first.

{form}""",
    Method.RESPONSE: """\
You write training material for a language model: ideal answers to given instructions.

{guidance}

The instruction:

{instruction}

{form}""",
    Method.QUALITY: """\
You improve training material for a language model: an instruction and its answer, which may be \
vague, too easy, incomplete or wrong.

{guidance}

The instruction:

{instruction}

Its answer:

{response}

Write both anew. Keep the subject; make the instruction clear and more demanding, and give it an \
answer that is right and complete.

{form}""",
}


def meta_prompt(cell: Cell) -> str:
    """Our text of a cell, with places for what is asked about."""
    form = _ANSWER if cell.method is Method.RESPONSE else _BOTH
    text = _TEXTS[cell.method]
    return text.replace("{guidance}", _GUIDANCE[cell.domain]).replace("{form}", form)


def lacking_places(text: str, method: Method) -> tuple[str, ...]:
    """What a text has no place for and must."""
    found = set(_PLACE.findall(text))
    return tuple(place for place in PLACES[method] if place not in found)


def filled(
    text: str, *, number: int, shown: Sequence[Instance] = (), given: Instance | None = None
) -> str:
    """A text with its places filled, all at once: what is filled in is not looked at again.

    Args:
        text: With places.
        number: Of the question, from 1.
        shown: Demonstrations.
        given: The instruction, and its answer where one is to be made better.
    """
    values = {
        "number": str(number),
        "demonstrations": "\n\n".join(_demonstration(one) for one in shown),
        "instruction": given.instruction if given else "",
        "response": given.response if given else "",
    }
    return _PLACE.sub(lambda place: values[place[1]], text)


def _demonstration(one: Instance) -> str:
    return (
        f"<instruction>\n{one.instruction}\n</instruction>\n<response>\n{one.response}\n</response>"
    )
