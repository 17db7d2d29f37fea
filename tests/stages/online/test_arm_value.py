"""The value of one arm against numpy."""

import numpy as np
import pytest

from stages.evidence.estimate import Estimate, Unmeasured
from stages.online.arm_value import arm_value
from stages.stats.experiments import MetricColumns
from stages.stats.moments import from_values

MEAN, RATIO = MetricColumns(numerator="y"), MetricColumns(numerator="y", denominator="n")
VALUES = np.random.default_rng(4).gamma(3.0, size=(400, 2))


def test_a_mean_has_its_standard_error() -> None:
    found = arm_value(from_values(VALUES, ("y", "n")), MEAN, bound=2.5, level=0.95, unit="number")
    assert isinstance(found, Estimate)
    error = VALUES[:, 0].std(ddof=1) / 20
    assert found.value == pytest.approx(VALUES[:, 0].mean())
    assert found.standard_error == pytest.approx(error)
    assert found.high == pytest.approx(VALUES[:, 0].mean() + 2.5 * error)
    assert found.n == 400


def test_a_ratio_has_the_standard_error_of_its_linearisation() -> None:
    found = arm_value(from_values(VALUES, ("y", "n")), RATIO, bound=2.0, level=0.95, unit="number")
    assert isinstance(found, Estimate)
    quotient = VALUES[:, 0].mean() / VALUES[:, 1].mean()
    linear = (VALUES[:, 0] - quotient * VALUES[:, 1]) / VALUES[:, 1].mean()
    assert found.value == pytest.approx(quotient)
    assert found.standard_error == pytest.approx(linear.std(ddof=1) / 20)


@pytest.mark.parametrize(
    ("values", "columns", "says"),
    [
        (VALUES[:1], MEAN, "1 of at least 2 units"),
        (VALUES * [0, 1], MEAN, "zero variance"),
        (VALUES * [1, 0], RATIO, "not positive"),
        (VALUES * [1, -1], RATIO, "not positive"),
        (VALUES[:, [0, 0]], RATIO, "zero variance"),
    ],
)
def test_what_cannot_be_told_is_unmeasured(
    values: np.ndarray, columns: MetricColumns, says: str
) -> None:
    found = arm_value(
        from_values(values, ("y", "n")), columns, bound=2.0, level=0.95, unit="number"
    )
    assert isinstance(found, Unmeasured)
    assert says in found.reason
