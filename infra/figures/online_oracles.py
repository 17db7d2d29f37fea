"""Effects of random A/Bs by this repository, by statsmodels and by tea-tasting.

Usage: python -m infra.figures online_oracles [DATA_SETS]

DATA_SETS (32 unless said) random data sets: 200 to 4,000 units, 15 to 85 % of them in one arm,
skewed values, shares, ratios and covariates. For each quantity the largest difference is printed:
of effects and ends in parts of the larger of the value and its standard error, of standard errors
and p-values in parts of themselves.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.experiments import (
    Contrast,
    MetricColumns,
    contrast,
    interval,
    p_two_sided,
    ratio,
)
from stages.stats.moments import from_values
from stages.stats.two_shares import ArmShare, difference_range

DATA_SETS, SEED, LEVEL = 32, 20_261_122, 0.95
COLUMNS = ("value", "bought", "orders", "visits", "before", "visits_before")
"""A skewed value, a share of 0 and 1, a ratio's parts, and two covariates."""

Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is said of an effect; None where the tool does not say it."""

    effect: float
    standard_error: float | None = None
    p: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arms:
    """Units of both arms, one row each, columns as in `COLUMNS`."""

    control: Table
    treatment: Table

    def column(self, name: str) -> tuple[Table, Table]:
        """One column of both arms."""
        i = COLUMNS.index(name)
        return self.control[:, i], self.treatment[:, i]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One metric by us and by another.

    Attributes:
        metric: What is measured.
        oracle: The other tool, and what of it.
        ours: What we say.
        theirs: What it says.
        because: Why they differ; empty where they should not.
    """

    metric: str
    oracle: str
    ours: Callable[[Arms], Told]
    theirs: Callable[[Arms], Told]
    because: str = ""


def main(arguments: Sequence[str]) -> None:
    """Prints the largest difference of each quantity; DATA_SETS may be given."""
    if len(arguments) > 1 or not all(a.isdecimal() and int(a) > 0 for a in arguments):
        sys.exit("usage: python -m infra.figures online_oracles [DATA_SETS]")
    number = int(arguments[0]) if arguments else DATA_SETS
    names = [field.name.replace("_", " ") for field in fields(Told)]
    print(f"Largest differences over {number} random data sets.\n")
    print(f"| metric | by | {' | '.join(names)} | why they differ |")
    print(f"| --- | --- |{' ---: |' * len(names)} --- |")
    for comparison in COMPARISONS:
        found = largest(comparison, number)
        said = [f"{found[f.name]:.1e}" if f.name in found else "" for f in fields(Told)]
        who = f"{comparison.metric} | {comparison.oracle}"
        print(f"| {who} | {' | '.join(said)} | {comparison.because} |")


def largest(comparison: Comparison, number: int) -> Mapping[str, float]:
    """The largest difference of each quantity that both tools tell, over so many data sets."""
    found: dict[str, float] = {}
    for seed in range(number):
        arms = drawn(SEED + seed)
        for name, off in _differences(comparison.ours(arms), comparison.theirs(arms)).items():
            found[name] = max(found.get(name, 0.0), off)
    return found


def drawn(seed: int) -> Arms:
    """A random A/B."""
    random = np.random.default_rng(seed)
    units, share = int(random.integers(200, 4_001)), random.uniform(0.15, 0.85)
    sizes = (int(units * share), units - int(units * share))
    slope, lift = random.uniform(0.2, 2.0), random.normal(0, 0.1)
    tables = [_units(random, n, slope=slope, lift=lift * k) for k, n in enumerate(sizes)]
    return Arms(control=tables[0], treatment=tables[1])


def _units(random: np.random.Generator, n: int, *, slope: float, lift: float) -> Table:
    before, visits_before = random.standard_gamma(2.0, n), random.poisson(3.0, n).astype(float)
    visits = random.poisson(1 + visits_before) + 1.0
    value = np.exp(random.normal(0.3 * lift, 0.6, n)) + slope * (1 + lift) * before
    value += 0.2 * visits_before
    bought = (random.random(n) < 0.2 * (1 + lift)).astype(float)
    taste = random.beta(4, 8, n)
    orders = random.binomial(visits.astype(int), taste).astype(float)
    return np.column_stack([value, bought, orders, visits, before, visits_before])


def _differences(ours: Told, theirs: Told) -> dict[str, float]:
    found, error = {}, ours.standard_error or 0.0
    for field in fields(Told):
        mine, other = getattr(ours, field.name), getattr(theirs, field.name)
        if mine is not None and other is not None:
            scale = 0.0 if field.name in {"standard_error", "p"} else error
            found[field.name] = abs(mine - other) / max(abs(other), scale)
    return found


