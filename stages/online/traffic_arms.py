"""Whether both arms are heard of alike: an arm logged twice, or half, looks like an effect."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from policies.online import OnlinePlan
from stages.online import traffic_units
from stages.online.tables import ARM, AT, CHALLENGER, CHAMPION, UNIT, instant
from stages.online.traffic_rules import Asked
from stages.online.traffic_units import Units
from stages.online.validity import FRESH_WITHIN

if TYPE_CHECKING:
    from ibis import Table

REPEATED_AT_MOST = 0.4
"""Share of events that may repeat another one. Two clicks in one second are alike; but of a table
that was loaded twice, half of the rows repeat the other half. Of all rows, or of one arm's."""

REPEATED_APART = 0.1
"""By how much this share may differ between the arms: what users do twice, both arms' users do."""

_DAY, _WHOLE = "day", "whole"
"""Stretches of time in which repeats are counted."""

SILENT_OF = 20
"""Units that are expected to be heard on a day before it can be no chance that none is."""

_SECONDS = 24 * 3600

HEARD_APART, TELLING_Z = 0.1, 5.0
"""By how much events a unit may differ between the arms, and by how many standard errors units
without any event may, before it is told: lost events look like an effect."""


def counts(units: Units, asked: Asked, *, late: "Table", again: "Table") -> "tuple[Table, ...]":
    """Tables of one row: events that repeat others, units and their events, whole and by arm.

    Args:
        units: The units and their events.
        asked: Whose.
        late: The events that are compared with each other.
        again: Those of them that are there more than once.
    """
    repeats = again["k"] - 1
    of_late: dict[str, object] = {}
    of_again: dict[str, object] = {"repeated_events": repeats.sum()}
    for name, since in _stretches(asked):
        new, once_more = late[AT] > instant(since), again[AT] > instant(since)
        of_late[f"late/{name}"] = new.sum()
        of_again[f"again/{name}"] = repeats.sum(where=once_more)
        for side, arm in _sides(asked):
            of_late[f"late/{name}/{side}"] = (new & (late[ARM] == arm)).sum()
            of_again[f"again/{name}/{side}"] = repeats.sum(where=once_more & (again[ARM] == arm))
    return (
        late.aggregate(**of_late),
        again.aggregate(**of_again),
        _unanswered(late, asked),
        _heard_by_arm(units, asked),
    )


def loaded_twice(found: Mapping[str, int]) -> bool:
    """Whether so many events repeat others, of all or of one arm, as of a table loaded twice."""
    return any(_repeats(found, name) for name in (_DAY, _WHOLE))


def silent_arms(counts: Mapping[str, int], plan: OnlinePlan) -> int:
    """Arms of which no unit is heard for a day, on which units of the other one are.

    As many of its own would be expected as the plan's shares say; of a ramp its smallest.
    """
    shares = [phase.champion_share for phase in plan.ramp] or [plan.champion_share]
    odds = [share * plan.challengers / (1 - share) for share in shares]
    expected = {
        CHAMPION: counts[f"alone/{CHALLENGER}"] * min(odds),
        CHALLENGER: counts[f"alone/{CHAMPION}"] / max(odds),
    }
    return sum(units >= SILENT_OF for units in expected.values())


def unequally_heard(counts: Mapping[str, int]) -> list[str]:
    """Arms of which one is heard of much less: its events may be lost, and count as zeros."""
    (n, m), (heard, also), (events, others) = (
        (counts[f"{name}/{CHAMPION}"], counts[f"{name}/{CHALLENGER}"])
        for name in ("units", "heard_units", "heard")
    )
    if not (n and m and heard + also):
        return []
    share = (heard + also) / (n + m)
    error = math.sqrt(max(share * (1 - share), 1 / (n + m)) * (1 / n + 1 / m))
    silent = abs(heard / n - also / m) > TELLING_Z * error
    rates = events / n, others / m
    if not silent and min(rates) >= (1 - HEARD_APART) * max(rates):
        return []
    champion = (
        f"the champion's units have {rates[0]:.2f} events each ({1 - heard / n:.1%} have none)"
    )
    challenger = f"the challenger's {rates[1]:.2f} ({1 - also / m:.1%})"
    why = (
        "an effect looks like this, and so do events of one arm that are lost, which count as "
        "zeros: see that both arms log alike"
    )
    return [f"{champion}, {challenger}: {why}"]


def _unanswered(late: "Table", asked: Asked) -> "Table":
    """Of each arm, the most units that were heard on a day on which none of the other's was."""
    end = int(asked.period.until.timestamp())
    placed = late.filter(late[AT].notnull())
    placed = placed.mutate(day=(end - placed[AT].epoch_seconds()) // _SECONDS)
    heard = {side: placed[UNIT].nunique(where=placed[ARM] == arm) for side, arm in _sides(asked)}
    days = placed.group_by("day").aggregate(**heard)
    return days.aggregate(
        **{
            f"alone/{side}": days[side].max(where=days[other] == 0)
            for side, other in ((CHAMPION, CHALLENGER), (CHALLENGER, CHAMPION))
        }
    )


def _repeats(found: Mapping[str, int], name: str) -> bool:
    """Whether it is so in one stretch of time."""
    whole, *shares = (
        found[f"again/{name}{side}"] / max(1, found[f"late/{name}{side}"])
        for side in ("", f"/{CHAMPION}", f"/{CHALLENGER}")
    )
    return max(whole, *shares) > REPEATED_AT_MOST or abs(shares[0] - shares[1]) > REPEATED_APART


def _stretches(asked: Asked) -> tuple[tuple[str, datetime], ...]:
    """A day that was loaded twice is seen in the last day, or in all that is compared."""
    day_ago = asked.period.until - FRESH_WITHIN
    return (_DAY, day_ago), (_WHOLE, traffic_units.compared_since(asked))


def _by_arm(table: "Table", asked: Asked, name: str) -> "dict[str, object]":
    return {f"{name}/{side}": (table[ARM] == arm).sum() for side, arm in _sides(asked)}


def _heard_by_arm(units: Units, asked: Asked) -> "Table":
    """Units, those with an event, and events, by arm."""
    events, every = traffic_units.heard(units), units.every
    one = (every["arms"] == 1) & ~every["excluded"]
    of_units = {f"units/{side}": (one & (every[ARM] == arm)).sum() for side, arm in _sides(asked)}
    of_events = {
        **_by_arm(events, asked, "heard"),
        **{
            f"heard_units/{side}": events[UNIT].nunique(where=events[ARM] == arm)
            for side, arm in _sides(asked)
        },
    }
    return every.aggregate(**of_units).cross_join(events.aggregate(**of_events))


def _sides(asked: Asked) -> tuple[tuple[str, str], tuple[str, str]]:
    return (CHAMPION, asked.arms.champion), (CHALLENGER, asked.arms.challenger)
