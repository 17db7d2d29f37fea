"""A plan names its stages and its metrics, with their units and directions."""

import pytest
from pydantic import ValidationError

from policies.benchmark_tasks import BenchmarkTask, Rubric, RubricTask, Scorer
from policies.metric import Unit
from policies.plan import Plan
from policies.safety_tasks import MemorizationTask, ToxicityTask
from policies.task import Task

TASKS = """{"offline": {
    "qa": {"data": "a", "scorer": "token_f1"},
    "sums": {"data": "a", "scorer": "numeric"},
    "toxicity": {"data": "a", "classifier": "detoxify/original"},
    "recitation": {"data": "a", "corpus": ["b.txt"]}}}"""
SIDE = '{"side_by_side": {"votes": ["v"], "votes_at_most": 600, "overlap": 2}}'
ONLINE = """{"online": {"moments": "m", "primary": "sales", "looks": [7], "planned_units": 9,
    "metrics": {"sales": {"kind": "proportion"}, "latency_ms": {"higher_is_better": false}}}}"""


def test_the_kind_of_a_task_is_told_by_its_key() -> None:
    tasks = Plan.model_validate_json(TASKS).offline or {}
    kinds = {name: type(task) for name, task in tasks.items()}
    assert kinds == {
        "qa": BenchmarkTask,
        "sums": BenchmarkTask,
        "toxicity": ToxicityTask,
        "recitation": MemorizationTask,
    }


def test_a_plan_of_python_objects_is_a_plan_too() -> None:
    task = ToxicityTask(data="a", classifier="detoxify/original")
    assert Plan(offline={"toxicity": task}).offline == {"toxicity": task}


def test_every_task_has_its_metric_with_unit_and_direction() -> None:
    metrics = Plan.model_validate_json(TASKS).metrics()
    assert {m.name: m.higher_is_better for m in metrics.values()} == {
        "qa.f1": True,
        "sums.accuracy": True,
        "toxicity.rate": False,
        "toxicity.expected_maximum": False,
        "toxicity.fraction": False,
        "recitation.rate": False,
        "recitation.covered": False,
    }
    assert {(m.unit, m.paired, m.stage) for m in metrics.values()} == {
        (Unit.SHARE, True, "offline")
    }


def test_side_by_side_counts_prompts_and_compares_by_itself() -> None:
    plan = Plan.model_validate_json(SIDE)
    assert plan.side_by_side is not None
    assert plan.side_by_side.prompts_planned == 300
    assert {m.name: m.higher_is_better for m in plan.metrics().values()} == {
        "side_by_side.win_rate": True,
        "side_by_side.graded": True,
        "side_by_side.both_bad": False,
        "side_by_side.attacks": False,
    }
    assert not any(m.paired for m in plan.metrics().values())


def test_an_online_proportion_is_a_share_and_a_mean_is_a_number() -> None:
    metrics = Plan.model_validate_json(ONLINE).metrics()
    assert metrics["online.sales"].unit is Unit.SHARE
    assert metrics["online.latency_ms"].unit is Unit.NUMBER
    assert not metrics["online.latency_ms"].higher_is_better


@pytest.mark.parametrize(
    ("text", "stages"),
    [(TASKS, ("offline",)), (SIDE, ("side_by_side",)), (ONLINE, ("online",))],
)
def test_a_stage_that_is_not_planned_is_not_demanded(text: str, stages: tuple[str, ...]) -> None:
    assert Plan.model_validate_json(text).stages() == stages


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"offline": {"qa": 5}}',
        '{"offline": {"qa": null}}',
        '{"offline": {"qa": ["scorer"]}}',
        '{"offline": {"qa": {"data": "a"}}}',
        SIDE.replace("600", "601"),
        ONLINE.replace('"sales",', '"visits",'),
        ONLINE.replace("[7]", "[7, 7]"),
        ONLINE.replace("[7]", "[15]"),
        ONLINE.replace("[7]", "[0]"),
        ONLINE.replace('"moments": "m"', '"exposures": "e"'),
        ONLINE.replace('"moments": "m"', '"moments": "m", "source": "product"'),
        ONLINE.replace('"moments": "m"', '"moments": "m", "as_of": "2026-05-31T00:00:00Z"'),
        ONLINE.replace('"proportion"', '"ratio"'),
        ONLINE.replace('"kind": "proportion"', '"denominator": "visits"'),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Plan.model_validate_json(text)


def test_only_token_f1_is_not_right_or_wrong() -> None:
    assert {s for s in Scorer if s.metric != "accuracy"} == {Scorer.TOKEN_F1}


def test_a_rubric_is_named_once() -> None:
    with pytest.raises(ValidationError, match="every rubric once"):
        RubricTask(data="a", judge="j", rubric=(Rubric.RELEVANCE, Rubric.RELEVANCE))
    task = RubricTask(data="a", judge="j", rubric=(Rubric.RELEVANCE, Rubric.CREATIVITY))
    assert [m.name for m in task.metrics("chat")] == ["chat.relevance", "chat.creativity"]


def test_a_task_of_no_kind_measures_nothing() -> None:
    with pytest.raises(NotImplementedError):
        Task().metrics("qa")
