"""The contract's report: whole in JSON, broken promises first for people, nothing of it markup."""

import json
import math

from markdown_it import MarkdownIt

from policies.canonical import canonical_json
from stages.online.contract import ContractReport, Promise, never, report
from stages.online.contract_report import contract_json, contract_markdown

PROMISES = (
    Promise(name="rows", broken="{count} rows", at_least=1, at_most=9),
    never("numbers/<b>|x", "{count} events have a `<b>` | y", "SELECT 1"),
)


def of(**counts: float | None) -> ContractReport:
    known = {"rows": 5.0, "numbers/<b>|x": 0.0, **counts}
    return report(PROMISES, known, kept="all is kept")


def test_every_promise_stands_in_the_json_with_limits_count_and_answer() -> None:
    broken = report(PROMISES, {"rows": 5, "numbers/<b>|x": 3}, kept="")
    document = json.loads(canonical_json(contract_json(broken)))
    assert (document["schema"], document["kept"]) == ("gate.data-contract/1", False)
    assert document["promises"] == [
        {
            "name": "rows",
            "count": 5,
            "at_least": 1,
            "at_most": 9,
            "kept": True,
            "listing": None,
        },
        {
            "name": "numbers/<b>|x",
            "count": 3,
            "at_least": None,
            "at_most": 0,
            "kept": False,
            "listing": "SELECT 1",
        },
    ]
    results = document["great_expectations"]["results"]
    assert len(results) == 5
    assert [r["success"] for r in results].count(False) == 1
    assert document["checks"][1]["name"] == "data_contract.numbers/<b>|x"


def test_the_same_counts_give_the_same_bytes() -> None:
    assert canonical_json(contract_json(of())) == canonical_json(contract_json(of()))


def test_broken_promises_stand_first_and_columns_names_are_no_markup() -> None:
    text = contract_markdown(report(PROMISES, {"rows": 5, "numbers/<b>|x": 3}, kept=""))
    assert text.startswith("# Data contract: broken: 1 of 2 promises\n")
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert "<b>" not in html
    assert html.index("numbers/") < html.index(">rows<")
    assert html.count("<tr>") == 3


def test_a_count_that_is_not_known_is_told_as_broken() -> None:
    text = contract_markdown(of(rows=None))
    assert "| **broken** | rows | unknown | at least 1 and at most 9 |" in text


def test_kept_is_told_with_the_sentence() -> None:
    assert contract_markdown(of()).startswith("# Data contract: kept\n")
    assert "- all is kept" in contract_markdown(of())


def test_a_contract_of_nothing_is_not_kept_in_the_report_either() -> None:
    empty = report((), {}, kept="all is kept")
    assert not empty.kept
    document = contract_json(empty)
    assert isinstance(document, dict)
    assert document["kept"] is False
    assert "kept" not in contract_markdown(empty).splitlines()[0]


def test_a_count_that_is_no_number_is_unknown_and_breaks_its_promise() -> None:
    found = of(rows=math.nan)
    assert not found.kept
    assert '"count":null' in canonical_json(contract_json(found))
