"""Primaries, challengers and A/Bs of a stream share error: decided as counted, seldom wrong."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from gates.decide.closure import closed_test
from gates.decide.online import REQUIRED_CHECKS
from gates.decide.stage_gate import decide_stage
from gates.decide.verdict import OnlineVerdict
from infra.figures._look_paths import ALPHA, PLANNED, Design, Flags, Table, designs
from infra.figures._shared_error import (
    Family,
    Stream,
    closed,
    crossings,
    family_rates,
    stream_rates,
)
from policies.load import parse_policy
from policies.policy import Policy
from stages.evidence.records import Check, Evidence, StageName
from stages.online.analysis import look_of, measure_looks
from stages.online.look_data import LookData, MetricArms
from stages.stats.moments import Moments
from stages.stats.sequential import POCOCK
from tests.simulations.rates import evidence_of, noise

NAMES = ("gained", "kept", "liked")
CHECKS = tuple(Check(name=name, passed=True, sentence="") for name in REQUIRED_CHECKS)
DESIGN = designs(5)[0]
HARM_ALPHA = "0.000000001"
"""So small that no path is stopped for harm."""


def policy_of(primaries: int, *, challengers: int = 1) -> Policy:
    metrics = "".join(f"      {name}: {{kind: mean}}\n" for name in NAMES[:primaries])
    demands = "".join(
        f"  - {{metric: online.{name}, better: {{}}, severity: blocking, because: b}}\n"
        for name in NAMES[:primaries]
    )
    text = (
        f"policy: p\nmodel: m\nplan:\n  online:\n    moments: m.csv\n    metrics:\n{metrics}"
        f"    primary: gained\n    also_primary: [{', '.join(NAMES[1:primaries])}]\n"
        f"    challengers: {challengers}\n    flag: one_experiment\n"
        f"    variants: {{challenger: '{{candidate}}'}}\n"
        "    looks: [1, 2, 3, 4, 5]\n    minimum_days: 1\n"
        f"    window_days: 1\n    planned_units: {PLANNED}\n    harm_alpha: {HARM_ALPHA}\n"
        f"criteria:\n{demands}"
    )
    return parse_policy(text, where="p.yaml")


def look_data(day: int, units: int, scores: Sequence[float]) -> LookData:
    """Arms of variance 1 whose z is this."""

    def arm(name: str, mean: float) -> Moments:
        return Moments(n=units // 2, names=(name,), mean=(mean,), covariance=((1.0,),))

    return LookData(
        day=day,
        champion_units=units // 2,
        challenger_units=units // 2,
        metrics=tuple(
            MetricArms(
                metric=name,
                champion=arm(name, 0.0),
                challenger=arm(name, score * (4 / units) ** 0.5),
            )
            for name, score in zip(NAMES, scores, strict=False)
        ),
    )


def evidence_at(policy: Policy, scores: Table, look: int) -> Evidence:
    """Evidence of a look, counted from 0, of one challenger; scores of shape (metrics, looks)."""
    plan = policy.plan.online
    assert plan is not None
    seen = tuple(
        look_data(day, units, scores[:, day - 1].tolist())
        for day, units in enumerate(DESIGN.units[: look + 1], start=1)
    )
    return evidence_of(
        StageName.ONLINE, measure_looks(plan, seen), checks=CHECKS, look=look_of(plan, seen)
    )


def refuted(scores: Table, crossed: Flags) -> Flags:
    """Whether a primary is proven worse at a look at its share of alpha, shape as the scores."""
    metrics, looks = scores.shape
    bounds = np.stack([DESIGN.bounds(alpha=ALPHA / k) for k in range(1, metrics + 1)])
    found = np.zeros((metrics, looks), dtype=bool)
    for look in range(looks):
        shares = closed_test(crossed[:, look].tolist(), hypotheses=metrics)
        found[:, look] = [-scores[i, look] > bounds[k - 1, look] for i, k in enumerate(shares)]
    return found


@pytest.mark.parametrize("seed", range(12))
def test_primaries_are_decided_as_counted(seed: int) -> None:
    random, policy = np.random.default_rng(seed), policy_of(3)
    drifts = tuple(random.choice([-4.0, 0.0, 2.5, 3.5], 3).tolist())
    scores = Family(drifts=drifts, correlation=0.2).scores(DESIGN, 1, random)
    crossed = crossings(DESIGN, scores, hypotheses=3)
    fallen, worse = closed(crossed)[0], refuted(scores[0], crossed[0])
    for look in range(5):
        evidence = evidence_at(policy, scores[0], look)
        ships = decide_stage(policy, StageName.ONLINE, evidence).online is OnlineVerdict.SHIP
        assert ships == (fallen[:, look].any() and not worse[:, look].any())


@pytest.mark.parametrize("seed", range(8))
def test_challengers_are_decided_as_counted(seed: int) -> None:
    random, policy = np.random.default_rng(seed), policy_of(1, challengers=2)
    drifts = tuple(random.choice([0.0, 2.5, 3.5], 2).tolist())
    scores = Family(drifts=drifts, correlation=0.5).scores(DESIGN, 1, random)
    fallen = closed(crossings(DESIGN, scores, hypotheses=2))[0]
    for look in range(5):
        arms = [evidence_at(policy, scores[0, [arm]], look) for arm in range(2)]
        for arm in range(2):
            found = decide_stage(policy, StageName.ONLINE, arms[arm], rivals=[arms[1 - arm]]).online
            assert (found is OnlineVerdict.SHIP) == fallen[arm, look]


FAMILIES = [
    Family(drifts=(0, 0, 0), correlation=0),
    Family(drifts=(9, 0, 0), correlation=0.3),
    Family(drifts=(9, 9, 0), correlation=0),
]


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: str(f.drifts))
@pytest.mark.parametrize("looks", [5, 14, 50])
def test_a_family_is_seldom_wrong_in_full(looks: int, family: Family) -> None:
    design: Design = designs(looks)[0]
    found = family_rates(design, family, 100_000)
    print(f"{looks} looks, {family}: any false win {found['closed']:.4f}")
    assert found["closed"] <= ALPHA + 2.5 * noise(ALPHA, 100_000)


@pytest.mark.slow
@pytest.mark.parametrize("looks", [5, 14])
def test_holm_over_the_p_values_of_a_look_is_wrong_too_often(looks: int) -> None:
    design = replace(designs(looks)[0], spending=POCOCK)
    found = family_rates(design, FAMILIES[0], 100_000)
    naive = found["looks' levels by Holm"]
    print(f"{looks} looks, Pocock type, Holm at a look: any false win {naive:.4f}")
    assert naive > ALPHA + 2.5 * noise(ALPHA, 100_000)
    assert found["alpha by Holm"] > 2.5 * ALPHA
    assert found["closed"] <= ALPHA + 2.5 * noise(ALPHA, 100_000)


@pytest.mark.slow
@pytest.mark.parametrize("true_share", [0.0, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("longest", [1, 6, 30])
def test_a_stream_of_overlapping_tests_holds_its_level_in_full(
    true_share: float, longest: int
) -> None:
    stream = Stream(true_share=true_share, longest=longest)
    found = stream_rates(stream, 1_000)["asynchronous"]
    print(f"{true_share:.0%} true effects, up to {longest} at once: {found}")
    assert found.fdr <= stream.level
    assert found.mfdr <= stream.level
