"""An A/B that could never be measured or decided as it is planned is refused."""

import pytest

from policies.coherence_of_plans import plan_problems
from policies.plan import Plan

ONLINE = '"metrics": {"sales": {}}, "primary": "sales", "looks": [7], "planned_units": 500'
OFF = '{"from_day": 0, "champion_share": 0.9, "analysed": false}'
TABLES = f'"source": "product", {ONLINE}'


def fields(plan: str) -> list[str]:
    return [problem.field for problem in plan_problems(Plan.model_validate_json(plan))]


def test_a_retrospective_plan_over_moments_needs_no_clock() -> None:
    assert fields(f'{{"online": {{"moments": "m.csv", {ONLINE}, "retrospective": true}}}}') == []


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ('"minimum_days": 7.5', "minimum_days"),
        ('"window_days": 7', "window_days"),
        ('"burn_in_units": 501', "burn_in_units"),
        ('"champion_share": 0.91', "burn_in_units"),
        ('"retrospective": true, "as_of": "2026-13-01T00:00:00Z"', "as_of"),
    ],
)
def test_an_ab_that_could_never_ship_is_refused(extra: str, field: str) -> None:
    plan = f'{{"online": {{"moments": "m.csv", {ONLINE}, {extra}}}}}'
    assert fields(plan) == [f"plan.online.{field}"]


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ('"metrics": {"sales": {"window_days": 7}}', "metrics.sales.window_days"),
        (f'"ramp": [{OFF}, {{"from_day": 7, "champion_share": 0.5}}]', "ramp"),
        ('"challengers": 2, "flag": "spring"', "variants.challenger"),
        ('"challengers": 2, "variants": {"challenger": "{candidate}"}', "flag"),
    ],
)
def test_an_ab_whose_units_could_not_be_told_apart_is_refused(extra: str, field: str) -> None:
    assert fields(f'{{"online": {{{TABLES}, {extra}}}}}') == [f"plan.online.{field}"]


def test_several_challengers_share_a_flag_and_have_their_own_arms() -> None:
    extra = '"challengers": 2, "flag": "spring", "variants": {"challenger": "{candidate}"}'
    assert fields(f'{{"online": {{{TABLES}, {extra}}}}}') == []


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ('"covariates": {"before": {"column": "sales"}}', "covariates"),
        ('"ramp": [{"from_day": 0, "champion_share": 0.5}]', "ramp"),
        ('"exclude": {"cohort": ["internal"]}', "exclude"),
        ('"trigger": "searched"', "trigger"),
        ('"segments": ["country"]', "segments"),
        (
            '"metrics": {"sales": {"kind": "quantile", "quantile": 0.9}}',
            "metrics.sales.kind",
        ),
        ('"metrics": {"sales": {"kind": "ratio", "denominator": "n"}}', "metrics.sales.kind"),
    ],
)
def test_arm_moments_carry_no_more_than_means_and_variances(extra: str, field: str) -> None:
    plan = f'{{"online": {{"moments": "m.csv", {ONLINE}, {extra}}}}}'
    assert fields(plan) == [f"plan.online.{field}"]
