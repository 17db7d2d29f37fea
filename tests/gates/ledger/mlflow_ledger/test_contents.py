import json
import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.decide.verdict import Verdict
from gates.ledger.mlflow_ledger import contents
from gates.ledger.records import candidate_records
from policies.criteria import Severity
from stages.evidence.estimate import Bounds, Estimate, Unmeasured
from stages.evidence.records import Cost, Quantity, StageName
from tests.fakes import decisions

ALLOWED = re.compile(r"[A-Za-z0-9_\-. :/]{1,250}")


def stage(*findings: object) -> object:
    return decisions.stage_decision(findings=findings)


def test_a_finding_becomes_value_ends_and_distance() -> None:
    assert contents.finding_metrics([stage(decisions.finding())]) == {
        "toxicity.rate/value": 0.0042,
        "toxicity.rate/low": 0.0021,
        "toxicity.rate/high": 0.0084,
        "toxicity.rate/distance": 1.5,
    }


def test_what_is_unmeasured_has_no_number() -> None:
    absent = decisions.finding(verdict=Verdict.UNMEASURED, measured=Unmeasured("no answers"))
    assert contents.finding_metrics([stage(absent)]) == {}


def test_an_open_end_has_no_number() -> None:
    upper = Estimate(
        value=0.1,
        standard_error=None,
        low=None,
        high=0.2,
        bounds=Bounds.UPPER,
        level=0.95,
        n=9,
        unit="share",
        method="exact",
    )
    found = contents.finding_metrics([stage(decisions.finding(measured=upper, distance=None))])
    assert set(found) == {"toxicity.rate/value", "toxicity.rate/high"}


@given(st.lists(st.text(min_size=1, max_size=300), min_size=1, max_size=8))
def test_no_two_criteria_share_a_metric_and_every_name_is_allowed(names: list[str]) -> None:
    findings = [decisions.finding(name) for name in names]
    found = contents.finding_metrics([stage(*findings)])
    assert len(found) == 4 * len(names)
    assert all(ALLOWED.fullmatch(name) for name in found)
    assert all(math.isfinite(number) for number in found.values())


def test_a_comparison_is_not_named_like_a_value() -> None:
    value = decisions.finding("qa.f1")
    others = [replace(value, quantity=q) for q in (Quantity.DIFFERENCE, Quantity.RATIO)]
    found = contents.finding_metrics([stage(value, *others)])
    names = {name.partition("/")[0] for name in found}
    assert names == {"qa.f1", "qa.f1.difference", "qa.f1.ratio"}


def test_a_price_that_is_unknown_is_not_zero() -> None:
    assert "cost/usd" not in contents.cost_metrics(Cost(calls=3))
    assert contents.cost_metrics(Cost(usd=0.0))["cost/usd"] == 0.0


def test_a_look_without_power_says_none() -> None:
    look = decisions.a_look()
    assert "look/conditional_power" not in contents.look_metrics(look)
    found = contents.look_metrics(replace(look, conditional_power=0.25))
    assert found["look/conditional_power"] == 0.25


def test_the_table_has_the_worst_first() -> None:
    findings = (
        decisions.finding("a", Verdict.PASS, distance=0.1),
        decisions.finding("b", Verdict.FAIL, severity=Severity.ADVISORY, distance=-9),
        decisions.finding("c", Verdict.HOLD, distance=-0.5),
        decisions.finding("d", Verdict.FAIL, distance=-1),
        decisions.finding("e", Verdict.FAIL, distance=-2),
        decisions.finding("f", Verdict.UNMEASURED, measured=Unmeasured("gone"), distance=None),
        decisions.finding("g", Verdict.PASS, distance=0.01),
    )
    table = json.loads(contents.findings_table([stage(*findings)]))
    column = table["columns"].index("criterion")
    named = [row[column].split()[0] for row in table["data"]]
    assert named == ["e", "d", "f", "c", "b", "g", "a"]
    assert all(len(row) == len(table["columns"]) for row in table["data"])
    unmeasured = table["data"][2]
    assert unmeasured[table["columns"].index("value")] is None


def test_two_criteria_on_one_metric_are_two_rows_of_a_comparison() -> None:
    value = decisions.finding("qa.f1")
    others = [replace(value, quantity=Quantity.DIFFERENCE), replace(value, demand="at most 1 %")]
    table = json.loads(contents.findings_table([stage(value, *others)]))
    assert table["columns"][:2] == ["criterion", "verdict"]
    assert len({row[0] for row in table["data"]}) == len(table["data"])


def test_a_description_that_was_prepared_stands_before_the_links() -> None:
    text = contents.description("# mine", verdict="FAIL", reason="r", stages=[], links="[x](y)")
    assert text == "# mine\n\n[x](y)"


def test_without_one_the_verdict_and_the_worst_findings_come_first() -> None:
    held = (decisions.finding("good"), decisions.finding("bad", Verdict.FAIL))
    text = contents.description(
        "", verdict="FAIL", reason="bad is bad", stages=[stage(*held)], links="[x](y)"
    )
    lines = text.splitlines()
    assert lines[0] == "**FAIL**: bad is bad"
    assert lines[2].startswith("- **FAIL** bad")
    assert lines[3].startswith("- **PASS** good")


@pytest.mark.parametrize("given_text", ["a line of text\n" * 2000, "x" * 9000])
def test_a_long_description_is_cut_before_mlflow_cuts_it(given_text: str) -> None:
    text = contents.description(
        given_text, verdict="FAIL", reason="r", stages=[], links="[model](#/models/a)"
    )
    assert len(text) <= contents.LONGEST_TAG
    assert text.endswith("[model](#/models/a)")
    assert "The rest is in the artifacts" in text


def test_tags_say_who_what_under_which_policy_and_what_is_awaited() -> None:
    share = candidate_records(decisions.record())[1]
    tags = contents.candidate_tags(share)
    assert tags["gate_verdict"] == "HOLD"
    assert tags["gate_candidate"] == decisions.OTHER
    assert tags["gate_baseline"] == decisions.BASELINE
    assert tags["gate_policy"] == "release"
    assert tags["gate_stage"] == "online"
    assert tags["gate_waits_for"] == "waiting: annotators: votes on 120 prompts"
    assert all(len(value) <= contents.LONGEST_TAG for value in tags.values())


def test_without_baseline_or_evidence_there_is_no_such_tag() -> None:
    share = candidate_records(decisions.record())[0]
    bare = replace(share, baseline=None)
    stage_ = decisions.stage_decision(StageName.ONLINE)
    assert "gate_baseline" not in contents.round_tags(bare)
    assert "gate_evidence_sha256" not in contents.stage_tags(bare, stage_)
    nothing = replace(bare, decision=replace(bare.decision, stages=()))
    assert "gate_stage" not in contents.candidate_tags(nothing)


def test_a_long_sentence_is_cut() -> None:
    share = candidate_records(decisions.record())[0]
    long = replace(share, decision=replace(share.decision, reason="x" * 900))
    assert len(contents.candidate_tags(long)["gate_sentence"]) == 500


def test_a_look_says_its_own_verdict() -> None:
    share = candidate_records(decisions.record())[1]
    online = share.decision.stages[1]
    tags = contents.look_tags(share, online, decisions.a_look())
    assert (tags["gate_verdict"], tags["gate_look"]) == ("CONTINUE", "2 of 3")
    plain = contents.look_tags(share, replace(online, online=None), decisions.a_look())
    assert plain["gate_verdict"] == "HOLD"
