"""Faults of a panel of judges, of their budget and of their provider's batches."""

import json
from collections.abc import Callable
from functools import partial

from gates.pipeline import run_round
from tests.faults.comparisons import PANEL, by_judges, by_two_judges, fused, says, voted
from tests.faults.world import DATA, Fault, Harmless, Inject, Scene, World, at_endpoint
from tests.servers import judge
from tests.servers import openai_server as server
from tests.servers.batch_desk import BatchDesk, Lines
from tests.servers.openai_server import Behaviour, Call, OpenAIServer, Reaction

GOLD = 8


def in_batches(
    world: World,
    desk: BatchDesk | None = None,
    *,
    status: str = "completed",
    answers: int | None = None,
) -> None:
    """A judge asked through its provider's Batch API, whose batches end before the round."""
    by_judges(world)
    kept = desk or BatchDesk()
    desk_server = OpenAIServer(judge.comparing(judge.prefers_longer), routes=kept.routes)
    kept.server = world.endpoints[PANEL] = world.open.enter_context(desk_server)
    world.comparison["judging"] = {"batch": True}
    world.after_registration += [lambda: run(world), lambda: kept.finish(status, answers=answers)]


def pinned(world: World) -> None:
    """A judge whose calibration set was judged the day before; it may not have drifted."""
    by_judges(world)
    world.write(
        "gold.jsonl",
        (
            {
                "id": f"g{n}",
                "prompt": f"What is {n} + 1?",
                "answer_a": f"It is {n + 1}, as anybody can count.",
                "answer_b": "A fish.",
                "preference": "A>>B",
            }
            for n in range(GOLD)
        ),
    )
    world.comparison["judging"] = {"calibration": f"{DATA}/gold.jsonl"}
    world.criteria.append({"metric": "side_by_side.judge_drift", "at_most": 0.4})
    world.after_registration += [lambda: run(world), lambda: world.place.later(days=1)]


def people_and_judge(world: World) -> None:
    """People whose votes count, on a judge that must agree with them."""
    by_judges(world)
    world.comparison |= {"count": "votes", "judging": {"repeats": 2}}
    world.criteria += [
        {"metric": "side_by_side.judge_agreement", "at_least": 0.6},
        {"metric": "side_by_side.judge_first_position", "at_most": 0.8},
        {"metric": "side_by_side.judge_inconsistency", "at_most": 0.3},
        {"metric": "side_by_side.judge_repeat_variance", "at_most": 0.2},
        {"metric": "side_by_side.judge_severity", "at_most": 0.3},
    ]
    world.after_registration.append(lambda: voted(world))


def run(world: World) -> None:
    """A round before the round."""
    world.write_settings()
    file = world.place.policy(world.policy())
    run_round(file, ["assistant/2"], world.place.services)


def _replaced(behaviour: Behaviour) -> Inject:
    def inject(world: World) -> None:
        world.endpoints[PANEL].behaviour = behaviour

    return inject


def _says(reply: Callable[[Call], str]) -> Inject:
    return _replaced(judge.saying(reply))


def _reacts(react: Callable[[Call], Reaction]) -> Inject:
    return _replaced(judge.reacting(react))


def _sometimes(react: Callable[[Call], Reaction]) -> Inject:
    """Every tenth case is answered otherwise."""
    return lambda world: world.spoil_service(
        PANEL, lambda call: react(call) if int(judge.case_of(call), 16) % 10 == 3 else None
    )


def _verdict(choice: object) -> Callable[[Call], str]:
    return lambda call: judge.verdict(call, choice)


def _other_case(_: Call) -> str:
    return json.dumps({"case": "0" * 12, "reasoning": "it is so", "verdict": "A>B"})


def _dies(world: World) -> None:
    """After twenty calls nobody answers."""
    sound, calls = world.endpoints[PANEL].behaviour, iter(range(10_000))
    world.endpoints[PANEL].behaviour = lambda call: (
        sound(call) if next(calls) < 20 else server.status(500)
    )


def _unreachable(world: World) -> None:
    """Its server ends before the round."""
    world.after_registration.append(world.endpoints[PANEL].stop)


