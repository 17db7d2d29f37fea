"""Side-by-side that is looked at after every prompt: wrong yeses, and how many prompts it saves.

Usage: python -m infra.figures stopping [REPETITIONS]

REPETITIONS (20,000 unless said) sequences of prompts' scores for each line. Wrong yeses are counted
where the true win rate is the limit, at every prompt up to one and a half times the plan; the
adversaries choose each score knowing all before it. Prompts are counted against a fixed design of
one-sided 0.025 and power 0.9, with a plan of 1.5 times its prompts. Errors are Monte Carlo errors.
"""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.stats.betting import first_shown
from stages.stats.design import Deviation, n_for_margin
from stages.stats.votes_needed import CAP, Voting

REPETITIONS, AT_ONCE = 20_000, 500
"""Sequences a line; how many are held in memory at a time."""

LEVEL, ALPHA, POWER = 0.95, 0.025, 0.9
PLANNED, BEYOND, LIMIT = 400, 600, 0.45
"""Prompts planned and looked at, and the limit, where wrong yeses are counted."""

LARGER, MEAN_AT_MOST, LARGER_AT_MOST, POWER_AT_LEAST = 1.6, 0.85, 0.40, 0.85
"""The larger effect, and what is demanded: prompts in fixed designs, and power."""

SEED = 20_261_122

Column = NDArray[np.float64]
Generator = np.random.Generator
Drawing = Callable[[int, int, Generator], Column]
"""Sequences of scores whose mean, given those before, is the limit: shape (rows, columns)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A simulated share or mean.

    Attributes:
        value: The share, or the mean.
        error: Its Monte Carlo error.
    """

    value: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long a plan goes on.

    Attributes:
        prompts: Mean number of prompts, in fixed designs.
        shown: Share of the sequences that show on which side of the limit it is within the plan.
    """

    prompts: Share
    shown: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An effect that a plan is made for.

    Attributes:
        effect: How far the true win rate lies above the limit.
        voting: How votes vary.
    """

    effect: float
    voting: Voting


CASES: Mapping[str, Case] = {
    "wins and losses": Case(effect=0.08, voting=Voting(ties=0.0)),
    "20 % ties": Case(effect=0.05, voting=Voting(ties=0.2)),
    "40 % ties, two votes a prompt": Case(
        effect=0.05, voting=Voting(ties=0.4, overlap=2, agreement=0.4)
    ),
}


def main(arguments: Sequence[str]) -> None:
    """Prints every share beside what is demanded of it."""
    number = arguments[0] if arguments else str(REPETITIONS)
    if len(arguments) > 1 or not number.isdecimal() or not int(number):
        sys.exit("usage: python -m infra.figures stopping [REPETITIONS]; a whole number from 1 on")
    repetitions = int(number)
    print(f"wrong yeses at the limit, looking at each of {BEYOND} prompts (at most {ALPHA}):")
    for name in DRAWINGS:
        wrong = wrong_yeses(name, repetitions)
        print(f"  {name}: {wrong.value:.4f} (error {wrong.error:.4f})")
    print(f"prompts, in fixed designs of one-sided {ALPHA} and power {POWER}; plan {CAP}:")
    for name, case in CASES.items():
        print(f"  {name}: fixed design of {fixed(case)} prompts")
        _print_lengths(case, repetitions)


def wrong_yeses(name: str, repetitions: int) -> Share:
    """Share of sequences at the limit that ever show it, of one of `DRAWINGS`."""
    random, wrong = np.random.default_rng(SEED), 0
    for rows in _portions(repetitions):
        values = DRAWINGS[name](rows, BEYOND, random)
        shown = first_shown(values, LIMIT, level=LEVEL, planned=PLANNED)
        wrong += int(np.isfinite(shown).sum())
    return _share(wrong / repetitions, repetitions)


def fixed(case: Case) -> int:
    """Prompts of the fixed design."""
    deviation = case.voting.deviation(LIMIT + case.effect)
    found = n_for_margin(
        case.effect, spread=Deviation(deviation=deviation), level=LEVEL, power=POWER
    )
    assert found is not None
    return found


