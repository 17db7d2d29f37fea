"""Faults of exposures and events: what is in them, and how units fell into the arms."""

import math
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.faults.ab import QUICK, Ab, Columns, changed, rows, simple, sound
from tests.faults.world import Fault, Harmless, Inject, Scene, World
from tests.stages.online.traffic_of import START, Traffic, until, write


def in_csv(world: World) -> None:
    """The same rows in CSV files."""
    ab = sound(world)
    ab.plan |= {"exposures": "../data/exposures.csv", "events": "../data/events.csv"}
    ab.store = lambda found: write(found, ab.place.data, suffix=".csv")


def ramped(world: World) -> None:
    """A tenth of the units for a day, which is not analysed, then half of them."""
    ab = sound(world)
    ab.plan["ramp"] = [
        {"from_day": 0.0, "champion_share": 0.9, "analysed": False},
        {"from_day": 1.0, "champion_share": 0.5},
    ]
    ab.plan["planned_units"] = 600
    begins = START + timedelta(days=1)

    def first_day(found: Traffic) -> None:
        shown = found.exposures
        for i, time in enumerate(shown["timestamp"]):
            if time < begins:
                shown["variation_id"][i] = "challenger" if i % 10 == 1 else "champion"

    first_day(ab.traffic)


def triggered(world: World) -> None:
    """Units enter when they open something."""
    ab = sound(world)
    ab.plan["trigger"] = "opened"


def excluding(world: World) -> None:
    """Staff is left out, of whom there is nobody."""
    ab = sound(world)
    ab.plan["exclude"] = {"staff": ["yes"]}


def _lost(table: str, column: str) -> Inject:
    return rows(lambda found: getattr(found, table).pop(column))


def _none(table: str) -> Inject:
    def lose(found: Traffic) -> None:
        columns = getattr(found, table)
        for name in columns:
            columns[name] = []

    return rows(lose)


def _each(table: str, column: str, value: Callable[[int, Any], Any]) -> Inject:
    """Every value of a column, given its place and what it was."""

    def rewrite(found: Traffic) -> None:
        columns: Columns = getattr(found, table)
        columns[column] = [value(i, v) for i, v in enumerate(columns[column])]

    return rows(rewrite)


def _some(table: str, column: str, value: object, *, every: int = 50) -> Inject:
    return _each(table, column, lambda i, was: value if i % every == 1 else was)


def _torn(file: Path) -> None:
    file.write_text(file.read_text() + "u1,2024\n")


def _texts(column: str, value: str) -> Inject:
    return _each("events", column, lambda i, was: value if i % 50 == 1 else str(was))


def _of_arm(arm: str, column: str, value: Callable[[Any], Any]) -> Inject:
    """Every value of an arm's events."""

    def rewrite(found: Traffic) -> None:
        mine = set(_units(found, lambda i: found.exposures["variation_id"][i] == arm))
        found.events[column] = [
            value(was) if unit in mine else was
            for unit, was in zip(found.events["unit_id"], found.events[column], strict=True)
        ]

    return rows(rewrite)


def _units(found: Traffic, holds: Callable[[int], bool]) -> list[str]:
    return [unit for i, unit in enumerate(found.exposures["unit_id"]) if holds(i)]


def _again(table: str) -> Inject:
    def repeat(found: Traffic) -> None:
        for values in getattr(found, table).values():
            values.extend(list(values))

    return rows(repeat)


def _more(columns: Columns, places: Iterable[int], **otherwise: object) -> None:
    for i in list(places):
        for name, values in columns.items():
            values.append(otherwise.get(name, values[i]))


def _crossing(found: Traffic) -> None:
    places = [i for i, arm in enumerate(found.exposures["variation_id"]) if arm == "champion"]
    _more(found.exposures, places[::10], variation_id="challenger")


def _kept(columns: Columns, holds: Callable[[int], bool]) -> None:
    keep = [i for i in range(len(columns["unit_id"])) if holds(i)]
    for name, values in columns.items():
        columns[name] = [values[i] for i in keep]


def _copied_arm(found: Traffic) -> None:
    """What the challenger's units do is what the champion's did, unit by unit."""
    _kept(found.exposures, lambda i: found.exposures["variation_id"][i] == "champion")
    _kept(found.events, lambda i: int(found.events["unit_id"][i][1:]) % 2 == 0)
    for columns in (found.exposures, found.events):
        for name, values in columns.items():
            columns[name] = values + [f"copy-{v}" if name == "unit_id" else v for v in values]
    half = len(found.exposures["unit_id"]) // 2
    found.exposures["variation_id"][half:] = ["challenger"] * half


