"""The looks of an A/B that have come: read from its journal, or taken from its traffic once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from policies.canonical import sha256_of
from stages.evidence.records import Check
from stages.online import validity
from stages.online.look_data import LookData
from stages.online.look_journal import LookJournal, TakenLook
from stages.online.looks import due, is_final, until_final
from stages.online.reading import Inspected, Readable, Reading, Unreadable
from stages.online.sources import digests


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is known of an A/B at its latest look.

    Attributes:
        looks: Looks so far up to the one that ends the A/B; empty before the first.
        checks: Every validity check.
        start: First exposure, or None when the traffic has no dates.
        data: (what, digest) of the inputs of the latest look.
        files: The data contract's report at the latest look, as (name, content).
        nothing: There is no row of this A/B.
    """

    looks: tuple[LookData, ...] = ()
    checks: tuple[Check, ...]
    start: datetime | None = None
    data: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...] = ()
    nothing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """Takes the looks of one candidate's A/B.

    Attributes:
        reading: How its traffic is read.
        registration: What was written down before.
        journal: Looks already taken; None keeps none.
    """

    reading: Reading
    registration: validity.Registration
    journal: LookJournal | None

    def so_far(self) -> Taken:
        """Every look that has come, in order; a new one is written down if it may be analysed.

        Of an A/B that people ended those that were taken before, and no other.

        A look that failed a check is not written down: the data are repaired, and it is taken
        again. One that was written down stands, whatever comes later.

        Raises:
            InputError: A file of the traffic cannot be read.
            Broken: The journal cannot be read.
        """
        data = digests(self.reading.source) if self.reading.plan.retrospective else None
        earlier = self._earlier(data)
        if (taken := self._of_journal(earlier)) is not None:
            return taken
        if self.registration.ended is not None:
            return self._without_more(earlier)
        data = digests(self.reading.source) if data is None else data
        begun = next((look.start for look in earlier.values()), None)
        with self.reading.opened(begun) as traffic:
            if isinstance(traffic, Unreadable):
                found = traffic.found or Inspected(checks=())
                checks = (*found.checks, *self._registered(None))
                nothing = traffic.found is None
                return Taken(checks=checks, data=data, files=found.files, nothing=nothing)
            return self._of(traffic, earlier, data)

    def _of(
        self,
        traffic: Readable,
        earlier: Mapping[float, TakenLook],
        data: tuple[tuple[str, str], ...],
    ) -> Taken:
        plan, start = self.reading.plan, traffic.start
        days = due(plan, traffic.elapsed_days)
        came = (earlier[d].look if d in earlier else traffic.look(d) for d in days)
        looks = until_final(plan, came)
        registered = self._registered(traffic.earliest)
        if not looks:
            return Taken(checks=registered, start=start, data=data)
        last = earlier.get(looks[-1].day)
        if last is not None:
            return self._as_taken(last, looks)
        since = max((look.day for look in looks if look.day in earlier), default=None)
        inspected = traffic.inspected(looks, since=since)
        checks = (*inspected.checks, *validity.of_looks(plan, looks))
        taken = Taken(looks=looks, checks=checks, start=start, data=data, files=inspected.files)
        if all(check.passed is not False for check in checks):
            self._keep(taken, [look for look in looks if look.day not in earlier])
        else:
            traffic.forget()
        return replace(taken, checks=(*checks, *registered))

    def _earlier(self, data: tuple[tuple[str, str], ...] | None) -> Mapping[float, TakenLook]:
        """Recorded traffic is what its digest says; live traffic grows, and its looks stand."""
        if self.journal is None:
            return {}
        return self.journal.taken(self._plan_sha256(), data)

    def _of_journal(self, earlier: Mapping[float, TakenLook]) -> Taken | None:
        """What is known where every look that has come was taken: nothing of the traffic is read.

        None where one was not, or where only the traffic tells how far it has come.
        """
        plan = self.reading.plan
        begun = next((look.start for look in earlier.values()), None)
        if begun is None or (plan.retrospective and plan.as_of is None):
            return None
        days = due(plan, self.reading.days_since(begun, begun))
        looks = until_final(plan, (earlier[d].look for d in takewhile(earlier.__contains__, days)))
        if not looks or not (len(looks) == len(days) or is_final(plan, looks[-1])):
            return None
        return self._as_taken(earlier[looks[-1].day], looks)

    def _without_more(self, earlier: Mapping[float, TakenLook]) -> Taken:
        """The looks that were taken before people ended it; nothing of the traffic is read."""
        if not earlier:
            return Taken(checks=self._registered(None), data=(), nothing=True)
        *_, last = earlier.values()
        return self._as_taken(last, tuple(taken.look for taken in earlier.values()))

    def _as_taken(self, last: TakenLook, looks: tuple[LookData, ...]) -> Taken:
        """What was known when the latest look was taken."""
        return Taken(
            looks=looks,
            checks=(*last.checks, *self._registered(last.start)),
            start=last.start,
            data=last.data,
            files=last.files,
        )

    def _keep(self, taken: Taken, fresh: Iterable[LookData]) -> None:
        if self.journal is None:
            return
        plan = self._plan_sha256()
        for look in fresh:
            self.journal.keep(
                TakenLook(
                    plan=plan,
                    data=taken.data,
                    start=taken.start,
                    look=look,
                    checks=taken.checks,
                    files=taken.files,
                )
            )

    def _registered(self, start: datetime | None) -> tuple[Check, ...]:
        """Whether what is analysed was registered, and before the first exposure."""
        plan = self.reading.plan
        found = (validity.plan_registered(plan, self.registration),)
        if start is None:
            return found
        return (validity.registered_before(plan, self.registration, start), *found)

    def _plan_sha256(self) -> str:
        return sha256_of(self.reading.plan.said())
