"""An A/B of plain numbers, look by look, for its report to be drawn from."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gates.reports.online.course import AbCourse, course_of
from policies.load import load_policy
from policies.policy import Policy
from stages.online.look_data import LookData, MetricArms, SegmentArms
from stages.stats.moments import from_values

TEXT = """
policy: release
model: assistant
plan:
  online:
    exposures: exposures.parquet
    events: events.parquet
    metrics:
      resolved: {kind: proportion}
      seconds: {higher_is_better: false}
      spend: {}
    primary: resolved
    days: 14
    looks: [3, 5, 7, 9, 11, 14]
    window_days: 1
    planned_units: 20000
    segments: [country]
criteria:
  - {metric: online.resolved, better: {}, severity: blocking, because: that is the product}
  - metric: online.seconds
    non_inferior: {relative_margin: 0.02}
    severity: blocking
    because: users wait
  - metric: online.spend
    non_inferior: {margin: 0.5}
    severity: blocking
    because: money
"""
COUNTRIES = ("de", "fr", "it", "$x<b>")
UNITS, DAYS = 20_000, 14


def policy_of(folder: Path, text: str = TEXT) -> Policy:
    path = folder / "release.yaml"
    path.write_text(text)
    return load_policy(path)


def course(policy: Policy, *, until: float = 9.0, harm_in: str = "") -> AbCourse:
    """An A/B up to a day, in one segment of which the primary may be far worse."""
    plan = policy.plan.online
    assert plan is not None
    return course_of(policy, plan, looks(policy, until=until, harm_in=harm_in))


def looks(policy: Policy, *, until: float, harm_in: str = "") -> tuple[LookData, ...]:
    plan = policy.plan.online
    assert plan is not None
    rng = np.random.default_rng(3)
    days, challenger = np.sort(rng.uniform(0, DAYS, UNITS)), rng.random(UNITS) < 0.5
    country = rng.integers(0, len(COUNTRIES), UNITS)
    hurt = challenger & (np.array(COUNTRIES)[country] == harm_in)
    values = {
        "resolved": (rng.random(UNITS) < np.where(hurt, 0.4, 0.62)).astype(float),
        "seconds": rng.gamma(4, 0.6, UNITS),
        "spend": rng.lognormal(1, 1, UNITS),
    }

    def arms(inside: NDArray[np.bool_]) -> tuple[MetricArms, ...]:
        return tuple(
            MetricArms(
                metric=name,
                champion=from_values(x[inside & ~challenger][:, None], [name]),
                challenger=from_values(x[inside & challenger][:, None], [name]),
            )
            for name, x in values.items()
        )

    found = []
    for day in (day for day in plan.looks if day <= until):
        seen, closed = days <= day, days <= day - plan.window_days
        counts = int((seen & ~challenger).sum()), int((seen & challenger).sum())
        found.append(
            LookData(
                day=day,
                champion_units=counts[0],
                challenger_units=counts[1],
                metrics=arms(closed),
                segments=tuple(
                    SegmentArms(column="country", value=name, metrics=arms(closed & (country == n)))
                    for n, name in enumerate(COUNTRIES)
                ),
            )
        )
    return tuple(found)
