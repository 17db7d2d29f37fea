"""Replies that must say something: one that cannot be read is asked for anew, by another seed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from policies.canonical import Json, sha256_of
from policies.task import Sampling
from stages.engine.answering import AnswerLog, Answers, Ask, Inquiry, ask_at_once
from stages.engine.progress import Progress
from stages.engine.state import State
from stages.engine.threads import Failed
from stages.evidence.costs import total
from stages.evidence.items import Item, Response
from stages.models.client import ModelClient, Request

Reads = Callable[[Item, Response], bool]
"""Whether a reply to an item can be read."""

_APART = 1_000_003
"""Between the seeds of two askings, out of the way of seeds that callers count up."""

ROUNDS = 3
"""Processes whose unreadable replies to a question are taken; after them it is asked no more."""

_UNREAD: WeakKeyDictionary[State, Counter[str]] = WeakKeyDictionary()
"""How many unreadable replies this process has had to each question, by the state it opened."""


def asking_of(sampling: Sampling) -> int:
    """Which asking of an `Insistent` a sampling is of: 0 for the first, 1 for what was unreadable.

    Args:
        sampling: As questions were put with.
    """
    return (sampling.seed or 0) // _APART


@dataclass(frozen=True, slots=True, kw_only=True)
class Insisted(Answers):
    """What was said after all insisting.

    Attributes:
        spent: Items whose replies cannot be read and that are asked no more, by any process.
    """

    spent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Insistent:
    """Asks until a reply can be read.

    Every asking has a seed of its own, and the journal keeps every reply. What was read is never
    asked again: nobody can ask until the answer pleases. What no asking has made readable is asked
    again by the next process, as a call that failed is, until the journal holds `most` replies to
    it: then it stays unreadable, for good. Another model or another wording is another question.

    Attributes:
        client: Whom to ask; no recorded outputs, which hold one reply to a question for ever.
        sampling: How a reply is drawn.
        log: Where replies are kept.
        attempts: How many unreadable replies to a question one process takes.
        response_format: The form that replies must have.
        progress: Where to show how far it is.
        ask_with: How questions are put.
    """

    client: ModelClient
    sampling: Sampling
    log: AnswerLog
    attempts: int
    response_format: Mapping[str, Json] | None = None
    progress: Progress | None = None
    ask_with: Ask = ask_at_once

    @property
    def most(self) -> int:
        """How many unreadable replies to a question are taken, by all processes together."""
        return ROUNDS * self.attempts

    def ask(self, items: Sequence[Item], reads: Reads) -> Insisted:
        """The readable reply to every item; where there is none the last reply, or the failure.

        The cost is of every reply, also of those that cannot be read.

        Raises:
            Broken: When the journal cannot be read or written, or another process is asking.
        """
        found: dict[str, Response | Failed] = {}
        costs = []
        left, attempt, spent = list(items), 0, set[str]()
        while left:
            replies = self._replies(left, attempt)
            found |= replies.responses
            costs.append(replies.cost)
            if attempt >= self.most:
                spent |= {item.id for item in left} - replies.responses.keys()
            left = [item for item in left if _unread(replies.responses.get(item.id), item, reads)]
            attempt += 1
        return Insisted(
            responses={item.id: found[item.id] for item in items},
            cost=total(costs),
            spent=frozenset(spent),
        )

    def _replies(self, items: Sequence[Item], attempt: int) -> Answers:
        """What the journal holds of one asking, and what is asked now as far as that is allowed."""
        known = self._put(items, attempt, calls_at_most=0)
        heard = {n: r for n, r in known.responses.items() if isinstance(r, Response)}
        had = _UNREAD.setdefault(self.log.state, Counter())
        due = {
            item.id: self._name(item)
            for item in items
            if item.id not in heard
            and attempt < self.most
            and had[self._name(item)] < self.attempts
        }
        if not due:
            return Answers(responses=heard, cost=known.cost)
        asked = self._put([item for item in items if item.id in due], attempt)
        had.update({due[n] for n, r in asked.responses.items() if isinstance(r, Response)})
        return Answers(responses={**heard, **asked.responses}, cost=total((known.cost, asked.cost)))

    def _put(
        self, items: Sequence[Item], attempt: int, *, calls_at_most: int | None = None
    ) -> Answers:
        inquiry = Inquiry(
            client=self.client,
            items=tuple(items),
            sampling=self._drawn(attempt),
            response_format=self.response_format,
            log=self.log,
            progress=None if calls_at_most == 0 else self.progress,
        )
        return self.ask_with(inquiry, calls_at_most=calls_at_most)

    def _drawn(self, attempt: int) -> Sampling:
        if not attempt:
            return self.sampling
        seed = (self.sampling.seed or 0) + attempt * _APART
        return self.sampling.model_copy(update={"seed": seed})

    def _name(self, item: Item) -> str:
        """A question to one model, whatever the seed of an asking."""
        request = Request(item=item, sampling=self.sampling, response_format=self.response_format)
        return sha256_of([dict(self.client.identity), request.key])


def _unread(reply: Response | Failed | None, item: Item, reads: Reads) -> bool:
    return isinstance(reply, Response) and not reads(item, reply)
