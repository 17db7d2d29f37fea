"""How often intervals of votes hold the truth: a small version always, the full one when slow.

Prompts differ in how often the candidate wins them, two games are played on each, and annotators
have tastes of their own. 95 % intervals cover 94 to 96 % from 50 prompts on, and at least 93 % with
20; where they must be wide (few annotators, few prompts that differ) they cover more, never less.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import norm

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.annotators import FALSE_ALARM, gold_alarm
from stages.stats.clusters import mean_of_each
from stages.stats.means import mean_t
from stages.stats.prediction_powered import Fused, fused_win_rate
from stages.stats.raking import raked_mean
from stages.stats.two_way import two_way_mean
from tests.simulations.rates import noise, rate
from tests.stages.stats.labelled import simulated

Generator = np.random.Generator
Held = Callable[[Generator], bool]
Measure = Callable[[list[float], list[int], list[int]], Estimate | Unmeasured]
"""An estimate from scores, prompts and annotators of votes."""

SMALL, FULL = 250, 10_000
"""Repetitions; three standard errors of a 95 % coverage are 4.1 and 0.65 points."""

LEVEL = 0.95


def holds(found: Estimate | Unmeasured, truth: float) -> bool:
    assert isinstance(found, Estimate)
    assert found.low is not None
    assert found.high is not None
    return found.low <= truth <= found.high


def prompts_only(n: int, win: float, dependence: float) -> Held:
    """Two games per prompt, beta-binomial with this intraclass correlation."""
    a, b = (share * (1 - dependence) / dependence for share in (win, 1 - win))

    def once(random: Generator) -> bool:
        scores = random.binomial(2, random.beta(a, b, n)) / 2
        return holds(mean_t(scores.tolist(), level=LEVEL, unit="share"), win)

    return once


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Two games per vote; ease of prompts and taste of annotators are normal, games probit.

    The candidate wins 0.6 of the games of all prompts and annotators there are.

    Attributes:
        prompts: How many.
        annotators: How many.
        votes: On each prompt.
        taste: Standard deviation of annotators, in probits.
        ease: The same of prompts.
    """

    prompts: int
    annotators: int
    votes: int
    taste: float
    ease: float = 0.5

    def measured(self, random: Generator, measure: Measure) -> Estimate | Unmeasured:
        """What is measured of votes drawn once."""
        shift = float(ndtri(0.6)) * math.sqrt(1 + self.taste**2 + self.ease**2)
        who = np.argsort(random.random((self.prompts, self.annotators)), axis=1)[:, : self.votes]
        latent = shift + self.ease * random.normal(size=(self.prompts, 1))
        latent = latent + self.taste * random.normal(size=self.annotators)[who]
        scores = random.binomial(2, norm.cdf(latent)) / 2
        prompts = np.repeat(np.arange(self.prompts), self.votes)
        return measure(scores.ravel().tolist(), prompts.tolist(), who.ravel().tolist())


def two_way(prompts: int, annotators: int, votes: int, *, taste: float) -> Held:
    crowd = Crowd(prompts=prompts, annotators=annotators, votes=votes, taste=taste)

    def by_both(scores: list[float], prompts: list[int], who: list[int]) -> Estimate | Unmeasured:
        return two_way_mean(scores, prompts, who, level=LEVEL, unit="share")

    return lambda random: holds(crowd.measured(random, by_both), 0.6)


def by_prompt_alone(prompts: int, annotators: int, *, taste: float) -> Held:
    """The same votes with prompts as the only clusters, as if annotators did not differ."""
    crowd = Crowd(prompts=prompts, annotators=annotators, votes=2, taste=taste)

    def by_prompt(scores: list[float], prompts: list[int], _: list[int]) -> Estimate | Unmeasured:
        return mean_t(mean_of_each(scores, prompts), level=LEVEL, unit="share")

    return lambda random: holds(crowd.measured(random, by_prompt), 0.6)


def fused(n: int, agree: float, **others: int) -> Held:
    def once(random: Generator) -> bool:
        labelled, unlabelled = simulated(random, n=n, others=6 * n, win=0.6, agree=agree, **others)
        found = fused_win_rate(labelled, unlabelled, level=LEVEL)
        assert isinstance(found, Fused)
        return holds(found.estimate, 0.6)

    return once


