"""A bench's prompts answered by models, and judges asked which answers are better."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from policies.errors import Broken
from policies.side_by_side import Judging
from stages.engine.threads import Failed
from stages.evidence.items import Item, Response
from stages.judges.comparing import Comparer
from stages.side_by_side.judged.hearing import Judgement, hear
from stages.side_by_side.pairs import Pair, settled
from stages.side_by_side.vote import Vote
from stages.workshop.bench_quality.recipe import Asked
from stages.workshop.spending import demand_within_budget
from stages.workshop.workroom import Workroom

_LOST_AT_MOST = 0.05
"""Share of prompts without an answer from which on a model cannot be compared: those that are lost
are no random ones, as where long answers are cut."""

_RULE = "the rule: an empty answer loses, equal ones tie"

_Texts = Mapping[str, str]
"""Answers, by the prompt's id; empty where a model said nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What judges said of a bench's prompts.

    Attributes:
        votes: Of each judge, one for every pair and order.
        prompts: How many prompts were put.
        lost: How many of them each competitor gave no answer to, which nobody judged.
    """

    votes: Mapping[str, tuple[Vote, ...]]
    prompts: int
    lost: Mapping[str, int]


def heard(asked: Asked, items: Sequence[Item], room: Workroom) -> Heard:
    """Answers of every model, without and with each instruction, as judges compare them.

    Whatever is asked is journaled: a run that ends in the middle goes on by the same command.

    Args:
        asked: Who answers, and who judges.
        items: The bench's prompts.
        room: Whom to ask, and where it is journaled.

    Raises:
        OutOfBudget: When the recipe's budget does not pay for it.
        Broken: When somebody who is asked does not work, or leaves too many prompts unanswered.
    """
    drawn = _drawn(items, asked)
    answers = {
        name: _answers(name, model, [_told(item, words) for item in drawn], asked, room)
        for name, model, words in _competitors(asked)
    }
    pairs = tuple(_pairs(drawn, answers, asked.baseline))
    return Heard(
        votes={judge: tuple(_votes(judge, pairs, asked, room)) for judge in asked.judges},
        prompts=len(drawn),
        lost={name: len(drawn) - len(texts) for name, texts in answers.items()},
    )


def _drawn(items: Sequence[Item], asked: Asked) -> tuple[Item, ...]:
    if asked.prompts is None or asked.prompts >= len(items):
        return tuple(items)
    chosen = np.random.default_rng(asked.seed).permutation(len(items))[: asked.prompts]
    return tuple(items[place] for place in sorted(chosen.tolist()))


def _competitors(asked: Asked) -> Iterator[tuple[str, str, str]]:
    """Name, model, and what is added to the question; the baseline first."""
    yield asked.baseline, asked.baseline, ""
    for model in asked.models:
        yield model, model, ""
    for variant in asked.variants:
        yield variant.model, variant.of, asked.instructions[variant.model.rpartition(".")[2]]


def _told(item: Item, words: str) -> Item:
    """A question with an instruction after it."""
    if not words:
        return item
    *before, last = item.messages
    return replace(item, messages=(*before, {**last, "content": f"{last['content']}\n\n{words}"}))


def _answers(name: str, model: str, items: Sequence[Item], asked: Asked, room: Workroom) -> _Texts:
    given = room.ask(model, "answers", items, asked.sampling).responses
    demand_within_budget(given.values(), f"answering as {name}")
    texts = {
        key: said.text if isinstance(said, Response) else ""
        for key, said in given.items()
        if isinstance(said, Response) or said.empty
    }
    failed = [said for said in given.values() if isinstance(said, Failed) and not said.empty]
    down = next((each for each in failed if each.unreached), None)
    if down is not None or len(failed) > _LOST_AT_MOST * len(items):
        raise Broken(
            f"cannot compare {name}",
            why=f"{len(failed):,} of {len(items):,} prompts have no answer: "
            f"{(down or failed[0]).reason}",
            fix="mend the endpoint, or raise `sampling.max_tokens` where answers are cut; then run "
            "the same command again: what was answered is journaled",
        )
    return texts


def _pairs(items: Sequence[Item], answers: Mapping[str, _Texts], baseline: str) -> Iterator[Pair]:
    """Every competitor's answer beside the baseline's, where both gave one."""
    for item in items:
        for name, texts in answers.items():
            if name != baseline and item.id in texts and item.id in answers[baseline]:
                yield Pair(
                    prompt=item.id,
                    messages=item.messages,
                    model_a=name,
                    model_b=baseline,
                    answer_a=texts[item.id],
                    answer_b=answers[baseline][item.id],
                )


def _votes(judge: str, pairs: Sequence[Pair], asked: Asked, room: Workroom) -> Iterator[Vote]:
    """What a judge says of every pair in both orders; what need not be read is not shown."""
    hand = room.hand(judge)
    comparer = Comparer(
        client=hand.client,
        log=room.log(f"judging.{judge}"),
        own_answer_first=asked.own_answer_first,
        ask_with=room.asker(hand),
        progress=room.progress,
    )
    read = [pair for pair in pairs if settled(pair) is None]
    found = hear(judge, read, comparer, Judging(rubric=asked.rubric))
    demand_within_budget([each.why for each in found.missing], f"judging by {judge}")
    if found.lacks is not None:
        raise Broken(
            f"cannot judge by {judge}",
            why=found.lacks.reason,
            fix="mend its endpoint, and run the same command again: what was said is journaled",
        )
    ruled = (
        Judgement(pair=pair, judge=judge, a_first=first, repeat=0, said=worth, why=_RULE)
        for pair in pairs
        if (worth := settled(pair)) is not None
        for first in (True, False)
    )
    for said in (*found.said, *ruled):
        yield said.vote
