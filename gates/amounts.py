"""What a round may come to: calls, tokens, money and minutes, each as a range."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from policies.canonical import canonical_json
from policies.task import Sampling
from stages.evidence.items import Item
from stages.evidence.records import StageName
from stages.judges.purse import BATCH_SHARE
from stages.models.client import ModelClient
from stages.models.fingerprint import CANARIES, known_by_files
from stages.models.prices import Price, Prices

CHARACTERS_PER_TOKEN = (3, 5)
"""English text has between three and five characters a token in today's tokenisers."""

PINNED_TOKENS = 32
"""At most: tokens of a pinned text or its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What something costs at least and at most."""

    low: float = 0.0
    high: float = 0.0

    def __add__(self, other: "Range") -> "Range":
        return Range(low=self.low + other.low, high=self.high + other.high)

    def times(self, factor: float) -> "Range":
        """Both ends multiplied."""
        return Range(low=self.low * factor, high=self.high * factor)

    def maybe(self) -> "Range":
        """The same, if it comes to it at all."""
        return Range(high=self.high)


NOTHING = Range()
"""No amount of anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Model calls and the tokens they take.

    Attributes:
        calls: Questions that no journal answers yet.
        prompt_tokens: Of these.
        completion_tokens: Of their answers.
    """

    calls: Range = NOTHING
    prompt_tokens: Range = NOTHING
    completion_tokens: Range = NOTHING

    def __add__(self, other: "Calls") -> "Calls":
        return Calls(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
        )

    def maybe(self) -> "Calls":
        """The same, if it comes to it at all."""
        return Calls(
            calls=self.calls.maybe(),
            prompt_tokens=self.prompt_tokens.maybe(),
            completion_tokens=self.completion_tokens.maybe(),
        )

    def usd(self, price: Price) -> Range | None:
        """Their money; None without a price. No calls cost nothing, whatever the price."""
        low = price.usd(self.prompt_tokens.low, self.completion_tokens.low)
        high = price.usd(self.prompt_tokens.high, self.completion_tokens.high)
        return self._range(low, high)

    def gpu_minutes(self, price: Price) -> Range | None:
        """Their minutes of accelerators; None where speed or number is not known."""
        low = price.gpu_minutes(self.prompt_tokens.low + self.completion_tokens.low)
        high = price.gpu_minutes(self.prompt_tokens.high + self.completion_tokens.high)
        return self._range(low, high)

    def _range(self, low: float | None, high: float | None) -> Range | None:
        if self.calls.high == 0:
            return NOTHING
        return None if low is None or high is None else Range(low=low, high=high)


NONE = Calls()
"""No calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageForecast:
    """What one stage would cost from now on.

    Attributes:
        stage: Its name.
        candidates: How many candidates reach it.
        asking: Model calls.
        votes: Votes of people, over all candidates.
        days: Run time of the A/Bs: side by side at the low end, one after the other at the high.
        data_bytes: Size of the traffic files; None while they are not there.
        to_baseline: Those of `asking` that go to the baseline.
        pinned: Short texts that tell whether an endpoint still serves the same checkpoint, before
            and after each task; not among `asking`.
        judging: Calls to judges and services, by endpoint.
        in_batches: Whether judges are asked through the Batch API, which makes the low end cheaper
            and not the high: what a batch cannot answer is asked directly.
        harnesses: Requests of harnesses that are to be run, whose tokens nobody knows before; None
            when a task does not say how many they may be.
        usd: Money for all calls; None when an endpoint has no price (shown as `?`, never as 0).
        gpu_minutes: Accelerators times minutes for all calls; None when unknown.
    """

    stage: StageName
    candidates: Range
    asking: Calls = NONE
    votes: Range = NOTHING
    days: Range = NOTHING
    data_bytes: int | None = None
    to_baseline: Calls = NONE
    pinned: Calls = NONE
    judging: Mapping[str, Calls] = field(default_factory=dict)
    in_batches: bool = False
    harnesses: Range | None = NOTHING
    usd: Range | None = None
    gpu_minutes: Range | None = None

    @property
    def calls(self) -> Range | None:
        """Every call to anybody; None when a harness does not say its size."""
        judged = (each.calls for each in self.judging.values())
        return summed((self.asking.calls, self.pinned.calls, *judged, self.harnesses))


def summed(ranges: Iterable[Range | None]) -> Range | None:
    """All together; unknown when one is."""
    found = NOTHING
    for each in ranges:
        if each is None:
            return None
        found += each
    return found


def of_some(each: Sequence[Range], many: Range) -> Range:
    """The cheapest of these at the low end, and the dearest at the high one: so many of each."""
    least = sorted(amount.low for amount in each)
    most = sorted((amount.high for amount in each), reverse=True)
    return Range(low=sum(least[: int(many.low)]), high=sum(most[: int(many.high)]))


def asked_calls(items: Sequence[Item], sampling: Sampling) -> Calls:
    """Putting each of these items once."""
    characters = sum(len(canonical_json([dict(m) for m in item.messages])) for item in items)
    few, many = CHARACTERS_PER_TOKEN
    return Calls(
        calls=Range(low=len(items), high=len(items)),
        prompt_tokens=Range(low=math.floor(characters / many), high=math.ceil(characters / few)),
        completion_tokens=Range(low=len(items), high=len(items) * sampling.max_tokens),
    )


def pinned_calls(checks: int, *, client: ModelClient | None) -> Calls:
    """So many checks of what is served around a task; at least the first and the last.

    Nothing is put to a client that is known by its files.
    """
    if client is None or known_by_files(client):
        return NONE
    calls = Range(low=2 * len(CANARIES), high=checks * len(CANARIES))
    tokens = Range(low=calls.low, high=calls.high * PINNED_TOKENS)
    return Calls(calls=calls, prompt_tokens=tokens, completion_tokens=tokens)


def priced(due: StageForecast, prices: Prices) -> StageForecast:
    """The same with its money and minutes; None where a harness is to be run that is not free."""
    asked, checkpoint = due.asking + due.pinned, prices.checkpoint
    judges = [(calls, prices.endpoint(name)) for name, calls in due.judging.items()]
    judged = summed(calls.usd(price) for calls, price in judges)
    if due.in_batches and judged is not None:
        judged = replace(judged, low=BATCH_SHARE * judged.low)
    usd = summed((asked.usd(checkpoint), judged))
    minutes = summed(calls.gpu_minutes(price) for calls, price in ((asked, checkpoint), *judges))
    runs = due.harnesses != NOTHING
    return replace(
        due,
        usd=None if runs and not checkpoint.usd_input == checkpoint.usd_output == 0 else usd,
        gpu_minutes=None if runs and checkpoint.gpus != 0 else minutes,
    )