def _ours(
    numerator: str, denominator: str | None = None, *covariates: str
) -> Callable[[Arms], Told]:
    columns = MetricColumns(numerator=numerator, denominator=denominator, covariates=covariates)

    def told(arms: Arms) -> Told:
        found = contrast(
            *(from_values(t, COLUMNS) for t in (arms.control, arms.treatment)), columns
        )
        assert isinstance(found, Contrast)
        ends = _estimate(interval(found, level=LEVEL, unit="number"))
        return Told(
            effect=found.effect,
            standard_error=found.standard_error,
            p=p_two_sided(found),
            low=ends.low,
            high=ends.high,
        )

    return told


def _our_newcombe(arms: Arms) -> Told:
    shares = [ArmShare(value=float(x.mean()), n=len(x)) for x in arms.column("bought")]
    found = difference_range(*shares, critical=_CRITICAL)
    return Told(effect=shares[1].value - shares[0].value, low=found.low, high=found.high)


def _our_quotient(numerator: str, denominator: str | None = None) -> Callable[[Arms], Told]:
    columns = MetricColumns(numerator=numerator, denominator=denominator)

    def told(arms: Arms) -> Told:
        moments = [from_values(t, COLUMNS) for t in (arms.control, arms.treatment)]
        found = _estimate(ratio(*moments, columns, level=LEVEL))
        return Told(
            effect=found.value - 1,
            standard_error=found.standard_error,
            low=_number(found.low) - 1,
            high=_number(found.high) - 1,
        )

    return told


def _compared(control: Table, treatment: Table) -> Told:
    """Two samples by statsmodels' Welch test."""
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

    both = CompareMeans(DescrStatsW(treatment), DescrStatsW(control))
    low, high = both.tconfint_diff(alpha=1 - LEVEL, usevar="unequal")
    return Told(
        effect=float(treatment.mean() - control.mean()),
        standard_error=float(both.std_meandiff_separatevar),
        p=float(both.ttest_ind(usevar="unequal")[1]),
        low=float(low),
        high=float(high),
    )


def _statsmodels_mean(column: str) -> Callable[[Arms], Told]:
    return lambda arms: _compared(*arms.column(column))


def _statsmodels_ratio(arms: Arms) -> Told:
    """Linearised values: R + (y - R n) / mean n of each arm has the ratio as its mean."""
    linear = []
    for y, n in zip(arms.column("orders"), arms.column("visits"), strict=True):
        share = y.mean() / n.mean()
        linear.append(share + (y - share * n) / n.mean())
    return _compared(*linear)


def _statsmodels_adjusted(*covariates: str) -> Callable[[Arms], Told]:
    """Slopes by least squares within the arms, weighted by 1 / (n (n - 1)); then Welch."""

    def told(arms: Arms) -> Told:
        import statsmodels.api as sm

        values = arms.column("value")
        tables = list(zip(*(arms.column(name) for name in covariates), strict=True))
        before = [np.column_stack(columns) for columns in tables]
        weights = np.concatenate([np.full(len(y), 1 / (len(y) * (len(y) - 1))) for y in values])
        centred = [np.concatenate([x - x.mean(axis=0) for x in side]) for side in (values, before)]
        slopes = sm.WLS(centred[0], centred[1], weights=weights).fit().params
        return _compared(*(y - x @ slopes for y, x in zip(values, before, strict=True)))

    return told


def _statsmodels_newcombe(arms: Arms) -> Told:
    from statsmodels.stats.proportion import confint_proportions_2indep

    control, treatment = arms.column("bought")
    low, high = confint_proportions_2indep(
        treatment.sum(),
        len(treatment),
        control.sum(),
        len(control),
        method="newcomb",
        compare="diff",
        alpha=1 - LEVEL,
    )
    effect = float(treatment.mean() - control.mean())
    return Told(effect=effect, low=float(low), high=float(high))


def _statsmodels_fieller(arms: Arms) -> Told:
    """Ends e of the quotient: where a test of y_T - e y_C is at its critical value."""
    from scipy.optimize import brentq
    from scipy.stats import t
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

    control, treatment = arms.column("value")
    welch = CompareMeans(DescrStatsW(treatment), DescrStatsW(control))
    critical = t.isf((1 - LEVEL) / 2, welch.dof_satt())

    def excess(end: float, side: int) -> float:
        scaled = CompareMeans(DescrStatsW(treatment), DescrStatsW(end * control))
        return float(scaled.ztest_ind(usevar="unequal")[0]) - side * critical

    middle = float(treatment.mean() / control.mean())
    low = brentq(lambda end: excess(end, 1), middle / 3, middle, xtol=1e-14)
    high = brentq(lambda end: excess(end, -1), middle, 3 * middle, xtol=1e-14)
    return Told(effect=middle - 1, low=float(low) - 1, high=float(high) - 1)