def raked(prompts: int, annotators: int, *, taste: float) -> Held:
    """A third of the annotators and of the prompts, experts and law, are half of the users."""
    mix = {"segment": {"expert": 0.5, "lay": 0.5}, "topic": {"law": 0.5, "other": 0.5}}
    truth = 0.4 + 0.3 * 0.5 + 0.2 * 0.5

    def once(random: Generator) -> bool:
        who = np.argsort(random.random((prompts, annotators)), axis=1)[:, :2].ravel()
        rows = np.repeat(np.arange(prompts), 2)
        expert, law = who % 3 == 0, rows % 3 == 0
        chance = 0.4 + 0.3 * expert + 0.2 * law
        chance = chance + (random.random(prompts) - 0.5)[rows] * 0.2
        chance = chance + taste * (random.random(annotators) - 0.5)[who]
        found = raked_mean(
            (random.random(len(rows)) < chance).astype(float).tolist(),
            rows.tolist(),
            who.tolist(),
            traits={
                "segment": np.where(expert, "expert", "lay").tolist(),
                "topic": np.where(law, "law", "other").tolist(),
            },
            mix=mix,
            level=LEVEL,
        )
        if isinstance(found, Unmeasured):  # the weights would be too heavy: nothing is said
            return True
        return holds(found.estimate, truth)

    return once


ABOUT = [
    pytest.param(prompts_only(50, 0.5, 0.3), id="50-prompts"),
    pytest.param(prompts_only(50, 0.6, 0.7), id="50-prompts-that-differ"),
    pytest.param(prompts_only(100, 0.6, 0.3), id="100-prompts"),
    pytest.param(prompts_only(200, 0.8, 0.3), id="200-prompts-win-0.8"),
    pytest.param(two_way(200, 20, 2, taste=0.3), id="200-prompts-20-annotators-who-differ"),
    pytest.param(two_way(400, 30, 3, taste=0.3), id="400-prompts-30-annotators-who-differ"),
    pytest.param(fused(100, 0.5), id="fused-100-labels"),
    pytest.param(fused(200, 0.8), id="fused-200-labels-strong-judge"),
]
AT_LEAST = [
    pytest.param(prompts_only(20, 0.5, 0.3), id="20-prompts"),
    pytest.param(prompts_only(20, 0.6, 0.7), id="20-prompts-that-differ"),
    pytest.param(prompts_only(20, 0.8, 0.3), id="20-prompts-win-0.8"),
    pytest.param(two_way(20, 10, 2, taste=0.3), id="20-prompts-10-annotators"),
    pytest.param(two_way(100, 3, 2, taste=0.5), id="100-prompts-3-annotators-who-differ"),
    pytest.param(two_way(100, 5, 2, taste=0.5), id="100-prompts-5-annotators-who-differ"),
    pytest.param(two_way(100, 10, 2, taste=0.5), id="100-prompts-10-annotators-who-differ"),
    pytest.param(two_way(100, 10, 2, taste=0.0), id="100-prompts-10-annotators-alike"),
    pytest.param(fused(20, 0.8), id="fused-20-labels"),
    pytest.param(fused(50, 0.8), id="fused-50-labels"),
    pytest.param(fused(100, 0.8, strata=4), id="fused-4-topics"),
    pytest.param(fused(100, 0.8, people=8, votes=2), id="fused-8-annotators"),
    pytest.param(raked(90, 18, taste=0.0), id="raked-90-prompts"),
    pytest.param(raked(150, 15, taste=0.3), id="raked-150-prompts-annotators-who-differ"),
]


@pytest.mark.parametrize("once", ABOUT + AT_LEAST)
def test_intervals_of_votes_hold_the_truth(once: Held) -> None:
    assert rate(once, SMALL) >= 0.95 - 0.05


@pytest.mark.slow
@pytest.mark.parametrize("once", ABOUT)
def test_intervals_of_votes_cover_their_level_in_full(
    once: Held, request: pytest.FixtureRequest
) -> None:
    found = rate(once, FULL)
    print(f"{request.node.callspec.id}: covers {found:.4f}")
    assert 0.94 <= found <= 0.96


@pytest.mark.slow
@pytest.mark.parametrize("once", AT_LEAST)
def test_intervals_of_few_votes_never_cover_less_in_full(
    once: Held, request: pytest.FixtureRequest
) -> None:
    found = rate(once, FULL)
    print(f"{request.node.callspec.id}: covers {found:.4f}")
    assert found >= 0.93


