"""The error rates of repeated looks, and that the paths they count are decided as a look is.

Full size: `make simulate`, or the table by `python -m infra.figures online_error_rates`.
"""

from collections.abc import Sequence

import numpy as np
import pytest

from gates.decide.online import REQUIRED_CHECKS
from gates.decide.stage_gate import decide_stage
from gates.decide.verdict import OnlineVerdict
from infra.figures._look_paths import (
    ALPHA,
    FIXED_DRIFT,
    PLANNED,
    Design,
    Rates,
    designs,
    error_rates,
    power_of,
)
from policies.load import parse_policy
from policies.policy import Policy
from stages.evidence.records import Check, Look, StageName
from stages.online.analysis import look_of, measure_looks
from stages.online.look_data import LookData, MetricArms
from stages.stats.confidence_sequence import best_rho_squared, half_width
from stages.stats.moments import Moments
from stages.stats.sequential import Spending, SpendingKind, crossing_probabilities
from tests.simulations.rates import evidence_of

SMALL, FULL = 20_000, 200_000
MARGIN, HARM_ALPHA = 0.5, 0.05
CHECKS = tuple(Check(name=name, passed=True, sentence="") for name in REQUIRED_CHECKS)
EVERY = [
    pytest.param(design, id=f"{looks} looks, {design.name}")
    for looks in (5, 14, 50)
    for design in designs(looks)
]


def check_rates(rates: Rates) -> None:
    """Holds what a design errs against what it may, with two Monte Carlo errors more."""
    shares = rates.shares
    assert shares["crosses"] == pytest.approx(ALPHA, abs=0.002 + 2 * rates.error("crosses"))
    assert shares["ships"] <= ALPHA + 2 * rates.error("ships")
    for name in ("at margin", "at margin, sure"):
        assert shares[name] <= ALPHA + 2.5 * rates.error(name)
    assert shares["misses"] <= 2 * ALPHA + 2.5 * rates.error("misses")
    assert shares["naive"] > 1.5 * ALPHA


@pytest.mark.parametrize("design", [*designs(5), *designs(14)[:1]], ids=lambda d: d.name)
def test_looks_err_as_rarely_as_they_say(design: Design) -> None:
    check_rates(error_rates(design, SMALL))


@pytest.mark.slow
@pytest.mark.parametrize("design", EVERY)
def test_looks_err_as_rarely_as_they_say_in_full(design: Design) -> None:
    rates = error_rates(design, FULL)
    assert rates.shares["crosses"] == pytest.approx(ALPHA, abs=0.002)
    check_rates(rates)


POWER = Spending(kind=SpendingKind.POWER, exponent=3.5)


@pytest.mark.parametrize(
    ("looks", "most", "least", "spending"),
    [
        (5, 0.82, 0.78, None),
        (14, 0.77, 0.78, None),
        (50, 0.76, 0.779, None),
        (5, 0.82, 0.78, POWER),
        (14, 0.77, 0.78, POWER),
        (50, 0.76, 0.78, POWER),
    ],
)
def test_looks_keep_the_power_and_spare_units(
    looks: int, most: float, least: float, spending: Spending | None
) -> None:
    even = designs(looks)[0]
    design = even if spending is None else Design(name="", units=even.units, spending=spending)
    found = crossing_probabilities(design.information, list(design.bounds()), drift=FIXED_DRIFT)
    sample = np.dot(found, design.information) + 1 - sum(found)
    assert sum(found) >= least
    assert sample <= most
    simulated = power_of(design, SMALL)
    assert simulated.power == pytest.approx(sum(found), abs=0.012)
    assert simulated.sample == pytest.approx(sample, abs=0.01)


def policy_of(design: Design) -> Policy:
    days = list(range(1, len(design.units) + 1))
    text = (
        "policy: p\nmodel: m\nplan:\n  online:\n    moments: m.csv\n    metrics:\n"
        "      gained: {kind: mean}\n      kept: {kind: mean}\n    primary: gained\n"
        f"    days: {days[-1]}\n    looks: {days}\n    minimum_days: {design.skipped + 1}\n"
        f"    window_days: 1\n    planned_units: {PLANNED}\n    harm_alpha: {HARM_ALPHA}\n"
        "criteria:\n  - {metric: online.gained, better: {}, severity: blocking, because: b}\n"
        f"  - {{metric: online.kept, non_inferior: {{margin: {MARGIN}}}, severity: blocking, "
        "because: b}\n"
    )
    return parse_policy(text, where="p.yaml")


