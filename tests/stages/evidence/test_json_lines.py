import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.canonical import canonical_json
from policies.errors import InputError
from stages.evidence.json_lines import json_lines, strict_json, utf8_text

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_what_is_written_canonically_is_read_back(value: object) -> None:
    assert strict_json(canonical_json(value)) == value


@given(st.lists(JSON, max_size=5))
def test_every_line_comes_with_its_number(values: list[object]) -> None:
    data = "\n\n".join(canonical_json(value) for value in values).encode()

    assert list(json_lines(data, where="f")) == [(2 * n + 1, v) for n, v in enumerate(values)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "a": 1}', "key `a` stands twice"),
        ('{"a": {"b": 1, "c": 2, "b": 3}}', "key `b` stands twice"),
        ("NaN", "NaN is not a JSON number"),
        ('{"x": -Infinity}', "-Infinity is not a JSON number"),
        ("1e999", "1e999 is too large a number"),
        ('{"a": 1', "not valid JSON"),
        ("", "not valid JSON"),
        ("{} {}", "not valid JSON: Extra data"),
        (r'"\ud83d"', "half a surrogate pair"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 10_000, "digits"),
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        strict_json(text)


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert strict_json(r'"\ud83d\ude00"') == "😀"


@given(st.text())
def test_any_text_is_read_or_refused_by_a_value_error(text: str) -> None:
    try:
        value = strict_json(text)
    except ValueError:
        return
    assert canonical_json(value)


@pytest.mark.parametrize(
    ("data", "where", "why"),
    [
        (b"\xef\xbb\xbf{}\n", "f.jsonl:1", "byte order mark"),
        (b'{}\n{"a": "\xe9"}\n', "f.jsonl:2", "0xe9 is not UTF-8"),
        (b"{}\n\n{]\n", "f.jsonl:3", "not valid JSON"),
        (b'{}\n{"x": NaN}\n', "f.jsonl:2", "NaN"),
    ],
)
def test_a_bad_line_is_named(data: bytes, where: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        list(json_lines(data, where="f.jsonl"))

    assert caught.value.message == f"cannot read {where}"
    assert why in caught.value.why
    assert caught.value.fix


def test_a_line_separator_inside_a_text_ends_no_line() -> None:
    data = json.dumps("a\u2028b", ensure_ascii=False).encode() + b"\r\n"

    assert list(json_lines(data, where="f")) == [(1, "a\u2028b")]


def test_small_numbers_keep_their_value() -> None:
    assert strict_json("1e-300") == 1e-300
    assert math.copysign(1, float(str(strict_json("-0.0")))) == -1


def test_plain_text_is_text() -> None:
    assert utf8_text("é".encode(), where="f") == "é"
