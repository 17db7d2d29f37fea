import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.graded_task import Method
from stages.workshop.generators.cells import Instance
from stages.workshop.generators.parsing import LONGEST, Waste, parsed

ASKED = Instance(id="7", instruction="Add 1 and 2.", response="")
BOTH = "<instruction>\nAdd 1 and 2.\n</instruction>\n<response>\n3\n</response>"


def read(reply: str, method: Method = Method.INSTANCE) -> Instance | Waste:
    asked = ASKED if method is not Method.INSTANCE else None
    return parsed("i1", reply, method=method, asked=asked)


def test_exactly_what_was_asked_for_is_read() -> None:
    whole = Instance(id="i1", instruction="Add 1 and 2.", response="3")
    assert read(BOTH) == whole
    assert read(f"\n {BOTH}\n\n", Method.QUALITY) == whole
    assert read("<response>\n3\n</response>", Method.RESPONSE) == whole


@pytest.mark.parametrize(
    "reply",
    [
        "3",
        f"Sure! {BOTH}",
        f"{BOTH}\nHope this helps.",
        f"{BOTH}\n{BOTH}",
        BOTH.replace("3", ""),
        BOTH.replace("Add 1 and 2.", " \n"),
        BOTH.replace("</response>", ""),
        BOTH.replace("3", "3 <response>"),
        "<response>3</response><instruction>Add</instruction>",
        BOTH.replace("3", "3" * (LONGEST + 1)),
        "",
    ],
)
def test_anything_else_is_never_used(reply: str) -> None:
    assert read(reply) is Waste.UNPARSABLE
    assert read(reply, Method.QUALITY) is Waste.UNPARSABLE


@pytest.mark.parametrize("reply", [BOTH, "3", f"{BOTH} x", "<response></response>"])
def test_an_answer_comes_in_its_block_alone(reply: str) -> None:
    assert read(reply, Method.RESPONSE) is Waste.UNPARSABLE


def test_refusals_are_told_apart_in_a_block_and_without_one() -> None:
    sorry = "I'm sorry, but I can't help with that request."
    assert read(sorry) is Waste.REFUSED
    assert read(BOTH.replace("\n3\n", f"\n{sorry}\n")) is Waste.REFUSED
    assert read(f"<response>\n{sorry}\n</response>", Method.RESPONSE) is Waste.REFUSED


@given(st.text())
def test_no_text_breaks_it(reply: str) -> None:
    for method in Method:
        assert isinstance(read(reply, method), Waste | Instance)
