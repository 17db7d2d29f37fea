"""Criteria that could never fail, never pass, or mean something else are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.benchmark_tasks import BenchmarkTask, Scorer, Stopping
from policies.coherence import Draft, incoherences
from policies.criteria import Criterion, Quota, Severity
from policies.errors import PolicyError
from policies.graded_task import GradedTask
from policies.load import parse_policy
from policies.plan import Plan

PLAN = Plan.model_validate_json(
    """{"offline": {
        "qa": {"data": "qa.jsonl", "scorer": "exact"},
        "toxicity": {"data": "red.jsonl", "classifier": "detoxify/original"}},
      "online": {"moments": "m.csv", "primary": "sales", "looks": [7], "planned_units": 1000,
        "metrics": {"sales": {}, "latency_ms": {"higher_is_better": false}}}}"""
)
ENOUGH = (
    '{"metric": "qa.accuracy", "at_least": 0.5, "severity": "blocking", "because": "x"}',
    '{"metric": "online.sales", "better": {}, "severity": "blocking", "because": "x"}',
)


def fields(*criteria: str, keep: tuple[tuple[str, Quota], ...] = ()) -> list[str]:
    entries = (*criteria, *ENOUGH)
    draft = Draft(
        plan=PLAN,
        criteria={i: Criterion.model_validate_json(c) for i, c in enumerate(entries)},
        keep=keep,
        complete=True,
        model="assistant",
        baseline="champion",
    )
    return [problem.field for problem in incoherences(draft)]


def limit(metric: str, key: str, value: float, severity: Severity = Severity.BLOCKING) -> str:
    return f'{{"metric": "{metric}", "{key}": {value}, "severity": "{severity}", "because": "x"}}'


def test_criteria_that_fit_their_plan_are_left_alone() -> None:
    assert fields() == []


@given(st.floats(1e-6, 1 - 1e-6))
def test_every_limit_inside_the_share_is_accepted(value: float) -> None:
    assert fields(limit("toxicity.rate", "at_most", value)) == []


@given(st.floats(max_value=0) | st.floats(min_value=1))
def test_no_limit_on_or_outside_the_border_of_a_share_is_accepted(value: float) -> None:
    if value in (float("inf"), float("-inf")):
        return
    assert fields(limit("toxicity.rate", "at_most", value)) == ["criteria[0].at_most"]


def test_a_number_that_is_no_share_may_have_any_limit() -> None:
    assert fields(limit("online.latency_ms", "at_most", 250)) == []
    assert fields(limit("online.sales", "at_least", -3)) == []


@pytest.mark.parametrize(
    ("metric", "key"),
    [
        ("qa.accuracy", "at_most"),
        ("toxicity.rate", "at_least"),
        ("online.sales", "at_most"),
        ("online.latency_ms", "at_least"),
    ],
)
def test_a_blocking_limit_on_the_wrong_side_is_refused_and_an_advisory_one_is_not(
    metric: str, key: str
) -> None:
    assert fields(limit(metric, key, 0.7)) == [f"criteria[0].{key}"]
    assert fields(limit(metric, key, 0.7, Severity.ADVISORY)) == []


def test_an_advisory_limit_that_demands_nothing_is_refused_too() -> None:
    assert fields(limit("qa.accuracy", "at_most", 1, Severity.ADVISORY)) == ["criteria[0].at_most"]


def test_an_absolute_margin_on_a_number_may_be_large() -> None:
    margin = '{"metric": "online.latency_ms", "non_inferior": {"margin": 20}, "because": "x",'
    assert fields(margin + '"severity": "blocking"}') == []


def test_two_different_demands_on_one_metric_may_stand() -> None:
    margin = '{"metric": "qa.accuracy", "non_inferior": {"margin": 0.03}, "because": "x",'
    assert fields(margin + '"severity": "blocking"}') == []


def test_the_same_demand_is_refused_whatever_its_limit() -> None:
    assert fields(limit("qa.accuracy", "at_least", 0.6)) == ["criteria[1]"]


@pytest.mark.parametrize(
    ("stage", "by", "deadline", "expected"),
    [
        ("offline", "qa.accuracy", "2026-05-31T18:00:00Z", []),
        ("offline", "online.sales", None, ["keep.offline.by"]),
        ("side_by_side", "qa.accuracy", None, ["keep.side_by_side"]),
        ("offline", "qa.accuracy", "soon", ["keep.offline.deadline"]),
        ("offline", "x", "2026-05-31", ["keep.offline.by", "keep.offline.deadline"]),
    ],
)
def test_a_quota_keeps_by_what_its_stage_measures_until_a_time(
    stage: str, by: str, deadline: str | None, expected: list[str]
) -> None:
    assert fields(keep=((stage, Quota(most=1, by=by, deadline=deadline)),)) == expected


def test_a_share_that_must_be_whole_is_told_what_a_sample_can_show() -> None:
    assert fields(limit("qa.accuracy", "at_least", 1)) == ["criteria[0].at_least", "criteria[1]"]


@pytest.mark.parametrize(("margin", "refused"), [(0.99, False), (1, True), (3, True)])
def test_a_margin_on_a_share_is_less_than_the_whole(margin: float, *, refused: bool) -> None:
    text = f'{{"metric": "qa.accuracy", "non_inferior": {{"margin": {margin}}}, "because": "x",'
    found = fields(text + '"severity": "blocking"}')
    assert (found == ["criteria[0].non_inferior.margin"]) is refused


@pytest.mark.parametrize(
    ("metric", "margin", "refused"),
    [
        ("early.accuracy", "relative_margin", True),
        ("early.accuracy", "margin", False),
        ("qa.accuracy", "relative_margin", False),
    ],
)
def test_no_ratio_is_demanded_of_a_task_that_may_stop_early(
    metric: str, margin: str, *, refused: bool
) -> None:
    early = BenchmarkTask(data="e.jsonl", scorer=Scorer.EXACT, stopping=Stopping.ANYTIME)
    plan = PLAN.model_copy(update={"offline": {**(PLAN.offline or {}), "early": early}})
    text = f'{{"metric": "{metric}", "non_inferior": {{"{margin}": 0.1}}, "severity": "advisory", '
    demand = Criterion.model_validate_json(text + '"because": "x"}')
    found = incoherences(
        Draft(plan=plan, criteria={0: demand}, keep=(), complete=False, model="m", baseline="b")
    )
    assert [p.field for p in found] == (["criteria[0].non_inferior"] if refused else [])


@pytest.mark.parametrize(
    ("metric", "margin", "refused"),
    [
        ("teaching.pgr", "relative_margin", True),
        ("teaching.pgr.math", "margin", False),
        ("qa.accuracy", "relative_margin", False),
    ],
)
def test_no_ratio_is_demanded_of_gaps_recovered(metric: str, margin: str, *, refused: bool) -> None:
    graded = GradedTask(graded="grades/{version}")
    plan = PLAN.model_copy(update={"offline": {**(PLAN.offline or {}), "teaching": graded}})
    text = f'{{"metric": "{metric}", "non_inferior": {{"{margin}": 0.1}}, "severity": "advisory", '
    demand = Criterion.model_validate_json(text + '"because": "x"}')
    found = incoherences(
        Draft(plan=plan, criteria={0: demand}, keep=(), complete=False, model="m", baseline="b")
    )
    assert [p.field for p in found] == (["criteria[0].non_inferior"] if refused else [])


def test_every_primary_of_an_ab_demands_something() -> None:
    text = """
policy: ab
model: assistant
plan:
  online:
    {{source: product, metrics: {{sales: {{}}, visits: {{}}}}, primary: sales,
      also_primary: [visits], looks: [7], planned_units: 500}}
criteria:
  - {{metric: online.sales, better: {{}}, severity: blocking, because: that is the product}}
{more}
"""
    with pytest.raises(PolicyError) as caught:
        parse_policy(text.format(more=""), where="ab.yaml")
    assert "`visits`, of which no criterion demands anything" in caught.value.why
    both = "  - {metric: online.visits, better: {}, severity: blocking, because: so is this}"
    assert parse_policy(text.format(more=both), where="ab.yaml").plan.online is not None
