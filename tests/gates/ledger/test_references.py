import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.ledger.references import Reference, parse_reference
from policies.errors import InputError

NAMES = st.text(min_size=1).filter(lambda t: t.strip() == t and t and not set(t) & set("/:@"))


@given(NAMES, st.integers(min_value=0, max_value=10**6))
def test_a_number_is_read_with_and_without_the_scheme(name: str, number: int) -> None:
    expected = Reference(name=name, version=str(number))
    assert parse_reference(f"{name}/{number}") == expected
    assert parse_reference(f"models:/{name}/{number}") == expected


@given(NAMES, NAMES)
def test_an_alias_is_read_with_and_without_the_scheme(name: str, alias: str) -> None:
    expected = Reference(name=name, alias=alias)
    assert parse_reference(f"{name}@{alias}") == expected
    assert parse_reference(f"models:/{name}@{alias}") == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "assistant",
            "assistant/",
            "/12",
            "assistant/latest",
            "assistant/1.5",
            "assistant/-1",
        ),
        *("assistant@", "@champion", "models:/", "models:/m-123", "a/b/3", "runs:/1/model", "a/²"),
    ],
)
def test_anything_else_is_refused_with_the_forms_that_work(text: str) -> None:
    with pytest.raises(InputError) as error:
        parse_reference(text)
    assert "assistant@champion" in error.value.fix
