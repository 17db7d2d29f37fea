import json
from pathlib import Path

import pytest

from gates.comparison_inputs import comparison_input_problems
from gates.workspace import load_workspace
from policies.side_by_side import SideBySidePlan

PROMPTS = (
    '{"id": "a", "prompt": "x", "topic": "code"}\n{"id": "b", "prompt": "y", "topic": "code"}\n'
)
GOLD = {
    "id": "g",
    "prompt": "x",
    "topic": "code",
    "answer_a": "1",
    "answer_b": "2",
    "preference": "A>B",
}
WORKSPACE = '[endpoints.judge_a]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'


def problems(folder: Path, *, toml: str | None = WORKSPACE, **fields: object) -> dict[str, str]:
    if toml is not None:
        (folder / "gate.toml").write_text(toml)
    asked = {"data": "prompts.jsonl", "votes_at_most": 2, "topic": "topic"} | fields
    plan = SideBySidePlan.model_validate(asked, strict=False)
    workspace = load_workspace(folder, environment={})
    found = comparison_input_problems(plan, base=folder, workspace=workspace)
    return {".".join(map(str, problem.at[2:])): problem.found for problem in found}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts.jsonl").write_text(PROMPTS)
    (tmp_path / "gold.jsonl").write_text(json.dumps(GOLD) + "\n")
    (tmp_path / "guidelines.md").write_text("# Prefer what helps.\n")
    return tmp_path


WHOLE = {
    "judges": ["judge_a"],
    "gold": "gold.jsonl",
    "guidelines": "guidelines.md",
    "judging": {"calibration": "gold.jsonl", "rubrics": {"code": "code"}},
}


def test_what_is_there_is_no_problem(folder: Path) -> None:
    assert problems(folder, **WHOLE) == {}
    assert problems(folder, data=None, topic=None, votes=["not yet.jsonl"]) == {}


@pytest.mark.parametrize(
    ("fields", "at", "found"),
    [
        ({"votes_at_most": 3}, "data", "cannot ask for 3 prompts"),
        ({"data": "none.jsonl"}, "data", "cannot read none.jsonl"),
        ({"topic": "kind"}, "data", "cannot tell the topic"),
        ({"gold": "prompts.jsonl"}, "gold", "cannot use gold pair a"),
        ({"annotating": {"qualification": 2}}, "gold", "gold.jsonl holds 1 gold pairs"),
        ({"guidelines": "none.md"}, "guidelines", "cannot read none.md"),
        ({"judging": {"calibration": "prompts.jsonl"}}, "judging.calibration", "gold pair a"),
        (
            {"judging": {"calibration": "gold.jsonl", "calibration_sha256": "0" * 64}},
            "judging.calibration",
            "gold.jsonl",
        ),
        ({"judges": ["judge_b"]}, "judges", "the judge `judge_b`, which gate.toml does not know"),
    ],
)
def test_what_is_not_there_is_named_where_the_policy_names_it(
    folder: Path, fields: dict[str, object], at: str, found: str
) -> None:
    said = problems(folder, **WHOLE | fields)
    assert found in said[at]


def test_without_a_workspace_judges_are_only_named(folder: Path) -> None:
    assert problems(folder, toml=None, judges=["judge_b"]) == {}
