"""Turns ASOS's published moments into one file of arm moments per look, and names its A/Bs.

Usage: prepare.py DATA_DIR OUT_DIR

DATA_DIR holds `daily_moments_40_experiments.csv` (Liu et al. 2021, CC BY 4.0): cumulative counts,
means and variances of four metrics in both arms. OUT_DIR gets `moments.csv`, as the policy beside
this file reads it, and `candidates.jsonl`, for `gate register --each`: the champion arm, then every
A/B under its name, experiment_variant. Nothing is repaired or left out.
"""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = "daily_moments_40_experiments.csv"
COLUMNS = (
    "experiment_id",
    "look",
    "days",
    "metric",
    "n_champion",
    "mean_champion",
    "variance_champion",
    "n_challenger",
    "mean_challenger",
    "variance_challenger",
)
_Key = tuple[str, str]


def main() -> None:
    """Writes both files and says how many A/Bs there are."""
    data, out = (Path(argument) for argument in sys.argv[1:3])
    names = prepare(data / SOURCE, out)
    print(f"{len(names)} A/Bs in {out / 'moments.csv'}")


def prepare(source: Path, out: Path) -> tuple[str, ...]:
    """Writes `moments.csv` and `candidates.jsonl` into a folder; returns the names of the A/Bs."""
    with source.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    out.mkdir(parents=True, exist_ok=True)
    with (out / "moments.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_converted(rows))
    names = tuple(sorted({_name(row) for row in rows}))
    lines = (json.dumps({"known_as": n, "external": True}) for n in ("champion", *names))
    (out / "candidates.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return names


def _converted(rows: list[dict[str, str]]) -> Iterator[tuple[str | int, ...]]:
    """The rows in time order; `look` numbers the rows of each series."""
    looks: dict[_Key, int] = {}
    for row in sorted(rows, key=lambda r: float(r["time_since_start"])):
        key = (_name(row), row["metric_id"])
        looks[key] = looks.get(key, 0) + 1
        arms = (row[f"{what}_{arm}"] for arm in "ct" for what in ("count", "mean", "variance"))
        yield (key[0], looks[key], row["time_since_start"], f"metric_{key[1]}", *arms)


def _name(row: dict[str, str]) -> str:
    return f"{row['experiment_id']}_{row['variant_id']}"


if __name__ == "__main__":
    main()
