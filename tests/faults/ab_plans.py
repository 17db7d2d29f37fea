"""Faults of plans: what is demanded, of which metrics, of how many, and when it was said."""

import math
from typing import Any

from tests.faults.ab import (
    BETTER,
    DAYS,
    NAME,
    POLICY,
    REGISTRATIONS,
    RIVAL,
    Ab,
    before,
    changed,
    rows,
    simple,
    sound,
)
from tests.faults.world import Fault, Harmless, Inject, Scene, World
from tests.stages.online.traffic_of import Traffic

FASTER = {"metric": "online.seconds", "better": {}}
THIRD = "assistant/4"


def one_of_two(world: World) -> None:
    """One of two primaries must win: more is resolved, in as much time."""
    ab = sound(world)
    ab.plan["also_primary"] = ["seconds"]
    ab.criteria = [BETTER, FASTER]


def both_of_two(world: World) -> None:
    """Both must win: more is resolved, and faster."""
    ab = sound(world)
    ab.plan |= {"also_primary": ["seconds"], "primaries": "all"}
    ab.criteria = [BETTER, FASTER]
    _of_challenger(ab.traffic, "seconds", 0.7)


def three_arms(world: World) -> None:
    """Two challengers; this one wins by so little that it needs the other's share of alpha."""
    ab = sound(world)
    ab.rivals = 1
    ab.plan |= {
        "flag": "new-model",
        "variants": {"challenger": "{candidate}"},
        "challengers": 2,
        "champion_share": 1 / 3,
    }
    _three_arms(ab.traffic)


def sharing(world: World) -> None:
    """A false discovery rate over all A/Bs: this one draws its alpha."""
    sound(world).plan["false_discovery"] = 0.05


def adjusted(world: World) -> None:
    """What a unit did before its first exposure is taken out of what it does after."""
    ab = sound(world)
    ab.plan["covariates"] = {"habit": {"column": "seconds", "days": 2.0}}
    ab.plan["metrics"]["seconds"]["covariates"] = ["habit"]


def with_a_quantile(world: World) -> None:
    """The guardrail is a quantile."""
    ab = sound(world)
    ab.plan["metrics"]["seconds"] |= {"kind": "quantile", "quantile": 0.9}


def cut(world: World) -> None:
    """The guardrail's highest values are cut."""
    sound(world).plan["metrics"]["seconds"]["winsorize"] = 0.99


def _of_challenger(found: Traffic, column: str, factor: float) -> None:
    arms = dict(zip(found.exposures["unit_id"], found.exposures["variation_id"], strict=True))
    found.events[column] = [
        value * factor if arms.get(unit) == "challenger" else value
        for unit, value in zip(found.events["unit_id"], found.events[column], strict=True)
    ]


SHARES = (0.40, 0.495, 0.75)
"""Of the champion, the candidate and its rival: the second is at about 2.1 standard errors."""


