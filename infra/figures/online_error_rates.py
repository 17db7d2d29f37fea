"""How often an A/B that is looked at again and again errs, and what that costs in power.

Usage: python -m infra.figures online_error_rates [PATHS]

PATHS (200,000 unless said) paths for each line; streams of A/Bs a hundredth of it. The bounds are
those of the stage; that a path is decided as a look is, tests show. Errors are Monte Carlo errors.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import gammaln

from infra.figures._look_paths import (
    ALPHA,
    FIXED_DRIFT,
    RATES,
    Design,
    chunks,
    designs,
    error_rates,
    power_of,
)
from infra.figures._shared_error import FAMILY_RATES, Family, Stream, family_rates, stream_rates
from stages.stats.sample_ratio import CONCENTRATION
from stages.stats.sequential import (
    OBRIEN_FLEMING,
    POCOCK,
    Spending,
    SpendingKind,
    crossing_probabilities,
)

PATHS, LOOKS = 200_000, (5, 14, 50)
SPLIT_LOOKS, SPLIT_BATCH, SPLIT_ALPHA = 200, 500, 0.01
"""Looks at the split of units, new units at each, and its alpha."""

POWER = Spending(kind=SpendingKind.POWER, exponent=3.5)
"""The power family that holds power 0.78 at 50 looks, which O'Brien-Fleming misses by 0.001."""

FAMILIES = {
    "three, no effect": Family(drifts=(0, 0, 0), correlation=0),
    "three, no effect, correlated 0.7": Family(drifts=(0, 0, 0), correlation=0.7),
    "one clear win, two without effect": Family(drifts=(9, 0, 0), correlation=0),
    "two clear wins, one without effect": Family(drifts=(9, 9, 0), correlation=0),
    "two at power 0.80, one without": Family(drifts=(FIXED_DRIFT, FIXED_DRIFT, 0), correlation=0),
}


def main(arguments: Sequence[str]) -> None:
    """Prints every table; PATHS may be given."""
    if len(arguments) > 1 or not all(a.isdecimal() and int(a) > 0 for a in arguments):
        sys.exit("usage: python -m infra.figures online_error_rates [PATHS]")
    paths = int(arguments[0]) if arguments else PATHS
    _print_errors(paths)
    _print_power(paths)
    _print_split(paths)
    _print_families(paths)
    _print_streams(max(1, paths // 100))


def _print_errors(paths: int) -> None:
    print(f"One primary, one guardrail, alpha {ALPHA}, {paths:,} paths a line; Monte Carlo error")
    print(f"of a share of {ALPHA}: {math.sqrt(ALPHA * (1 - ALPHA) / paths):.4f}.\n")
    print(f"| looks | {' | '.join(RATES)} |\n| --- |{' ---: |' * len(RATES)}")
    for looks in LOOKS:
        for design in designs(looks):
            shares = error_rates(design, paths).shares
            said = " | ".join(f"{shares[name]:.4f}" for name in RATES)
            print(f"| {looks}, {design.name} | {said} |")


def _print_power(paths: int) -> None:
    print("\nPower where a fixed sample of the planned size has 0.80: computed, and simulated.\n")
    print("| looks, spending | power | mean sample | power | mean sample |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for looks in LOOKS:
        for spending in (OBRIEN_FLEMING, POWER, POCOCK):
            design = replace(designs(looks)[0], spending=spending)
            power, sample = computed(design)
            found = power_of(design, paths)
            name = f"{looks}, {spending.kind}"
            said = f"{power:.4f} | {sample:.4f} | {found.power:.4f} | {found.sample:.4f}"
            print(f"| {name} | {said} |")


def computed(design: Design) -> tuple[float, float]:
    """Power and mean share of the planned units, by integration."""
    crossed = crossing_probabilities(design.information, list(design.bounds()), drift=FIXED_DRIFT)
    sample = sum(p * t for p, t in zip(crossed, design.information, strict=True))
    return sum(crossed), sample + (1 - sum(crossed)) * design.information[-1]


def _print_split(paths: int) -> None:
    said = "\nSplit of units, sequential test"
    print(f"{said} at {SPLIT_ALPHA} over {SPLIT_LOOKS} looks of {SPLIT_BATCH} units.\n")
    print("| planned, true share | alarms at some look |\n| --- | ---: |")
    for planned, true in ((0.5, 0.5), (0.9, 0.9), (0.5, 0.51)):
        print(f"| {planned}, {true} | {split_alarms(planned, true, paths):.4f} |")


def split_alarms(planned: float, true: float, paths: int, *, seed: int = 5) -> float:
    """Share of A/Bs whose split alarms at some look; the stage's formula over columns."""
    random, alarmed = np.random.default_rng(seed), 0
    for size in chunks(paths):
        first = random.binomial(SPLIT_BATCH, true, (size, SPLIT_LOOKS)).cumsum(axis=1)
        factors = log_factors(first, SPLIT_BATCH * np.arange(1, SPLIT_LOOKS + 1), planned)
        alarmed += int((factors > -math.log(SPLIT_ALPHA)).any(axis=1).sum())
    return alarmed / paths


def log_factors(first: np.ndarray, total: np.ndarray, planned: float) -> np.ndarray:
    """Log Bayes factors against the planned share, of counts in the first of two arms."""
    a, b = CONCENTRATION * planned, CONCENTRATION * (1 - planned)
    second = total - first
    alternative = gammaln(a + first) - gammaln(a) + gammaln(b + second) - gammaln(b)
    alternative += gammaln(CONCENTRATION) - gammaln(CONCENTRATION + total)
    null = first * math.log(planned) + second * math.log1p(-planned)
    return np.asarray(alternative - null)


def _print_families(paths: int) -> None:
    print(f"\nThree primaries of which one must win, alpha {ALPHA}: any false win, or all found.\n")
    print(f"| looks, spending, primaries | {' | '.join(FAMILY_RATES)} |")
    print(f"| --- |{' ---: |' * len(FAMILY_RATES)}")
    for looks in LOOKS:
        for spending in (OBRIEN_FLEMING, POCOCK):
            design = replace(designs(looks)[0], spending=spending)
            for name, family in FAMILIES.items():
                found = family_rates(design, family, paths)
                said = " | ".join(f"{found[rate]:.4f}" for rate in FAMILY_RATES)
                print(f"| {looks}, {spending.kind}, {name} | {said} |")


def _print_streams(streams: int) -> None:
    shown = Stream(true_share=0)
    print(f"\nStreams of {shown.tests} A/Bs, up to {shown.longest} at once, level {shown.level},")
    print(f"true effects of power 0.90 at alpha {ALPHA}; {streams:,} streams a line.\n")
    print("| true effects, rule | FDR | mFDR | any false win | false wins | power |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for true_share in (0.0, 0.1, 0.3, 0.5):
        for rule, found in stream_rates(Stream(true_share=true_share), streams).items():
            rates = f"{found.fdr:.4f} | {found.mfdr:.4f} | {found.any_false:.3f}"
            said = f"{rates} | {found.false_wins:.3f} | {found.power:.3f}"
            print(f"| {true_share:.0%}, {rule} | {said} |")
