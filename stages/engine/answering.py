"""Answers of a checkpoint to items: asked once, journaled before they are used."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

from policies.canonical import Json, sha256_of
from policies.task import Sampling
from stages.engine.progress import Advance, Progress, Silent
from stages.engine.ration import SPENT, Ration
from stages.engine.state import Entry, State, foreign_entry
from stages.engine.threads import Done, Failed, Finished, run_in_batches
from stages.evidence.estimate import Cause
from stages.evidence.items import Item, Response
from stages.evidence.records import Cost
from stages.models.client import EmptyAnswer, EndpointError, ModelClient, ModelError, Request

_DOWN_AFTER = 16
"""Endpoint failures in a row, without an answer between them, after which the rest is not asked
(twice the slots, where that is more): a dead endpoint must not cost a timeout per item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLog:
    """Where answers are journaled.

    Attributes:
        state: The place.
        stream: The stream's name; several checkpoints and tasks may share it.
    """

    state: State
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a checkpoint said to each item.

    Attributes:
        responses: By `answer_name`, all of an item together, in the items' order: the answer, or
            why there is none.
        cost: Of the journaled answers to these items, whenever they were asked. Failed calls are
            in the journal, not in the cost: a server that fails seldom says what it used.
    """

    responses: Mapping[str, Response | Failed]
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """Questions to one model, an answer to each.

    Attributes:
        client: Whom to ask.
        items: What to ask; ids are unique.
        sampling: How answers are drawn.
        log: Where answers are kept.
        response_format: The form that answers must have, as `Request` says it.
        progress: Where to show how far it is.
    """

    client: ModelClient
    items: tuple[Item, ...]
    sampling: Sampling
    log: AnswerLog
    response_format: Mapping[str, Json] | None = None
    progress: Progress | None = None

    def about(self, items: Iterable[Item]) -> "Inquiry":
        """The same with other questions."""
        return replace(self, items=tuple(items))

    def request(self, item: Item) -> Request:
        """One of the questions, as it is put."""
        return Request(item=item, sampling=self.sampling, response_format=self.response_format)


class Ask(Protocol):
    """How questions are put: `ask_at_once`, or what keeps its promises in another way."""

    def __call__(self, inquiry: Inquiry, *, calls_at_most: int | None = None) -> Answers:
        """As `ask_all`; a cap of 0 calls asks the journal only."""
        ...


def ask_at_once(inquiry: Inquiry, *, calls_at_most: int | None = None) -> Answers:
    """As `ask_all`, one answer to each item."""
    return ask_all(
        inquiry.client,
        inquiry.items,
        inquiry.sampling,
        response_format=inquiry.response_format,
        log=inquiry.log,
        progress=inquiry.progress,
        calls_at_most=calls_at_most,
    )


def answer_name(item: str, generation: int) -> str:
    """Name of an item's answer: the item's id for the first, and numbered from 1 after it."""
    return f"{item}#{generation}" if generation else item


def ask_all(  # noqa: PLR0913 - what is asked, of whom, and where it is kept
    client: ModelClient,
    items: Sequence[Item],
    sampling: Sampling,
    *,
    generations: int = 1,
    response_format: Mapping[str, Json] | None = None,
    log: AnswerLog,
    progress: Progress | None = None,
    calls_at_most: int | None = None,
    ration: Ration | None = None,
) -> Answers:
    """Every item's answer, asking only for what the journal does not hold.

    An answer is on disk before it is used. A failure is journaled as information, and its item is
    asked again by the next call. Equal questions are asked once. Recorded outputs are durable
    already: they are read from their file, not journaled, and cost nothing.

    Args:
        client: The checkpoint.
        items: What to ask; ids are unique.
        sampling: How answers are drawn.
        generations: Answers drawn to every item, with seeds counted up from the sampling's.
        response_format: The form that answers must have, as `Request` says it.
        log: Where answers are kept; held exclusively while asking, not when nothing is to be asked.
        progress: Where to show how far it is.
        calls_at_most: Most questions of this list that may ever be put, journaled answers and
            failures included; None for no limit. The rest fails with cause `OVER_BUDGET`.
        ration: What may be asked now, shared with other calls; None for no limit.

    Raises:
        Broken: When the journal cannot be read or written, or another process is asking.
    """
    requests = {
        name: replace(request, response_format=response_format)
        for name, request in _requests(items, sampling, generations).items()
    }
    if client.identity.get("kind") == "recorded":
        return _read(client, requests, generations)
    keys = {name: request.key for name, request in requests.items()}
    questions = _first_of_each(keys, requests)
    ration = ration or Ration()
    asking = _Asking(client, questions, log, ration)
    with log.state.lock(f"{log.stream}.asking") if asking.left(calls_at_most) else nullcontext():
        if asking.left(calls_at_most):
            asking = _Asking(
                client, questions, log, ration
            )  # as it stands now that no one else asks
        asking.ask_missing(progress or Silent(), calls_at_most)
    return Answers(
        responses={name: asking.outcome(keys[name]) for name in requests}, cost=asking.cost()
    )


def answer_entry(outcome: Response | Failed, *, by: str, key: str, item: str) -> Entry:
    """An answer or a failure as the journal holds it, however it was come by.

    Args:
        outcome: What came of the question.
        by: Digest of the identity of who was asked.
        key: The question's, as `Request.key` says it.
        item: Id of the item.
    """
    asked: dict[str, Json] = {"by": by, "key": key, "item": item}
    match outcome:
        case Failed():
            return {"kind": "failure", **asked, "reason": outcome.reason, **_calls(outcome)}
        case Response():
            return {
                "kind": "answer",
                **asked,
                "text": outcome.text,
                "prompt_tokens": outcome.prompt_tokens,
                "completion_tokens": outcome.completion_tokens,
                "model": outcome.model,
                **_calls(outcome),
            }


def calls_of(entry: Entry) -> int:
    """How often a question was put for what the journal holds of it."""
    calls = entry.get("calls", 1)
    return calls if isinstance(calls, int) else 1


def _calls(outcome: Response | Failed) -> Mapping[str, Json]:
    """Journaled only where it is more than one."""
    return {"calls": outcome.calls} if outcome.calls > 1 else {}


def _requests(items: Sequence[Item], sampling: Sampling, generations: int) -> Mapping[str, Request]:
    """Every request, by the name of its answer."""
    if generations > 1 and sampling.seed is None:
        raise ValueError("several answers to an item need a seed to tell them apart")
    drawn = [
        sampling.model_copy(update={"seed": (sampling.seed or 0) + generation})
        if generation
        else sampling
        for generation in range(generations)
    ]
    requests = {
        answer_name(item.id, generation): Request(item=item, sampling=each)
        for item in items
        for generation, each in enumerate(drawn)
    }
    if len(requests) < len(items) * generations:
        raise ValueError("items must have unique ids")
    return requests


def _first_of_each(
    keys: Mapping[str, str], requests: Mapping[str, Request]
) -> Mapping[str, Request]:
    """Every question once, by key: the first request that puts it."""
    questions: dict[str, Request] = {}
    for name, request in requests.items():
        questions.setdefault(keys[name], request)
    return questions


class _Asking:
    """One pass over the questions, by key, that the journal does not answer."""

    def __init__(
        self,
        client: ModelClient,
        questions: Mapping[str, Request],
        log: AnswerLog,
        ration: Ration,
    ) -> None:
        self._questions = questions
        self._log = log
        self._ration = ration
        self._asker = _Asker(client)
        self._by = sha256_of(dict(client.identity))
        self._answered: dict[str, Response] = {}
        self._failed: dict[str, Failed] = {}
        self._put = 0
        for entry in log.state.read(log.stream):
            if entry.get("by") == self._by and entry.get("key") in questions:
                self._put += calls_of(entry)
                if entry.get("kind") == "answer":
                    self._answered.setdefault(str(entry["key"]), _response(entry, log))

    def left(self, calls_at_most: int | None) -> int:
        """How many questions are still to be put, within the budget."""
        return self._ration.most(self._allowed(calls_at_most))

    def ask_missing(self, progress: Progress, calls_at_most: int | None) -> None:
        missing, left = self._missing(), self.left(calls_at_most)
        allowed = self._allowed(calls_at_most)
        with progress.task(self._log.stream, len(missing)) as advance:
            for batch in run_in_batches(
                self._put_question,
                islice(self._while_up(missing), left),
                slots=self._asker.slots,
            ):
                self._keep(batch, advance)
        for key in missing[allowed:]:
            self._failed[key] = Failed(
                f"not asked: the budget of {calls_at_most} calls is spent", Cause.OVER_BUDGET
            )
        if left < allowed or self._ration.is_over():
            for key in missing[:allowed]:
                self._failed.setdefault(key, Failed(SPENT, Cause.OVER_BUDGET))

    def outcome(self, key: str) -> Response | Failed:
        if key in self._answered:
            return self._answered[key]
        return self._failed.get(key) or Failed(f"not asked: {self._asker.down}", unreached=True)

    def cost(self) -> Cost:
        answers = self._answered.values()
        return Cost(
            calls=len(answers),
            prompt_tokens=sum(answer.prompt_tokens for answer in answers),
            completion_tokens=sum(answer.completion_tokens for answer in answers),
        )

    def _allowed(self, calls_at_most: int | None) -> int:
        """How many are still to be put within the budget, whatever may be asked now."""
        missing = len(self._missing())
        return missing if calls_at_most is None else min(missing, max(0, calls_at_most - self._put))

    def _missing(self) -> list[str]:
        return [key for key in self._questions if key not in self._answered]

    def _while_up(self, keys: Sequence[str]) -> Iterator[str]:
        for key in keys:
            if self._asker.down or self._ration.is_over():
                return
            yield key

    def _put_question(self, key: str) -> Response | Failed | None:
        return self._asker.ask(self._questions[key])

    def _keep(
        self,
        batch: Sequence[Finished[str, Response | Failed | None]],
        advance: Advance,
    ) -> None:
        found: dict[str, Response | Failed] = {}
        for finished in batch:
            ended = finished.outcome
            outcome = ended.value if isinstance(ended, Done) else ended
            if outcome is not None:  # else not asked, since the endpoint is down
                found[finished.job] = outcome
        self._log.state.append(
            self._log.stream,
            [
                answer_entry(outcome, by=self._by, key=key, item=self._questions[key].item.id)
                for key, outcome in found.items()
            ],
        )
        for key, outcome in found.items():
            self._ration.take(outcome.calls)
            if isinstance(outcome, Response):
                self._answered[key] = outcome
            else:
                self._failed[key] = outcome
        advance(len(batch))


class _Asker:
    """Asks, until the endpoint itself has failed too often in a row."""

    def __init__(self, client: ModelClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._failures = 0
        self.slots = client.slots
        self.down = ""
        """Why nothing more is asked; empty while the endpoint is up."""

    def ask(self, request: Request) -> Response | Failed | None:
        if self.down:
            return None
        try:
            answer = self._client.answer(request)
        except EndpointError as error:
            self._note_failure(error.in_short)
            return Failed(error.in_short, unreached=True)
        except ModelError as error:
            return _failed(error)
        with self._lock:
            self._failures = 0
        return answer

    def _note_failure(self, reason: str) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= max(_DOWN_AFTER, 2 * self.slots):
                self.down = f"the endpoint failed {self._failures} times in a row; {reason}"


def _read(client: ModelClient, requests: Mapping[str, Request], generations: int) -> Answers:
    """Recorded outputs, which cost nothing; a file holds one answer to a question."""
    if generations > 1:
        why = Failed(f"recorded outputs hold one answer to an item, the plan draws {generations}")
        return Answers(responses=dict.fromkeys(requests, why), cost=Cost())
    found = {name: _answer(client, request) for name, request in requests.items()}
    return Answers(responses=found, cost=Cost())


def _answer(client: ModelClient, request: Request) -> Response | Failed:
    try:
        return client.answer(request)
    except ModelError as error:
        return _failed(error)


def _failed(error: ModelError) -> Failed:
    return Failed(error.in_short, empty=isinstance(error, EmptyAnswer), calls=error.calls)


def _response(entry: Entry, log: AnswerLog) -> Response:
    match entry:
        case {
            "text": str(text),
            "prompt_tokens": int(prompt_tokens),
            "completion_tokens": int(completion_tokens),
            "model": str(model),
        } if text:
            return Response(
                text=text,
                prompt_tokens=prompt_tokens,
                completion_tokens=completion_tokens,
                model=model,
            )
        case _:
            what = f"an answer to item {entry.get('item')}"
            raise foreign_entry(what, stream=log.stream, state=log.state)