def _three_arms(found: Traffic) -> None:
    shown, arms = found.exposures, ("champion", NAME, RIVAL)
    shown["experiment_id"] = ["new-model"] * len(shown["unit_id"])
    shown["variation_id"] = [arms[i % 3] for i in range(len(shown["unit_id"]))]
    found.events["resolved"] = [
        float(k % 3 == 2 and _wins(k // 3)) for k in range(len(found.events["unit_id"]))
    ]


def _wins(unit: int) -> bool:
    share, number = SHARES[unit % 3], unit // 3
    return math.floor((number + 1) * share) > math.floor(number * share)


def _plan(**fields: object) -> Inject:
    return changed(lambda ab: ab.plan.update(fields))


def _metric(name: str, **fields: object) -> Inject:
    return changed(lambda ab: ab.plan["metrics"][name].update(fields))


def _later(day: float | None = DAYS, **fields: object) -> Inject:
    """The plan is changed after it was registered."""

    def change(ab: Ab) -> None:
        ab.plan.update(fields)
        ab.write_policy()

    return before(day, change)


def _asked(day: float | None, *criteria: dict[str, Any]) -> Inject:
    """The criteria are changed after they were registered."""

    def change(ab: Ab) -> None:
        ab.criteria = list(criteria)
        ab.write_policy()

    return before(day, change)


def _small(ab: Ab) -> None:
    ab.plan["burn_in_units"] = 500
    ab.spoils.append(_half_of_the_units)


def _half_of_the_units(found: Traffic) -> None:
    for columns in (found.exposures, found.events):
        keep = [int(unit[1:]) % 4 < 2 for unit in columns["unit_id"]]
        for name, values in columns.items():
            columns[name] = [v for v, k in zip(values, keep, strict=True) if k]


def _recorded(ab: Ab) -> None:
    ab.plan["retrospective"] = True
    ab.may_ship = True


def _as_champion(found: Traffic) -> None:
    """The challenger resolves as many as the champion."""
    found.events["resolved"] = [
        float(k % 3 == 2 and (k // 6) % 2 == 0) for k in range(len(found.events["unit_id"]))
    ]


def _fault(name: str, inject: Inject, said: str, *, scene: Scene = simple) -> Fault:
    return Fault(name=name, where="A/B: plan and criteria", scene=scene, inject=inject, said=said)


def _of_many(name: str, inject: Inject, said: str, *, scene: Scene) -> Fault:
    where = "A/B: several primaries, several arms"
    return Fault(name=name, where=where, scene=scene, inject=inject, said=said)


def _of_metric(name: str, inject: Inject, said: str, *, scene: Scene) -> Fault:
    return Fault(name=name, where="A/B: metrics", scene=scene, inject=inject, said=said)


def _harmless(name: str, inject: Inject) -> Harmless:
    return Harmless(name=name, where="A/B: metrics", scene=adjusted, inject=inject)


def _before_exposure(value: float | None, *, every: int = 1) -> Inject:
    """What is known of units before their first exposure; events stand in threes, one before."""

    def rewrite(found: Traffic) -> None:
        seen = dict(zip(found.exposures["unit_id"], found.exposures["timestamp"], strict=True))
        events = found.events
        for i, (unit, at) in enumerate(zip(events["unit_id"], events["timestamp"], strict=True)):
            if at < seen.get(unit, at) and i % every == 0:
                events["seconds"][i] = value

    return rows(rewrite)


def _few(found: Traffic) -> None:
    """Only some units have a value at all."""
    found.events["seconds"] = [
        value if int(unit[1:]) < 12 else None
        for unit, value in zip(found.events["unit_id"], found.events["seconds"], strict=True)
    ]


def _slower(found: Traffic) -> None:
    _of_challenger(found, "seconds", 1.6)


def _no_name(found: Traffic) -> None:
    """The rival's arm is called as this candidate's."""
    shown = found.exposures
    shown["variation_id"] = [NAME if a == RIVAL else a for a in shown["variation_id"]]


def _fourth(found: Traffic) -> None:
    shown = found.exposures
    shown["variation_id"] = [
        THIRD if a == RIVAL and i % 2 else a for i, a in enumerate(shown["variation_id"])
    ]


def _no_rival(found: Traffic) -> None:
    shown = found.exposures
    keep = [a != RIVAL for a in shown["variation_id"]]
    for name, values in shown.items():
        shown[name] = [v for v, k in zip(values, keep, strict=True) if k]


def _rival_fails(found: Traffic) -> None:
    found.events["resolved"] = [
        0.0 if (k // 3) % 3 == 2 and (k // 9) % 2 else v
        for k, v in enumerate(found.events["resolved"])
    ]


FAULTS = (
    _fault("fewer planned units after registration", _later(planned_units=400), "registered was"),
    _fault("more alpha after registration", _later(alpha=0.05), "registered was"),
    _fault("a look added late", _later(looks=[5, 7]), "registered was"),
    _fault("no minimum run time any more", _later(minimum_days=0), "registered was"),
    _fault("another metric leads after registration", _later(primary="seconds"), "registered was"),
    _fault("a guardrail taken out", _asked(DAYS, BETTER), "registered was"),
    _fault(
        "a wider margin after registration",
        _asked(
            DAYS, BETTER, {"metric": "online.seconds", "non_inferior": {"relative_margin": 0.9}}
        ),
        "registered was",
    ),
    _fault(
        "registered after the first exposure",
        changed(lambda ab: setattr(ab, "registered_on", 0.5)),
        "after the first exposure",
    ),
    _fault(
        "the registration is lost",
        before(DAYS, lambda ab: ab.stream(REGISTRATIONS).unlink()),
        "after the first exposure",
    ),
    _fault("a plan of recorded traffic", changed(_recorded), "recorded"),
    _fault(
        "nothing blocks",
        changed(lambda ab: setattr(ab, "criteria", [{**BETTER, "severity": "advisory"}])),
        "no blocking criterion",
    ),
    _fault(
        "nothing is demanded",
        changed(lambda ab: setattr(ab, "criteria", [])),
        "no blocking criterion",
    ),
    _fault(
        "nothing is demanded of the primary",
        changed(lambda ab: setattr(ab, "criteria", ab.criteria[1:])),
        "no criterion demands anything",
    ),
    _fault("an alpha of one half", _plan(alpha=0.5), "above which nothing ships"),
    _fault("no effect", rows(_as_champion), "the baseline stays"),
    _fault("a guardrail is hurt", rows(_slower), "users are harmed"),
    _fault("not enough units", changed(_small), "are analysed"),
    _fault("windows that are still open", _plan(window_days=6.9), "17 units of at least 100"),
    _fault("no guardrail any more, then promoted", _asked(None, BETTER), "it was decided under"),
    _of_many(
        "one of two, and neither wins", rows(_as_champion), "no primary passes", scene=one_of_two
    ),
    _of_many(
        "one of two, the other never measured",
        rows(lambda f: f.events.update(seconds=[None] * len(f.events["seconds"]))),
        "`seconds`",
        scene=one_of_two,
    ),
    _of_many(
        "one of two, the other much worse", rows(_slower), "users are harmed", scene=one_of_two
    ),
    _of_many(
        "both of two, one wins",
        rows(lambda f: _of_challenger(f, "seconds", 1 / 0.7)),
        "the primary online.seconds does not pass",
        scene=both_of_two,
    ),
    _of_many(
        "both of two, nothing asked of one",
        changed(lambda ab: setattr(ab, "criteria", [BETTER])),
        "no criterion demands anything",
        scene=both_of_two,
    ),
    _of_many(
        "a primary named twice", _plan(also_primary=["resolved"]), "named twice", scene=one_of_two
    ),
    _of_many(
        "no rival is decided with it",
        changed(lambda ab: setattr(ab, "command", ("run", POLICY, NAME))),
        "the primary online.resolved does not pass",
        scene=three_arms,
    ),
    _of_many(
        "a rival that fails",
        rows(_rival_fails),
        "the primary online.resolved does not pass",
        scene=three_arms,
    ),
    _of_many("an arm more than planned", rows(_fourth), "and the plan has 3", scene=three_arms),
    _of_many(
        "the rival's arm is empty",
        rows(_no_rival),
        "the primary online.resolved does not pass",
        scene=three_arms,
    ),
    _of_many("both challengers in one arm", rows(_no_name), "refutes the split", scene=three_arms),
    _of_many(
        "one name for both challengers",
        _plan(variants={"challenger": "new"}),
        "for 2 challengers",
        scene=three_arms,
    ),
    _of_many(
        "one name for both sides",
        _plan(variants={"champion": "champion", "challenger": "champion"}),
        "for 2 challengers",
        scene=three_arms,
    ),
    _of_many(
        "an undeclared challenger",
        _plan(challengers=1, champion_share=0.5),
        "are neither",
        scene=three_arms,
    ),
    _of_metric(
        "no column of a covariate",
        _plan(covariates={"habit": {"column": "visits"}}),
        "`visits` of the events",
        scene=adjusted,
    ),
    _of_metric(
        "a covariate that is NaN",
        _before_exposure(math.nan, every=9),
        "no finite number",
        scene=adjusted,
    ),
    _of_metric(
        "a covariate of infinity",
        _before_exposure(math.inf, every=9),
        "no finite number",
        scene=adjusted,
    ),
    _of_metric(
        "a quantile of few units",
        rows(_few),
        "too few units of the champion arm",
        scene=with_a_quantile,
    ),
    _of_metric(
        "a quantile of one value",
        rows(lambda f: f.events.update(seconds=[2.0] * len(f.events["seconds"]))),
        "leaves its error unknown",
        scene=with_a_quantile,
    ),
    _of_metric(
        "cut at the lowest value",
        _metric("seconds", winsorize=0.0001),
        "has zero variance",
        scene=cut,
    ),
    _of_metric(
        "a cap below every value", _metric("seconds", cap=0.001), "has zero variance", scene=simple
    ),
    _of_metric(
        "a denominator of nothing",
        changed(
            lambda ab: (
                ab.plan["metrics"]["seconds"].update(kind="ratio", denominator="sessions"),
                ab.spoils.append(
                    lambda f: f.events.update(sessions=[0.0] * len(f.events["sessions"]))
                ),
            )
        ),
        "is not positive",
        scene=simple,
    ),
    _of_metric(
        "a negative denominator",
        changed(
            lambda ab: (
                ab.plan["metrics"]["seconds"].update(kind="ratio", denominator="sessions"),
                ab.spoils.append(
                    lambda f: f.events.update(sessions=[-1.0] * len(f.events["sessions"]))
                ),
            )
        ),
        "negative `sessions`",
        scene=simple,
    ),
)

HARMLESS = (
    Harmless(
        name="a candidate that is in no arm",
        where="A/B: several primaries, several arms",
        scene=three_arms,
        inject=changed(lambda ab: setattr(ab, "rivals", 2)),
    ),
    _harmless("a covariate that says nothing", _before_exposure(2.0)),
    _harmless("a covariate of nothing", _before_exposure(None)),
)
