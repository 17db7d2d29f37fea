"""Items of a bench are known as such in a copy, a download or a mixture."""

import pytest

from policies.assessment import Assessment
from policies.canonical import Json, canonical_json
from policies.errors import PolicyError
from stages.engine.bench_mark import mark_of, refuse_copied
from stages.engine.data import ItemFile, parse_items


def items(*benches: Json) -> ItemFile:
    rows: list[dict[str, Json]] = [
        {"id": str(number), "prompt": f"what is {number}?", **({"bench": bench} if bench else {})}
        for number, bench in enumerate(benches)
    ]
    return parse_items("\n".join(map(canonical_json, rows)).encode(), where="copy", cluster=None)


def test_a_copy_of_a_benchs_items_is_refused_with_what_mends_it() -> None:
    with pytest.raises(PolicyError, match="item 1 is of the bench `month-1`") as refused:
        refuse_copied(items(None, mark_of("month-1")), None)
    assert "the bench's own items.jsonl" in refused.value.fix


def test_a_copy_is_used_where_the_plan_says_why() -> None:
    refuse_copied(items(mark_of("month-1")), Assessment(waived="no people's votes yet"))


@pytest.mark.parametrize("bench", [None, "mt-bench", 7, ["gate.bench/month-1"]])
def test_items_that_others_call_a_bench_need_nothing(bench: Json) -> None:
    refuse_copied(items(bench), None)
