"""A value is shown as a policy would write it."""

import pytest

from gates.reports.value_words import value_words
from policies.canonical import Json


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0, "0"),
        (False, "false"),
        ([], "[]"),
        (["a", 1], "[a, 1]"),
        ({"a": None, "b": False, "c": [], "d": {"e": 1.5}}, "{b: false, d: {e: 1.5}}"),
    ],
)
def test_a_value_is_shown_as_a_policy_would_write_it(value: Json, shown: str) -> None:
    assert value_words(value) == shown
