import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.offline.choosing import chosen_option

CITIES = ("Paris", "London", "New York", "New York City")


@pytest.mark.parametrize(
    ("answer", "option"),
    [
        ("B", "London"),
        ("(B)", "London"),
        ("b.", "London"),
        ("**B**", "London"),
        ("Answer: B", "London"),
        ("**Answer:** B", "London"),
        ("Answer: London", "London"),
        ("The answer is (B) London", "London"),
        ("the answer is A.", "Paris"),
        ("final answer: (d)", "New York City"),
        ("The correct option is C because London is wrong", "New York"),
        ("Answer: Paris. Not London", "Paris"),
        ("It must be B.\nAnswer: B\nAnswer: (B)", "London"),
        ("B) London", "London"),
        ("B: London", "London"),
        ("B, since it is so", "London"),
        ("Option B", "London"),
        ("I would take (C).", "New York"),
        ("I think it is London", "London"),
        ("new york city!", "New York City"),
        ("It's New York City.", "New York City"),
        ("It's New York.", "New York"),
    ],
)
def test_a_clear_choice_is_read(answer: str, option: str) -> None:
    chosen = chosen_option(answer, CITIES)
    assert chosen is not None
    assert CITIES[chosen] == option


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "E",
        "I",
        "A man walks",
        "The answer is a city",
        "London or Paris",
        "London, not Paris",
        "B) Paris",
        "(A) or (B)",
        "Answer: B\nAnswer: C",
        "Option A or Option B",
        "I do not know",
    ],
)
def test_no_choice_or_several_is_none(answer: str) -> None:
    assert chosen_option(answer, CITIES) is None


def test_a_letter_that_is_another_options_text_is_ambiguous() -> None:
    assert chosen_option("A", ("B", "A")) is None


OPTIONS = st.lists(
    st.text(alphabet="bcdfgh", min_size=4, max_size=9), min_size=2, max_size=8, unique=True
)


@given(OPTIONS, st.data())
@settings(deadline=None)
def test_a_letter_and_its_text_choose_the_same(options: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(options) - 1))
    letter = "ABCDEFGH"[index]
    for answer in (letter, f"({letter})", f"Answer: {letter}", f"{letter}) {options[index]}"):
        assert chosen_option(answer, options) == index
    assert chosen_option(options[index], options) == index
