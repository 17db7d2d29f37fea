"""Faults of evidence of stage 2 that was kept, and of what is demanded of it."""

import json
from collections.abc import Callable
from typing import Any

from policies.canonical import canonical_json
from tests.faults.comparisons import anytime, boxed, by_files
from tests.faults.world import Fault, Inject, Scene, World

Json = dict[str, Any]


def _kept(change: Callable[[bytes], bytes]) -> Inject:
    """The evidence is changed while it is kept."""

    def inject(world: World) -> None:
        world.damage = change

    return inject


def _changed(change: Callable[[Json], object]) -> Inject:
    """Its JSON is, and is written canonically again."""

    def damage(kept: bytes) -> bytes:
        document = json.loads(kept)
        change(document)
        return f"{canonical_json(document)}\n".encode()

    return _kept(damage)


def _of_win_rate(change: Callable[[Json], object]) -> Inject:
    def damage(document: Json) -> None:
        for measurement in _evidence(document)["measurements"]:
            if measurement["metric"] == "side_by_side.win_rate":
                change(measurement)

    return _changed(damage)


def _evidence(document: Json) -> Json:
    found = document.get("evidence", document)
    assert isinstance(found, dict)
    return found


def _estimate(**fields: object) -> Inject:
    return _of_win_rate(lambda m: m["measured"].update(fields))


def _twice(document: Json) -> None:
    measurements = _evidence(document)["measurements"]
    measurements += [m for m in measurements if m["metric"] == "side_by_side.win_rate"]


def _none(document: Json) -> None:
    _evidence(document)["measurements"] = []


def _half(world: World) -> None:
    """Half of the votes, and evidence that says that no more were planned."""
    world.rewrite("votes.jsonl", lambda votes: votes.__delitem__(slice(12, None)))


def _segments(world: World) -> None:
    """Voters are of kinds that the mix of users does not name."""
    world.comparison["user_mix"] = {"segment": {"free": 0.5, "paying": 0.5}}
    world.criteria.append({"metric": "side_by_side.raked_win_rate", "at_least": 0.3})


def _demanding(metric: str, **demand: float) -> Inject:
    return lambda world: world.criteria.append({"metric": f"side_by_side.{metric}", **demand})


def _silent_format(world: World) -> None:
    """Votes that could not say "both bad", where that is demanded."""
    _demanding("both_bad", at_most=0.5)(world)
    world.rewrite(
        "votes.jsonl",
        lambda votes: [
            vote.update(score={"win": 1.0, "graded": 1.0}) or vote.pop("verdict") for vote in votes
        ],
    )


def _no_answers(world: World) -> None:
    """Votes without the answers, of prompts that no data hold, where attacks are looked for."""
    _demanding("attacks", at_most=0.3)(world)
    world.comparison.pop("data", None)
    world.rewrite(
        "votes.jsonl", lambda votes: [vote.pop("answer_a") + vote.pop("answer_b") for vote in votes]
    )


def _less_level(world: World) -> None:
    world.comparison["level"] = 0.6


def _fault(name: str, inject: Inject, said: str, *, scene: Scene = by_files) -> Fault:
    return Fault(name=name, where="evidence of votes", scene=scene, inject=inject, said=said)


FAULTS = (
    _fault("cut", _kept(lambda kept: kept[:-30]), "Unterminated string"),
    _fault("not canonical", _kept(lambda kept: kept.replace(b",", b", ", 1)), "canonical form"),
    _fault("empty", _kept(lambda _: b""), "Expecting value"),
    _fault(
        "NaN for its value",
        _kept(lambda k: k.replace(b'"value":', b'"value":NaN,"v":', 1)),
        "NaN is not a JSON number",
    ),
    _fault("a value above 1", _estimate(value=1.5, high=1.6), "outside what shares can be"),
    _fault("a value outside its interval", _estimate(value=0.1), "outside its own interval"),
    _fault("an interval without width", _estimate(value=0.9, low=0.9, high=0.9), "no width"),
    _fault("ends the wrong way round", _estimate(low=0.99, high=0.6), "is above high"),
    _fault("more prompts than planned", _estimate(n=100), "100 units where 24"),
    _fault("fewer prompts than planned", _estimate(n=12), "12 prompts of 24"),
    _fault("a lower level", _estimate(level=0.6), "below 95 %"),
    _fault("another unit", _estimate(unit="number"), "its unit is number"),
    _fault("a measurement twice", _changed(_twice), "lists its value twice"),
    _fault("no measurement", _changed(_none), "has no value of it"),
    _fault(
        "of another stage",
        _changed(lambda d: _evidence(d).update(stage="online")),
        "is of the online stage",
    ),
    _fault(
        "another schema",
        _changed(lambda d: d.update(schema="gate.evidence/99")),
        "gate.evidence/99",
    ),
    _fault(
        "a key that nobody knows",
        _changed(lambda d: _evidence(d).update(passed=True)),
        "it has `passed`",
    ),
    _fault("half of the votes at a fixed number", _half, "12 prompts of 24"),
    _fault(
        "half of the votes, taken for all at any time", _half, "as low as 43.1 %", scene=anytime
    ),
    _fault("a level of 60 %", _less_level, "at least 0.9"),
    _fault("voters of no segment in the mix", _segments, "the user mix has none", scene=boxed),
    _fault("both bad was never asked", _silent_format, "format that has no"),
    _fault("answers that nobody knows", _no_answers, "are not known"),
)
