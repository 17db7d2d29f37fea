"""What a decision measured, a row per candidate and criterion; then how many came how far.

Usage: figures.py REGISTERED DECISION

REGISTERED is what `gate register --each FILE --json` printed, DECISION what `gate run --json` did.
A share that is a whole number of units is also shown as a count: 286 of 1,319.
"""

import json
import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_POINTS = 100
HEADINGS = ("candidate", "metric", "demand", "verdict", "measured")


def main() -> None:
    """Prints the table."""
    registered, decision = (json.loads(Path(argument).read_text()) for argument in sys.argv[1:3])
    names = {one["candidate"]: one["known_as"] for one in registered["registered"]}
    table = [HEADINGS, *rows(decision, names)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
    print()
    for line in funnel(decision):
        print(line)


def rows(decision: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """A row per candidate and finding, under the candidate's name in votes and traffic."""
    for candidate in decision["candidates"]:
        for stage in candidate["stages"]:
            for finding in stage["findings"]:
                yield (
                    names[candidate["candidate"]],
                    finding["metric"],
                    finding["demand"],
                    finding["verdict"],
                    words(finding["measured"], compared="baseline" in finding["demand"]),
                )


def funnel(decision: Mapping[str, Any]) -> Iterator[str]:
    """A line per stage: how many candidates reached it, and what became of them."""
    verdicts: dict[str, Counter[str]] = {}
    for candidate in decision["candidates"]:
        for stage in candidate["stages"]:
            verdicts.setdefault(stage["stage"], Counter())[stage["verdict"]] += 1
    for name, counts in verdicts.items():
        said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("PASS", "FAIL", "HOLD"))
        yield f"{name.replace('_', ' ')}: {counts.total()} reached it: {said}"


def words(measured: Mapping[str, Any], *, compared: bool) -> str:
    """An estimate with its interval, or why there is none; a comparison is a difference."""
    if "unmeasured" in measured:
        return f"not measured: {measured['unmeasured']}"
    share = measured["unit"] == "share"
    form, scale = ("{:+.2f}" if compared else "{:.2f}"), (_POINTS if share else 1)
    value, low, high = (
        "open" if end is None else form.format(scale * end)
        for end in (measured["value"], measured["low"], measured["high"])
    )
    unit = (" points" if compared else " %") if share else ""
    basis = f"{measured['level']:.0%} {measured['method']}, n = {measured['n']:,}"
    count = _count(measured) if share and not compared else ""
    return f"{value}{unit} ({low} to {high}; {basis}){count}"


def _count(share: Mapping[str, Any]) -> str:
    count = share["value"] * share["n"]
    whole = math.isclose(count, round(count), abs_tol=1e-6)
    return f" = {round(count):,} of {share['n']:,}" if whole else ""


if __name__ == "__main__":
    main()
