"""Tables of the terminal as plain data."""

import pytest

from gates.reports.table import Table, findings_table, funnel_table, status_table
from tests.gates.decide.cases import A, B, C, D
from tests.gates.reports.shown import POLICY, a_round, one


def test_the_funnel_counts_who_came_in_and_what_became_of_them() -> None:
    table = funnel_table(a_round(), POLICY)
    assert table.title == "policy release: 4 candidates"
    assert table.headings == ("stage", "in", "PASS", "FAIL", "HOLD")
    assert table.rows == (
        ("offline", "4", "2", "1", "1"),
        ("side by side", "2", "1", "0", "1"),
        ("online", "1", "1", "0", "0"),
    )


def test_the_status_says_whose_move_it_is() -> None:
    rows = {row[0]: row[1:6] for row in status_table(a_round(), {A: "the winner"}).rows}
    assert rows == {
        "the winner": ("online", "PASS (SHIP)", "", "", ""),
        B: ("side by side", "HOLD", "annotators", "480 of 600", "2026-03-04T09:00:00+00:00"),
        C: ("offline", "FAIL", "", "", ""),
        D: ("offline", "HOLD", "operator", "0 of ?", "?"),
    }


def test_findings_keep_their_order() -> None:
    findings = one(a_round(), C).stages[0].findings
    rows = findings_table(findings).rows
    assert [row[:3] for row in rows] == [
        ("FAIL", "toxicity.rate", "blocking"),
        ("PASS", "qa.f1", "blocking"),
        ("PASS", "qa.f1", "advisory"),
    ]


def test_a_ragged_table_is_refused() -> None:
    with pytest.raises(ValueError, match="every heading"):
        Table(title="", headings=("a", "b"), rows=(("1",),))
