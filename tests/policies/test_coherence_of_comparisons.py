import pytest

from policies.coherence_of_comparisons import comparison_problems
from policies.coherence_of_plans import plan_problems
from policies.plan import Plan
from policies.side_by_side import SideBySidePlan


def problems(**fields: object) -> dict[str, str]:
    """What is found, by where."""
    plan = SideBySidePlan.model_validate({"votes_at_most": 10} | fields, strict=False)
    return {".".join(map(str, p.at[2:])): p.found for p in comparison_problems(plan)}


GOOD = {
    "data": "prompts.jsonl",
    "topic": "topic",
    "gold": "gold.jsonl",
    "gold_share": 0.2,
    "judges": ["judge_a", "judge_b"],
    "judging": {"rubrics": {"code": "code"}, "calibration": "c.jsonl"},
    "count": "fused",
    "annotating": {"qualification": 5, "qualified_at": 0.8, "warn_below": 0.5, "pause_below": 0.5},
    "user_mix": {"topic": {"code": 0.5, "mail": 0.5}, "segment": {"free": 0.7, "paying": 0.3}},
}


def test_a_coherent_plan_has_no_problem() -> None:
    assert problems(**GOOD) == {}
    assert problems(votes=["votes.jsonl"]) == {}


@pytest.mark.parametrize(
    ("fields", "at", "found"),
    [
        ({"data": None}, "", "neither `data` nor `votes`"),
        ({"data": None, "votes": ["v"]}, "judges", "`judges` without `data`"),
        ({"data": None, "votes": ["v"]}, "topic", "`topic` without `data`"),
        ({"data": None, "votes": ["v"]}, "gold", "`gold` without `data`"),
        ({"data": None, "votes": ["v"], "sha256": "a" * 64}, "sha256", "`sha256` without `data`"),
        ({"judges": []}, "count", "`fused`, and no judges"),
        ({"judges": [], "count": "judges"}, "count", "`judges`, and no judges"),
        ({"judges": []}, "judging", "`judging` without judges"),
        ({"stopping": "anytime"}, "stopping", "`anytime` with `count: fused`"),
        ({"topic": None}, "judging.rubrics", "rubrics by topic, and no topic"),
        ({"topic": None}, "user_mix.topic", "a mix of topics, and no topic"),
        (
            {"judging": {"calibration_sha256": "a" * 64}},
            "judging.calibration_sha256",
            "a digest, and no calibration set",
        ),
        ({"gold": None}, "gold_share", "a share of gold, and no gold"),
        ({"gold": None}, "annotating.qualification", "`qualification`, and no gold"),
        (
            {"gold": None, "annotating": {"pause_below": 0.4}},
            "annotating.pause_below",
            "`pause_below`, and no gold",
        ),
        (
            {"annotating": {"warn_below": 0.4}},
            "annotating.warn_below",
            "0.4, below `pause_below` (0.5)",
        ),
        (
            {"annotating": {"qualified_at": 0.9}},
            "annotating.qualified_at",
            "`qualified_at`, and no qualification round",
        ),
        (
            {"data": None, "votes": ["v"]},
            "annotating",
            "`annotating` without `data`",
        ),
        ({"user_mix": {"country": {"nl": 0.5, "de": 0.5}}}, "user_mix.country", "`country`"),
        (
            {"user_mix": {"segment": {"free": 0.5, "paying": 0.4}}},
            "user_mix.segment",
            "shares that add up to 0.9",
        ),
    ],
)
def test_what_cannot_be_measured_is_named(fields: dict[str, object], at: str, found: str) -> None:
    assert problems(**GOOD | fields)[at] == found


def test_no_gold_is_needed_to_say_how_long_a_pair_is_kept() -> None:
    how = {"lease_minutes": 60, "floor_seconds": 2}
    assert problems(**GOOD | {"gold": None, "gold_share": 0.1, "annotating": how}) == {}


def test_judges_may_stop_at_any_time() -> None:
    assert problems(**GOOD | {"count": "judges", "stopping": "anytime"}) == {}


def test_a_comparison_is_part_of_the_plan() -> None:
    side = {"data": "p.jsonl", "votes_at_most": 10, "level": 0.8, "count": "judges"}
    plan = Plan.model_validate({"side_by_side": side}, strict=False)
    assert [p.at[-1] for p in plan_problems(plan)] == ["level", "count"]
