"""Fifty real A/Bs replayed: what the plan says of each, and which series are broken."""

import csv
from collections import Counter

import pytest

from policies.load import load_policy
from tests.infra.examples.running import EXAMPLES, Shown, real_data, run_example

BROKEN_SERIES = {
    "2203f3_1": "numbers",
    "26bd38_1": "missing_looks",
    "329386_1": "numbers",
    "329386_2": "numbers",
    "3b4300_1": "numbers",
    "3b4300_2": "numbers",
    "3b4300_3": "numbers",
    "3b62b9_1": "missing_looks",
    "48a675_1": "missing_looks",
    "4db6c7_2": "falling_units",
    "64dc88_1": "units",
    "64dc88_2": "units",
    "6c4737_3": "numbers",
    "6f8a33_1": "missing_looks",
    "81761c_1": "missing_looks",
}
BROKEN_SPLIT = ("54a85a_0", "81761c_2", "834947_1")
"""Sound series whose arms do not have the units that were planned."""

ARMS = ("c", "t")
FIELDS = (
    *("experiment_id", "variant_id", "metric_id", "time_since_start"),
    *(f"{what}_{arm}" for what in ("count", "mean", "variance") for arm in ARMS),
)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    data = real_data("asos", "ASOS's published moments (CC BY 4.0)")
    return run_example("asos", data, tmp_path_factory.mktemp("asos"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    data = tmp_path_factory.mktemp("data")
    with (data / "daily_moments_40_experiments.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(row for name in SMALL for row in series(name))
    return run_example("asos", data, tmp_path_factory.mktemp("asos"))


SMALL = {
    "better": "SHIP",
    "harmful": "STOP",
    "alike": "INCONCLUSIVE",
    "holed": "INVALID",
    "copied": "INVALID",
}
"""A/Bs by what they are, and what must come of them."""

SHIFT = {"better": 0.01, "harmful": -0.01, "alike": 1e-6, "holed": 1e-6, "copied": 0.0}
"""By how much the challenger's primary is higher."""


def series(name: str) -> list[dict[str, object]]:
    """Thirty days of one A/B, in the columns of the published file."""
    found = []
    for day in range(1, 31):
        for metric in range(1, 5):
            means = {"c": 0.1, "t": 0.1 + (metric == 1) * SHIFT[name]}
            lost = name == "holed" and (day, metric) == (3, 2)
            found.append(
                {
                    "experiment_id": name,
                    "variant_id": 1,
                    "metric_id": metric,
                    "time_since_start": float(day),
                    **{f"count_{arm}": 100_000.0 * day for arm in ARMS},
                    **{f"mean_{arm}": means[arm] for arm in ARMS},
                    **{f"variance_{arm}": "" if lost else 0.09 for arm in ARMS},
                }
            )
    return found


def online(shown: Shown) -> dict[str, str]:
    """The ordered verdict of every A/B."""
    return {name: c["stages"][-1]["online"] for name, c in shown.by_name().items()}


def test_the_policy_is_retrospective() -> None:
    plan = load_policy(EXAMPLES / "asos" / "policy.yaml").plan.online
    assert plan is not None
    assert plan.retrospective


def test_every_real_ab_has_its_verdict(real: Shown) -> None:
    counts = {"SHIP": 4, "STOP": 2, "INCONCLUSIVE": 23, "CONTINUE": 3, "INVALID": 18}
    assert Counter(online(real).values()) == counts
    readme = (EXAMPLES / "asos" / "README.md").read_text(encoding="utf-8")
    for verdict, count in counts.items():
        assert f"{count} {verdict}" in real.said
        assert f"| {verdict} | {count} |" in readme
    assert "A daily p < 0.05 would have shipped 7; of these are not SHIP here: 3 INC" in real.said
    assert real.logged() == len(online(real))


def test_broken_real_series_are_invalid_for_a_reason(real: Shown) -> None:
    candidates = real.by_name()
    for name, promise in BROKEN_SERIES.items():
        assert f"data_contract.{promise}" in candidates[name]["stages"][-1]["reason"], name
    for name in BROKEN_SPLIT:
        assert "refutes the split" in candidates[name]["stages"][-1]["reason"], name
    invalid = {name for name, verdict in online(real).items() if verdict == "INVALID"}
    assert invalid == BROKEN_SERIES.keys() | set(BROKEN_SPLIT)
    for name in invalid:
        assert candidates[name]["verdict"] == "HOLD"
        assert candidates[name]["stages"][-1]["waits_for"]["cause"] == "broken"


def test_small_files_of_the_same_shape_come_to_every_verdict(small: Shown) -> None:
    assert online(small) == {f"{name}_1": verdict for name, verdict in SMALL.items()}
    assert "5 A/Bs: 1 SHIP, 1 STOP, 1 INCONCLUSIVE, 0 CONTINUE, 2 INVALID." in small.said
    assert "would have shipped 1; of these are not SHIP here: none" in small.said
    assert "gate run ended with exit code 0" in small.said