def _copied(ab: Ab) -> None:
    """A copy is as good as what it was copied from, and that is all that is demanded."""
    ab.criteria = [{"metric": "online.resolved", "non_inferior": {"margin": 0.2}}, QUICK]
    ab.spoils.append(_copied_arm)


def _bot(found: Traffic) -> None:
    """One unit does more than a third of all."""
    mine = [i for i, unit in enumerate(found.events["unit_id"]) if unit == "u1"]
    for i in mine:
        found.events["seconds"][i] += len(found.events["unit_id"])


def _stray(found: Traffic) -> None:
    """One exposure long before all others makes a day of traffic look like a week."""
    late = START + timedelta(days=5)
    shown = found.exposures
    _kept(shown, lambda i: i == 0 or shown["timestamp"][i] > late)


def _cut(table: str, day: float) -> Inject:
    """No row of a table is newer than this."""

    def cut(found: Traffic) -> None:
        kept = until(found, day)
        for name, values in getattr(kept, table).items():
            getattr(found, table)[name] = values

    return rows(cut)


def _both_cut(found: Traffic) -> None:
    kept = until(found, 5.5)
    found.exposures.update(kept.exposures)
    found.events.update(kept.events)


def _split(found: Traffic, *, every: int, since: float, to: str = "champion") -> None:
    """Of a phase's challenger units every n-th stands in the other arm."""
    begins, shown = START + timedelta(days=since), found.exposures
    other = "challenger" if to == "champion" else "champion"
    mine = [
        i
        for i, (arm, time) in enumerate(zip(shown["variation_id"], shown["timestamp"], strict=True))
        if arm == other and time >= begins
    ]
    for i in mine[::every]:
        shown["variation_id"][i] = to


def _first_day_halves(found: Traffic) -> None:
    """Half of the units where a tenth was planned."""
    begins, shown = START + timedelta(days=1), found.exposures
    for i, time in enumerate(shown["timestamp"]):
        if time < begins:
            shown["variation_id"][i] = ("champion", "challenger")[i % 2]


def _ramp(found: Traffic) -> None:
    """A tenth of the units for three days."""
    begins, shown = START + timedelta(days=3), found.exposures
    for i, time in enumerate(shown["timestamp"]):
        if time < begins:
            shown["variation_id"][i] = "challenger" if i % 10 == 1 else "champion"


def _selecting(found: Traffic) -> None:
    """The challenger's units that fail never open anything."""
    won = {
        unit
        for unit, value in zip(found.events["unit_id"], found.events["resolved"], strict=True)
        if value
    }
    arms = dict(zip(found.exposures["unit_id"], found.exposures["variation_id"], strict=True))
    found.events["opened"] = [
        float(unit in won or arms.get(unit) == "champion") for unit in found.events["unit_id"]
    ]


def _losers(found: Traffic) -> None:
    """Units of the challenger that fail are lost on the way."""
    won = {
        unit
        for unit, value in zip(found.events["unit_id"], found.events["resolved"], strict=True)
        if value
    }
    shown = found.exposures
    lost = {
        u for u, a in zip(shown["unit_id"], shown["variation_id"], strict=True) if a == "challenger"
    } - won
    for columns in (found.exposures, found.events):
        units = columns["unit_id"]
        _kept(columns, lambda i, units=units: units[i] not in lost)


def _reversed(found: Traffic) -> None:
    for columns in (found.exposures, found.events):
        items = list(columns.items())[::-1]
        columns.clear()
        columns.update(items)


def _file(ab: Ab, name: str) -> Path:
    return ab.place.data / name


def _store_then(change: Callable[[Ab], object]) -> Inject:
    """The files are written, then this happens to them."""

    def inject(ab: Ab) -> None:
        stores = ab.store or (lambda found: write(found, ab.place.data))

        def store(found: Traffic) -> None:
            stores(found)
            change(ab)

        ab.store = store

    return changed(inject)


def _halved(ab: Ab) -> None:
    path = _file(ab, "events.parquet")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _header_only(ab: Ab) -> None:
    for name in ("exposures.csv", "events.csv"):
        path = _file(ab, name)
        path.write_text(path.read_text().splitlines()[0] + "\n")


def _plan(**fields: object) -> Inject:
    return changed(lambda ab: ab.plan.update(fields))


def _fault(name: str, inject: Inject, said: str, *, scene: Scene = simple) -> Fault:
    return Fault(
        name=name, where="A/B: exposures and events", scene=scene, inject=inject, said=said
    )


