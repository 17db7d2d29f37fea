"""How well generators teach: the gap recovered, cell by cell, as a picture."""

from gates.reports.dot_plot import Rows, dots_png


def gaps_png(rows: Rows) -> bytes:
    """A PNG with a line per cell and a point with its interval per generator.

    Args:
        rows: By generator, best first: the gap recovered by cell, `all` being the whole. At least
            one generator.
    """
    named = {
        name: {cell.replace("_", " "): one for cell, one in found.items()}
        for name, found in rows.items()
    }
    label = (
        "performance gap recovered, percent, with its interval; 0 is the untaught student, 100 the "
        "reference"
    )
    return dots_png(named, label=label, marks=(0, 100))
