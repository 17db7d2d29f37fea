"""A plan that cannot be measured as it is written is refused."""

import pytest

from policies.coherence_of_plans import DETOXIFY, plan_problems
from policies.plan import Plan


def fields(plan: str) -> list[str]:
    return [problem.field for problem in plan_problems(Plan.model_validate_json(plan))]


@pytest.mark.parametrize("name", DETOXIFY)
def test_classifiers_named_by_what_they_are_need_no_digest(name: str) -> None:
    assert fields(f'{{"offline": {{"t": {{"data": "x", "classifier": "{name}"}}}}}}') == []


def test_a_classifier_file_with_its_digest_is_accepted() -> None:
    digest = "a" * 64
    task = f'{{"data": "x", "classifier": "t.ckpt", "classifier_sha256": "{digest}"}}'
    assert fields(f'{{"offline": {{"t": {task}}}}}') == []


def test_prompts_without_votes_wait_for_annotators() -> None:
    assert fields('{"side_by_side": {"data": "prompts.jsonl", "votes_at_most": 10}}') == []


@pytest.mark.parametrize("stage", ["offline", "side_by_side", "online"])
def test_no_task_is_called_like_a_stage(stage: str) -> None:
    plan = f'{{"offline": {{"{stage}": {{"data": "x", "scorer": "exact"}}}}}}'
    assert fields(plan) == [f"plan.offline.{stage}"]


@pytest.mark.parametrize("harness", ["helm", "garak", "promptfoo"])
def test_a_harness_that_the_gate_does_not_run_needs_results(harness: str) -> None:
    task = f'"harness": "{harness}", "task": "x"'
    assert fields(f'{{"offline": {{"t": {{{task}}}}}}}') == ["plan.offline.t"]
    results = '"results": "runs/{version}"'
    assert fields(f'{{"offline": {{"t": {{{task}, {results}}}}}}}') == []


def test_versions_never_share_results() -> None:
    task = '"harness": "lm_eval", "task": "x"'
    assert fields(f'{{"offline": {{"t": {{{task}}}}}}}') == []
    found = fields(f'{{"offline": {{"t": {{{task}, "results": "runs"}}}}}}')
    assert found == ["plan.offline.t.results"]


def test_only_results_are_called_by_a_name() -> None:
    task = '"harness": "lm_eval", "task": "x", "model": "toy-{version}"'
    assert fields(f'{{"offline": {{"t": {{{task}}}}}}}') == ["plan.offline.t.model"]
    results = '"results": "runs/{version}"'
    assert fields(f'{{"offline": {{"t": {{{task}, {results}}}}}}}') == []


def test_several_answers_to_one_item_are_drawn_each_with_its_seed() -> None:
    task = '"data": "x", "scorer": "exact", "generations": 3'
    assert fields(f'{{"offline": {{"t": {{{task}}}}}}}') == ["plan.offline.t.generations"]
    drawn = '"sampling": {"temperature": 0.7, "seed": 0, "max_tokens": 8}'
    assert fields(f'{{"offline": {{"t": {{{task}, {drawn}}}}}}}') == []
