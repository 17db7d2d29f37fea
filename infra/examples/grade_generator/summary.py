"""The ranking of a run, against what is known. Usage: summary.py GRADES.json."""

import json
import sys
from pathlib import Path

KNOWN = ("clean", "noisy")
"""Who teaches best and who next, as the servers were made; the others teach next to nothing."""


def main() -> None:
    """Prints a line per generator, then whether the best are those that are known."""
    said = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    by_name = {one["generator"]: one for one in said["grades"]}
    ranking = said["ranking"]["generators"]
    for name in ranking:
        found = next(
            one["measured"] for one in by_name[name]["measurements"] if one["metric"] == "pgr"
        )
        print(f"{name:8} {_words(found)}")
    right = tuple(ranking[: len(KNOWN)]) == KNOWN
    print(f"the best are {'those' if right else 'NOT those'} that are known")


def _words(found: dict[str, object]) -> str:
    if "unmeasured" in found:
        return f"not measured: {found['unmeasured']}"
    value, low, high = (float(str(found[key])) for key in ("value", "low", "high"))
    return f"{value:6.1f} % of the gap ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    main()
