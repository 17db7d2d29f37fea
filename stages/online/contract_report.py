"""The data contract's report as JSON, and as Markdown for people; pure."""

from policies.canonical import Json
from stages.online.contract import ContractReport, Held, Promise

SCHEMA = "gate.data-contract/1"


def contract_json(found: ContractReport) -> Json:
    """Every promise with its limits, its count and whether it is kept; and the library's result."""
    return {
        "schema": SCHEMA,
        "kept": found.kept,
        "promises": [_promise_json(one) for one in found.held],
        "checks": [
            {"name": check.name, "passed": check.passed, "sentence": check.sentence}
            for check in found.checks
        ],
        "great_expectations": found.validation,
    }


def contract_markdown(found: ContractReport) -> str:
    """A table of the promises, the broken ones first, and what else was found."""
    broken = sum(not one.kept for one in found.held)
    verdict = "kept" if found.kept else f"broken: {broken} of {len(found.held)} promises"
    rows = sorted(found.held, key=lambda one: one.kept)
    lines = [
        f"# Data contract: {verdict}",
        "",
        "| | promise | count | must be |",
        "| --- | --- | --- | --- |",
        *(_row(one) for one in rows),
        "",
        *(f"- {_cell(check.sentence)}" for check in found.checks),
        "",
    ]
    return "\n".join(lines)


def _promise_json(one: Held) -> Json:
    return {
        "name": one.promise.name,
        "count": one.count,
        "at_least": one.promise.at_least,
        "at_most": one.promise.at_most,
        "kept": one.kept,
        "listing": one.promise.listing or None,
    }


def _row(one: Held) -> str:
    count = "unknown" if one.count is None else f"{one.count:,.0f}"
    word = "kept" if one.kept else "**broken**"
    return f"| {word} | {_cell(one.promise.name)} | {count} | {_limits(one.promise)} |"


def _limits(promise: Promise) -> str:
    said = []
    if promise.at_least is not None:
        said.append(f"at least {promise.at_least:,.0f}")
    if promise.at_most is not None:
        said.append(f"at most {promise.at_most:,.0f}")
    return " and ".join(said)


def _cell(text: str) -> str:
    """Text that stays in its cell, and is no markup: names of columns are others' words."""
    words = " ".join(text.split())
    for mark, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|"), ("`", "'")):
        words = words.replace(mark, safe)
    return words
