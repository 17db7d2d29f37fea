"""A/Bs of the planned size show what they were planned for as often as planned."""

import math

import numpy as np
import pytest

from stages.evidence.estimate import Estimate
from stages.stats.experiments import Contrast, MetricColumns, contrast, ratio
from stages.stats.exposure import Schedule, planned_looks, steady_exposure
from stages.stats.moments import Moments, from_values, merge
from stages.stats.online_design import (
    Course,
    Design,
    Goal,
    History,
    course_of,
    history_of,
    rate_history,
    units_for,
)

SMALL, FULL, POWER = 150, 4_000, 0.8
SHARE = 0.7
"""Of the champion."""

PLAIN = MetricColumns(numerator="y", covariates=("x",))
RATE = MetricColumns(numerator="y")
Arms = tuple[Moments, Moments]


def planned(goal: Goal) -> tuple[int, Design]:
    """Units and looks of an A/B of seven days, looked at on days 3, 5 and 7."""
    schedule = Schedule(days=(3.0, 5.0, 7.0), minimum_days=3.0, window_days=1.0)
    exposure = steady_exposure(100.0, returning=0.2, days=7)
    looks = planned_looks(schedule, exposure, exposure.units_at(6.0), alpha=0.025)
    assert looks is not None
    design = Design(looks=looks, champion_share=SHARE)
    units = units_for(goal, design=design, power=POWER)
    assert units is not None
    return units, design


def correlated(random: np.random.Generator, n: int, mean: float) -> Moments:
    """A covariate of correlation 0.6, and skewed values."""
    x = random.standard_exponential(n)
    y = mean + 0.6 * (x - 1) + 0.8 * (random.standard_exponential(n) - 1)
    return from_values(np.column_stack([y, x]), ("y", "x"))


def counted(random: np.random.Generator, n: int, rate: float) -> Moments:
    return from_values((random.random((n, 1)) < rate).astype(float), ("y",))


def better(arms: Arms, bound: float) -> bool:
    found = contrast(*arms, PLAIN)
    assert isinstance(found, Contrast)
    return found.z > bound


def not_worse(arms: Arms, bound: float) -> bool:
    """A rate that may rise by a tenth of itself."""
    found = ratio(*arms, RATE, level=0.95, critical=bound)
    assert isinstance(found, Estimate)
    assert found.high is not None
    return found.high < 1.1


def simulated(kind: str, repetitions: int) -> tuple[Course, float, float]:
    """What was planned, and the power and mean information of simulated A/Bs."""
    random = np.random.default_rng(20_261_122)
    if kind == "cuped":
        past = history_of(correlated(random, 200_000, 2.0), PLAIN)
        assert isinstance(past, History)
        goal, draw, shown = Goal(history=past, effect=0.1), correlated, better
        means = (2.0, 2.1)
    else:
        rate = rate_history(0.2)
        goal = Goal(history=rate, margin=0.1, relative=True, higher_is_better=False)
        draw, shown, means = counted, not_worse, (0.2, 0.2)
    units, design = planned(goal)
    ends = []
    for _ in range(repetitions):
        arms: list[Moments | None] = [None, None]
        before, end = 0.0, math.inf
        for share, bound in zip(design.looks.information, design.looks.bounds, strict=True):
            assert bound is not None
            for k, part in enumerate((SHARE, 1 - SHARE)):
                new = draw(random, round(units * part * (share - before)), means[k])
                old = arms[k]
                arms[k] = new if old is None else merge(old, new)
            before = share
            assert arms[0] is not None
            assert arms[1] is not None
            if shown((arms[0], arms[1]), bound):
                end = share
                break
        ends.append(end)
    found = np.array(ends)
    power = float(np.isfinite(found).mean())
    return course_of(units, goal, design=design), power, float(np.minimum(found, 1.0).mean())


@pytest.mark.parametrize("kind", ["cuped", "relative"])
def test_planned_units_have_about_the_planned_power(kind: str) -> None:
    course, power, information = simulated(kind, SMALL)
    assert course.power == pytest.approx(POWER, abs=1e-3)
    assert power == pytest.approx(POWER, abs=3.5 * math.sqrt(0.16 / SMALL))
    assert information == pytest.approx(course.mean_information, abs=0.07)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cuped", "relative"])
def test_planned_units_have_the_planned_power_in_full(kind: str) -> None:
    course, power, information = simulated(kind, FULL)
    print(
        f"{kind}: planned power {course.power:.3f} at {course.mean_information:.3f} of the units, "
        f"simulated {power:.3f} at {information:.3f}"
    )
    assert power == pytest.approx(POWER, abs=3.5 * math.sqrt(0.16 / FULL))
    assert information == pytest.approx(course.mean_information, abs=0.02)
