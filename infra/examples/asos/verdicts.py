"""The verdict on every A/B, and how many a daily p < 0.05 would have shipped.

Usage: verdicts.py FOLDER, the folder in which `run.sh` worked.
"""

import csv
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gates.decide.verdict import OnlineVerdict
from policies.load import load_policy
from policies.online import OnlinePlan

_Z = 1.959963984540054
"""Two-sided p = 0.05."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One A/B under the policy, and under the naive rule.

    Attributes:
        name: Experiment and variant.
        verdict: As it was decided.
        reason: In a sentence.
        naive_ships: Whether a daily p < 0.05 would have shipped it.
    """

    name: str
    verdict: OnlineVerdict
    reason: str
    naive_ships: bool


def main() -> None:
    """Prints a line per A/B, then the counts."""
    found = tuple(replayed(Path(sys.argv[1])))
    for ab in found:
        naive = "SHIP" if ab.naive_ships else "-"
        print(f"{ab.name:<10} {ab.verdict:<12} naive {naive:<4} {ab.reason[:120]}")
    print(summary(found))


def summary(found: tuple[Replayed, ...]) -> str:
    """The counts, in one sentence each."""
    verdicts = Counter(ab.verdict for ab in found)
    naive = [ab for ab in found if ab.naive_ships]
    counts = ", ".join(f"{verdicts[v]} {v}" for v in OnlineVerdict)
    others = Counter(ab.verdict for ab in naive if ab.verdict is not OnlineVerdict.SHIP)
    here = ", ".join(f"{count} {verdict}" for verdict, count in others.items()) or "none"
    return (
        f"{len(found)} A/Bs: {counts}.\n"
        f"A daily p < 0.05 would have shipped {len(naive)}; of these are not SHIP here: {here}."
    )


def replayed(folder: Path) -> Iterator[Replayed]:
    """Every A/B that was decided in a folder."""
    plan = load_policy(folder / "policy.yaml").plan.online
    assert plan is not None
    naive = naive_ships(folder / "moments.csv", plan)
    registered, decision = _json(folder / "registered.json"), _json(folder / "decision.json")
    names = {one["candidate"]: one["known_as"] for one in registered["registered"]}
    for candidate in decision["candidates"]:
        name, stage = names[candidate["candidate"]], candidate["stages"][-1]
        yield Replayed(
            name=name,
            verdict=OnlineVerdict(stage["online"]),
            reason=stage["reason"],
            naive_ships=name in naive,
        )


def naive_ships(moments: Path, plan: OnlinePlan) -> frozenset[str]:
    """A/Bs in which any row up to the horizon shows the primary better at two-sided p < 0.05."""
    with moments.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return frozenset(
        row["experiment_id"]
        for row in rows
        if row["metric"] == plan.primary and float(row["days"]) <= plan.looks[-1] and _z(row) > _Z
    )


def _z(row: dict[str, str]) -> float:
    """The difference in standard errors; -inf where there is none."""
    n = [float(row[f"n_{arm}"]) for arm in ("champion", "challenger")]
    variance = [float(row[f"variance_{arm}"] or "nan") for arm in ("champion", "challenger")]
    if min(n) <= 0 or not min(variance) > 0:
        return -math.inf
    error = math.sqrt(variance[0] / n[0] + variance[1] / n[1])
    return (float(row["mean_challenger"]) - float(row["mean_champion"])) / error


def _json(path: Path) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    main()
