"""LLMFAO: crowd workers and two judges on 2,139 pairs of answers (D. Ustalov, CC BY 4.0).

Usage: python -m infra.figures llmfao DATA_DIR

DATA_DIR holds `crowd-comparisons.csv`, `gpt4-crowd-comparisons.csv` and
`gpt3-crowd-comparisons.csv`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from infra.figures._llmfao_people import print_people


def main(arguments: Sequence[str]) -> None:
    """Prints the figures."""
    if len(arguments) != 1:
        sys.exit("usage: python -m infra.figures llmfao DATA_DIR")
    print_people(Path(arguments[0]))
