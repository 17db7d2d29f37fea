"""Blocking tasks first, and the cheap before the dear."""

import json
from pathlib import Path

import pytest

from gates.task_order import offline_order
from policies.load import parse_policy
from policies.policy import PolicyFile
from tests.fakes.workplace import policy_text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, count in (("few", 3), ("many", 30)):
        lines = (json.dumps({"id": str(i), "prompt": f"{i}?", "target": "x"}) for i in range(count))
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    return tmp_path


def blocks(metric: str, *, severity: str = "blocking") -> str:
    return f"{{metric: {metric}, at_least: 0.5, severity: {severity}, because: x}}"


def order(folder: Path, tasks: dict[str, str], *criteria: str) -> tuple[str, ...]:
    plan = ", ".join(f"{name}: {{{how}}}" for name, how in tasks.items())
    policy = parse_policy(policy_text((f"offline: {{{plan}}}",), criteria), where="x")
    return offline_order(PolicyFile(policy=policy, path=folder / "p.yaml"))


def test_tasks_that_can_block_are_asked_first(folder: Path) -> None:
    tasks = dict.fromkeys("abc", "data: few.jsonl, scorer: exact")
    speaks = blocks("a.accuracy", severity="advisory")
    found = order(folder, tasks, speaks, blocks("c.accuracy"), blocks("b.accuracy"))
    assert found == ("b", "c", "a")


def test_among_those_the_cheapest_is_first(folder: Path) -> None:
    tasks = {
        "long": "data: few.jsonl, scorer: exact, sampling: {max_tokens: 4000}",
        "often": "data: few.jsonl, scorer: exact, generations: 4, sampling: {temperature: 1.0}",
        "many": "data: many.jsonl, scorer: exact",
        "judged": "data: few.jsonl, rubric: [relevance, creativity], judge: j",
        "few": "data: few.jsonl, scorer: exact",
        "read": "harness: lm_eval, task: x, results: 'there/{version}.json'",
        "graded": "graded: 'grades/{version}'",
    }
    metrics = ["long.accuracy", "often.accuracy", "many.accuracy", "judged.relevance", "graded.pgr"]
    criteria = [blocks(metric) for metric in (*metrics, "few.accuracy", "read.score")]
    found = order(folder, tasks, *criteria)
    assert found == ("read", "graded", "few", "judged", "long", "often", "many")


def test_a_harness_that_is_run_costs_its_samples(folder: Path) -> None:
    tasks = {
        "run": "harness: lm_eval, task: x, items_at_least: 10",
        "few": "data: few.jsonl, scorer: exact",
    }
    assert order(folder, tasks, blocks("run.score"), blocks("few.accuracy")) == ("few", "run")


def test_items_that_cannot_be_read_come_last(folder: Path) -> None:
    tasks = {
        "absent": "data: absent.jsonl, scorer: exact",
        "many": "data: many.jsonl, scorer: exact",
    }
    found = order(folder, tasks, blocks("absent.accuracy"), blocks("many.accuracy"))
    assert found == ("many", "absent")