def _of_split(name: str, inject: Inject, said: str, *, scene: Scene = simple) -> Fault:
    return Fault(name=name, where="A/B: the split", scene=scene, inject=inject, said=said)


def _harmless(name: str, inject: Inject, *, scene: Scene = simple) -> Harmless:
    return Harmless(name=name, where="A/B: exposures and events", scene=scene, inject=inject)


def _columns(found: Traffic) -> None:
    for columns in (found.exposures, found.events):
        columns["note"] = ["<b>x</b>"] * len(columns["unit_id"])


def _others(found: Traffic) -> None:
    """Another A/B with the same users, whose arms are called otherwise."""
    n = len(found.exposures["unit_id"])
    _more(found.exposures, range(0, n, 3), experiment_id="assistant/9", variation_id="blue")


def _strangers(found: Traffic) -> None:
    """Events of people who are in no A/B, with values that nobody could read."""
    _more(
        found.events,
        range(min(60, len(found.events["unit_id"]))),
        unit_id="stranger",
        seconds=math.nan,
    )


def _seen_again(found: Traffic) -> None:
    """Users come back: they are exposed again, later, to the same arm."""
    shown, n = found.exposures, len(found.exposures["unit_id"])
    for i in range(0, n, 5):
        _more(shown, [i], timestamp=shown["timestamp"][i] + timedelta(minutes=5))


