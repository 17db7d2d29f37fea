"""What each judge of a panel may be asked about one candidate, before it is asked."""

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
"""Most questions whether an endpoint takes a schema: one in each journal of its replies."""

_PROBING = Calls(
    calls=Range(high=_PROBES),
    prompt_tokens=Range(high=_PROBES * BRIEF_TOKENS),
    completion_tokens=Range(high=_PROBES * JUDGING.max_tokens),
)


def calls_of_judge(
    plan: SideBySidePlan, prompts: Sequence[Item], *, gold: Sequence[Pair] = ()
) -> Calls:
    """What any judge of a plan may be asked about one candidate.

    At most: every prompt is shown, every reply has to be asked for `ATTEMPTS` times, both answers
    and every reply are as long as they may be, and the calibration set is judged twice, once to
    pin the judge. At least: no answer is settled by the rule, every first reply can be read, and
    nothing is said beside it. Settled pairs, judges that are left out and what is journaled make it
    less.

    Args:
        plan: The side-by-side plan.
        prompts: What the checkpoints answer.
        gold: The pairs of the calibration set.
    """
    judging, answers = plan.judging, 2 * plan.sampling.max_tokens
    texts = [_Text(_characters(item.messages), answers) for item in prompts]
    known = [_Text(_characters(p.messages), _most(len(p.answer_a) + len(p.answer_b))) for p in gold]
    shown = _round(texts, repeats=judging.repeats, own=judging.own_answer_first)
    anew = _round(known, repeats=1, own=judging.own_answer_first)
    return shown + anew + anew.maybe() + _PROBING


@dataclass(frozen=True, slots=True)
class _Text:
    """A conversation, and two answers to it.

    Attributes:
        characters: Of the conversation.
        answer_tokens: Of both answers, at most.
    """

    characters: int
    answer_tokens: int


def _round(texts: Sequence[_Text], *, repeats: int, own: bool) -> Calls:
    """What is asked about some texts once, the judge's own answers first."""
    comparisons, answers = _ORDERS * repeats, int(own)
    least, most = comparisons + answers, comparisons * ATTEMPTS
    many, notes = CHARACTERS_PER_TOKEN[1], OWN_ANSWER.max_tokens * answers
    compared = sum(_most(t.characters) + t.answer_tokens + notes + BRIEF_TOKENS for t in texts)
    answered = sum(_most(t.characters) for t in texts)
    return Calls(
        calls=Range(low=least, high=most + answers).times(len(texts)),
        prompt_tokens=Range(
            low=sum(t.characters // many for t in texts) * least,
            high=compared * most + answered * answers,
        ),
        completion_tokens=Range(low=least, high=most * JUDGING.max_tokens + notes).times(
            len(texts)
        ),
    )


def _characters(messages: Sequence[Mapping[str, Json]]) -> int:
    return len(canonical_json(list(messages)))


def _most(characters: int) -> int:
    return math.ceil(characters / CHARACTERS_PER_TOKEN[0])
