"""Numbers are said as people say them, and never across a limit."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.decide.spoken import (
    amount_words,
    as_said,
    count_words,
    exact,
    in_words,
    level_words,
    metric_words,
    noun_of,
    one_line,
    p_words,
    plain_words,
    rough_count,
    unit_words,
    units_of,
)
from policies.metric import Unit, offline_metric
from stages.evidence.records import Quantity
from tests.gates.decide.cases import F1, RESOLVED, WINS, estimate


def test_a_metric_is_named_without_dots_and_underscores() -> None:
    assert metric_words("side_by_side.win_rate") == "side by side win rate"


def test_foreign_text_stays_on_one_short_line() -> None:
    assert one_line("a\n b\t c") == "a b c"
    assert one_line("x" * 400) == "x" * 400
    assert one_line("x" * 401) == "x" * 399 + "…"


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1 prompt"), (1200, "1,200 prompts"), (0, "0 prompts")]
)
def test_counts_have_their_noun(number: int, said: str) -> None:
    assert count_words(number, "prompts") == said


def test_plain_numbers_have_separators_and_no_idle_zeros() -> None:
    assert [plain_words(x) for x in (1234567.0, 0.5, 10.0, 2.456)] == [
        "1,234,567",
        "0.5",
        "10",
        "2.46",
    ]


def test_levels_are_said_in_full() -> None:
    assert [level_words(x) for x in (0.95, 0.975, 0.99995, 59 / 60)] == [
        "95 %",
        "97.5 %",
        "99.995 %",
        "98.333 %",
    ]


def test_rough_counts_have_two_digits_and_are_enough() -> None:
    rough = [rough_count(x) for x in (0.3, 7.6, 99.9, 100, 1234, 98765)]
    assert rough == [1, 8, 100, 100, 1300, 99_000]


def test_small_p_values_are_bounded() -> None:
    assert [p_words(p) for p in (0.00009, 0.0001, 0.0312)] == ["< 0.0001", "= 0.0001", "= 0.031"]


@pytest.mark.parametrize(
    ("metric", "method", "noun"),
    [
        (F1, "t", "responses"),
        (F1, "cluster-robust t", "response clusters"),
        (WINS, "cluster-robust t", "prompts"),
        (RESOLVED, "Welch", "units"),
    ],
)
def test_units_are_those_of_the_stage(metric: object, method: str, noun: str) -> None:
    found = estimate(0, 1, n=1200, method=method)
    assert noun_of(metric, found) == noun
    assert units_of(metric, found) == f"1,200 {noun}"


@pytest.mark.parametrize(
    ("quantity", "unit", "value", "place", "words"),
    [
        (Quantity.VALUE, Unit.SHARE, 0.42, "42", "%"),
        (Quantity.VALUE, Unit.NUMBER, 0.42, "0.42", ""),
        (Quantity.DIFFERENCE, Unit.SHARE, -0.03, "-3", "points"),
        (Quantity.DIFFERENCE, Unit.NUMBER, -3.5, "-3.5", ""),
        (Quantity.RATIO, Unit.NUMBER, 1.07, "7", "%"),
        (Quantity.RATIO, Unit.SHARE, 0.93, "-7", "%"),
    ],
)
def test_quantities_have_their_unit(
    quantity: Quantity, unit: Unit, value: float, place: str, words: str
) -> None:
    assert as_said(exact(value), quantity, unit) == Decimal(place)
    assert unit_words(quantity, unit) == words


@pytest.mark.parametrize(
    ("values", "whole", "said"),
    [
        (("0.42",), "0.5", ("0.42 %",)),
        (("0.4996",), "0.5", ("0.4996 %",)),
        (("0.499",), "0.5", ("0.499 %",)),
        (("0.4949",), "0.5", ("0.49 %",)),
        (("0.5",), "0.5", ("0.50 %",)),
        (("81.26",), "80", ("81.3 %",)),
        (("12345.6",), "20000", ("12,346 %",)),
        (("0.0123456",), "0.05", ("0.012 %",)),
        (("0.0",), "0", ("0.00 %",)),
        (("3.1",), "12.345", ("3.100 %",)),
        (("80.01", "79.99"), "80", ("80.01 %", "79.99 %")),
    ],
)
def test_as_many_decimals_as_the_verdict_needs(
    values: tuple[str, ...], whole: str, said: tuple[str, ...]
) -> None:
    assert in_words([Decimal(v) for v in values], "%", whole=Decimal(whole)) == said


def test_a_number_without_a_unit_stands_alone() -> None:
    assert in_words((Decimal(7),), "", whole=Decimal(9)) == ("7.00",)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_what_is_said_is_on_the_side_where_it_is(end: float, limit: float) -> None:
    said, allowed = (
        Decimal(text.replace(",", ""))
        for text in in_words((exact(end), exact(limit)), "", whole=exact(limit))
    )
    assert (said > allowed) == (end > limit)
    assert (said < allowed) == (end < limit)
    assert allowed == exact(limit)


def test_numbers_that_no_float_can_tell_apart_end_the_search() -> None:
    tiny = Decimal("1e-400")
    assert in_words((tiny,), "", whole=Decimal(0)) == (f"{tiny:.340f}",)


def test_what_an_estimate_leaves_out_is_said_with_its_units() -> None:
    whole = estimate(0.1, 0.3, value=0.2)
    some = replace(whole, method=f"{whole.method}; left out: 2 of 40 items, contaminated")
    metric = offline_metric("qa", "accuracy", better=True)
    assert units_of(metric, some) == (
        f"{units_of(metric, whole)}; left out: 2 of 40 items, contaminated"
    )


def test_where_nothing_is_won_is_said_with_the_units() -> None:
    whole = estimate(0.1, 0.3, value=0.2)
    said = "; left out: 2 items; nothing is won on 3 of 40 prompts, whose answers are alike"
    metric = offline_metric("qa", "accuracy", better=True)
    lost, both = (said[said.index("; nothing") :], said)
    for words in (lost, both):
        found = replace(whole, method=f"{whole.method}{words}")
        assert units_of(metric, found) == f"{units_of(metric, whole)}{words}"


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0.0, "0.00"), (0.0034, "0.0034"), (0.01, "0.01"), (12.5, "12.50"), (1234.5, "1,234.50")],
)
def test_little_money_is_not_said_to_be_none(amount: float, said: str) -> None:
    assert amount_words(amount) == said
