"""How often an A/B ships what it should not, over all looks; full size: `make simulate`.

Arm moments of every look go through the stage's own analysis and are decided in the gate's order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from gates.decide.online import REQUIRED_CHECKS
from gates.decide.stage_gate import decide_stage
from gates.decide.verdict import OnlineVerdict
from policies.load import parse_policy
from policies.policy import Policy
from stages.evidence.records import Check, StageName
from stages.online.analysis import look_of, measure_looks
from stages.online.look_data import LookData, MetricArms
from stages.stats.moments import Moments, from_values
from tests.simulations.rates import Generator, evidence_of, noise, rate

ALPHA = 0.025
SMALL, FULL = 150, 4_000
UNITS = (400, 700, 1_000)
"""Units of each arm at the looks."""

CHECKS = tuple(Check(name=name, passed=True, sentence="") for name in REQUIRED_CHECKS)
Values = Callable[[Generator, int, bool], np.ndarray]
"""Values of so many new units, of the challenger or not, shape (units, metrics)."""

NAMES = ("resolved", "complained", "seconds")


def policy_of(
    criteria: Sequence[str],
    *,
    window: float = 1.0,
    looks: Sequence[float] = (7, 10, 14),
    primary: str = "resolved",
    units: int = UNITS[-1],
) -> Policy:
    demands = "\n".join(f"  - {{{c}, severity: blocking, because: b}}" for c in criteria)
    text = (
        "policy: p\nmodel: m\nplan:\n  online:\n    moments: m.csv\n    metrics:\n"
        "      resolved: {kind: proportion}\n"
        "      complained: {kind: proportion, higher_is_better: false}\n"
        "      seconds: {kind: mean, higher_is_better: false}\n"
        f"    primary: {primary}\n    looks: {list(looks)}\n    window_days: {window}\n"
        f"    planned_units: {2 * units}\ncriteria:\n{demands}\n"
    )
    return parse_policy(text, where="p.yaml")


BETTER = "metric: online.resolved, better: {}"
ABSOLUTE = "metric: online.complained, non_inferior: {margin: 0.02}"
RELATIVE = "metric: online.seconds, non_inferior: {relative_margin: 0.1}"
WIDE = "metric: online.complained, non_inferior: {margin: 0.9}"
ROOMY = ("metric: online.complained, non_inferior: {margin: 0.5}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """True values of the challenger; the champion has 0.6, 0.03 and 10."""

    resolved: float = 0.6
    complained: float = 0.03
    seconds: float = 10.0

    def values(self, random: Generator, units: int, *, challenger: bool) -> np.ndarray:
        truth = self if challenger else Truth()
        return np.column_stack(
            [
                random.random(units) < truth.resolved,
                random.random(units) < truth.complained,
                random.gamma(2.0, truth.seconds / 2, units),
            ]
        ).astype(float)


def look_data(day: float, arms: Sequence[np.ndarray]) -> LookData:
    def moments(values: np.ndarray, column: int) -> Moments:
        return from_values(values[:, [column]], NAMES[column : column + 1])

    return LookData(
        day=day,
        champion_units=len(arms[0]),
        challenger_units=len(arms[1]),
        metrics=tuple(
            MetricArms(metric=name, champion=moments(arms[0], k), challenger=moments(arms[1], k))
            for k, name in enumerate(NAMES)
        ),
    )


def outcome(policy: Policy, looks: Sequence[LookData]) -> OnlineVerdict:
    """The verdict of the first look that ends the A/B."""
    plan = policy.plan.online
    assert plan is not None
    for number in range(1, len(looks) + 1):
        seen = tuple(looks[:number])
        evidence = evidence_of(
            StageName.ONLINE,
            measure_looks(plan, seen),
            checks=CHECKS,
            look=look_of(plan, seen),
        )
        found = decide_stage(policy, StageName.ONLINE, evidence).online
        assert found is not None
        assert found is not OnlineVerdict.INVALID
        if found is not OnlineVerdict.CONTINUE:
            return found
    raise AssertionError("the last look ends an A/B")


def ships(
    truth: Truth, criteria: Sequence[str], *, share: float = 0.5
) -> Callable[[Generator], bool]:
    """Whether it ships, when every unit's value is final; `share` of the units are champions."""
    policy = policy_of(criteria)

    def once(random: Generator) -> bool:
        total = 2 * UNITS[-1]
        arms = [
            truth.values(random, round(total * part), challenger=challenger)
            for part, challenger in ((share, False), (1 - share, True))
        ]
        looks = [
            look_data(day, [arm[: round(len(arm) * n / UNITS[-1])] for arm in arms])
            for day, n in zip((7.0, 10.0, 14.0), UNITS, strict=True)
        ]
        return outcome(policy, looks) is OnlineVerdict.SHIP

    return once


