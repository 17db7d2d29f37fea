from gates.reports.generator_plot import gaps_png
from stages.evidence.estimate import Estimate, Unmeasured

HALF = Estimate(
    value=50.0,
    standard_error=5.0,
    low=40.0,
    high=60.0,
    level=0.95,
    n=60,
    unit="number",
    method="m",
)
ROWS = {
    "a $x$": {"all": HALF, "math_instance": Unmeasured("too few")},
    "b": {"all": HALF, "math_instance": HALF},
}


def test_equal_rows_are_equal_pictures() -> None:
    picture = gaps_png(ROWS)
    assert picture.startswith(b"\x89PNG")
    assert gaps_png(ROWS) == picture
    assert gaps_png({"b": ROWS["b"]}) != picture


def test_nothing_measured_is_a_picture_all_the_same() -> None:
    assert gaps_png({"c": {"all": Unmeasured("no gap")}}).startswith(b"\x89PNG")