def _own_family(world: World) -> None:
    """Both checkpoints are served under a name of the judge's maker."""
    world.comparison["judges"] = {PANEL: {"family": "openai"}}
    world.register_as = lambda name: f"gpt-{name}"
    at_endpoint(world, lambda name, asked: says(name.removeprefix("gpt-"), asked))


def _capped(**cap: float) -> Inject:
    return lambda world: world.budget.update(cap)


def _swapped(behaviour: Behaviour) -> Inject:
    """Another model judges from the second day on."""
    return lambda world: world.after_registration.append(lambda: _replaced(behaviour)(world))


def _prefers_shorter(first: str, second: str) -> str:
    return {"A>>B": "B>>A", "B>>A": "A>>B"}.get(judge.prefers_longer(first, second), "A=B")


def _recalibrated(world: World) -> None:
    """The calibration set is another one, and the policy does not know."""
    world.rewrite("gold.jsonl", lambda pairs: pairs[0].update(preference="B>>A"))


def _frozen(world: World) -> None:
    world.comparison["judging"] |= {"calibration_sha256": "0" * 64}


def _ended(
    tamper: Callable[[Lines], Lines] = lambda lines: lines,
    *,
    status: str = "completed",
    answers: int | None = None,
) -> Inject:
    """The batch ends otherwise."""

    def inject(world: World) -> None:
        world.after_registration.clear()
        world.criteria.clear()
        in_batches(world, BatchDesk(tamper=tamper), status=status, answers=answers)

    return inject


def _crossed(lines: Lines) -> Lines:
    """Each reply under the next one's question."""
    names = [line["custom_id"] for line in lines]
    return [line | {"custom_id": n} for line, n in zip(lines, names[1:] + names[:1], strict=True)]


def _never_ended(world: World) -> None:
    world.after_registration.pop()


def _fault(name: str, inject: Inject, said: str, *, scene: Scene = by_judges) -> Fault:
    return Fault(name=name, where="a panel of judges", scene=scene, inject=inject, said=said)


_down = _replaced(lambda _: server.status(500))
"""It answers nothing at all."""

_batched = partial(_fault, scene=in_batches)
_drifting = partial(_fault, scene=pinned)


