"""Two reductions of the same rows are alike, whatever the order of their sums; no others are."""

from dataclasses import replace

import pytest

from stages.evidence.estimate import Unmeasured
from stages.online.look_data import LookData, MetricArms, alike
from stages.stats.moments import Moments
from stages.stats.quantiles import QuantileArm

MEAN = Moments(n=9, names=("a", "b"), mean=(1e8, 0.0), covariance=((1.0, 0.2), (0.2, 4.0)))
QUANTILE = QuantileArm(value=3.0, standard_error=0.1, n=9)
ABSENT = Unmeasured("no unit")


def arms(champion: Moments | QuantileArm | Unmeasured) -> MetricArms:
    return MetricArms(metric="a", champion=champion, challenger=MEAN)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (MEAN, MEAN, True),
        (MEAN, replace(MEAN, mean=(1e8 + 1e-6, 1e-12)), True),
        (MEAN, replace(MEAN, mean=(1e8 + 1, 0.0)), False),
        (MEAN, replace(MEAN, mean=(1e8, 1e-6)), False),
        (MEAN, replace(MEAN, n=8), False),
        (MEAN, replace(MEAN, covariance=((1.0, 0.2), (0.2, 4.00001))), False),
        (MEAN, replace(MEAN, covariance=((1.0, 0.2), (0.2, 4.0 + 1e-12))), True),
        (Moments(n=1, names=("a",), mean=(2.0,), covariance=()),) * 2 + (True,),
        (QUANTILE, replace(QUANTILE, value=3.0 + 1e-12), True),
        (QUANTILE, replace(QUANTILE, value=3.1), False),
        (QUANTILE, replace(QUANTILE, n=8), False),
        (ABSENT, ABSENT, True),
        (ABSENT, Unmeasured("another reason"), False),
        (MEAN, ABSENT, False),
        (MEAN, QUANTILE, False),
    ],
)
def test_only_rounding_is_forgiven(
    one: Moments | QuantileArm | Unmeasured,
    other: Moments | QuantileArm | Unmeasured,
    *,
    same: bool,
) -> None:
    assert alike(arms(one), arms(other)) is same


def test_a_metric_that_was_not_reduced_is_no_metric() -> None:
    look = LookData(day=7, champion_units=1, challenger_units=1, metrics=(arms(MEAN),))
    assert look.of("a") == arms(MEAN)
    with pytest.raises(KeyError):
        look.of("b")
