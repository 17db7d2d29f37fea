"""How judges came along, as a picture that is the same for the same points."""

import io

import pytest

from gates.reports.judge_plot import judges_png
from stages.evidence.estimate import Bounds, Estimate


def point(value: float, *, bounds: Bounds = Bounds.TWO_SIDED) -> Estimate:
    return Estimate(
        value=value,
        standard_error=0.1,
        low=None if bounds is Bounds.UPPER else value - 0.1,
        high=None if bounds is Bounds.LOWER else value + 0.1,
        bounds=bounds,
        level=0.95,
        n=40,
        unit="share",
        method="m",
    )


@pytest.mark.parametrize("metrics", [1, 4, 5])
def test_there_is_a_plot_for_every_metric(metrics: int) -> None:
    from matplotlib.image import imread

    png = judges_png({f"m{n}": [point(0.5), point(0.7)] for n in range(metrics)})
    height, width, _ = imread(io.BytesIO(png)).shape
    assert width == 1040
    assert height == 200 * -(-metrics // 4)


def test_equal_points_give_equal_bytes_and_others_do_not() -> None:
    one, other = {"m": [point(0.5), point(0.7)]}, {"m": [point(0.5), point(0.8)]}
    assert judges_png(one) == judges_png(one) != judges_png(other)


def test_what_was_not_measured_is_no_point() -> None:
    drawn = judges_png({"m": [None, point(0.7, bounds=Bounds.LOWER), None]})
    assert drawn != judges_png({"m": [point(0.0), point(0.7, bounds=Bounds.LOWER), None]})
    assert judges_png({"m": [None, point(0.7, bounds=Bounds.UPPER)]})
