"""What a panel of judges works with: endpoints, journals, prices, and a purse."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from policies.errors import InputError
from policies.side_by_side import Judging
from stages.engine.answering import AnswerLog, Ask, ask_at_once
from stages.engine.progress import Progress, Silent
from stages.engine.state import State
from stages.judges.asking import verdict_log
from stages.judges.batch_api import InBatches
from stages.judges.batch_books import as_journaled
from stages.judges.comparing import Comparer
from stages.judges.purse import NO_CAP, Cap, Purse
from stages.models.chat import Chat, chat_client
from stages.models.openai_compatible import OpenAICompatible
from stages.models.prices import Prices
from stages.models.settings import EndpointSettings
from stages.models.unasked import Unasked
from stages.side_by_side.judged.hearing import Heard, hear
from stages.side_by_side.judged.seats import Seat
from stages.side_by_side.pairs import Pair

PINNED = "pinned"
"""The round in which a judge was first asked about a calibration pair, for ever."""


Suspend = Callable[[str], str]
"""Takes a judge's admission away, given why; says so with what is to be done about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a panel works with.

    Attributes:
        base: The policy's folder, which paths are relative to.
        state: Where replies are journaled before they are used.
        endpoints: The workspace's `[endpoints.NAME]`, by name.
        prices: What they cost.
        round: Names the round, in lower-case words, digits and `-`: under another name judges are
            asked anew about the calibration set, such as `2026-11-22` for once a day.
        cap: The most that all judges together may cost.
        progress: Where to show how far they are.
        admitted: Judges that were admitted by a gate of their own, by name: they are out when they
            have drifted.
    """

    base: Path
    state: State
    endpoints: Mapping[str, EndpointSettings]
    prices: Prices
    round: str
    cap: Cap = NO_CAP
    progress: Progress = field(default_factory=Silent)
    admitted: Mapping[str, Suspend] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Asks judges, all on one purse.

    Attributes:
        bench: What they work with.
        judging: How they judge.
        purse: What pays for it.
        looks_only: Whether nobody is asked, and the purse learns what the journals hold.
    """

    bench: Bench
    judging: Judging
    purse: Purse
    looks_only: bool = False

    def of_pairs(self, seat: Seat, pairs: Sequence[Pair]) -> Heard:
        """What a judge says of pairs, once for ever.

        Raises:
            Broken: When the journal cannot be read or written, or another process is asking.
        """
        with self._client(seat) as client, self._way(client) as ask:
            log = verdict_log(client, self.bench.state)
            return hear(
                seat.name,
                pairs,
                self._comparer(seat, client, log, ask, repeats=self.judging.repeats),
                self.judging,
            )

    def of_calibration(self, seat: Seat, pairs: Sequence[Pair], *, when: str) -> Heard:
        """What a judge says of the calibration set, once in every round, and never in batches.

        Raises:
            Broken: When the journal cannot be read or written, or another process is asking.
        """
        with self._client(seat) as client:
            usual = verdict_log(client, self.bench.state)
            log = AnswerLog(state=usual.state, stream=f"{usual.stream}.calibration/{when}")
            return hear(
                seat.name,
                pairs,
                self._comparer(seat, client, log, ask_at_once, repeats=1),
                self.judging,
            )

    def _comparer(
        self, seat: Seat, client: Chat, log: AnswerLog, ask: Ask, *, repeats: int
    ) -> Comparer:
        price = self.bench.prices.endpoint(seat.name)
        pay = self.purse.look if self.looks_only else self.purse.guard
        return Comparer(
            client=Unasked(client) if self.looks_only else client,
            log=log,
            repeats=repeats,
            own_answer_first=self.judging.own_answer_first,
            ask_with=pay(ask, price),
            progress=self.bench.progress,
        )

    @contextmanager
    def _client(self, seat: Seat) -> Iterator[Chat]:
        client = chat_client(seat.settings)
        try:
            yield client
        finally:
            client.close()

    @contextmanager
    def _way(self, client: Chat) -> Iterator[Ask]:
        """At once, in batches, or not at all."""
        if self.looks_only:
            yield as_journaled
            return
        if not self.judging.batch:
            yield ask_at_once
            return
        if not isinstance(client, OpenAICompatible):
            raise InputError(
                "cannot ask a judge in a folder in batches",
                why="`judging.batch` is for a provider's Batch API, and it is run here",
                fix="take `batch` out of `judging`, or name the judge's endpoint",
            )
        batches = InBatches(client)
        try:
            yield batches
        finally:
            batches.close()
