"""Plans of A/Bs."""

from policies.online import OnlinePlan


def plan_of(**changes: object) -> OnlinePlan:
    """A plan on the generated traffic."""
    values: dict[str, object] = {
        "exposures": "exposures.parquet",
        "events": "events.parquet",
        "metrics": {
            "resolved": {"kind": "proportion"},
            "seconds": {"kind": "mean", "higher_is_better": False},
            "pace": {"kind": "ratio", "column": "seconds", "denominator": "sessions"},
        },
        "primary": "resolved",
        "looks": (3.0, 7.0, 10.0, 14.0),
        "days": 14,
        "window_days": 1.0,
        "planned_units": 3_000,
    }
    return OnlinePlan.model_validate({**values, **changes}, strict=False)
