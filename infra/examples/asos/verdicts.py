"""The verdict of every A/B of the file, and how many a daily p < 0.05 would have shipped.

Usage: verdicts.py OUT_DIR, after `prepare.py DATA_DIR OUT_DIR`.
"""

import csv
import math
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gates.decide.stage_gate import decide_stage
from gates.decide.verdict import OnlineVerdict
from policies.load import load_policy
from policies.policy import Policy
from stages.engine.subject import Subject
from stages.evidence.records import Evidence, StageName
from stages.online.measure import OnlineStage

POLICY = Path(__file__).parent / "policy.yaml"
BASELINE = Subject(uri="models:/asos/0", known_as="champion", digest="champion", client=None)
_Z = 1.959963984540054
"""Two-sided p = 0.05."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One A/B under the policy, and under the naive rule."""

    name: str
    verdict: OnlineVerdict
    evidence: Evidence
    reason: str
    naive_ships: bool


def main() -> None:
    """Prints a line per A/B, then the counts."""
    found = tuple(replay(Path(sys.argv[1])))
    for ab in found:
        look = ab.evidence.look
        where = f"look {look.number} day {look.run_days:g}" if look else ""
        naive = "SHIP" if ab.naive_ships else "-"
        print(f"{ab.name:<10} {ab.verdict:<12} {where:<15} naive {naive:<4} {ab.reason[:110]}")
    print(summary(found))


def summary(found: tuple[Replayed, ...]) -> str:
    """The counts, in one sentence each."""
    verdicts = Counter(ab.verdict for ab in found)
    naive = [ab for ab in found if ab.naive_ships]
    broken = sum(ab.verdict is OnlineVerdict.INVALID for ab in naive)
    counts = ", ".join(f"{verdicts[v]} {v}" for v in OnlineVerdict)
    return (
        f"{len(found)} A/Bs: {counts}.\n"
        f"A daily p < 0.05 would have shipped {len(naive)}, {broken} of them on invalid data."
    )


def replay(folder: Path) -> Iterator[Replayed]:
    """Every A/B of a prepared folder at its latest look."""
    policy = load_policy(POLICY)
    naive = naive_ships(folder / "moments.csv", policy)
    for name in (folder / "candidates.txt").read_text(encoding="utf-8").split():
        evidence = measure(policy, folder, name)
        decision = decide_stage(policy, StageName.ONLINE, evidence)
        assert decision.online is not None, "an A/B always has an ordered verdict"
        yield Replayed(
            name=name,
            verdict=decision.online,
            evidence=evidence,
            reason=decision.reason,
            naive_ships=name in naive,
        )


def measure(policy: Policy, folder: Path, name: str) -> Evidence:
    """The evidence of one A/B."""
    plan = policy.plan.online
    assert plan is not None
    stage = OnlineStage(
        plan,
        base=folder,
        now=datetime(1970, 1, 1, tzinfo=UTC),  # moments carry no dates
        plan_sha256=policy.stage_sha256("online"),
    )
    candidate = Subject(uri=f"models:/asos/{name}", known_as=name, digest=name, client=None)
    return stage.measure_next(candidate, BASELINE, None)


def naive_ships(moments: Path, policy: Policy) -> frozenset[str]:
    """A/Bs in which any row up to the horizon shows the primary better at two-sided p < 0.05."""
    plan = policy.plan.online
    assert plan is not None
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


if __name__ == "__main__":
    main()
