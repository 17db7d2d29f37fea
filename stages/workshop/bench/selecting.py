"""Which prompts make the bench: two passes over prompts and topics, and a draw from each topic."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stages.workshop.bench.recipe import Allocation, Drawn, Passes

LOW_PROMPT, LOW_TOPIC = "score below the first pass", "topic below the first pass"
NOT_SECOND, NOT_SECOND_TOPIC = "score below the second pass", "topic below the second pass"
NOT_DRAWN = "not drawn"
"""Why a prompt is not in the bench."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """What two passes and the draw left.

    Attributes:
        chosen: Numbers of the prompts in the bench, in order.
        reasons: For every other prompt, why it is not there.
        means: Mean score of every topic over all its prompts that have one.
        passed: Topics that passed both.
    """

    chosen: tuple[int, ...]
    reasons: Mapping[int, str]
    means: Mapping[int, float]
    passed: tuple[int, ...]


def selected(
    scores: Sequence[int], topics: Sequence[int], *, passes: Passes, drawn: Drawn, seed: int
) -> Selected:
    """The bench, out of prompts that have a topic and a score.

    First a prompt must score `first_prompt` and its topic, on average over all its prompts,
    `first_topic`; then `prompt`, and the topic `topic` on average over those that passed first.

    Args:
        scores: Of each prompt, 0 to 7.
        topics: Of each prompt.
        passes: What is demanded.
        drawn: How many are drawn, and how they are divided among topics.
        seed: Of the draw.

    References:
        Li et al. (2024), arXiv 2406.11939, section 4: topics are scored by the mean of their
        prompts; the second mean, of what the first pass left, is how we read its two passes.
    """
    means = _means(range(len(scores)), scores, topics)
    reasons: dict[int, str] = {}
    for number, (score, topic) in enumerate(zip(scores, topics, strict=True)):
        if means[topic] < passes.first_topic:
            reasons[number] = LOW_TOPIC
        elif score < passes.first_prompt:
            reasons[number] = LOW_PROMPT
    left = [number for number in range(len(scores)) if number not in reasons]
    second = _means(left, scores, topics)
    for number in left:
        if second[topics[number]] < passes.topic:
            reasons[number] = NOT_SECOND_TOPIC
        elif scores[number] < passes.prompt:
            reasons[number] = NOT_SECOND
    good = [number for number in left if number not in reasons]
    chosen = _draw(good, topics, drawn, np.random.default_rng(seed))
    reasons |= dict.fromkeys(sorted(set(good) - chosen), NOT_DRAWN)
    return Selected(
        chosen=tuple(sorted(chosen)),
        reasons=reasons,
        means=means,
        passed=tuple(sorted({topics[number] for number in good})),
    )


def _means(
    numbers: Sequence[int], scores: Sequence[int], topics: Sequence[int]
) -> Mapping[int, float]:
    sums: Counter[int] = Counter()
    counts: Counter[int] = Counter()
    for number in numbers:
        sums[topics[number]] += scores[number]
        counts[topics[number]] += 1
    return {topic: sums[topic] / counts[topic] for topic in counts}


def _draw(
    good: Sequence[int], topics: Sequence[int], drawn: Drawn, random: np.random.Generator
) -> set[int]:
    names = sorted({topics[number] for number in good})
    if drawn.topics_at_most is not None and len(names) > drawn.topics_at_most:
        kept = random.choice(len(names), drawn.topics_at_most, replace=False)
        names = [names[place] for place in sorted(kept)]
    shuffled = {
        name: [int(n) for n in random.permutation([g for g in good if topics[g] == name])]
        for name in names
    }
    traffic = Counter(topics)
    weights = {n: traffic[n] if drawn.allocation is Allocation.TRAFFIC else 1 for n in names}
    quota = allotted({n: len(of) for n, of in shuffled.items()}, weights, drawn.prompts)
    return {number for name, of in shuffled.items() for number in of[: quota[name]]}


def allotted(
    available: Mapping[int, int], weights: Mapping[int, float], total: int
) -> Mapping[int, int]:
    """How many each topic gives: by its weight, as far as it has them, one after the other.

    The next place goes to the topic with the greatest weight for each place it would then have
    (D'Hondt); of equals to the lowest number.

    Args:
        available: How many each has.
        weights: Of each, above 0.
        total: How many are wanted, at most.
    """
    given = dict.fromkeys(available, 0)
    for _ in range(min(total, sum(available.values()))):
        open_topics = [name for name in available if given[name] < available[name]]
        given[max(open_topics, key=lambda n: (weights[n] / (given[n] + 1), -n))] += 1
    return given
