from gates.reports.dot_plot import dots_png
from tests.gates.reports.test_generator_plot import HALF


def test_a_name_is_no_formula_and_other_marks_are_another_picture() -> None:
    rows = {"$x$": {"$y_{": HALF}}
    picture = dots_png(rows, label="percent", marks=(0,))
    assert picture == dots_png(rows, label="percent", marks=(0,))
    assert picture != dots_png(rows, label="percent", marks=(1,))
