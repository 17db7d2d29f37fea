"""Fifty real A/Bs replayed: what the plan says of each, and which series are broken."""

import os
import runpy
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from gates.decide.verdict import OnlineVerdict
from policies.load import load_policy

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "infra" / "examples" / "asos"
DATA = ROOT.parent / "shared" / "data" / "asos"
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
BROKEN_SPLIT = (
    *("329386_1", "329386_2", "54a85a_0", "64dc88_1", "64dc88_2"),
    *("81761c_2", "834947_1"),
)


def script(name: str) -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(EXAMPLE / name)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not DATA.is_dir():
        assert not os.environ.get("GATE_REQUIRE_DATA"), f"{DATA} is absent"
        pytest.skip(f"{DATA} is absent: it holds ASOS's published moments (CC BY 4.0)")
    out = tmp_path_factory.mktemp("asos")
    script("prepare.py").prepare(DATA / "daily_moments_40_experiments.csv", out)
    return out


def test_the_policy_is_whole() -> None:
    policy = load_policy(EXAMPLE / "policy.yaml")
    assert policy.plan.online is not None
    assert policy.plan.online.retrospective


def test_every_ab_has_its_verdict_and_broken_series_are_invalid(folder: Path) -> None:
    verdicts = script("verdicts.py")
    found = tuple(verdicts.replay(folder))
    assert Counter(ab.verdict for ab in found) == {
        OnlineVerdict.SHIP: 4,
        OnlineVerdict.STOP: 2,
        OnlineVerdict.INCONCLUSIVE: 23,
        OnlineVerdict.CONTINUE: 3,
        OnlineVerdict.INVALID: 18,
    }
    assert sum(ab.naive_ships for ab in found) == 7
    by_name = {ab.name: ab for ab in found}
    for name, promise in BROKEN_SERIES.items():
        assert by_name[name].verdict is OnlineVerdict.INVALID
        failed = {c.name for c in by_name[name].evidence.checks if c.passed is False}
        assert f"data_contract.{promise}" in failed, name
    split = {
        ab.name
        for ab in found
        if any("refutes the split" in c.sentence for c in ab.evidence.checks)
    }
    assert split == set(BROKEN_SPLIT)
    invalid = {ab.name for ab in found if ab.verdict is OnlineVerdict.INVALID}
    assert invalid == BROKEN_SERIES.keys() | set(BROKEN_SPLIT)
    assert "50 A/Bs: 4 SHIP, 2 STOP" in verdicts.summary(found)
