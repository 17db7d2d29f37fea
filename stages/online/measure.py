"""Stage 3 as the pipeline sees it: the evidence of an A/B's current look."""

import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from policies.canonical import sha256_of
from policies.errors import PolicyError
from policies.online import OnlinePlan
from stages.engine.program import code_version
from stages.engine.subject import Subject
from stages.evidence.absence import NO_BASELINE, SAME_CHECKPOINT
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import (
    Check,
    Evidence,
    Measurement,
    Provenance,
    Quantity,
    StageName,
    Wait,
)
from stages.online.analysis import before_first_look, look_of, measure_looks, unmeasured
from stages.online.clock import clock_of
from stages.online.look_journal import LookJournal
from stages.online.looks import following, is_final
from stages.online.reading import Reading
from stages.online.sources import Source, locate
from stages.online.taking import Taken, Taking
from stages.online.unit_folder import UnitFolder
from stages.online.validity import REGISTERED, Registration

_TRAFFIC_MENDS = ("burn_in",)
"""Failed checks that need no repair, only more traffic."""

_TOOLS = ("duckdb", "great-expectations", "ibis-framework")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What an A/B is measured with, beside its plan.

    Attributes:
        base: Folder of the policy, which relative paths start from.
        now: The clock, or a fixed time; naive times are UTC. A retrospective plan uses its `as_of`,
            or without one the newest row.
        sources: Traffic of the workspace's `[data.NAME]` tables, by name.
        journal: Where looks that were taken are kept; None keeps none.
        as_of: Looks are those that were due by then; None: by now.
        units: Where the state of units is kept between looks; None: each look reads everything.
    """

    base: Path
    now: datetime | Callable[[], datetime]
    sources: Mapping[str, Source] = field(default_factory=dict)
    journal: LookJournal | None = None
    as_of: datetime | None = None
    units: UnitFolder | None = None


class OnlineStage:
    """Measures the A/B of a candidate as its plan says; sees no threshold.

    Args:
        plan: The online plan.
        registration: What was written down before the A/B, and what is analysed now.
        world: What it is measured with.

    Raises:
        PolicyError: Error rates of one half or more, an unreadable `as_of`, or a plan that draws
            its error where none was drawn.
    """

    def __init__(self, plan: OnlinePlan, registration: Registration, world: World) -> None:
        _refuse_absurd(plan)
        self._plan = plan
        self._spending = _with_drawn_error(plan, registration)
        self._registration = registration
        self._world = world
        self._clock = clock_of(plan, world.now)
        self._taken: Taken | None = None

    def measure_next(
        self, candidate: Subject, baseline: Subject | None, so_far: Evidence | None = None
    ) -> Evidence:
        """The evidence of the latest planned look that has come.

        A look that was taken stands: its bound rests on the information of the earlier ones, and
        what arrives later is for the next look. Nothing depends on the clock but which looks have
        come; evidence equal to `so_far` says that nothing is new.

        Raises:
            InputError: A file of the traffic is absent or cannot be read.
            PolicyError: The plan names a source that the workspace does not have.
        """
        del so_far  # what was measured is in the journal
        taken = self._taken = self._so_far(candidate.known_as)
        return Evidence(
            stage=StageName.ONLINE,
            candidate=candidate.uri,
            baseline=baseline.uri if baseline else None,
            measurements=_comparable(self._measurements(taken), candidate, baseline),
            checks=taken.checks,
            look=look_of(self._spending, taken.looks)
            if taken.looks
            else before_first_look(self._spending),
            waits=_waits(self._plan, taken, known_as=candidate.known_as),
            provenance=Provenance(
                candidate=candidate.digest,
                baseline=baseline.digest if baseline else None,
                plan=sha256_of(self._plan.said()),
                data=taken.data,
                code=code_version(),
                tools=tuple((name, importlib.metadata.version(name)) for name in _TOOLS),
            ),
        )

    def told(self) -> Taken | None:
        """The looks that were measured last; None when nothing was."""
        return self._taken

    def _so_far(self, known_as: str) -> Taken:
        source = locate(self._plan, base=self._world.base, named=self._world.sources)
        reading = Reading(
            plan=self._plan,
            source=source,
            known_as=known_as,
            clock=self._clock,
            as_of=self._world.as_of,
            units=self._world.units,
        )
        return Taking(
            reading=reading, registration=self._registration, journal=self._world.journal
        ).so_far()

    def _measurements(self, taken: Taken) -> tuple[Measurement, ...]:
        if taken.looks:
            return measure_looks(self._spending, taken.looks)
        broken = [c.sentence for c in taken.checks if c.passed is False and c.name != REGISTERED]
        if broken:
            return unmeasured(self._plan, Unmeasured("; ".join(broken), Cause.BROKEN))
        said = "the A/B has no traffic yet" if taken.nothing else "the first look has not come"
        return unmeasured(self._plan, Unmeasured(said, Cause.WAITING))


def _waits(plan: OnlinePlan, found: Taken, *, known_as: str) -> tuple[Wait, ...]:
    """The operator's move while a check fails, and the traffic's until the last look."""
    broken = [c for c in found.checks if c.passed is False and c.name not in _TRAFFIC_MENDS]
    repairs = (_repair(broken),) if broken else ()
    if found.looks and is_final(plan, found.looks[-1]):
        return repairs
    done = found.looks[-1].day if found.looks else 0.0
    day = following(plan, done)
    assert day is not None, "a look after the last one ends the A/B"
    return (*repairs, _traffic(plan, found, done=done, day=day, known_as=known_as))


def _traffic(plan: OnlinePlan, found: Taken, *, done: float, day: float, known_as: str) -> Wait:
    comes = timedelta(days=day, hours=plan.lag_hours)
    expected = (found.start + comes).isoformat() if found.start else None
    what = f"first exposure of the A/B `{known_as}`" if found.nothing else f"day {day:g} of the A/B"
    return Wait(
        cause=Cause.WAITING,
        who="traffic",
        what=what,
        have=done,
        need=day,
        since=found.start.isoformat() if found.start else None,
        expected=expected,
    )


def _repair(broken: list[Check]) -> Wait:
    return Wait(
        cause=Cause.BROKEN,
        who="operator",
        what="; ".join(check.sentence for check in broken),
        have=0,
        need=len(broken),
    )


def _comparable(
    found: tuple[Measurement, ...], candidate: Subject, baseline: Subject | None
) -> tuple[Measurement, ...]:
    """The measurements; comparisons are absent where there is nothing to compare with."""
    if baseline is not None and baseline.digest != candidate.digest:
        return found
    why = NO_BASELINE if baseline is None else SAME_CHECKPOINT
    return tuple(m if m.quantity is Quantity.VALUE else replace(m, measured=why) for m in found)


def _refuse_absurd(plan: OnlinePlan) -> None:
    for name, error in (("alpha", plan.alpha), ("harm_alpha", plan.harm_alpha)):
        if error >= 0.5:  # noqa: PLR2004 - a one-sided error of one half is a coin
            raise PolicyError(
                f"the online plan cannot be analysed with `{name}: {error:g}`",
                why="a one-sided error of one half or more bounds nothing",
                fix=f"choose a `{name}` such as 0.025",
            )


def _with_drawn_error(plan: OnlinePlan, registration: Registration) -> OnlinePlan:
    """The plan with the error that this A/B drew, where the stream of A/Bs shares one."""
    if plan.false_discovery is None:
        return plan
    if registration.alpha is None or not 0 < registration.alpha <= plan.alpha:
        raise PolicyError(
            "the online plan holds a false discovery rate, and this A/B has drawn no alpha",
            why=f"its registration says `alpha: {registration.alpha}`",
            fix="restore the state from its backup, or register the A/B: gate online start",
        )
    return plan.model_copy(update={"alpha": registration.alpha})
