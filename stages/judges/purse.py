"""What judges may cost together: nothing is asked that could exceed it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from policies.canonical import canonical_json, sha256_of
from stages.engine.answering import AnswerLog, Answers, Ask, Inquiry, calls_of
from stages.engine.state import Entry
from stages.engine.threads import Failed
from stages.evidence.costs import total
from stages.evidence.estimate import Cause
from stages.evidence.items import Response
from stages.evidence.records import Cost
from stages.models.client import Request
from stages.models.prices import Price

BATCH_SHARE = 0.5
"""Of the price that a reply through the Batch API costs (OpenAI's price list)."""

CALLS_EACH = 2
"""Calls that a question may take where nothing else is said, as `EndpointSettings.attempts` has it:
so many questions are put at once that a cap holds, the others once it is known what those took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """The most that may be spent.

    Attributes:
        calls: Questions put, failed ones included; None for no limit.
        usd: US dollars; None for no limit.
    """

    calls: int | None = None
    usd: float | None = None


NO_CAP = Cap()
"""Nothing limits what may be asked."""


@dataclass(frozen=True, slots=True)
class _Charge:
    """What one question has come to: its calls, and its money as far as that is known.

    Attributes:
        calls: Put so far, failed ones included.
        usd: At most, a failed call at its dearest; None without a price.
        paid: Of the answers alone.
    """

    calls: int
    usd: float | None
    paid: Cost


class Purse:
    """Keeps account of every question that was put through it, from the journals.

    What a journal holds counts again in the next process: to start anew buys nothing more. The
    tokens of a question are not known before it is answered, so it is put only when it fits at its
    dearest: a token for each byte of what is sent, and an answer of `max_tokens`. A client discards
    a reply that is no answer and repeats the question by itself: such calls count once it is done,
    so that the last question put may exceed the cap by as many. Not seen is the one question
    whether an endpoint takes a schema.

    Args:
        cap: The most that may be spent.
    """

    def __init__(self, cap: Cap = NO_CAP) -> None:
        self._cap = cap
        self._charges: dict[tuple[str, str, str], _Charge] = {}

    def guard(self, ask: Ask, price: Price) -> Ask:
        """The same way of asking, within what is left.

        Args:
            ask: How questions are put.
            price: Of who is asked.
        """
        return _Guarded(self, ask, price)

    def look(self, ask: Ask, price: Price) -> Ask:
        """A way of asking the journals only, so that what they hold is in the account.

        To go through all of it first makes the account whole before a new question is put.
        """
        return _Guarded(self, ask, price, looks_only=True)

    @property
    def limited(self) -> bool:
        """Whether it has a bottom."""
        return self._cap != NO_CAP

    def spent(self) -> Cost:
        """What the answers to all questions cost, whenever they were given; calls count all."""
        paid = total(charge.paid for charge in self._charges.values())
        return replace(paid, calls=self._calls())

    def charged(self) -> Cost:
        """What all questions have come to, those without an answer at their dearest."""
        charges, paid = self._charges.values(), self.spent()
        return replace(
            paid,
            usd=_sum(charge.usd for charge in charges),
            gpu_minutes=paid.gpu_minutes if paid.calls else 0.0,
        )

    def charge(
        self,
        by: str,
        keys: Mapping[str, Request],
        log: AnswerLog,
        *,
        price: Price,
        coming: Collection[str],
    ) -> None:
        """Writes down what some questions have come to, in place of what was known.

        Args:
            by: Digest of the identity of who is asked.
            keys: The questions, by key.
            log: Where they are journaled.
            price: Of who is asked.
            coming: Keys of those that are put and not answered yet; they count at their dearest.
        """
        entries: dict[str, list[Entry]] = {key: [] for key in keys}
        for entry in log.state.read(log.stream):
            if entry.get("by") == by and entry.get("key") in keys:
                entries[str(entry["key"])].append(entry)
        for key, found in entries.items():
            self._charges[log.stream, by, key] = _charge(
                found, _dearest(keys[key], price), price, unanswered=int(key in coming)
            )

    def charge_service(self, service: str, usd: Mapping[str, float | None]) -> None:
        """Writes down questions that were put to a service which tells no tokens: a call each.

        Args:
            service: What tells it from others.
            usd: What each costs at its dearest, by its key; None without a price.
        """
        for key, each in usd.items():
            paid = Cost(calls=1, usd=each)
            self._charges[service, "", key] = _Charge(calls=1, usd=each, paid=paid)

    def admit(self, wanted: Sequence[Request], price: Price) -> int | Failed:
        """How many of these questions fit, in their order; or why not even the first does."""
        return self.admit_at([_dearest(request, price) for request in wanted])

    def admit_at(
        self, dearest: Sequence[float | None], *, calls_each: int = CALLS_EACH
    ) -> int | Failed:
        """How many questions fit, in their order; or why not even the first does.

        Args:
            dearest: US dollars that each may cost; None without a price.
            calls_each: How many calls each may take.
        """
        calls = self._calls()
        if self._cap.calls is not None and calls >= self._cap.calls:
            return _spent(f"{self._cap.calls:,} calls, {calls:,} of which are made")
        fitting = len(dearest)
        if self._cap.calls is not None and calls_each * fitting > self._cap.calls - calls:
            fitting = max(1, (self._cap.calls - calls) // calls_each)
        if self._cap.usd is None:
            return fitting
        usd = _sum(charge.usd for charge in self._charges.values())
        if usd is None or None in dearest:
            return _spent(
                f"{self._cap.usd:g} USD, and a judge has no price, or does not tell its tokens"
            )
        return self._affordable(dearest[:fitting], usd)

    def _calls(self) -> int:
        return sum(charge.calls for charge in self._charges.values())

    def _affordable(self, dearest: Sequence[float | None], usd: float) -> int | Failed:
        assert self._cap.usd is not None
        left = self._cap.usd - usd
        for number, each in enumerate(dearest):
            left -= each or 0.0
            if left < 0:
                return number or _spent(
                    f"{self._cap.usd:g} USD, {usd:.2f} of which are spent; a question may cost "
                    f"{each or 0.0:.4f}"
                )
        return len(dearest)


@dataclass(frozen=True, slots=True)
class _Guarded:
    """A way of asking that a purse pays."""

    purse: Purse
    ask: Ask
    price: Price
    looks_only: bool = False

    def __call__(self, inquiry: Inquiry, *, calls_at_most: int | None = None) -> Answers:
        """As `ask_all`; what does not fit any more fails with cause `OVER_BUDGET`."""
        known = self._put(inquiry, 0)
        if self.looks_only or calls_at_most == 0:
            return known
        found, costs = dict(known.responses), [known.cost]
        missing = {
            item.id: inquiry.request(item).key
            for item in inquiry.items
            if isinstance(found[item.id], Failed) and not _is_coming(found[item.id])
        }
        first = {key: name for name, key in reversed(missing.items())}
        left = [item for item in inquiry.items if first.get(missing.get(item.id, "")) == item.id]
        while left:
            fits = self.purse.admit([inquiry.request(item) for item in left], self.price)
            if isinstance(fits, Failed):
                found |= {item.id: fits for item in left}
                break
            put = self._put(inquiry.about(left[:fits]), None)
            found |= put.responses
            costs.append(put.cost)
            left = left[fits:]
        found |= {name: found[first[key]] for name, key in missing.items()}
        return Answers(responses=found, cost=total(costs))

    def _put(self, inquiry: Inquiry, most: int | None) -> Answers:
        """Asks, and writes down what that has come to."""
        answers = self.ask(inquiry, calls_at_most=most)
        requests = {item.id: inquiry.request(item) for item in inquiry.items}
        self.purse.charge(
            sha256_of(dict(inquiry.client.identity)),
            {request.key: request for request in requests.values()},
            inquiry.log,
            price=self.price,
            coming={requests[n].key for n, r in answers.responses.items() if _is_coming(r)},
        )
        return answers


def _is_coming(response: Response | Failed) -> bool:
    return isinstance(response, Failed) and response.cause is Cause.WAITING


def _charge(
    entries: Sequence[Entry], dearest: float | None, price: Price, *, unanswered: int
) -> _Charge:
    """What the journal's entries on one question come to."""
    answers = [entry for entry in entries if entry.get("kind") == "answer"][:1]
    failures = [entry for entry in entries if entry.get("kind") == "failure"]
    lost = sum(map(calls_of, (*failures, *answers))) - len(answers) + unanswered
    paid = total(_paid(entry, price) for entry in answers)
    of_lost = 0.0 if not lost else None if dearest is None else lost * dearest
    of_paid = 0.0 if not answers else paid.usd
    return _Charge(
        calls=len(answers) + lost,
        usd=None if of_lost is None or of_paid is None else of_lost + of_paid,
        paid=paid,
    )


def _paid(entry: Entry, price: Price) -> Cost:
    prompt, completion = entry.get("prompt_tokens"), entry.get("completion_tokens")
    assert isinstance(prompt, int)
    assert isinstance(completion, int)
    cost = price.of(Cost(calls=1, prompt_tokens=prompt, completion_tokens=completion))
    if "batch" not in entry or cost.usd is None:
        return cost
    return replace(cost, usd=BATCH_SHARE * cost.usd)


def _dearest(request: Request, price: Price) -> float | None:
    """Bytes of the JSON that is sent outnumber its tokens, those of a chat template included."""
    sent = [list(request.item.messages), list(request.item.tools), request.response_format]
    prompt = len(canonical_json(sent).encode())
    return price.usd(prompt, request.sampling.max_tokens)


def _spent(what: str) -> Failed:
    return Failed(f"not asked: the budget is {what}", Cause.OVER_BUDGET)


def _sum(amounts: Iterable[float | None]) -> float | None:
    known = list(amounts)
    found = [amount for amount in known if amount is not None]
    return sum(found) if len(found) == len(known) else None
