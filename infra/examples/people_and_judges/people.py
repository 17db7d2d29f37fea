"""Fills in the table that `gate sxs export --to csv` wrote, as eight people would.

Usage: people.py TASKS FILLED

They see what people see: two answers, in the order of the table, and never whose they are. Each has
a liking of their own for the answer shown first, and a mind that wanders. FILLED is the table as a
vendor sends it back: its column `annotator` is called `worker`.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from reading import strength, worth

SEED = 11
WANDERS, LIKES_FIRST = 0.5, 0.15
"""Standard deviations of what a reader sees in two answers, and likes in the first."""
VERDICTS = {
    2: "1 much better",
    1: "1 better",
    0: "tie",
    -1: "2 better",
    -2: "2 much better",
}


def main() -> None:
    """Fills in every row, and says how many there are."""
    tasks, filled = (Path(argument) for argument in sys.argv[1:3])
    with tasks.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    luck = np.random.default_rng(SEED)
    names = sorted({row["annotator"] for row in rows})
    likes_first = {name: luck.normal(0, LIKES_FIRST) for name in names}
    for row in rows:
        row["verdict"] = _verdict(row, likes_first[row["annotator"]], luck)
        row["seconds"] = f"{luck.uniform(8, 40):.1f}"
    with filled.open("w", encoding="utf-8", newline="") as file:
        columns = ["worker" if name == "annotator" else name for name in rows[0]]
        table = csv.writer(file)
        table.writerow(columns)
        table.writerows(row.values() for row in rows)
    print(f"{len(names)} people filled in {len(rows)} rows")


def _verdict(row: dict[str, str], likes_first: float, luck: np.random.Generator) -> str:
    first, second = worth(row["answer_1"]), worth(row["answer_2"])
    if not first and not second:
        return "both bad"
    return VERDICTS[strength(first - second + likes_first + luck.normal(0, WANDERS))]


if __name__ == "__main__":
    main()