def _tea_tasting(metric: str, *, relative: bool = False) -> Callable[[Arms], Told]:
    def told(arms: Arms) -> Told:
        import pandas as pd
        import tea_tasting as tt

        metrics = {
            "mean": lambda: tt.Mean("value", use_t=True),
            "share": lambda: tt.Proportion(
                "bought", method="norm", correction=False, equal_var=False
            ),
            "ratio": lambda: tt.RatioOfMeans("orders", "visits", use_t=True),
            "adjusted": lambda: tt.Mean("value", "before", use_t=True),
        }
        frame = pd.DataFrame(np.vstack([arms.control, arms.treatment]), columns=list(COLUMNS))
        frame["variant"] = [0] * len(arms.control) + [1] * len(arms.treatment)
        found = tt.Experiment(metric=metrics[metric]()).analyze(frame)["metric"]
        if relative:
            return Told(
                effect=found.rel_effect_size,
                low=found.rel_effect_size_ci_lower,
                high=found.rel_effect_size_ci_upper,
            )
        statistic = getattr(found, "statistic", None)
        return Told(
            effect=found.effect_size,
            standard_error=found.effect_size / statistic if statistic else None,
            p=found.pvalue,
            low=found.effect_size_ci_lower,
            high=found.effect_size_ci_upper,
        )

    return told


_CRITICAL = 1.959963984540054

_FREEDOM = "we take one degree of freedom per arm for each covariate"
COMPARISONS = (
    Comparison(
        metric="mean", oracle="statsmodels", ours=_ours("value"), theirs=_statsmodels_mean("value")
    ),
    Comparison(
        metric="mean", oracle="tea-tasting", ours=_ours("value"), theirs=_tea_tasting("mean")
    ),
    Comparison(
        metric="share",
        oracle="statsmodels",
        ours=_ours("bought"),
        theirs=_statsmodels_mean("bought"),
    ),
    Comparison(
        metric="share",
        oracle="tea-tasting",
        ours=_ours("bought"),
        theirs=_tea_tasting("share"),
        because="it divides by n and takes the normal; we by n - 1, and Welch's t",
    ),
    Comparison(
        metric="share, Newcombe",
        oracle="statsmodels",
        ours=_our_newcombe,
        theirs=_statsmodels_newcombe,
    ),
    Comparison(
        metric="ratio",
        oracle="statsmodels, linearised",
        ours=_ours("orders", "visits"),
        theirs=_statsmodels_ratio,
    ),
    Comparison(
        metric="ratio",
        oracle="tea-tasting",
        ours=_ours("orders", "visits"),
        theirs=_tea_tasting("ratio"),
    ),
    Comparison(
        metric="CUPED",
        oracle="statsmodels, WLS",
        ours=_ours("value", None, "before"),
        theirs=_statsmodels_adjusted("before"),
        because=_FREEDOM,
    ),
    Comparison(
        metric="CUPED, two covariates",
        oracle="statsmodels, WLS",
        ours=_ours("value", None, "before", "visits_before"),
        theirs=_statsmodels_adjusted("before", "visits_before"),
        because=_FREEDOM,
    ),
    Comparison(
        metric="CUPED",
        oracle="tea-tasting",
        ours=_ours("value", None, "before"),
        theirs=_tea_tasting("adjusted"),
        because="it pools units over the arms, the effect included: at uneven arms with different "
        "slopes another theta; " + _FREEDOM,
    ),
    Comparison(
        metric="relative",
        oracle="statsmodels, inverted",
        ours=_our_quotient("value"),
        theirs=_statsmodels_fieller,
    ),
    Comparison(
        metric="relative",
        oracle="tea-tasting",
        ours=_our_quotient("value"),
        theirs=_tea_tasting("mean", relative=True),
        because="its ends are of the log quotient's delta method, ours Fieller's",
    ),
    Comparison(
        metric="relative ratio",
        oracle="tea-tasting",
        ours=_our_quotient("orders", "visits"),
        theirs=_tea_tasting("ratio", relative=True),
        because="as above",
    ),
)


def _estimate(found: Estimate | Unmeasured) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def _number(value: float | None) -> float:
    assert value is not None
    return value