def length(case: Case, times: float, repetitions: int, *, knows_plan: bool = True) -> Length:
    """How long a plan made for the effect goes on at so many times the effect.

    Below 0 the candidate is worse than the limit, and it is shown to be.
    """
    one, random = fixed(case), np.random.default_rng(SEED)
    planned = math.ceil(CAP * one)
    parts = []
    for rows in _portions(repetitions):
        values = case.voting.draw(LIMIT + times * case.effect, (rows, planned), random)
        told = planned if knows_plan else None
        if times > 0:
            parts.append(first_shown(values, LIMIT, level=LEVEL, planned=told))
        else:
            parts.append(first_shown(1 - values, 1 - LIMIT, level=LEVEL, planned=told))
    shown = np.concatenate(parts)
    prompts = np.minimum(shown, planned) / one
    return Length(
        prompts=Share(
            value=float(prompts.mean()), error=float(prompts.std() / math.sqrt(repetitions))
        ),
        shown=_share(float(np.isfinite(shown).mean()), repetitions),
    )


def _print_lengths(case: Case, repetitions: int) -> None:
    demands = (
        (1.0, f"at most {MEAN_AT_MOST}", f"at least {POWER_AT_LEAST}"),
        (LARGER, f"at most {LARGER_AT_MOST}", "nothing demanded"),
        (-1.0, "nothing demanded", "nothing demanded"),
    )
    for times, prompts, power in demands:
        found = length(case, times, repetitions)
        without = length(case, times, repetitions, knows_plan=False)
        print(
            f"    {times:g} times the effect: mean {found.prompts.value:.3f} (error "
            f"{found.prompts.error:.3f}; {prompts}), shown {found.shown.value:.3f} (error "
            f"{found.shown.error:.3f}; {power}); by bets that know no plan "
            f"{without.prompts.value:.3f} and {without.shown.value:.3f}"
        )


def _portions(repetitions: int) -> list[int]:
    return [min(AT_ONCE, repetitions - done) for done in range(0, repetitions, AT_ONCE)]


def _share(value: float, repetitions: int) -> Share:
    return Share(value=value, error=math.sqrt(max(value * (1 - value), 1e-4) / repetitions))


def _voted(voting: Voting) -> Drawing:
    return lambda rows, columns, random: voting.draw(LIMIT, (rows, columns), random)


def _calm_then_stormy(rows: int, columns: int, random: Generator) -> Column:
    """Scores that do not vary at all until the gambler bets all he may; then all or nothing."""
    values = (random.random((rows, columns)) < LIMIT).astype(np.float64)
    values[:, : columns // 4] = LIMIT
    return values


def _rare_crashes(rows: int, columns: int, random: Generator) -> Column:
    """A little above the limit, and seldom nothing: what a t-interval believes."""
    crash = 0.05
    return np.where(random.random((rows, columns)) < crash, 0.0, LIMIT / (1 - crash))


def _stakes_raised(rows: int, columns: int, random: Generator) -> Column:
    """A sequence that swings less while it leads, and as far as it can when it is behind."""
    values, ahead = np.empty((rows, columns)), np.zeros(rows)
    for column in range(columns):
        reach = np.where(ahead > 0, 0.2, LIMIT)
        gains = np.where(random.random(rows) < 0.5, reach, -reach)  # noqa: PLR2004 - fair
        values[:, column] = LIMIT + gains
        ahead += gains
    return values


def _trends(rows: int, columns: int, random: Generator) -> Column:
    """A limit kept on average only by what comes late: every score's own mean is below it."""
    means = LIMIT - 0.05 * np.sin(np.linspace(0, 6 * np.pi, columns)) ** 2
    return (random.random((rows, columns)) < means).astype(np.float64)


DRAWINGS: Mapping[str, Drawing] = {
    **{name: _voted(case.voting) for name, case in CASES.items()},
    "calm, then stormy": _calm_then_stormy,
    "rare crashes": _rare_crashes,
    "stakes raised when behind": _stakes_raised,
    "quality that comes and goes, never above the limit": _trends,
}