def ships_what_still_grows(random: Generator, *, window: float = 0) -> bool:
    """Most units come early, and their values grow until the last day.

    A plan without a window says so; one with a window claims that values are final, which is wrong.
    """
    days = (7.0, 9.0, 11.0, 14.0)
    demands = ["metric: online.seconds, better: {}", WIDE]
    policy = policy_of(demands, window=window, looks=days, primary="seconds", units=UNITS[0])
    arrival = np.minimum(random.geometric(0.25, (2, UNITS[0])) - 1, 13)
    growth = random.normal(0, 1, (2, UNITS[0], 14)).cumsum(axis=2)
    looks = []
    for day in days:
        lived = np.clip(int(day) - arrival, 0, 14)
        total = np.take_along_axis(growth, np.maximum(lived - 1, 0)[..., None], axis=2)[..., 0]
        arms = []
        for arm in range(2):
            here = lived[arm] > 0
            value = total[arm][here]
            coin = random.random((len(value), 2)) < 0.5
            arms.append(np.column_stack([coin, value]).astype(float))
        looks.append(look_data(day, arms))
    return outcome(policy, looks) is OnlineVerdict.SHIP


WINNER = 0.75
"""Share resolved of a challenger that is truly and clearly better."""

WRONG_YES = [
    pytest.param(ships(Truth(), (BETTER, *ROOMY)), ALPHA, id="no-effect"),
    pytest.param(ships(Truth(), (BETTER, *ROOMY), share=0.9), ALPHA, id="no-effect-90-to-10"),
    pytest.param(
        ships(Truth(resolved=WINNER, complained=0.05), (BETTER, ABSOLUTE)),
        ALPHA,
        id="guardrail-at-its-margin",
    ),
    pytest.param(
        ships(Truth(resolved=WINNER, complained=0.05), (BETTER, ABSOLUTE), share=0.9),
        ALPHA,
        id="guardrail-at-its-margin-90-to-10",
    ),
    pytest.param(
        ships(Truth(resolved=WINNER, seconds=11.0), (BETTER, RELATIVE)),
        ALPHA,
        id="relative-guardrail-at-its-margin",
    ),
    pytest.param(
        ships(Truth(resolved=WINNER, complained=0.05, seconds=11.0), (BETTER, ABSOLUTE, RELATIVE)),
        ALPHA**2,
        id="both-guardrails-at-their-margins",
    ),
    pytest.param(ships_what_still_grows, ALPHA, id="no-effect-values-still-grow"),
]


@pytest.mark.parametrize(("shipped", "most"), WRONG_YES)
def test_what_should_not_ship_seldom_does(
    shipped: Callable[[Generator], bool], most: float
) -> None:
    assert rate(shipped, SMALL) <= most + 3 * noise(most, SMALL)


def test_a_clear_winner_ships() -> None:
    once = ships(Truth(resolved=WINNER), (BETTER, ABSOLUTE, RELATIVE))
    assert rate(once, 60) > 0.5


@pytest.mark.slow
@pytest.mark.parametrize(("shipped", "most"), WRONG_YES)
def test_what_should_not_ship_seldom_does_in_full(
    shipped: Callable[[Generator], bool], most: float, request: pytest.FixtureRequest
) -> None:
    found = rate(shipped, FULL)
    print(f"online, {request.node.callspec.id}: ships {found:.4f} (at most {most:.4g})")
    assert found <= most + 2.5 * noise(most, FULL)


@pytest.mark.slow
def test_values_that_grow_under_a_window_that_hides_it_ship_too_often() -> None:
    found = rate(lambda random: ships_what_still_grows(random, window=1), FULL)
    print(f"online, values grow though the plan says they are final: ships {found:.4f}")
    assert found > ALPHA + 2 * noise(ALPHA, FULL)