def look_data(day: int, units: int, scores: Sequence[float]) -> LookData:
    """Arms of variance 1 whose z is this; that of the guardrail counts from its margin."""
    error = (4 / units) ** 0.5

    def arm(name: str, mean: float) -> Moments:
        return Moments(n=units // 2, names=(name,), mean=(mean,), covariance=((1.0,),))

    gained, kept = scores[0] * error, scores[1] * error - MARGIN
    return LookData(
        day=day,
        champion_units=units // 2,
        challenger_units=units // 2,
        metrics=tuple(
            MetricArms(metric=name, champion=arm(name, 0.0), challenger=arm(name, mean))
            for name, mean in (("gained", gained), ("kept", kept))
        ),
    )


def verdicts(design: Design, scores: np.ndarray) -> list[OnlineVerdict]:
    """The verdict of each look by itself, through the stage's analysis and the gate's order."""
    policy = policy_of(design)
    plan = policy.plan.online
    assert plan is not None
    looks = tuple(
        look_data(day, units, tuple(scores[:, day - 1]))
        for day, units in enumerate(design.units, start=1)
    )
    found = []
    for number in range(1, len(looks) + 1):
        seen = looks[:number]
        evidence = evidence_of(
            StageName.ONLINE, measure_looks(plan, seen), checks=CHECKS, look=look_of(plan, seen)
        )
        decided = decide_stage(policy, StageName.ONLINE, evidence).online
        assert decided is not None
        found.append(decided)
    return found


def compared(design: Design, scores: np.ndarray) -> list[OnlineVerdict]:
    """The same by comparing whole columns, as the error rates do, stops for harm included."""
    alpha = HARM_ALPHA / 2
    rho_squared = best_rho_squared(PLANNED, alpha=alpha)
    reach = [half_width(n, 1.0, alpha=alpha, rho_squared=rho_squared) for n in design.units]
    harmed = np.logical_or.accumulate((scores < -np.array(reach)).any(axis=0))
    ships = (scores > design.bounds()).all(axis=0)
    ends = np.arange(len(design.units)) == len(design.units) - 1
    otherwise = np.where(ends, OnlineVerdict.INCONCLUSIVE, OnlineVerdict.CONTINUE)
    found = np.where(harmed, OnlineVerdict.STOP, np.where(ships, OnlineVerdict.SHIP, otherwise))
    return [OnlineVerdict(verdict) for verdict in found]


def agree(design: Design, paths: int) -> set[OnlineVerdict]:
    """The verdicts that occurred, all of them the same both ways."""
    random = np.random.default_rng(7)
    drifts = random.choice([-6.0, 0.0, FIXED_DRIFT, 6.0], (paths, 2, 1))
    occurred = set()
    for drift in drifts:
        seen = np.maximum.accumulate(np.array(design.information))
        scores = design.scores(1, random, metrics=2)[0] + drift * np.sqrt(seen)
        assert verdicts(design, scores) == compared(design, scores)
        occurred |= set(compared(design, scores))
    return occurred


@pytest.mark.parametrize("design", designs(5), ids=lambda d: d.name)
def test_paths_are_decided_as_looks_are(design: Design) -> None:
    assert agree(design, 24) >= {OnlineVerdict.SHIP, OnlineVerdict.CONTINUE, OnlineVerdict.STOP}


@pytest.mark.slow
@pytest.mark.parametrize("design", EVERY)
def test_paths_are_decided_as_looks_are_in_full(design: Design) -> None:
    occurred = agree(design, 300 // len(design.units))
    print(f"{len(design.units)} looks, {design.name}: {', '.join(sorted(occurred))} as compared")


def test_a_look_that_brings_no_information_spends_nothing_and_changes_no_later_bound() -> None:
    even, falls = (next(d for d in designs(14) if d.name == n) for n in ("even", "a look falls"))
    fallen = falls.grows.index(False)
    assert falls.bounds()[fallen] == np.inf
    kept = [k for k in range(14) if k != fallen]
    without = Design(name="without", units=tuple(even.units[k] for k in kept))
    np.testing.assert_array_equal(falls.bounds()[kept], without.bounds())


def look_at(design: Design, number: int, score: float) -> Look:
    """What the stage says of a look at which the primary is so many standard errors above."""
    plan = policy_of(design).plan.online
    assert plan is not None
    seen = tuple(
        look_data(day, units, (score, 0.0))
        for day, units in enumerate(design.units[:number], start=1)
    )
    return look_of(plan, seen)


def crossed_later(design: Design, number: int, score: float, paths: int) -> float:
    """Share of paths that go on at the trend so far and cross at a later look."""
    seen = np.maximum.accumulate(np.array(design.information))
    now, later = seen[number - 1], seen[number:]
    gains = np.diff(later, prepend=now)
    trend = score / np.sqrt(now)
    random = np.random.default_rng(number)
    steps = random.normal(trend * gains, np.sqrt(gains), (paths, len(gains)))
    z = (score * np.sqrt(now) + steps.cumsum(axis=1)) / np.sqrt(later)
    return float((z > design.bounds()[number:]).any(axis=1).mean())


@pytest.mark.parametrize("name", ["even", "slow start", "a look falls", "minimum run time"])
@pytest.mark.parametrize("score", [0.0, 1.0, 1.8])
def test_the_conditional_power_of_a_look_is_how_often_a_path_crosses_later(
    name: str, score: float
) -> None:
    design = next(d for d in designs(14) if d.name == name)
    for number in (6, 10, 13):
        said = look_at(design, number, score).conditional_power
        assert said is not None
        assert said == pytest.approx(crossed_later(design, number, score, 20_000), abs=0.05)


def test_a_look_whose_information_fell_spends_nothing_and_says_no_conditional_power() -> None:
    design = next(d for d in designs(14) if d.name == "a look falls")
    fallen = design.grows.index(False) + 1
    before, fell, after = (look_at(design, fallen + k, 2.0) for k in (-1, 0, 1))
    assert fell.conditional_power is None
    assert fell.alpha_spent == before.alpha_spent
    assert after.alpha_spent > before.alpha_spent
    assert after.conditional_power is not None
    ends = verdicts(design, np.full((2, 14), 9.0))
    assert ends[fallen - 1] is OnlineVerdict.CONTINUE
    assert ends[fallen] is OnlineVerdict.SHIP