FAULTS = (
    _fault("no `variation_id`", _lost("exposures", "variation_id"), "`variation_id` of the"),
    _fault("no `unit_id` of events", _lost("events", "unit_id"), "`unit_id` of the events"),
    _fault("no column of a metric", _lost("events", "seconds"), "`seconds` of the events"),
    _fault("no exposure", _none("exposures"), "no planned look"),
    _fault("no event", _none("events"), "nothing is known of what they did"),
    _fault(
        "an empty file",
        _store_then(lambda ab: _file(ab, "events.csv").write_text("")),
        "must name every column once",
        scene=in_csv,
    ),
    _fault("files of a header alone", _store_then(_header_only), "no planned look", scene=in_csv),
    _fault("half a Parquet file", _store_then(_halved), "cannot read the traffic"),
    _fault(
        "no Parquet file",
        _store_then(lambda ab: _file(ab, "events.parquet").write_text("unit_id")),
        "cannot read the traffic",
    ),
    _fault(
        "a file gone",
        _store_then(lambda ab: _file(ab, "exposures.parquet").unlink()),
        "there is no traffic file",
    ),
    _fault(
        "a cell that splits a row",
        _store_then(lambda ab: _torn(_file(ab, "events.csv"))),
        "CSV Error",
        scene=in_csv,
    ),
    _fault("units without a name", _some("exposures", "unit_id", None), "exposures name no unit"),
    _fault("events without a unit", _some("events", "unit_id", None), "events name no unit"),
    _fault("exposures of no A/B", _some("exposures", "experiment_id", None), "name no A/B"),
    _fault("an arm of no name", _some("exposures", "variation_id", None), "are neither"),
    _fault("an unknown arm", _some("exposures", "variation_id", "blue"), "are neither"),
    _fault(
        "another A/B's name",
        _each("exposures", "experiment_id", lambda *_: "assistant/9"),
        "no planned look",
    ),
    _fault("exposures loaded twice", _again("exposures"), "was the table loaded twice"),
    _fault("events loaded twice", _again("events"), "loaded twice?"),
    _fault(
        "every event before exposure",
        _each("events", "timestamp", lambda _, t: t - timedelta(days=2)),
        "no unit of the champion arm has any value",
    ),
    _fault(
        "exposures of tomorrow",
        _each("exposures", "timestamp", lambda i, t: t + timedelta(days=3) if i % 50 == 1 else t),
        "lie in the future",
    ),
    _fault(
        "times that are no times",
        _each("exposures", "timestamp", lambda i, t: "soon" if i % 50 == 1 else str(t)),
        "no readable timestamp",
    ),
    _fault(
        "exposures without a time", _some("exposures", "timestamp", None), "no readable timestamp"
    ),
    _fault(
        "no exposure has a time",
        _each("exposures", "timestamp", lambda *_: None),
        "has a readable timestamp",
    ),
    _fault("events without a time", _some("events", "timestamp", None), "no readable timestamp"),
    _fault("no row of the last days", rows(_both_cut), "the last rows are missing"),
    _fault("no event of the last days", _cut("events", 5.5), "events are missing"),
    _fault("a stray early exposure", rows(_stray), "a stray early exposure"),
    _fault(
        "NaN of the champion",
        _of_arm("champion", "seconds", lambda _: math.nan),
        "no finite number",
    ),
    _fault(
        "NaN of the challenger",
        _of_arm("challenger", "seconds", lambda _: math.nan),
        "no finite number",
    ),
    _fault("some NaN", _some("events", "resolved", math.nan), "no finite number"),
    _fault("infinite values", _some("events", "seconds", -math.inf), "no finite number"),
    _fault("numbers too large", _some("events", "seconds", 1e308), "missing or not finite"),
    _fault("texts among numbers", _texts("seconds", "n/a"), "no finite number"),
    _fault("a metric of nothing", _each("events", "resolved", lambda *_: None), "`resolved`"),
    _fault("a guardrail of nothing", _each("events", "seconds", lambda *_: None), "`seconds`"),
    _fault(
        "a metric of nothing in one arm",
        _of_arm("champion", "seconds", lambda _: None),
        "no unit of the champion arm has any value",
    ),
    _fault(
        "a metric without variance", _each("events", "seconds", lambda *_: 2.0), "has zero variance"
    ),
    _fault("every unit wins", _each("events", "resolved", lambda *_: 1.0), "has zero variance"),
    _fault("nobody wins", _each("events", "resolved", lambda *_: 0.0), "has zero variance"),
    _fault("an arm that is a copy of the other", changed(_copied), "one is a copy of the other"),
    _fault("a unit that does most of it", rows(_bot), "one unit alone has more than"),
    _fault(
        "arms called the wrong way round",
        _plan(variants={"champion": "challenger", "challenger": "champion"}),
        "users are harmed",
    ),
    _fault(
        "nobody is left",
        _plan(exclude={"staff": ["no"]}),
        "there is no unit in any arm",
        scene=excluding,
    ),
    _fault(
        "no column to leave out by",
        _lost("exposures", "staff"),
        "`staff` of the exposures",
        scene=excluding,
    ),
    _fault(
        "no column of a segment",
        changed(
            lambda ab: (
                ab.plan.update(segments=["country"]),
                ab.spoils.append(lambda found: found.exposures.pop("country")),
            )
        ),
        "`country` of the exposures",
    ),
    _of_split("units in both arms", rows(_crossing), "stand in two arms"),
    _of_split(
        "no unit of the challenger",
        rows(
            lambda found: _kept(
                found.exposures, lambda i: found.exposures["variation_id"][i] == "champion"
            )
        ),
        "exposures of the arm `challenger`",
    ),
    _of_split(
        "too few of the challenger",
        rows(lambda f: _split(f, every=4, since=0.0)),
        "refutes the split",
    ),
    _of_split(
        "too few of the champion",
        rows(lambda f: _split(f, every=4, since=0.0, to="challenger")),
        "refutes the split",
    ),
    _of_split("losers are never written", rows(_losers), "refutes the split"),
    _of_split(
        "a ramp's last phase",
        rows(lambda f: _split(f, every=3, since=1.0)),
        "from day 1 on",
        scene=ramped,
    ),
    _of_split("a ramp's first phase", rows(_first_day_halves), "from day 0 on", scene=ramped),
    _of_split("a ramp that nobody declared", rows(_ramp), "refutes the split"),
    _of_split(
        "a phase without units",
        _plan(
            ramp=[
                {"from_day": 0.0, "champion_share": 0.5, "analysed": False},
                {"from_day": 6.9, "champion_share": 0.5},
            ]
        ),
        "no unit whose window has closed",
    ),
    _of_split(
        "a trigger that chooses", rows(_selecting), "is independent of the arm", scene=triggered
    ),
    _of_split(
        "a trigger of nobody",
        _each("events", "opened", lambda *_: 0.0),
        "no unit was triggered",
        scene=triggered,
    ),
    _of_split(
        "no column of the trigger",
        _lost("events", "opened"),
        "`opened` of the events",
        scene=triggered,
    ),
)


HARMLESS = (
    _harmless("further columns", rows(_columns)),
    _harmless("exposures of other A/Bs", rows(_others)),
    _harmless("events of strangers", rows(_strangers)),
    _harmless("users who come back", rows(_seen_again)),
    _harmless(
        "nobody is excluded by name",
        rows(lambda f: f.exposures.update(staff=[None] * len(f.exposures["staff"]))),
        scene=excluding,
    ),
    _harmless("columns in another order", rows(_reversed)),
)
