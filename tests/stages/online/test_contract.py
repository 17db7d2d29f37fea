"""Promises about counts: kept, broken, absent."""

import math

import pytest

from stages.online.contract import Promise, hold, never

NONE = never("nulls", "{count} rows are null", "FROM t WHERE x IS NULL")
SOME = Promise(name="rows", broken="{count} rows", at_least=1)


def test_kept_promises_are_one_check() -> None:
    (check,) = hold((NONE, SOME), {"nulls": 0, "rows": 1}, kept="all is well")
    assert (check.name, check.passed, check.sentence) == ("data_contract", True, "all is well")


def test_a_broken_promise_says_how_many_and_how_to_list_them() -> None:
    whole, broken = hold((NONE, SOME), {"nulls": 1234, "rows": 5}, kept="")
    assert whole.passed is False
    assert whole.sentence == "1 of 2 promises of the data contract are broken"
    assert broken.name == "data_contract.nulls"
    assert broken.sentence == "1,234 rows are null; list them: FROM t WHERE x IS NULL"


@pytest.mark.parametrize("count", [None, math.nan])
def test_a_count_that_is_absent_breaks_its_promise(count: float | None) -> None:
    checks = hold((NONE, SOME), {"nulls": count, "rows": 1}, kept="")
    assert [check.passed for check in checks] == [False, False]


def test_a_summary_without_the_count_breaks_the_promise() -> None:
    checks = hold((NONE, SOME), {"rows": 1}, kept="")
    assert checks[1].name == "data_contract.nulls"
    assert "unknown number" in checks[1].sentence


def test_no_rows_break_the_promise_of_rows() -> None:
    checks = hold((SOME,), {"rows": 0}, kept="")
    assert checks[1].sentence == "0 rows"


def test_a_contract_without_promises_is_not_kept() -> None:
    assert [check.passed for check in hold((), {}, kept="")] == [False]


def test_great_expectations_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    hold((NONE,), {"nulls": 3}, kept="")
    assert capfd.readouterr() == ("", "")
