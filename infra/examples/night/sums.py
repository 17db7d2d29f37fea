"""Writes the questions of the night. Usage: sums.py FILE."""

import json
import sys
from pathlib import Path

COUNT = 200


def main() -> None:
    """Writes COUNT sums."""
    pairs = [(11 + n % 83, 13 + (n * n) % 71 + n) for n in range(COUNT)]
    lines = (
        {"id": f"sum-{n}", "prompt": f"What is {one} + {other}?", "target": str(one + other)}
        for n, (one, other) in enumerate(pairs)
    )
    Path(sys.argv[1]).write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
