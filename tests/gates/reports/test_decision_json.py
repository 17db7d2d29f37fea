"""The JSON of a decision is documented, complete and stable."""

import json
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema
import pytest

from gates.reports.decision_json import decision_json, decision_schema
from policies.canonical import canonical_json
from stages.evidence.records import StageName
from tests.gates.decide.cases import A, B, C
from tests.gates.reports.shown import a_round, golden, hostile_round

COMPAT = Path(__file__).parents[2] / "compat" / "decision-1.json"


@dataclass
class Found:
    candidate: str
    stage_run_ids: dict[StageName, str] = field(default_factory=dict)
    url: str = ""


def _valid(document: object) -> None:
    checker = jsonschema.Draft202012Validator(decision_schema())
    checker.validate(json.loads(canonical_json(document)))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(decision_schema())


def test_every_kind_of_decision_is_valid() -> None:
    _valid(decision_json(a_round()))
    _valid(decision_json(hostile_round()[0]))


def test_the_document_is_as_it_was() -> None:
    text = json.dumps(decision_json(a_round()), indent=2, ensure_ascii=False) + "\n"
    assert golden("decision.json", text) == text


def test_a_decision_of_the_first_schema_is_valid_for_ever() -> None:
    _valid(json.loads(COMPAT.read_text(encoding="utf-8")))


def test_the_documented_keys_are_there() -> None:
    whole = decision_json(a_round())
    assert {"schema", "policy", "candidates"} <= whole.keys()
    assert whole["schema"] == "gate.decision/1"
    candidate = whole["candidates"][1]
    assert {"candidate", "verdict", "stages", "cost", "url"} <= candidate.keys()
    stage = candidate["stages"][1]
    assert {"stage", "verdict", "run_id", "findings", "waits_for"} <= stage.keys()
    assert stage["waits_for"] == {
        "cause": "waiting",
        "who": "annotators",
        "what": "votes on 120 prompts",
        "have": 480.0,
        "need": 600.0,
        "since": "2026-02-20T09:00:00+00:00",
        "expected": "2026-03-04T09:00:00+00:00",
        "command": "gate run release",
    }
    finding = stage["findings"][0]
    assert {"metric", "severity", "verdict", "sentence", "measured"} <= finding.keys()


def test_what_was_logged_is_linked() -> None:
    logged = [
        Found(candidate=A, stage_run_ids={StageName.OFFLINE: "r1"}, url="http://mlflow/1"),
        Found(candidate=B),
    ]
    whole = decision_json(a_round(), logged)
    _valid(whole)
    a, b, c, _ = whole["candidates"]
    assert (a["url"], b["url"], c["url"]) == ("http://mlflow/1", None, None)
    assert [s["run_id"] for s in a["stages"]] == ["r1", None, None]
    assert c["candidate"] == C


def test_what_a_candidate_cost_is_summed() -> None:
    a = decision_json(a_round())["candidates"][0]
    assert a["cost"] == {
        "calls": 30,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "votes": 0,
        "usd": 1.5,
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "gate.decision/2"),
        (("policy", "sha256"), "abc"),
        (("candidates", 0, "verdict"), "UNMEASURED"),
        (("candidates", 0, "note"), "x"),
        (("candidates", 0, "stages", 0, "waits_for"), {}),
        (("candidates", 1, "stages", 1, "waits_for"), None),
        (("candidates", 1, "stages", 1, "waits_for", "cause"), "bored"),
        (("candidates", 0, "stages", 0, "findings", 0, "measured"), {"unmeasured": ""}),
        (("candidates", 0, "stages", 0, "findings", 0, "measured", "n"), 0),
        (("candidates", 0, "stages", 0, "findings", 0, "verdict"), "UNMEASURED"),
        (("candidates", 3, "stages", 0, "findings", 0, "verdict"), "PASS"),
        (("candidates", 0, "cost", "calls"), -1),
    ],
)
def test_the_schema_refuses_what_is_no_decision(path: tuple, value: object) -> None:
    whole = deepcopy(json.loads(canonical_json(decision_json(a_round()))))
    place = whole
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        _valid(whole)
