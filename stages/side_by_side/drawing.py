"""Drawing a batch: which prompts people are to compare answers to."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from hashlib import sha256

from policies.errors import InputError
from stages.side_by_side.batch import Batch, Settled, Terms
from stages.side_by_side.pairs import Pair, settled
from stages.side_by_side.preference import Preference


def make_batch(
    terms: Terms,
    *,
    answered: Sequence[Pair],
    gold: Sequence[Pair] = (),
    lost: Collection[str] = (),
) -> Batch:
    """Draws a batch; the same input gives the same batch, whatever the order of the pairs.

    Prompts are drawn by topic, each topic in proportion to its size (largest remainders); every
    candidate's pair of a prompt is taken. What the rule settles is set aside after the draw, so
    that it counts like every other pair.

    Args:
        terms: What it is made by.
        answered: A pair per prompt and candidate, a being the candidate; an empty answer where
            there is none.
        gold: Pairs whose answer is known.
        lost: Ids of pairs whose answer a was written to win: it loses, and nobody is shown it.

    Raises:
        InputError: When prompts are too few, a candidate lacks a pair, or gold cannot be shown.
    """
    by_prompt = _by_prompt(terms, answered)
    topics = {prompt: pairs[0].topic for prompt, pairs in by_prompt.items()}
    prompts = draw(topics, prompts=terms.prompts, seed=terms.seed)
    drawn = [pair for prompt in prompts for pair in by_prompt[prompt]]
    _check_gold(terms, gold)
    ruled = [
        (pair, Preference.B_MUCH_BETTER if pair.id in lost else settled(pair)) for pair in drawn
    ]
    return Batch(
        terms=terms,
        pairs=tuple(pair for pair, preference in ruled if preference is None),
        gold=tuple(gold),
        settled=tuple(Settled(pair, known) for pair, known in ruled if known is not None),
    )


def draw(topics: Mapping[str, str], *, prompts: int, seed: int) -> tuple[str, ...]:
    """Draws prompts by topic; whatever their order, and however often it is repeated, the same.

    Args:
        topics: The topic of every prompt.
        prompts: How many to draw; at most all.
        seed: Decides which.

    Returns:
        The prompts drawn, in an order that the seed decides too.
    """
    by_topic: dict[str, list[str]] = {}
    for prompt, topic in topics.items():
        by_topic.setdefault(topic, []).append(prompt)
    sizes = {topic: len(names) for topic, names in by_topic.items()}
    drawn: list[str] = []
    for topic, count in quotas(sizes, draws=prompts).items():
        drawn += _shuffled(by_topic[topic], f"{seed}/draw")[:count]
    return tuple(_shuffled(drawn, f"{seed}/order"))


def quotas(sizes: Mapping[str, int], *, draws: int) -> Mapping[str, int]:
    """How many are drawn of each topic, in proportion to its size, by largest remainders.

    Args:
        sizes: How many there are of each topic.
        draws: How many are drawn of all; at most the sum of the sizes.

    Returns:
        A share of the draws for each topic, less than one away from its exact proportion; of equal
        remainders the topic that is first by name gets one more.
    """
    total = sum(sizes.values())
    exact = {topic: Fraction(size * draws, total) for topic, size in sizes.items()}
    whole = {topic: int(share) for topic, share in exact.items()}
    by_remainder = sorted(exact, key=lambda topic: (whole[topic] - exact[topic], topic))
    more = set(by_remainder[: draws - sum(whole.values())])
    return {topic: count + (topic in more) for topic, count in whole.items()}


def _shuffled(prompts: Iterable[str], seed: str) -> list[str]:
    return sorted(prompts, key=lambda prompt: sha256(f"{seed}/{prompt}".encode()).digest())


def _by_prompt(terms: Terms, answered: Sequence[Pair]) -> dict[str, list[Pair]]:
    found: dict[str, dict[str, Pair]] = {}
    for pair in answered:
        pairs = found.setdefault(pair.prompt, {})
        if pair.model_a in pairs:
            raise _refused(terms, f"prompt `{pair.prompt}` has two answers of `{pair.model_a}`")
        pairs[pair.model_a] = pair
    for prompt, pairs in found.items():
        _check_prompt(terms, prompt, pairs)
    if len(found) < terms.prompts:
        raise _refused(terms, f"it asks for {terms.prompts} prompts, and there are {len(found)}")
    return {prompt: [pairs[name] for name in terms.candidates] for prompt, pairs in found.items()}


def _check_prompt(terms: Terms, prompt: str, pairs: Mapping[str, Pair]) -> None:
    if set(pairs) != set(terms.candidates):
        raise _refused(
            terms,
            f"prompt `{prompt}` has answers of {', '.join(sorted(pairs))}, "
            f"not of {', '.join(sorted(terms.candidates))}",
        )
    if any(pair.model_b != terms.baseline for pair in pairs.values()):
        raise _refused(terms, f"prompt `{prompt}` is not compared with `{terms.baseline}`")
    if len({pair.topic for pair in pairs.values()}) > 1:
        raise _refused(terms, f"prompt `{prompt}` has two topics")


def _check_gold(terms: Terms, gold: Sequence[Pair]) -> None:
    for pair in gold:
        if settled(pair) is not None:
            raise _refused(terms, f"gold pair `{pair.prompt}` has an empty answer, or two alike")
    if terms.gold_share and not gold:
        raise _refused(terms, f"{terms.gold_share:.0%} of the tasks are to be gold: there is none")
    if len(gold) < terms.rules.qualification:
        raise _refused(
            terms,
            f"its qualification round takes {terms.rules.qualification} gold pairs, "
            f"and there are {len(gold)}",
        )


def _refused(terms: Terms, why: str) -> InputError:
    return InputError(
        f"cannot make batch {terms.name}",
        why=why,
        fix="mend the plan's data, gold or numbers, then make the batch again",
    )
