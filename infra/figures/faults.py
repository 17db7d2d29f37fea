"""What becomes of a candidate that passes a stage, for every fault that must not let it pass.

Usage: python -m infra.figures faults [WORDS]

Every fault is injected into a real piece (files, HTTP servers on this machine, a sandbox), and the
stage and the rules are run as `gate run` runs them, beside the same world without the fault. With
WORDS, only faults whose name or place holds them. The exit code is 1 when a fault lets the
candidate pass, or blocks it for another reason, or when it does not pass without the fault; and
when something changes what becomes of a candidate that is harmless.
"""

import sys
from collections import Counter
from collections.abc import Sequence

from tests.faults.matrix import FAULTS, HARMLESS, Row, row, unchanged

WIDTH = 110
"""Characters of a sentence that a line shows."""


def main(arguments: Sequence[str]) -> None:
    """Prints the matrix, a line per fault."""
    words = " ".join(arguments)
    verdicts: Counter[str] = Counter()
    wrong = 0
    for fault in FAULTS:
        if words not in f"{fault.where} {fault.name}":
            continue
        found = row(fault)
        verdicts[found.outcome.verdict] += 1
        wrong += not found.blocks
        print(_line(found), flush=True)
    for harmless in HARMLESS:
        if words not in f"{harmless.where} {harmless.name}":
            continue
        same = unchanged(harmless).holds
        verdicts["harmless"] += 1
        wrong += not same
        mark = "changes nothing" if same else "<- CHANGES what becomes of the candidate"
        print(f"{harmless.where:42} {harmless.name:44} {mark}", flush=True)
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    print(f"{verdicts.total()} faults: {told}; {wrong} let a candidate pass, or show nothing")
    if wrong or not verdicts:
        sys.exit(1)


def _line(found: Row) -> str:
    sentence = " ".join(found.outcome.sentence.split())
    shown = sentence if len(sentence) <= WIDTH else f"{sentence[: WIDTH - 3]}..."
    mark = "" if found.blocks else f"  <- {_wrong(found)}"
    return (
        f"{found.fault.where:42} {found.fault.name:44} without {found.without.verdict:5} "
        f"with {found.outcome.verdict:8} {shown}{mark}"
    )


def _wrong(found: Row) -> str:
    if not found.without.passes:
        return f"does not pass without the fault: {found.without.sentence}"
    return "PASSES" if found.outcome.passes else f"does not say `{found.fault.said}`"
