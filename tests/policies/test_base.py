"""Models under policy files take exactly what is written, or refuse it."""

import pytest
from pydantic import ValidationError

from policies.base import Count, Name, OpenShare, Strict, Text


class Example(Strict):
    """A field of every common kind."""

    name: Name = "a"
    text: Text = "a"
    share: OpenShare = 0.5
    """A share that is documented."""
    count: Count = 1


@pytest.mark.parametrize(
    "given",
    [
        '{"other": 1}',
        '{"share": NaN}',
        '{"share": Infinity}',
        '{"share": 0}',
        '{"share": 1}',
        '{"share": "0.5"}',
        '{"count": 0}',
        '{"count": 1.0}',
        '{"count": true}',
        '{"name": "A"}',
        '{"name": "9a"}',
        '{"name": "a-b"}',
        '{"text": ""}',
        '{"text": " \\n"}',
        '{"text": null}',
    ],
)
def test_nothing_is_coerced_or_ignored(given: str) -> None:
    with pytest.raises(ValidationError):
        Example.model_validate_json(given)


def test_a_model_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Example().share = 0.1  # type: ignore[misc]


def test_the_docstring_of_a_field_describes_it_in_the_schema() -> None:
    share = Example.model_json_schema()["properties"]["share"]
    assert share["description"] == "A share that is documented."
