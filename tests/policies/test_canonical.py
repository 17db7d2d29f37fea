"""Canonical JSON depends on the value only."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.canonical import canonical_json, sha256_of, sha256_of_bytes

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda v: st.lists(v) | st.dictionaries(st.text(), v),
    max_leaves=10,
)


@given(VALUES)
def test_canonical_json_reads_back_as_the_value(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


def test_the_order_of_keys_does_not_matter_and_text_is_not_escaped() -> None:
    assert canonical_json({"b": 1, "a": ["é", 0.1]}) == '{"a":["é",0.1],"b":1}'
    assert sha256_of({"b": 1, "a": 2}) == sha256_of({"a": 2, "b": 1})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": number})


def test_the_digest_is_sha_256_of_the_bytes() -> None:
    assert sha256_of_bytes(b"abc") == hashlib.sha256(b"abc").hexdigest()
    assert sha256_of("x") == sha256_of_bytes(b'"x"')
