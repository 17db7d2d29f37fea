"""The verdicts on ASOS's 50 published A/Bs, and how many a daily p < 0.05 would have shipped.

Usage: python -m infra.figures asos DATA_DIR

DATA_DIR holds `daily_moments_40_experiments.csv` (Liu et al. 2021, CC BY 4.0). All are decided by
`gate run` under the policy of `infra/examples/asos`, whose script is called: a minute.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.examples.asos.verdicts import Replayed, replayed, summary

SCRIPT = Path(__file__).parents[1] / "examples" / "asos" / "run.sh"


def main(arguments: Sequence[str]) -> None:
    """Prints the table and the counts."""
    if len(arguments) != 1:
        sys.exit("usage: python -m infra.figures asos DATA_DIR")
    print(table(decided(Path(arguments[0]))))


def decided(data: Path) -> tuple[Replayed, ...]:
    """Every A/B of the file, under the policy of the example.

    Raises:
        ValueError: The example could not be run.
    """
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            [SCRIPT, data],
            env={**os.environ, "GATE_EXAMPLE_FOLDER": folder},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ValueError(" ".join(done.stderr.split()))
        return tuple(replayed(Path(folder)))


def table(found: tuple[Replayed, ...]) -> str:
    """A row per A/B, then the counts."""
    rows = (
        f"| {ab.name} | {ab.verdict} | {'SHIP' if ab.naive_ships else ''} | {ab.reason} |"
        for ab in found
    )
    head = "| A/B | verdict | daily p < 0.05 | why |\n| --- | --- | --- | --- |"
    return "\n".join((head, *rows, "", summary(found)))
