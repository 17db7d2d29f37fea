"""The looks of a policy's A/Bs: which are due, which were taken, and what a repeat sees."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gates.ab import Ab, verdict_of
from gates.membership import assemble
from gates.preregistration import changes, content_of, registered
from gates.services import Services
from gates.wealth import ENDS
from policies.errors import WrongUsage
from policies.policy import PolicyFile
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import StageName
from stages.online.look_data import LookData, alike
from stages.online.looks import due
from stages.online.reading import Unreadable, words_of_change
from stages.online.sources import digests


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be done about one A/B.

    Attributes:
        ab: The A/B.
        ended: The verdict that ended it; empty while it goes on.
        moved: That the policy is no longer the one that was registered, in words; empty when it is.
        taken: Days of the looks that were taken.
        moments: Times to take looks as of, in order, the last one being the time asked for; empty
            when it has ended.
        changed: What the newest taken look would see otherwise now, in words (rows more or fewer,
            or names of metrics); empty when it is the same; `Unmeasured` where that cannot be told.
    """

    ab: Ab
    ended: str
    moved: str
    taken: tuple[float, ...]
    moments: tuple[datetime, ...]
    changed: tuple[str, ...] | Unmeasured


def abs_of(file: PolicyFile, candidate: str | None, services: Services) -> tuple[Ab, ...]:
    """The A/Bs of a policy that were registered, or the one that is named.

    Raises:
        WrongUsage: When there is none.
    """
    members = assemble(file, [] if candidate is None else [candidate], services).members
    name = file.policy.policy
    found = [v for v in members if registered(name, v.uri, services.state) is not None]
    if not found:
        who = "no candidate" if candidate is None else f"{members[0].uri}, which"
        raise WrongUsage(
            f"policy {name} has no A/B to look at",
            why=f"{who} was ever registered for one",
            fix=f"gate online start {file.path}",
        )
    return tuple(Ab(file=file, version=version, services=services) for version in found)


def due_of(ab: Ab, *, as_of: datetime) -> Due:
    """What is to be done about an A/B at a time.

    Looks that were missed are due one by one, each as of its own time, so that the verdict of each
    is what it would have been.

    Args:
        ab: The A/B.
        as_of: The time, with a zone.
    """
    taken = ab.taken()
    verdict = verdict_of(ab.decided())
    ended = verdict is not None and verdict in ENDS
    moments = () if ended else _moments(ab, as_of)
    return Due(
        ab=ab,
        ended=str(verdict) if ended else "",
        moved=_moved(ab),
        taken=tuple(taken),
        moments=moments,
        changed=_changed(ab, due=len(moments) > 1),
    )


def members_of(ab: Ab) -> tuple[str, ...]:
    """Who is decided together with a candidate: alone, unless a quota ties it to others."""
    if not ab.file.policy.keep:
        return (ab.version.uri,)
    stored = ab.services.ledger.latest(ab.version, ab.file.policy.policy)
    return (ab.version.uri,) if stored is None else tuple(stored.evidence)


def _moved(ab: Ab) -> str:
    found, policy = ab.registration, ab.file.policy
    now = policy.stage_sha256(StageName.ONLINE)
    if found is None or found.sha256 == now:
        return ""
    named = ", ".join(changes(found.content, content_of(policy)))
    what = f" ({named})" if named else ""
    return (
        f"plan and criteria were registered as {found.sha256[:12]}, and are {now[:12]} now{what}: "
        "the verdict is that of the registered ones"
    )


def _moments(ab: Ab, as_of: datetime) -> tuple[datetime, ...]:
    """The end of each look's day that has come, its lag included, and the time itself."""
    taken = ab.taken()
    begun = next((look.start for look in taken.values()), None)
    with ab.reading().opened(begun) as traffic:
        if isinstance(traffic, Unreadable) or traffic.start is None or ab.written.retrospective:
            return (as_of,)
        start = traffic.start
    days = due(ab.written, (as_of - start) / timedelta(days=1))
    lag = timedelta(hours=ab.written.lag_hours)
    missed = [start + timedelta(days=day) + lag for day in days if day not in taken]
    return (*missed[:-1], as_of)


def _changed(ab: Ab, *, due: bool) -> tuple[str, ...] | Unmeasured:
    """What the newest taken look would see otherwise now, in words.

    Rows are counted; only where nothing else is due the look is reduced once more, which sees rows
    that were altered in place too.
    """
    taken = ab.taken()
    if not taken:
        return ()
    last = list(taken.values())[-1]
    if last.data == digests(ab.source):
        return ()
    with ab.reading().opened(last.start) as traffic:
        if isinstance(traffic, Unreadable):
            return Unmeasured(traffic.said or "there is no row of it any more")
        (rows,) = traffic.rows_until([last.look.day]) or (None,)
        if rows is not None and last.look.rows_read not in (None, rows):
            return (words_of_change(last.look.rows_read, rows),)
        return () if due else _differing(last.look, traffic.look(last.look.day))


def _differing(then: LookData, now: LookData) -> tuple[str, ...]:
    found = [m.metric for m in then.metrics if not alike(m, now.of(m.metric))]
    units = (then.champion_units, then.challenger_units)
    return (*found, *(("units",) if units != (now.champion_units, now.challenger_units) else ()))
