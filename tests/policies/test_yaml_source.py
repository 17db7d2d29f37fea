"""YAML is read the one way that every reader agrees on, with the line of every value."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policies.yaml_source import DEEPEST, LONGEST, read_yaml

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cn", "Cs", "Zl", "Zp")), max_size=12
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**14), 10**14)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: "e" not in repr(x))
    | TEXTS
)
DOCUMENTS = st.dictionaries(
    TEXTS,
    st.recursive(SCALARS, lambda v: st.lists(v) | st.dictionaries(TEXTS, v), max_leaves=8),
    min_size=1,
)


@given(DOCUMENTS)
def test_json_is_read_as_json(document: dict[str, Any]) -> None:
    source = read_yaml(json.dumps(document, indent=1, ensure_ascii=False))
    assert source.problems == ()
    assert source.value == json.loads(json.dumps(document))


@given(DOCUMENTS)
def test_what_pyyaml_writes_is_read_back_or_refused(document: dict[str, Any]) -> None:
    source = read_yaml(yaml.safe_dump(document, allow_unicode=True))
    if not source.problems:
        assert source.value == document


@given(st.text(max_size=60))
def test_no_text_makes_the_reader_fall_over(text: str) -> None:
    source = read_yaml(text)
    assert all(problem.line >= 0 for problem in source.problems)


def test_every_value_knows_its_line() -> None:
    source = read_yaml("a: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n")
    assert source.line(("b",)) == 2
    assert source.line(("b", 0)) == 3
    assert source.line(("b", 1, "c")) == 4
    assert source.line(("b", 1, "d")) == 5


def test_an_absent_value_has_the_line_of_what_it_is_absent_from() -> None:
    source = read_yaml("a: 1\nb:\n  c: 2\n")
    assert source.line(("b", "absent", "deep")) == 2
    assert source.line(("absent",)) == 1


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("0", 0),
        ("-12", -12),
        ("0.5", 0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1.0e-3", 0.001),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("'1e-3'", "1e-3"),
        ('"yes"', "yes"),
        ("1.2.3", "1.2.3"),
        ("5 %", "5 %"),
        ("|\n  a\n  b", "a\nb"),
    ],
)
def test_a_scalar_that_all_readers_agree_on_is_read(scalar: str, value: object) -> None:
    source = read_yaml(f"a: {scalar}")
    assert source.problems == ()
    assert source.value == {"a": value}
    assert isinstance(source.value["a"], type(value))


@pytest.mark.parametrize(
    "scalar",
    [
        *("yes", "No", "on", "OFF"),
        *("010", "0x1F", "0b1", "1_000", "1:30", "1_0.5", "1:30.5", "9" * 400),
        *("1e-3", "1e400", "+1E5", ".inf", "-.INF", ".nan", "1.0e+999"),
        *("2026-05-31", "2026-05-31 18:00:00"),
        *("=", "!!str x", "!x y", "&a x", "*a", ""),
        *('"\\0"', '"\\ud800"'),
    ],
)
def test_a_scalar_that_readers_disagree_on_is_refused_at_its_field(scalar: str) -> None:
    source = read_yaml(f"b: 1\na: {scalar}\n")
    assert [(p.field, p.line) for p in source.problems] == [("a", 2)]
    assert isinstance(source.value, dict)
    assert source.value["a"] is None


@pytest.mark.parametrize(
    "key", ["5", "yes", "null", "2026-05-31", "<<", "[a]", "? {a: b}\n", '"\\e"', "&a x", "!!str x"]
)
def test_a_key_that_is_no_plain_text_is_refused(key: str) -> None:
    source = read_yaml(f"b: 1\n{key}: {{c: 1}}\n")
    assert [(p.field, p.line) for p in source.problems] == [("file", 2)]
    assert source.value == {"b": 1}


def test_the_first_of_two_equal_keys_is_kept_and_named() -> None:
    source = read_yaml("a:\n  x: 1\n  y: 2\n  x: 3\n")
    assert source.value == {"a": {"x": 1, "y": 2}}
    [problem] = source.problems
    assert (problem.field, problem.line) == ("a.x", 4)
    assert "line 2" in problem.expected


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\n\t- b", 2, "not tabs"),
        ("a: [1,\n  2", 1, "broken YAML"),
        ("a: 1\n b: 2", 2, "broken YAML"),
        ("a: 1\n---\nb: 2", 2, "one document"),
        ("%TAG\n", 1, "broken YAML"),
        ("a: {b: ../c/{version}}", 1, 'in quotes: "../results/{version}"'),
        ("a: 1\nb: \x07", 2, "U+0007"),
        ('a: "\\U99999999"', 1, "no character"),
        ('a: "\\U00110000"', 1, "no character"),
        ("\ufeffa: 1", 1, "byte-order mark"),
        ("# nothing", 1, "an empty file"),
        ("[" * (DEEPEST + 1), 1, "levels of nesting"),
        ("- " * (DEEPEST + 1) + "x", 1, "levels of nesting"),
        ("#" * (LONGEST + 1), 1, "characters"),
    ],
)
def test_what_is_no_single_readable_document_is_refused_with_its_line(
    text: str, line: int, word: str
) -> None:
    source = read_yaml(text)
    [problem] = source.problems
    assert source.value is None
    assert max(problem.line, 1) == line
    assert word in problem.sentence("policy.yaml")


def test_aliases_cannot_make_a_small_file_large() -> None:
    steps = zip("abcdefgh", "bcdefghi", strict=True)
    bomb = "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*{p}, *{p}]\n" for p, c in steps)
    source = read_yaml(bomb)
    assert len(source.problems) == 9


def test_nesting_just_inside_the_limit_is_read() -> None:
    assert read_yaml("[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)).problems == ()


@pytest.mark.parametrize(
    ("short", "fix"),
    [
        ("1e-3", "write 0.001"),
        ("5e2", "write 500"),
        ("1.0e30", "write the number meant in plain decimals"),
        ("5e-324", "write the number meant in plain decimals"),
        ("1e400", "write the number meant in plain decimals"),
    ],
)
def test_a_number_in_short_form_is_spelt_out_when_that_is_exact(short: str, fix: str) -> None:
    [problem] = read_yaml(f"a: {short}").problems
    assert problem.fix == fix
