"""A win rate of people's votes on some prompts and a judge's verdicts on all of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.crossed import Spread, crossed_jackknife, share_within
from stages.stats.labelled_sample import Labelled, Sample, Unlabelled
from stages.stats.levels import tail_of
from stages.stats.means import refuse_values
from stages.stats.ranges import SHARES
from stages.stats.shares import SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """People and a judge together.

    Attributes:
        estimate: The win rate, its n being the number of labelled prompts.
        humans: What people alone say, in the same strata.
        power: How far the judge is trusted (lambda), 0 to 1; 0 when it does not help.
        gain: Effective number of labelled prompts relative to the real one: the squared error of
            people alone over that of both; 1 when people stand alone.
    """

    estimate: Estimate
    humans: Estimate
    power: float
    gain: float


def fused_win_rate(
    labelled: Labelled,
    unlabelled: Unlabelled,
    *,
    level: float,
    shares: Mapping[str, float] | None = None,
) -> Fused | Unmeasured:
    """Prediction-powered win rate: the judge's mean, corrected by people where both have judged.

    In each stratum it is mean(human) + lambda (mean(judge, unlabelled) - mean(judge, labelled)),
    with one lambda for all: the one of least variance, in [0, 1], shrunk by the share of the
    squared correlation that chance would give, 1 - 1 / t^2. Without a correlation beyond chance it
    is 0, and people stand alone; so they do where fewer than 10 of their prompts differ from a
    value that most have, and the exact bound speaks (`clustered_mean`). The variance of people's
    part is the jackknife's by prompt, or by prompt and annotator, in strata, with lambda fitted
    anew each time.

    Args:
        labelled: Votes of people, of a random sample of the prompts of each stratum.
        unlabelled: The other prompts. Strata without any are people's alone.
        level: Two-sided confidence level in (0, 1).
        shares: Weight of each stratum, above 0, adding up to 1; None: its share of all prompts.

    Returns:
        The win rate; or `Unmeasured` without votes or with NaN or infinite scores, when a stratum
        has fewer than two labelled prompts, and when it rests on a single annotator.

    Raises:
        ValueError: When a prompt is both labelled and not, a score lies outside [0, 1], the shares
            are not those of the strata, or the level is impossible.

    References:
        Angelopoulos, Duchi and Zrnic (2023), "PPI++", eq. 5 and section 6, on lambda; Fisch et al.
        (2024), on strata. The shrinkage is ours: with a judge who guesses, the plain rule loses
        up to 1 / n of the sample.
    """
    tail_of(level)
    if set(labelled.prompts) & set(unlabelled.prompts):
        raise ValueError("a prompt is labelled and unlabelled at once")
    scores = np.array([*labelled.human, *labelled.judge, *unlabelled.judge])
    refused = _too_few(labelled, unlabelled) or refuse_values(scores[:, None], SHARES)
    if refused is not None:
        return refused
    sample = Sample.of(labelled, unlabelled, shares)
    humans = _estimate(sample.alone, labelled, level=level)
    if isinstance(humans, Unmeasured):
        return humans
    power = float(sample.fitted(sample.votes[None], sample.sums[None]).power[0])
    if not power or sample.exact(tail_of(level)) is not None:
        return Fused(estimate=humans, humans=humans, power=0.0, gain=1.0)
    both = _estimate(sample, labelled, level=level)
    assert isinstance(both, Estimate)  # it rests on the same votes
    errors = [each.standard_error or 0.0 for each in (humans, both)]
    return Fused(
        estimate=both,
        humans=humans,
        power=power,
        gain=(errors[0] / errors[1]) ** 2 if errors[1] else math.inf,
    )


def _estimate(sample: Sample, labelled: Labelled, *, level: float) -> Estimate | Unmeasured:
    found = sample.fitted(sample.votes[None], sample.sums[None])
    value, power = float(found.value[0]), float(found.power[0])
    people = crossed_jackknife(
        sample.leaving_out,
        labelled.prompts,
        labelled.annotators,
        weights=sample.weights,
        fitted=len(sample.shares) + (power > 0),
    ).total
    if math.isnan(people.variance):
        return Unmeasured(
            "all votes of people on a topic are of one annotator, who cannot show a spread",
            Cause.UNDERPOWERED,
        )
    spread, tail = _together(people, sample.error_of_others(power)), tail_of(level)
    exact = sample.exact(tail)
    within = share_within(value, spread, exact=exact, tail=tail)
    name = f"prediction-powered (PPI++, lambda {power:.2f})" if power else "people alone"
    return Estimate(
        value=min(1.0, max(0.0, value)),
        standard_error=math.sqrt(spread.variance) or None,
        low=within.low,
        high=within.high,
        level=level,
        n=len(sample.judge),
        unit=SHARE,
        method=f"{name}, stratified, Wilson score with Student's t by the jackknife"
        + ("" if exact is None else ", widened to the exact binomial bound"),
    )


def _together(first: Spread, second: Spread) -> Spread:
    """Of the sum of two independent estimates; degrees of freedom by Satterthwaite."""
    variance = first.variance + second.variance
    if variance == 0:
        return first
    noise = first.variance**2 / first.degrees + second.variance**2 / second.degrees
    return Spread(variance=variance, degrees=variance**2 / noise)


def _too_few(labelled: Labelled, unlabelled: Unlabelled) -> Unmeasured | None:
    if not labelled.human:
        return Unmeasured("no prompt has votes of people", Cause.WAITING)
    if labelled.annotators is not None and len(set(labelled.annotators) - {None}) <= 1:
        return Unmeasured("1 annotator cannot show a spread", Cause.UNDERPOWERED)
    topics = dict(zip(labelled.prompts, labelled.strata, strict=True))
    for stratum in dict.fromkeys([*labelled.strata, *unlabelled.strata]):
        n = list(topics.values()).count(stratum)
        if n < 2:  # noqa: PLR2004 - a spread needs two
            return Unmeasured(
                f"{n} prompts of the topic {stratum!r} have votes of people, 2 are needed",
                Cause.UNDERPOWERED if n else Cause.WAITING,
            )
    return None
