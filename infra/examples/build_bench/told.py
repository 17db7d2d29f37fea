"""What two months became, and what was found of one. Usage: told.py REPORT...; `--json` of gate."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FIGURES = (
    *("critic.separability", "critic.people.agreement", "critic.people.brier"),
    *(
        f"critic.variant.adept.detailed{what}"
        for what in (".wins", ".length", "", ".at_equal_style")
    ),
)
"""Of an assessment, by name."""


def main() -> None:
    """Prints a line for every step or figure, and what has changed."""
    for path in map(Path, sys.argv[1:]):
        report = json.loads(path.read_text(encoding="utf-8"))
        if "rankings" in report:
            _judged(report)
        else:
            _built(path.stem, report)


def _built(name: str, report: Mapping[str, Any]) -> None:
    print(f"{name}: {report['items']} prompts of {report['records']} records")
    for step in report["steps"]:
        out = ", ".join(f"{n} {why}" for why, n in step["left_out"].items())
        print(f"  {step['step']}: {step['left']} left; left out: {out or 'none'}")
    print(f"  masked: {report['masked']}; cost: {report['cost']['usd']:.3f} USD")
    for topic in report["topics"]:
        score = "?" if topic["score"] is None else f"{topic['score']:.2f}"
        print(f"  {topic['name']}: {topic['prompts']}, score {score}, {topic['items']} taken")
    if (drift := report["drift"]) is not None:
        near, moved = drift["near_overlap"], drift["embedding_p"]
        print(f"  near overlap {near['value']:.1%} (up to {near['high']:.1%}), p {moved}")
        change = drift["topics"][0]["change"]
        ends = f"{change['low']:+.1%} to {change['high']:+.1%}"
        print(f"  {drift['topics'][0]['name']}: {change['value']:+.1%} ({ends})")


def _judged(report: Mapping[str, Any]) -> None:
    found = {
        f"{ranking['name']}.{name}": figure
        for ranking in report["rankings"]
        for name, figure in ranking["figures"].items()
    }
    for name in FIGURES:
        figure = found[name]
        ends = "" if "value" not in figure else f"({figure['low']:.2f} to {figure['high']:.2f})"
        print(f"  {name}: {figure.get('unmeasured') or format(figure['value'], '.2f')} {ends}")


if __name__ == "__main__":
    main()