FAULTS = (
    _fault("nobody answers", _unreachable, "Connection refused"),
    _fault("status 500", _reacts(lambda _: server.status(500)), "status 500"),
    _fault("status 401", _reacts(lambda _: server.status(401)), "status 401"),
    _fault("silence to some", _sometimes(lambda _: server.hang()), "no reply within"),
    _fault("HTML with status 200", _reacts(lambda _: Reaction(body=b"<html>")), "as low as 0.0 %"),
    _fault("dies half-way", _dies, "status 500"),
    _fault("one of two dies", _dies, "status 500", scene=by_two_judges),
    _fault("nonsense", _says(lambda _: "I like both"), "as low as 0.0 %"),
    _fault("refusals", _reacts(lambda _: server.refusal()), "as low as 0.0 %"),
    _fault("a null verdict", _reacts(lambda _: server.null_content()), "as low as 0.0 %"),
    _fault("cut short", _reacts(lambda _: server.cut_short()), "as low as 0.0 %"),
    _fault("filtered", _reacts(lambda _: server.filtered()), "as low as 0.0 %"),
    _fault("a choice that is none", _says(_verdict("A>>>B")), "as low as 0.0 %"),
    _fault("a choice of another schema", _says(_verdict("[[A]]")), "as low as 0.0 %"),
    _fault("a number for a choice", _says(_verdict(1)), "as low as 0.0 %"),
    _fault("no reasons", _says(lambda c: judge.verdict(c, "A>B", reasoning="")), "as low as 0.0 %"),
    _fault("a verdict about another case", _says(_other_case), "as low as 0.0 %"),
    _fault(
        "prose around the verdict",
        _says(lambda c: f"Sure! {judge.verdict(c, 'A>B')}"),
        "as low as 0.0 %",
    ),
    _fault("two verdicts", _says(lambda c: judge.verdict(c, "A>B") * 2), "as low as 0.0 %"),
    _fault(
        "always the first", _replaced(judge.comparing(judge.prefers_first)), "measured at 50.0 %"
    ),
    _fault("always a tie", _says(_verdict("A=B")), "measured at 50.0 %"),
    _fault("always both bad", _says(_verdict("both_bad")), "measured at 50.0 %"),
    _fault("always the shorter", _replaced(judge.comparing(_prefers_shorter)), "at most 37.6 %"),
    _fault("not in gate.toml", lambda w: w.endpoints.clear(), "knows no such endpoint"),
    _fault("of the candidate's family", _own_family, "nobody is left on the panel"),
    _fault("20 calls allowed", _capped(calls_at_most=20), "the policy allows 20 calls"),
    _fault("a budget, and no price", _capped(usd_at_most=1.0), "has no price"),
    _fault("one judge of two does not answer", _down, "status 500", scene=by_two_judges),
    _fault("no verdicts to fuse", _down, "status 500", scene=fused),
    _fault("people on whom no judge was heard", _down, "status 500", scene=people_and_judge),
    _fault(
        "disagrees with people",
        _replaced(judge.comparing(_prefers_shorter)),
        "agreement is at most 14.2 %",
        scene=people_and_judge,
    ),
    _drifting(
        "another model, which cannot tell",
        _swapped(judge.comparing(judge.prefers_first)),
        "drift was measured at 0.50",
    ),
    _drifting(
        "another model, which errs",
        _swapped(judge.comparing(_prefers_shorter)),
        "drift was measured at 1.00",
    ),
    _drifting("nobody there the day after", _swapped(lambda _: server.status(500)), "status 500"),
    _drifting("another calibration set than the frozen one", _frozen, "the plan froze sha256"),
    _drifting(
        "no calibration set", lambda w: (w.data / "gold.jsonl").unlink(), "there is no such file"
    ),
    _drifting(
        "no calibration set named",
        lambda w: w.comparison.pop("judging"),
        "names no calibration set",
    ),
    _drifting(
        "calibration pairs without an answer",
        lambda w: w.rewrite("gold.jsonl", lambda pairs: pairs[2].pop("preference")),
        "its `preference` is none of",
    ),
    _batched("not ended", _never_ended, "48 of 48 verdicts"),
    _batched("failed", _ended(status="failed"), "48 of 48 verdicts"),
    _batched("expired", _ended(status="expired", answers=10), "38 of 48 verdicts"),
    _batched("cancelled", _ended(status="cancelled", answers=10), "38 of 48 verdicts"),
    _batched(
        "half of the lines", _ended(lambda lines: lines[: len(lines) // 2]), "24 of 48 verdicts"
    ),
    _batched("lines under each other's question", _ended(_crossed), "48 of 48 verdicts"),
    _batched(
        "lines that are no JSON",
        _ended(lambda lines: [{"raw": b"{no\n"}, *lines[1:]]),
        "1 of 48 verdicts",
    ),
    _batched(
        "not there any more",
        lambda w: w.after_registration.append(w.endpoints[PANEL].stop),
        "Connection refused",
    ),
)

HARMLESS = (
    Harmless(
        name="every line twice",
        where="a panel of judges",
        scene=in_batches,
        inject=_ended(lambda lines: lines * 2),
    ),
    Harmless(
        name="lines in another order",
        where="a panel of judges",
        scene=in_batches,
        inject=_ended(lambda lines: lines[::-1]),
    ),
    Harmless(
        name="lines of questions that nobody asked",
        where="a panel of judges",
        scene=in_batches,
        inject=_ended(lambda lines: [*lines, lines[0] | {"custom_id": "0" * 64}]),
    ),
    Harmless(
        name="nonsense, where people are heard alone",
        where="a panel of judges",
        scene=fused,
        inject=_says(lambda _: "I like both"),
    ),
    Harmless(
        name="asked again the day after",
        where="a panel of judges",
        scene=by_judges,
        inject=lambda w: w.after_registration.append(lambda: run(w)),
    ),
)
