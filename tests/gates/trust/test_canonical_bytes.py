"""What is signed has one way of being written; every other one is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.trust.canonical_bytes import canonical_bytes, read_canonical
from gates.trust.untrusted import Untrusted

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inside: st.lists(inside) | st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), inside
    ),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_what_was_written_is_read_as_it_was(value: object) -> None:
    data = canonical_bytes(value)  # type: ignore[arg-type] # JSON, of any shape
    assert read_canonical(data, what="it") == value


@given(VALUES, st.sampled_from([{"indent": 1}, {"separators": (", ", ": ")}]))
def test_what_says_the_same_in_another_way_is_refused(value: object, how: dict[str, int]) -> None:
    data = json.dumps(value, sort_keys=True, ensure_ascii=False, **how).encode()  # type: ignore[arg-type]
    if data == canonical_bytes(value):  # type: ignore[arg-type]
        return
    with pytest.raises(Untrusted, match="cannot believe it"):
        read_canonical(data, what="it")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"{",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a":1} ',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":1.50}',
        b'{"a":1e2}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\ud800"}',
        '{"a":1}'.encode("utf-16"),
        b"[" * 100_000 + b"]" * 100_000,
        b"1" * 5_000,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_canonical_json_never_is_is_refused(data: bytes) -> None:
    with pytest.raises(Untrusted):
        read_canonical(data, what="it")


def test_what_is_too_long_is_refused_unread() -> None:
    assert read_canonical(b"[1,2]", what="it", most_bytes=5) == [1, 2]
    with pytest.raises(Untrusted) as caught:
        read_canonical(b"[1,23]", what="it", most_bytes=5)
    assert "6 bytes" in caught.value.why
