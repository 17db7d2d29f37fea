"""Numbers, costs and order as reports show them."""

import dataclasses

import pytest

from gates.decide.verdict import CandidateDecision
from gates.reports.wording import (
    cost_words,
    findings_of,
    interval_words,
    measured_words,
    progress_words,
    total_cost,
    worst_first,
)
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Cost, Quantity
from tests.fakes.decisions import finding
from tests.gates.decide.cases import A, C, D, estimate
from tests.gates.reports.shown import WAITING, a_round, one


def test_the_worst_come_first() -> None:
    findings = [f for c in (A, C, D) for f in findings_of(one(a_round(), c))]
    order = [(f.severity, f.verdict) for f in worst_first(findings)]
    assert order == sorted(
        order,
        key=lambda pair: (
            pair[1] == "PASS",
            pair[0] != "blocking",
            ["FAIL", "UNMEASURED", "HOLD", "PASS"].index(pair[1]),
        ),
    )
    passed = [f.distance for f in worst_first(findings) if f.verdict == "PASS"]
    assert passed[0] is not None
    near, far = (dataclasses.replace(findings[0], distance=d) for d in (-1.0, 2.0))
    assert worst_first([far, near]) == (near, far)


@pytest.mark.parametrize(
    ("measured", "words"),
    [
        (
            estimate(0.1, 0.3, n=1200),
            "20 % (10 % to 30 %; 95 % two-sided, n = 1,200, t)",
        ),
        (
            estimate(None, 0.0042, value=0.002, level=0.95),
            "0.2 % (at most 0.42 %; 95 % upper, n = 1,000, t)",
        ),
        (
            estimate(1234.5, None, value=2000, unit="number"),
            "2,000 (at least 1,234.5; 95 % lower, n = 1,000, t)",
        ),
        (Unmeasured("the disk is full"), "not measured: the disk is full"),
    ],
)
def test_a_measured_value_is_said_whole(measured: Estimate | Unmeasured, words: str) -> None:
    assert measured_words(finding(measured=measured)) == words


@pytest.mark.parametrize(
    ("quantity", "unit", "words"),
    [
        (Quantity.VALUE, "share", "12.35 % ("),
        (Quantity.VALUE, "number", "0.12346 ("),
        (Quantity.DIFFERENCE, "share", "+12.35 points ("),
        (Quantity.DIFFERENCE, "number", "+0.12346 ("),
        (Quantity.RATIO, "ratio", "-87.65 % ("),
    ],
)
def test_a_number_is_said_as_what_it_is(quantity: Quantity, unit: str, words: str) -> None:
    measured = estimate(0.1, 0.2, value=0.123456, unit=unit)
    found = dataclasses.replace(finding(measured=measured), quantity=quantity)
    assert measured_words(found).startswith(words)


def test_progress_without_a_need_is_open() -> None:
    assert progress_words(WAITING) == "480 of 600"
    assert progress_words(dataclasses.replace(WAITING, need=None)) == "480 of ?"


def _costing(*costs: Cost) -> CandidateDecision:
    a = one(a_round(), A)
    stages = tuple(dataclasses.replace(s, cost=c) for s, c in zip(a.stages, costs, strict=True))
    return dataclasses.replace(a, stages=stages)


@pytest.mark.parametrize(
    ("costs", "total"),
    [
        ((Cost(), Cost(), Cost()), Cost()),
        ((Cost(calls=1, usd=0.5), Cost(), Cost(votes=2, usd=1)), Cost(calls=1, votes=2, usd=1.5)),
        ((Cost(calls=1, usd=0.5), Cost(votes=2), Cost()), Cost(calls=1, votes=2)),
        ((Cost(prompt_tokens=3, usd=0.0), Cost(), Cost()), Cost(prompt_tokens=3, usd=0.0)),
    ],
)
def test_a_cost_without_a_price_is_never_nothing(costs: tuple[Cost, ...], total: Cost) -> None:
    assert total_cost(_costing(*costs)) == total


def test_costs_are_said() -> None:
    assert cost_words(Cost(calls=1200, votes=3)) == "1,200 calls, 3 votes, ? USD"
    assert cost_words(Cost(usd=1234.5)) == "0 calls, 0 votes, 1,234.50 USD"


def test_a_table_of_many_has_values_and_intervals_alone() -> None:
    found = finding(measured=Unmeasured("nobody voted"))
    assert interval_words(found) == "not measured"
    whole = measured_words(finding())
    assert whole.startswith(interval_words(finding())[:-1])
    assert interval_words(finding()).endswith(")")
    assert len(interval_words(finding())) < len(whole)
