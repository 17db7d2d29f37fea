"""Twenty metrics at fourteen looks, decided; against tea-tasting analysing them at every look.

From the same moments of both arms, so that no reading is timed; and tea-tasting from a table of
units, which is what it is usually given (ours reads a unit once: the bench `online` times that).
Ours gives for every metric at every look a repeated interval of difference and ratio, two harm
sequences, and the ordered verdict under a criterion on each metric; tea-tasting gives a fixed
interval and a p-value, which hold at one look only. Bounds and sequences that were computed are
kept while the process lives; the first A/B, which finds nothing kept, is told beside.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from gates.decide.online import REQUIRED_CHECKS
from gates.decide.stage_gate import decide_stage
from gates.decide.verdict import OnlineVerdict
from policies.load import parse_policy
from policies.policy import Policy
from stages.evidence.records import Check, Evidence, Provenance, StageName
from stages.online.analysis import look_of, measure_looks
from stages.online.look_data import LookData, MetricArms
from stages.stats.moments import Moments

METRICS, LOOKS, UNITS, ROUNDS = 20, 14, 100_000, 3


def main() -> None:
    """Prints milliseconds of both, and their ratio."""
    policy = _policy()
    looks = _looks(np.random.default_rng(1))
    first = _seconds(lambda: _decide(policy, looks))
    ours = min(_seconds(lambda: _decide(policy, looks)) for _ in range(ROUNDS))
    print(f"{METRICS} metrics at {LOOKS} looks, up to {2 * UNITS:,} units")
    print(f"  gate         {1000 * ours:8.0f} ms (the first A/B {1000 * first:.0f} ms)")
    arms = [_aggregates(look) for look in looks]
    units = _units(np.random.default_rng(1))
    for said, given in (("moments", arms), ("units", units)):
        theirs = min(_seconds(partial(_analyse, given)) for _ in range(ROUNDS))
        times = f"{theirs / ours:.1f} times as long ({theirs / first:.1f} the first time)"
        print(f"  tea-tasting  {1000 * theirs:8.0f} ms from {said}: {times}")
    print("  demanded: 10 times")


def _policy() -> Policy:
    names = [f"m{k}" for k in range(METRICS)]
    text = {
        "metrics": ", ".join(f"{name}: {{}}" for name in names),
        "looks": list(range(1, LOOKS + 1)),
        "criteria": "\n".join(
            f"  - {{metric: online.{name}, non_inferior: {{margin: 0.05}}, severity: blocking, "
            "because: b}"
            for name in names[1:]
        ),
    }
    return parse_policy(
        f"""
policy: bench
model: m
plan:
  online:
    moments: m.csv
    metrics: {{{text["metrics"]}}}
    primary: m0
    looks: {text["looks"]}
    minimum_days: 0
    window_days: 0.5
    planned_units: {2 * UNITS}
criteria:
  - {{metric: online.m0, better: {{}}, severity: blocking, because: b}}
{text["criteria"]}
""",
        where="bench.yaml",
    )


def _looks(random: np.random.Generator) -> tuple[LookData, ...]:
    """Arms that are alike, with as many new units on every day."""
    found = []
    for day in range(1, LOOKS + 1):
        n = UNITS * day // LOOKS
        means = 5 + random.normal(0, 2 / np.sqrt(n), (METRICS, 2))
        found.append(
            LookData(
                day=day,
                champion_units=n,
                challenger_units=n,
                metrics=tuple(
                    MetricArms(metric=f"m{k}", champion=_arm(k, n, a), challenger=_arm(k, n, b))
                    for k, (a, b) in enumerate(means)
                ),
            )
        )
    return tuple(found)


def _arm(metric: int, n: int, mean: float) -> Moments:
    return Moments(n=n, names=(f"m{metric}",), mean=(float(mean),), covariance=((4.0,),))


def _decide(policy: Policy, looks: Sequence[LookData]) -> None:
    plan = policy.plan.online
    assert plan is not None
    checks = tuple(Check(name=name, passed=True, sentence="") for name in REQUIRED_CHECKS)
    for number in range(1, len(looks) + 1):
        seen = tuple(looks[:number])
        evidence = Evidence(
            stage=StageName.ONLINE,
            candidate="models:/m/2",
            baseline="models:/m/1",
            measurements=measure_looks(plan, seen),
            checks=checks,
            look=look_of(plan, seen),
            provenance=Provenance(candidate="c", baseline="b", plan="p", data=(), code="0"),
        )
        found = decide_stage(policy, StageName.ONLINE, evidence).online
        assert found not in (None, OnlineVerdict.INVALID), found


def _aggregates(look: LookData) -> Mapping[object, object]:
    """Moments of both arms in tea-tasting's own form."""
    from tea_tasting.aggr import Aggregates

    arms: dict[object, object] = {}
    for name in ("champion", "challenger"):
        moments = {m.metric: getattr(m, name) for m in look.metrics}
        arms[name] = Aggregates(
            count_=look.champion_units,
            mean_={metric: found.mean[0] for metric, found in moments.items()},
            var_={metric: found.covariance[0][0] for metric, found in moments.items()},
        )
    return arms


def _units(random: np.random.Generator) -> Sequence[object]:
    """A table of units at each look: its first rows."""
    import pandas as pd

    values = random.normal(5, 2, (2 * UNITS, METRICS))
    table = pd.DataFrame(values, columns=[f"m{k}" for k in range(METRICS)])
    table["variant"] = np.where(np.arange(2 * UNITS) % 2, "challenger", "champion")
    return [table.iloc[: 2 * (UNITS * day // LOOKS)] for day in range(1, LOOKS + 1)]


def _analyse(looks: Sequence[object]) -> None:
    import tea_tasting

    metrics = {f"m{k}": tea_tasting.Mean(f"m{k}") for k in range(METRICS)}
    experiment = tea_tasting.Experiment(metrics, variant="variant")
    for data in looks:
        assert len(experiment.analyze(data, control="champion")) == METRICS


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
