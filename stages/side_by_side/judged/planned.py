"""What a panel may cost before it is asked: calls and tokens, at least and at most."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from policies.canonical import Json, canonical_json
from policies.side_by_side import SideBySidePlan
from stages.evidence.items import Item
from stages.judges.asking import ATTEMPTS, JUDGING
from stages.judges.comparing import OWN_ANSWER
from stages.judges.purse import BATCH_SHARE
from stages.models.prices import Price
from stages.side_by_side.pairs import Pair

CHARACTERS_PER_TOKEN = (3, 5)
"""English text has between three and five characters a token in today's tokenisers."""

BRIEF_TOKENS = 1_200
"""The most that a judge is told around the texts of a case: instructions, fences, form."""

_ORDERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much at least and at most."""

    least: float
    most: float

    def __post_init__(self) -> None:
        if not 0 <= self.least <= self.most:
            raise ValueError(f"from {self.least} to {self.most} is no amount")

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(least=self.least + other.least, most=self.most + other.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCalls:
    """What one judge may be asked.

    Attributes:
        judge: The endpoint's name.
        calls: Questions to it.
        prompt_tokens: Of these.
        completion_tokens: Of its replies.
    """

    judge: str
    calls: Amount
    prompt_tokens: Amount
    completion_tokens: Amount

    def usd(self, price: Price, *, batch: bool) -> Amount | None:
        """Their money; None without a price.

        Through the Batch API the least costs half; the most does not, as what a batch cannot
        answer is asked directly.
        """
        least = price.usd(self.prompt_tokens.least, self.completion_tokens.least)
        most = price.usd(self.prompt_tokens.most, self.completion_tokens.most)
        if least is None or most is None:
            return None
        return Amount(least=least * BATCH_SHARE if batch else least, most=most)


def planned_calls(
    plan: SideBySidePlan, prompts: Sequence[Item], *, gold: Sequence[Pair] = ()
) -> tuple[PlannedCalls, ...]:
    """What each judge of a plan may be asked about one candidate.

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
    answers = float(2 * plan.sampling.max_tokens)
    texts = [_Text(_characters(item.messages), answers) for item in prompts]
    known = [_Text(_characters(p.messages), _most(len(p.answer_a) + len(p.answer_b))) for p in gold]
    own = plan.judging.own_answer_first
    shown = _questions(texts, repeats=plan.judging.repeats, own=own)
    anew = _questions(known, repeats=1, own=own)
    first = _Part(
        calls=_maybe(anew.calls),
        prompt_tokens=_maybe(anew.prompt_tokens),
        completion_tokens=_maybe(anew.completion_tokens),
    )
    parts = (shown, anew, first, _PROBING)
    return tuple(
        PlannedCalls(
            judge=name,
            calls=_sum(part.calls for part in parts),
            prompt_tokens=_sum(part.prompt_tokens for part in parts),
            completion_tokens=_sum(part.completion_tokens for part in parts),
        )
        for name in plan.judges
    )


@dataclass(frozen=True, slots=True)
class _Text:
    """A conversation, and two answers to it.

    Attributes:
        characters: Of the conversation.
        answer_tokens: Of both answers, at most.
    """

    characters: int
    answer_tokens: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """As `PlannedCalls`, of whichever judge."""

    calls: Amount
    prompt_tokens: Amount
    completion_tokens: Amount


_PROBES = 3
"""Most questions whether an endpoint takes a schema: one in each journal of its replies."""

_PROBING = _Part(
    calls=Amount(least=0, most=_PROBES),
    prompt_tokens=Amount(least=0, most=_PROBES * BRIEF_TOKENS),
    completion_tokens=Amount(least=0, most=_PROBES * JUDGING.max_tokens),
)


def _questions(texts: Sequence[_Text], *, repeats: int, own: bool) -> _Part:
    """What is asked about some texts in one round."""
    comparisons, answers = _ORDERS * repeats, int(own)
    calls, number = comparisons + answers, len(texts)
    many = CHARACTERS_PER_TOKEN[1]
    notes = OWN_ANSWER.max_tokens * answers
    beside = notes + BRIEF_TOKENS
    most = sum(
        (_most(text.characters) + text.answer_tokens + beside) * comparisons * ATTEMPTS
        + _most(text.characters) * answers
        for text in texts
    )
    return _Part(
        calls=Amount(least=number * calls, most=number * (comparisons * ATTEMPTS + answers)),
        prompt_tokens=Amount(least=sum(t.characters // many for t in texts) * calls, most=most),
        completion_tokens=Amount(
            least=number * calls,
            most=number * (comparisons * ATTEMPTS * JUDGING.max_tokens + notes),
        ),
    )


def _maybe(amount: Amount) -> Amount:
    return Amount(least=0, most=amount.most)


def _sum(amounts: Iterable[Amount]) -> Amount:
    return reduce(Amount.__add__, amounts)


def _characters(messages: Sequence[Mapping[str, Json]]) -> int:
    return len(canonical_json(list(messages)))


def _most(characters: int) -> int:
    return math.ceil(characters / CHARACTERS_PER_TOKEN[0])
