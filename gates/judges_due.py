"""What a judge of a panel may be asked: about answers that nobody knows yet, or about these."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gates.amounts import CHARACTERS_PER_TOKEN, Calls, Range
from policies.canonical import Json, canonical_json
from policies.side_by_side import SideBySidePlan
from stages.evidence.items import Item
from stages.judges.asking import ATTEMPTS, JUDGING
from stages.judges.comparing import OWN_ANSWER
from stages.side_by_side.pairs import Pair

BRIEF_TOKENS = 1_200
"""The most that a judge is told around the texts of a pair: instructions, fences, form."""

_ORDERS = 2

_PROBES = 3

PROBING = Calls(
    calls=Range(high=_PROBES),
    prompt_tokens=Range(high=_PROBES * BRIEF_TOKENS),
    completion_tokens=Range(high=_PROBES * JUDGING.max_tokens),
)
"""Questions whether an endpoint takes a schema: at most one in each journal of its replies."""


def calls_before_answers(plan: SideBySidePlan, prompts: Sequence[Item]) -> Calls:
    """What any judge of a plan may be asked about answers to prompts that are not there yet.

    At most: every prompt is shown, every reply has to be asked for `ATTEMPTS` times, both answers
    and every reply are as long as they may be. At least: no answer is settled by the rule
    or flagged, every first reply can be read, and nothing is said beside it.

    Args:
        plan: The side-by-side plan.
        prompts: What the checkpoints answer.
    """
    answers, own = 2 * plan.sampling.max_tokens, plan.judging.own_answer_first
    texts = [_Text(_characters(item.messages), answers) for item in prompts]
    compared = _compared(texts, times=_ORDERS * plan.judging.repeats, own=own)
    return compared + _answered(texts) if own else compared


def calls_left(plan: SideBySidePlan, pairs: Sequence[Pair]) -> Calls:
    """What a judge of a plan may be asked where it is known what it has not said.

    Its own answer may be there already.

    Args:
        plan: The side-by-side plan.
        pairs: A pair for every comparison that is left.
    """
    own = plan.judging.own_answer_first
    compared = _compared([_text(pair) for pair in pairs], times=1, own=own)
    if not own:
        return compared
    questions = {pair.prompt: _text(pair) for pair in pairs}
    return compared + _answered(list(questions.values())).maybe()


@dataclass(frozen=True, slots=True)
class _Text:
    """A conversation, and two answers to it.

    Attributes:
        characters: Of the conversation.
        answer_tokens: Of both answers, at most.
    """

    characters: int
    answer_tokens: int


def _text(pair: Pair) -> _Text:
    return _Text(_characters(pair.messages), _most(len(pair.answer_a) + len(pair.answer_b)))


def _compared(texts: Sequence[_Text], *, times: int, own: bool) -> Calls:
    """Comparing both answers so many times."""
    notes = OWN_ANSWER.max_tokens * own
    shown = sum(_most(t.characters) + t.answer_tokens + notes + BRIEF_TOKENS for t in texts)
    number = len(texts) * times
    return Calls(
        calls=Range(low=number, high=number * ATTEMPTS),
        prompt_tokens=Range(low=_least(texts) * times, high=shown * times * ATTEMPTS),
        completion_tokens=Range(low=number, high=number * ATTEMPTS * JUDGING.max_tokens),
    )


def _answered(texts: Sequence[_Text]) -> Calls:
    """The judge's own answer to each."""
    number = len(texts)
    return Calls(
        calls=Range(low=number, high=number),
        prompt_tokens=Range(low=_least(texts), high=sum(_most(t.characters) for t in texts)),
        completion_tokens=Range(low=number, high=number * OWN_ANSWER.max_tokens),
    )


def _least(texts: Sequence[_Text]) -> int:
    return sum(text.characters // CHARACTERS_PER_TOKEN[1] for text in texts)


def _characters(messages: Sequence[Mapping[str, Json]]) -> int:
    return len(canonical_json(list(messages)))


def _most(characters: int) -> int:
    return math.ceil(characters / CHARACTERS_PER_TOKEN[0])
