"""The ranking of a run, against what is known. Usage: summary.py GRADES.json."""

import json
import sys
from pathlib import Path

KNOWN = ("clean", "noisy", "narrow", "wrong")
"""Who teaches better than whom, as the servers were made."""


def main() -> None:
    """Prints a line per generator, then whether the order is the one that is known."""
    said = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    by_name = {one["generator"]: one for one in said["grades"]}
    ranking = said["ranking"]["generators"]
    for name in ranking:
        found = next(
            one["measured"] for one in by_name[name]["measurements"] if one["metric"] == "pgr"
        )
        print(f"{name:8} {_words(found)}")
    right = tuple(ranking) == KNOWN
    print(f"the order is {'the one' if right else 'NOT the one'} that is known")


def _words(found: dict[str, object]) -> str:
    if "unmeasured" in found:
        return f"not measured: {found['unmeasured']}"
    value, low, high = (float(str(found[key])) for key in ("value", "low", "high"))
    return f"{value:6.1f} % of the gap ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    main()
