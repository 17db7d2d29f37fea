"""Both arms of a metric are compared as what they are, and never as anything else."""

import pytest

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.online.effects import effect, own_value, quotient
from stages.online.look_data import MetricArms
from stages.stats.experiments import Contrast, MetricColumns
from stages.stats.moments import Moments
from stages.stats.quantiles import QuantileArm

MEAN = Moments(n=100, names=("x",), mean=(5.0,), covariance=((2.0,),))
QUANTILE = QuantileArm(value=5.0, standard_error=0.1, n=100)
ABSENT = Unmeasured("no unit", Cause.WAITING)
COLUMNS = MetricColumns(numerator="x")


def arms(
    champion: Moments | QuantileArm | Unmeasured, challenger: Moments | QuantileArm | Unmeasured
) -> MetricArms:
    return MetricArms(metric="x", champion=champion, challenger=challenger)


@pytest.mark.parametrize("arm", [MEAN, QUANTILE])
def test_equal_arms_have_no_effect_and_a_quotient_of_one(arm: Moments | QuantileArm) -> None:
    found = effect(arms(arm, arm), COLUMNS)
    relative = quotient(arms(arm, arm), COLUMNS, level=0.95, critical=2.0)
    value = own_value(arms(arm, arm), COLUMNS, level=0.95, critical=2.0, unit="s")
    assert isinstance(found, Contrast)
    assert isinstance(relative, Estimate)
    assert isinstance(value, Estimate)
    assert (found.effect, relative.value, value.value) == (0, 1, 5)


@pytest.mark.parametrize(
    ("champion", "challenger", "why"),
    [
        (ABSENT, MEAN, "no unit"),
        (QUANTILE, ABSENT, "no unit"),
        (ABSENT, ABSENT, "no unit"),
        (MEAN, QUANTILE, "one arm has moments"),
        (QUANTILE, MEAN, "one arm has moments"),
    ],
)
def test_arms_that_cannot_be_compared_are_not(
    champion: Moments | QuantileArm | Unmeasured,
    challenger: Moments | QuantileArm | Unmeasured,
    why: str,
) -> None:
    both = arms(champion, challenger)
    for found in (effect(both, COLUMNS), quotient(both, COLUMNS, level=0.95, critical=2.0)):
        assert isinstance(found, Unmeasured)
        assert why in found.reason


def test_a_value_needs_its_own_arm_alone() -> None:
    of_challenger = own_value(arms(ABSENT, MEAN), COLUMNS, level=0.95, critical=2.0, unit="s")
    assert isinstance(of_challenger, Estimate)
    absent = own_value(arms(MEAN, ABSENT), COLUMNS, level=0.95, critical=2.0, unit="s")
    assert absent == ABSENT
