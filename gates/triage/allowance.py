"""What a night may still take, and one checkpoint's fair share of it; pure."""

import math
from dataclasses import dataclass, replace

from gates.amounts import NOTHING, Calls, Range, StageForecast
from stages.evidence.records import Cost
from stages.models.prices import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """An amount of everything that is limited; None where it is not.

    Attributes:
        calls: Model calls, those to judges among them.
        usd: US dollars.
        gpu_minutes: Accelerators times minutes.
        seconds: Time on the clock.
    """

    calls: float | None = None
    usd: float | None = None
    gpu_minutes: float | None = None
    seconds: float | None = None

    def share(self, among: int) -> "Allowance":
        """One of so many equal parts."""
        return Allowance(
            calls=None if self.calls is None else float(math.floor(self.calls / among)),
            usd=_part(self.usd, among),
            gpu_minutes=_part(self.gpu_minutes, among),
            seconds=_part(self.seconds, among),
        )

    def less(self, cost: Cost, *, seconds: float = 0.0) -> "Allowance":
        """What is left after a cost; a cost that nobody can tell leaves nothing."""
        return Allowance(
            calls=_left(self.calls, float(cost.calls)),
            usd=_left(self.usd, _known(cost.usd, cost)),
            gpu_minutes=_left(self.gpu_minutes, _known(cost.gpu_minutes, cost)),
            seconds=_left(self.seconds, seconds),
        )

    def least(self, other: "Allowance") -> "Allowance":
        """The smaller of both, amount by amount."""
        return Allowance(
            calls=_least(self.calls, other.calls),
            usd=_least(self.usd, other.usd),
            gpu_minutes=_least(self.gpu_minutes, other.gpu_minutes),
            seconds=_least(self.seconds, other.seconds),
        )


@dataclass(frozen=True, slots=True)
class TooDear:
    """Why a checkpoint cannot be asked at all within its share, in a clause."""

    reason: str


def calls_within(
    share: Allowance, due: StageForecast, *, price: Price, dearest: Calls
) -> int | TooDear | None:
    """How many questions a checkpoint may be asked for its share, whatever they turn out to cost.

    Pinned texts, judges and harnesses cannot be cut short, so that the share covers them first, at
    their dearest.

    Args:
        share: What it may take.
        due: What is missing of it.
        price: Of its own calls.
        dearest: One of these at its dearest.

    Returns:
        The number; None when all that is missing fits.
    """
    if share.seconds is not None and share.seconds <= 0:
        return TooDear("the night's time is over")
    rooms: list[float] = []
    for room in (
        _room(share.calls, _counted(due), due.asking.calls, each=1.0, unit="calls"),
        _room(
            share.usd, due.usd, due.asking.usd(price), each=_high(dearest.usd(price)), unit="USD"
        ),
        _room(
            share.gpu_minutes,
            due.gpu_minutes,
            due.asking.gpu_minutes(price),
            each=_high(dearest.gpu_minutes(price)),
            unit="GPU minutes",
        ),
    ):
        if isinstance(room, TooDear):
            return room
        if room is not None:
            rooms.append(room)
    return math.floor(min(rooms)) if rooms else None


def _room(
    share: float | None,
    whole: Range | None,
    asking: Range | None,
    *,
    each: float | None,
    unit: str,
) -> float | TooDear | None:
    """Calls for one limited amount; None when it limits nothing."""
    if share is None:
        return None
    if whole is None or asking is None or each is None:
        return TooDear(f"{unit} are limited, and nobody can tell how many it would take")
    if whole.high <= share:
        return None
    fixed = whole.high - asking.high
    left = share - fixed
    if asking.high == 0 or left < each:
        need = fixed + (0.0 if asking.high == 0 else each)
        return TooDear(
            f"its share of the night is {_words(share)} {unit}, and nothing can be asked for less "
            f"than {_words(need)}"
        )
    return left / each if each else None


def _counted(due: StageForecast) -> Range | None:
    """Every call that is missing; None where a harness does not say its size."""
    if due.harnesses is None:
        return None
    calls = due.asking.calls + due.pinned.calls + due.harnesses
    for judged in due.judging.values():
        calls += judged.calls
    return calls


def anything_due(due: StageForecast) -> bool:
    """Whether anybody is still to be asked anything."""
    return _counted(due) != NOTHING


def spent_since(before: Cost, now: Cost) -> Cost:
    """What was spent between two readings of the books."""
    return replace(
        now,
        calls=now.calls - before.calls,
        prompt_tokens=now.prompt_tokens - before.prompt_tokens,
        completion_tokens=now.completion_tokens - before.completion_tokens,
        votes=now.votes - before.votes,
        usd=_between(before.usd, now.usd, before),
        gpu_minutes=_between(before.gpu_minutes, now.gpu_minutes, before),
    )


def _between(before: float | None, now: float | None, then: Cost) -> float | None:
    start = 0.0 if before is None and then.calls == 0 else before
    return None if start is None or now is None else max(0.0, now - start)


def _known(amount: float | None, cost: Cost) -> float:
    """Nothing that was asked costs nothing; what has no price may have cost everything."""
    if cost.calls == 0:
        return 0.0
    return math.inf if amount is None else amount


def _part(amount: float | None, among: int) -> float | None:
    return None if amount is None else amount / among


def _left(amount: float | None, taken: float) -> float | None:
    return None if amount is None else max(0.0, amount - taken)


def _least(one: float | None, other: float | None) -> float | None:
    return min((a for a in (one, other) if a is not None), default=None)


def _high(found: Range | None) -> float | None:
    return None if found is None else found.high


def _words(amount: float) -> str:
    return f"{amount:,.4g}"
