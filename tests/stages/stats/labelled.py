"""Simulated prompts that people and a judge have judged, or the judge alone."""

import numpy as np

from stages.stats.labelled_sample import Labelled, Unlabelled


def simulated(  # noqa: PLR0913 - what there is to vary
    random: np.random.Generator,
    *,
    n: int = 60,
    others: int = 300,
    win: float = 0.5,
    agree: float = 0.8,
    strata: int = 1,
    people: int | None = None,
    votes: int = 1,
    spread: float = 0.0,
) -> tuple[Labelled, Unlabelled]:
    """Two games per prompt, whose chances differ; the judge repeats people or tosses a coin.

    Args:
        random: Source of randomness.
        n: Labelled prompts.
        others: Unlabelled ones.
        win: Chance of a win, on average.
        agree: Share of prompts where the judge says what people do.
        strata: Number of topics.
        people: Number of annotators; None: nobody is named.
        votes: Votes on each labelled prompt.
        spread: Standard deviation of annotators' own chances.
    """
    chance = random.beta(3 * win, 3 * (1 - win), n + others)
    said = random.binomial(2, chance[:, None], (n + others, votes)) / 2
    verdict = random.binomial(2, win, n + others) / 2
    judge = np.where(random.random(n + others) < agree, said[:, 0], verdict)
    who = np.argsort(random.random((n, people or votes)), axis=1)[:, :votes]
    taste = random.normal(0, spread, people or votes)
    human = np.clip(said[:n] + taste[who], 0, 1)
    topics = tuple(f"topic {i % strata}" for i in range(n + others))
    rows = np.repeat(np.arange(n), votes)
    return Labelled(
        human=tuple(human.ravel().tolist()),
        judge=tuple(judge[rows].tolist()),
        prompts=tuple(rows.tolist()),
        annotators=None if people is None else tuple(who.ravel().tolist()),
        strata=tuple(topics[row] for row in rows),
    ), Unlabelled(
        judge=tuple(judge[n:].tolist()),
        prompts=tuple(range(n, n + others)),
        strata=topics[n:],
    )
