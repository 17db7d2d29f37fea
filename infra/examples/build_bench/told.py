"""What two months became, as a table. Usage: told.py REPORT...; reports are `--json` of gate."""

import json
import sys
from pathlib import Path


def main() -> None:
    """Prints a line for every step, and what has changed."""
    for path in map(Path, sys.argv[1:]):
        report = json.loads(path.read_text(encoding="utf-8"))
        print(f"{path.stem}: {report['items']} prompts of {report['records']} records")
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


if __name__ == "__main__":
    main()
