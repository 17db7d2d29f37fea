"""The plan of an A/B says one thing once, and nothing that contradicts itself."""

from typing import Any

import pytest
from pydantic import ValidationError

from policies.online import OnlineMetric, OnlinePlan

LEAST: dict[str, Any] = {
    "source": "product",
    "metrics": {"sales": {}, "visits": {}},
    "primary": "sales",
    "looks": [7, 14],
    "planned_units": 500,
}
RAMP = [
    {"from_day": 0, "champion_share": 0.99, "analysed": False},
    {"from_day": 2, "champion_share": 0.5},
]


def plan(**more: object) -> OnlinePlan:
    return OnlinePlan.model_validate({**LEAST, **more}, strict=False)


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ({"kind": "ratio"}, "denominator"),
        ({"denominator": "n"}, "denominator"),
        ({"kind": "quantile"}, "quantile"),
        ({"quantile": 0.9}, "quantile"),
        ({"kind": "quantile", "quantile": 0.9, "covariates": ["before"]}, "no `covariates`"),
        ({"cap": 9.0, "winsorize": 0.99}, "give one of"),
        ({"kind": "proportion", "cap": 9.0}, "kind: mean"),
        ({"kind": "proportion", "winsorize": 0.99}, "kind: mean"),
    ],
)
def test_keys_of_a_metric_belong_to_its_kind(metric: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        OnlineMetric.model_validate(metric, strict=False)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"primary": "money"}, "`primary: money` is not among"),
        ({"also_primary": ["money"]}, "`primary: money` is not among"),
        ({"also_primary": ["sales"]}, "named twice"),
        ({"metrics": {"sales": {"covariates": ["before"]}}}, "the plan has no `before`"),
        ({"looks": [7, 7]}, "must increase"),
        ({"looks": [7, 15]}, "after day 14"),
        ({"moments": "m.csv"}, "give one of"),
        ({"exposures": "x.csv", "events": "e.csv"}, "give one of"),
        ({"source": None, "events": "e.csv"}, "give one of"),
        ({"as_of": "2026-01-01"}, "retrospective"),
        ({"spending": "power"}, "spending_exponent"),
        ({"spending_exponent": 2.0}, "spending_exponent"),
        ({"ramp": RAMP[1:]}, "begin at day 0"),
        ({"ramp": [RAMP[0], RAMP[0]]}, "begin at day 0 and increase"),
        ({"ramp": [RAMP[0]]}, "one `champion_share`"),
        ({"ramp": [{**RAMP[0], "analysed": True}, RAMP[1]]}, "one `champion_share`"),
        ({"exclude": {"cohort": []}}, "at least 1"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(more: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        plan(**more)


def test_the_share_that_is_analysed_is_that_of_the_analysed_phases() -> None:
    assert plan().analysed_share == 0.5
    assert plan(champion_share=0.9).analysed_share == 0.9
    assert plan(champion_share=0.9, ramp=RAMP).analysed_share == 0.5


def test_alpha_is_shared_by_every_hypothesis_of_which_one_may_win() -> None:
    both = {"also_primary": ["visits"]}
    assert (plan().all_primaries, plan().hypotheses) == (("sales",), 1)
    assert (plan(**both).all_primaries, plan(**both).hypotheses) == (("sales", "visits"), 2)
    assert plan(**both, primaries="all").hypotheses == 1
    assert plan(**both, challengers=3).hypotheses == 6
    assert plan(**both, challengers=3, primaries="all").hypotheses == 3


def test_a_metric_has_its_own_window_or_the_plans() -> None:
    metrics = {"sales": {}, "visits": {"window_days": 0}}
    found = plan(window_days=3, metrics=metrics)
    assert (found.window_of("sales"), found.window_of("visits")) == (3, 0)
