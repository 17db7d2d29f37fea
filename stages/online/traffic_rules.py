"""Which rows break the data contract, each rule an expression that both counts and lists them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from policies.online import OnlinePlan
from stages.online.arms import Arms
from stages.online.parts import Part
from stages.online.tables import AB, ARM, AT, UNIT, instant

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Column

CLOCK_SKEW = timedelta(hours=1)
"""A row may be this far ahead of the clock: machines disagree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a look sees.

    Attributes:
        start: First exposure of the A/B.
        until: Time of the look.
        clock: No row may be later than this (plus skew); None for recorded traffic.
        since: Time of the newest look that was taken before; None where none was.
    """

    start: datetime
    until: datetime
    clock: datetime | None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose rows are held to the contract.

    Attributes:
        plan: The plan of the A/B.
        arms: How the exposures call it and its arms.
        period: What the look sees.
    """

    plan: OnlinePlan
    arms: Arms
    period: Period


class Where(Enum):
    """Which rows a rule is about."""

    EXPOSURES = auto()
    """Exposures of this A/B."""
    ALL_EXPOSURES = auto()
    EVENTS = auto()
    """Events of its units up to the look; those of other units concern other A/Bs."""
    ALL_EVENTS = auto()


class Columns(Protocol):
    """Typed columns by their name."""

    def __getitem__(self, name: str, /) -> "Column":
        """A column."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Rows that must not be.

    Attributes:
        name: Short name; also the count's.
        said: What they are; the text `{count}` stands for their number.
        where: Among which rows.
        breaks: Whether a row is one of them.
        listed: The same, where a person's own session of the engine might answer otherwise; None:
            it would not.
    """

    name: str
    said: str
    where: Where
    breaks: Callable[[Columns], "BooleanValue"]
    listed: Callable[[Columns], "BooleanValue"] | None = None


def rules(asked: Asked, parts: tuple[Part, ...]) -> tuple[Rule, ...]:
    """Every rule about single rows, in the order they are told."""
    return (
        *_exposure_rules(asked),
        Rule(
            name="null_event_units",
            said="{count} events name no unit",
            where=Where.ALL_EVENTS,
            breaks=lambda row: row[UNIT].isnull(),
        ),
        Rule(
            name="bad_event_times",
            said="{count} events of exposed units have no readable timestamp",
            where=Where.EVENTS,
            breaks=lambda row: row[AT].isnull(),
        ),
        *(_numbers(part) for part in parts),
        *(_not_negative(part) for part in parts if is_below(part)),
    )


def is_below(part: Part) -> bool:
    """Whether a part is a ratio's denominator."""
    return part.name.endswith("/denominator")


def negative(part: Part) -> Callable[[Columns], "BooleanValue"]:
    """Whether an event's value is below 0."""
    return lambda row: row[part.name] < 0


def _exposure_rules(asked: Asked) -> tuple[Rule, ...]:
    return (
        Rule(
            name="null_abs",
            said="{count} exposures name no A/B",
            where=Where.ALL_EXPOSURES,
            breaks=lambda row: row[AB].isnull(),
        ),
        Rule(
            name="null_units",
            said="{count} exposures name no unit",
            where=Where.EXPOSURES,
            breaks=lambda row: row[UNIT].isnull(),
        ),
        Rule(
            name="bad_exposure_times",
            said="{count} exposures have no readable timestamp",
            where=Where.EXPOSURES,
            breaks=lambda row: row[AT].isnull(),
        ),
        _unknown_arms(asked.arms),
        *_future(asked.period),
    )


def _unknown_arms(arms: Arms) -> Rule:
    """With several challengers other names are other challengers', and only no name is unknown."""
    known = [arms.champion, arms.challenger]
    said = f"{{count}} exposures are neither `{arms.champion}` nor `{arms.challenger}`"
    if arms.others:
        return Rule(
            name="unknown_arms",
            said="{count} exposures name no arm",
            where=Where.EXPOSURES,
            breaks=lambda row: row[ARM].isnull(),
        )
    return Rule(
        name="unknown_arms",
        said=said,
        where=Where.EXPOSURES,
        breaks=lambda row: row[ARM].isnull() | row[ARM].notin(known),
    )


def _future(period: Period) -> tuple[Rule, ...]:
    if period.clock is None:
        return ()
    latest = period.clock + CLOCK_SKEW
    return (
        Rule(
            name="future_rows",
            said="{count} exposures lie in the future",
            where=Where.EXPOSURES,
            breaks=lambda row: row[AT] > instant(latest),
        ),
    )


def _numbers(part: Part) -> Rule:
    return Rule(
        name=f"numbers/{part.name}",
        said=f"{{count}} events have a `{part.column}` that is no finite number",
        where=Where.EVENTS,
        breaks=lambda row: (
            row[f"{part.name}/unreadable"] | row[part.name].isnan() | row[part.name].isinf()
        ),
        listed=lambda row: row[f"{part.name}/unreadable"] | _reads_infinite(row[part.name]),
    )


def _reads_infinite(value: "Column") -> "BooleanValue":
    """By its text: DuckDB 2.0 concludes from a Parquet file's statistics that nothing is NaN."""
    text = value.cast("string").lower()
    return text.isin(["nan", "inf", "-inf", "infinity", "-infinity"])


def _not_negative(part: Part) -> Rule:
    return Rule(
        name=f"negative/{part.name}",
        said=f"{{count}} events have a negative `{part.column}`, a ratio's denominator",
        where=Where.EVENTS,
        breaks=negative(part),
    )