DIFFER = [
    pytest.param(by_prompt_alone(200, 20, taste=0.3), 0.9, id="200-prompts-20-annotators-0.3"),
    pytest.param(by_prompt_alone(200, 5, taste=0.5), 0.55, id="200-prompts-5-annotators-0.5"),
    pytest.param(by_prompt_alone(200, 3, taste=1.0), 0.35, id="200-prompts-3-annotators-1.0"),
]
"""Votes, and what their coverage by prompt alone stays below."""


@pytest.mark.parametrize(("once", "below"), DIFFER)
@pytest.mark.parametrize("repetitions", [SMALL, pytest.param(FULL, marks=pytest.mark.slow)])
def test_prompts_alone_would_say_far_too_much(
    once: Held, below: float, repetitions: int, request: pytest.FixtureRequest
) -> None:
    found = rate(once, repetitions)
    print(f"{request.node.callspec.id}: by prompt alone covers {found:.4f}")
    assert found < below


def price_of_noise(n: int, repetitions: int, **others: int) -> float:
    """Effective sample of people and a judge who guesses, relative to people alone."""
    random = np.random.default_rng(7)
    errors = np.zeros((repetitions, 2))
    for row in errors:
        labelled, unlabelled = simulated(random, n=n, others=6 * n, win=0.6, agree=0.0, **others)
        found = fused_win_rate(labelled, unlabelled, level=LEVEL)
        assert isinstance(found, Fused)
        row[:] = found.estimate.value - 0.6, found.humans.value - 0.6
    both, people = (errors**2).mean(axis=0)
    return float(people / both)


NOISE = [
    pytest.param(30, {}, id="30-labels"),
    pytest.param(100, {}, id="100-labels"),
    pytest.param(60, {"strata": 4}, id="60-labels-4-topics"),
    pytest.param(60, {"people": 8, "votes": 2}, id="60-labels-8-annotators"),
]


@pytest.mark.parametrize(("n", "others"), NOISE)
def test_a_judge_who_guesses_costs_next_to_nothing(n: int, others: dict[str, int]) -> None:
    assert price_of_noise(n, 300, **others) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize(("n", "others"), NOISE)
def test_a_judge_who_guesses_costs_at_most_a_twentieth_in_full(
    n: int, others: dict[str, int], request: pytest.FixtureRequest
) -> None:
    found = price_of_noise(n, FULL, **others)
    print(f"{request.node.callspec.id}: effective sample {found:.4f} of people alone")
    assert found >= 0.95


def alarmed(floor: float, accuracy: float, *, items: int = 200, least: int = 1) -> Held:
    """Whether there is ever an alarm of an annotator of this accuracy, looked at after each."""

    def once(random: Generator) -> bool:
        right = (random.random(items) < accuracy).tolist()
        return gold_alarm(right, floor=floor, least=least)

    return once


@pytest.mark.parametrize("floor", [0.5, 0.6, 0.7, 0.8, 0.95])
@pytest.mark.parametrize(
    "repetitions", [pytest.param(1_000), pytest.param(FULL, marks=pytest.mark.slow)]
)
def test_an_annotator_at_the_floor_is_rarely_alarmed_whenever_one_looks(
    floor: float, repetitions: int
) -> None:
    found = rate(alarmed(floor, floor), repetitions)
    print(f"floor {floor}: ever in {found:.4f} (at most {FALSE_ALARM})")
    assert found <= FALSE_ALARM + 3 * noise(FALSE_ALARM, repetitions)


@pytest.mark.parametrize(("floor", "at_most"), [(0.5, 0.001), (0.7, 0.005)])
@pytest.mark.parametrize(
    "repetitions", [pytest.param(1_000), pytest.param(FULL, marks=pytest.mark.slow)]
)
def test_an_annotator_above_the_floor_is_next_to_never_alarmed(
    floor: float, at_most: float, repetitions: int
) -> None:
    found = rate(alarmed(floor, 0.85, least=5), repetitions)
    print(f"accuracy 0.85, floor {floor}: ever in {found:.4f}")
    assert found <= at_most + 3 * noise(at_most, repetitions)


@pytest.mark.parametrize(("floor", "items"), [(0.5, 30), (0.7, 8)])
def test_half_of_those_who_click_at_random_are_alarmed_soon(floor: float, items: int) -> None:
    found = rate(alarmed(floor, 1 / 3, items=items, least=5), 1_000)
    print(f"accuracy 1/3, floor {floor}: within {items} in {found:.3f}")
    assert found >= 0.5


def test_an_annotator_who_guesses_is_alarmed() -> None:
    assert rate(alarmed(0.8, 0.5), 200) > 0.99
