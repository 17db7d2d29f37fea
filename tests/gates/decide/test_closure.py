"""Hypotheses that share alpha: what falls leaves its share to the rest, and nothing else does."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.decide.closure import closed_test, share_words
from gates.decide.online import REQUIRED_CHECKS
from gates.decide.primaries import demands_on, hypotheses_of
from gates.decide.rounds import decide_round
from gates.decide.shared_alpha import measured_at
from gates.decide.stage_gate import decide_stage
from gates.decide.verdict import OnlineVerdict, StageDecision, Verdict
from policies.criteria import Criterion
from policies.policy import Policy
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import (
    Check,
    Evidence,
    Look,
    Measurement,
    Quantity,
    StageName,
    Validity,
)
from stages.stats.levels import normal_quantile
from tests.gates.decide.cases import BASELINE, A, B, C, criterion, evidence, policy

ONLINE = StageName.ONLINE
D = Quantity.DIFFERENCE
ALPHA = 0.025
NAMES = ("online.resolved", "online.rated", "online.kept")
GUARD = "online.latency_ms"
KINDS = {name.removeprefix("online."): {"kind": "proportion"} for name in NAMES}
METRICS = {**KINDS, "latency_ms": {"higher_is_better": False}}
CHECKS = tuple(Check(name=name, passed=True, sentence="fine") for name in REQUIRED_CHECKS)
SAFE = {"non_inferior": {"margin": 0.5}}


def demand(
    name: str, asked: dict[str, object] | None = None, *, blocking: bool = True
) -> Criterion:
    template = policy(stages=("online",), metrics=METRICS).plan.metrics()[name]
    return criterion(template, asked or {"better": {}}, blocking=blocking)


def plan(
    primaries: int, *, mode: str = "any", challengers: int = 1, more: tuple[Criterion, ...] = ()
) -> Policy:
    named = NAMES[:primaries]
    return policy(
        stages=("online",),
        criteria=(*map(demand, named), demand(GUARD, SAFE), *more),
        metrics=METRICS,
        also_primary=[name.removeprefix("online.") for name in named[1:]],
        primaries=mode,
        challengers=challengers,
    )


def at_look(rules: Policy, *, number: int = 2, final: bool = False) -> Look:
    online = rules.plan.online
    assert online is not None
    return Look(
        number=number,
        planned=3,
        information=0.6,
        units=9_000,
        run_days=10.0,
        minimum_days_reached=True,
        alpha_spent=0.01,
        conditional_power=0.5,
        final=final,
        primary=NAMES[0],
        primaries=tuple(f"online.{name}" for name in online.all_primaries),
        any_primary=online.primaries == "any",
        hypotheses=online.hypotheses,
    )


def interval(name: str, z: float, *, share: int, quantity: Quantity = D) -> Measurement:
    """A measurement of 9,000 units whose effect is z standard errors, at alpha / share."""
    half, error = normal_quantile(ALPHA / share), 0.01
    return Measurement(
        metric=name,
        quantity=quantity,
        measured=Estimate(
            value=z * error,
            standard_error=error,
            low=(z - half) * error,
            high=(z + half) * error,
            level=1 - 2 * ALPHA / share,
            n=9_000,
            unit="number" if name == GUARD else "share",
            method="repeated interval",
        ),
        validity=Validity.LOOK,
    )


def seen(
    rules: Policy, *zs: float, candidate: str = A, guard: float = 0.0, number: int = 2
) -> Evidence:
    """Evidence of a look at which the primaries are so many standard errors above."""
    look = at_look(rules, number=number)
    levels = range(1, look.hypotheses + 1)
    graded = [interval(n, z, share=k) for n, z in zip(NAMES, zs, strict=False) for k in levels]
    return evidence(
        *graded,
        interval(GUARD, guard, share=1),
        stage=ONLINE,
        candidate=candidate,
        look=look,
        checks=CHECKS,
    )


def decided(rules: Policy, found: Evidence, *rivals: Evidence) -> StageDecision:
    return decide_stage(rules, ONLINE, found, rivals=rivals)


def ships(rules: Policy, found: Evidence, *rivals: Evidence) -> bool:
    return decided(rules, found, *rivals).online is OnlineVerdict.SHIP


FULL, HALF, THIRD = (normal_quantile(ALPHA / k) for k in (1, 2, 3))
"""z that passes just not at alpha, a half and a third of it."""


def closure_by_definition(passes: Sequence[Sequence[bool]], hypotheses: int) -> list[bool]:
    """Every intersection of hypotheses tested by Bonferroni; one falls if all with it in it do."""
    unknown = hypotheses - len(passes)
    everyone = [*passes, *[[False] * hypotheses] * unknown]
    fallen = []
    for i in range(len(passes)):
        others = [j for j in range(hypotheses) if j != i]
        sets = (
            {i, *extra}
            for size in range(hypotheses)
            for extra in itertools.combinations(others, size)
        )
        fallen.append(all(any(everyone[j][len(s) - 1] for j in s) for s in sets))
    return fallen


@st.composite
def nested(draw: st.DrawFn) -> tuple[list[list[bool]], int]:
    """Hypotheses that pass at alpha / k for every k up to a number of their own."""
    hypotheses = draw(st.integers(1, 5))
    reach = draw(st.lists(st.integers(0, hypotheses), max_size=hypotheses))
    return [[k <= most for k in range(1, hypotheses + 1)] for most in reach], hypotheses


@given(nested())
def test_it_is_the_closure_of_bonferronis_test(case: tuple[list[list[bool]], int]) -> None:
    passes, hypotheses = case
    shares = closed_test(passes, hypotheses=hypotheses)
    fallen = [levels[share - 1] for levels, share in zip(passes, shares, strict=True)]
    assert fallen == closure_by_definition(passes, hypotheses)


@given(
    st.integers(1, 4).flatmap(
        lambda m: st.tuples(
            st.lists(st.lists(st.booleans(), min_size=m, max_size=m), max_size=m), st.just(m)
        )
    )
)
def test_what_passes_at_its_share_passes_at_every_larger_one(
    case: tuple[list[list[bool]], int],
) -> None:
    passes, hypotheses = case
    for levels, share in zip(passes, closed_test(passes, hypotheses=hypotheses), strict=True):
        assert 1 <= share <= hypotheses
        assert not levels[share - 1] or all(levels[:share])


def test_levels_that_are_missing_or_too_many_are_refused() -> None:
    with pytest.raises(ValueError, match="2 hypotheses"):
        closed_test([[True], [True]], hypotheses=1)
    with pytest.raises(ValueError, match="not of 2"):
        closed_test([[True]], hypotheses=2)


def test_one_of_three_must_pass_at_a_third_of_alpha() -> None:
    rules = plan(3)
    assert ships(rules, seen(rules, THIRD + 0.01, 0, 0))
    assert not ships(rules, seen(rules, THIRD - 0.01, 0, 0))
    assert not ships(rules, seen(rules, *[THIRD - 0.01] * 3))


def test_any_of_the_primaries_may_win_and_the_sentence_names_it() -> None:
    rules = plan(2)
    decision = decided(rules, seen(rules, 0, HALF + 0.01))
    assert decision.online is OnlineVerdict.SHIP
    assert "online.rated passes its bound" in decision.reason
    assert "online.resolved" not in decision.reason
    both = decided(rules, seen(rules, 4, 4))
    assert "online.resolved and online.rated pass their bounds" in both.reason


def test_what_falls_leaves_its_share_to_the_next() -> None:
    rules = plan(3)
    found = decided(rules, seen(rules, 5, HALF + 0.01, FULL + 0.01)).findings
    assert [f.verdict for f in found[:3]] == [Verdict.PASS] * 3
    assert "judged at 1/3 of alpha, which 3 hypotheses share" in found[0].sentence
    assert "judged at 1/2 of alpha, since 1 of the 3 hypotheses" in found[1].sentence
    assert "judged at all of alpha, since 2 of the 3 hypotheses" in found[2].sentence
    assert "97.5 % lower bound" in found[2].sentence
    stuck = decided(rules, seen(rules, 5, HALF - 0.01, HALF - 0.01)).findings
    assert [f.verdict for f in stuck[:3]] == [Verdict.PASS, Verdict.HOLD, Verdict.HOLD]
    assert "judged" not in stuck[3].sentence


def test_where_all_must_win_each_has_all_of_alpha() -> None:
    rules = plan(3, mode="all")
    assert ships(rules, seen(rules, *[FULL + 0.01] * 3))
    decision = decided(rules, seen(rules, 5, 5, FULL - 0.01))
    assert decision.online is OnlineVerdict.CONTINUE
    assert "the primary online.kept does not pass" in decision.reason


def test_a_guardrail_has_all_of_alpha_and_must_always_pass() -> None:
    rules = plan(3)
    margin = 0.5 / 0.01
    assert ships(rules, seen(rules, 5, 0, 0, guard=margin - FULL - 0.01))
    assert not ships(rules, seen(rules, 5, 5, 5, guard=margin - FULL + 0.01))


def test_a_primary_that_is_proven_worse_or_missing_keeps_the_others_from_winning() -> None:
    rules = plan(2)
    assert ships(rules, seen(rules, 5, -1))
    assert not ships(rules, seen(rules, 5, -5))
    found = seen(rules, 5, 0)
    none = tuple(
        replace(m, measured=Unmeasured("no event")) if m.metric == NAMES[1] else m
        for m in found.measurements
    )
    assert not ships(rules, replace(found, measurements=none))


def test_another_demand_on_a_primary_is_a_guardrail_of_its_own() -> None:
    more = (demand(NAMES[1], {"non_inferior": {"margin": 0.02}}),)
    rules = plan(2, more=more)
    assert ships(rules, seen(rules, 5, 0.0))
    assert not ships(rules, seen(rules, 5, 0.02 / -0.01 + FULL - 0.01))


CHANGES: dict[str, Callable[[list[Measurement]], list[Measurement]]] = {
    "only at all of alpha": lambda at: at[:1],
    "one level is missing": lambda at: [at[0], *at[2:]],
    "one level too many": lambda at: [*at, at[-1]],
    "all at the same level": lambda at: [at[0]] * len(at),
    "in another order": lambda at: at[::-1],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_levels_that_are_not_those_of_the_shares_never_pass(
    change: Callable[[list[Measurement]], list[Measurement]],
) -> None:
    rules = plan(3)
    found = seen(rules, 9, 9, 9)
    changed = [
        m
        for name in (*NAMES, GUARD)
        for m in (change if name != GUARD else list)(
            [m for m in found.measurements if m.metric == name]
        )
    ]
    decision = decided(rules, replace(found, measurements=tuple(changed)))
    assert decision.online is OnlineVerdict.CONTINUE
    assert {f.verdict for f in decision.findings[:3]} == {Verdict.UNMEASURED}
    assert "the number of hypotheses that share alpha" in decision.findings[0].sentence


def test_a_look_at_which_the_small_shares_spend_nothing_is_judged_at_none() -> None:
    rules = plan(2)
    found = seen(rules, 9, 0)
    none = Unmeasured("this look spends no alpha", Cause.WAITING)
    early = replace(found.measurements[1], measured=none)
    part = replace(found, measurements=(found.measurements[0], early, *found.measurements[2:]))
    decision = decided(rules, part)
    assert decision.online is OnlineVerdict.CONTINUE
    assert decision.findings[0].verdict is Verdict.UNMEASURED


def test_a_look_at_which_no_share_spends_anything_says_why() -> None:
    rules = plan(2)
    found = seen(rules, 9, 0)
    none = Unmeasured("the look is before the minimum run time", Cause.WAITING)
    for kept in (1, 2):
        early = tuple(replace(m, measured=none) for m in found.measurements[:kept])
        part = replace(found, measurements=(*early, *found.measurements[2:]))
        finding = decided(rules, part).findings[0]
        assert finding.verdict is Verdict.UNMEASURED
        assert "before the minimum run time" in finding.sentence


def test_primaries_that_were_not_measured_at_all_never_pass() -> None:
    rules = plan(2)
    found = seen(rules)
    assert decided(rules, found).online is OnlineVerdict.CONTINUE
    empty = replace(found, look=None, measurements=())
    assert decided(rules, empty).online is OnlineVerdict.INVALID


def test_a_primary_without_a_demand_never_wins() -> None:
    rules = plan(2)
    none = rules_of(rules, keep=1)
    assert not ships(none, seen(none, 0, 9))


def rules_of(rules: Policy, *, keep: int) -> Policy:
    """The same plan, its demands on later primaries left out."""
    kept = tuple(c for c in rules.criteria if c.metric in (*NAMES[:keep], GUARD))
    return rules.model_copy(update={"criteria": kept})


def test_of_several_that_must_all_win_none_may_be_without_a_demand() -> None:
    rules = rules_of(plan(2, mode="all", challengers=2), keep=1)
    assert not ships(rules, seen(rules, 9, 9))


TWO = plan(1, challengers=2)


def test_a_challenger_that_wins_leaves_its_share_to_the_other() -> None:
    other = seen(TWO, FULL + 0.01)
    assert not ships(TWO, other)
    winner = seen(TWO, HALF + 0.01, candidate=B)
    decision = decided(TWO, other, winner)
    assert decision.online is OnlineVerdict.SHIP
    assert "judged at all of alpha, since 1 of the 2 hypotheses" in decision.findings[0].sentence
    assert not ships(TWO, other, seen(TWO, HALF - 0.01, candidate=B))


@pytest.mark.parametrize(
    "rival",
    [
        seen(TWO, 9, candidate=B, number=1),
        replace(seen(TWO, 9, candidate=B), look=None),
        replace(seen(TWO, 9, candidate=B), checks=CHECKS[1:]),
        replace(seen(TWO, 9, candidate=B), checks=(*CHECKS, replace(CHECKS[0], passed=False))),
        replace(
            seen(TWO, 9, candidate=B),
            provenance=replace(seen(TWO, 9).provenance, plan="f" * 64),
        ),
        replace(
            seen(TWO, 9, candidate=B),
            provenance=replace(seen(TWO, 9).provenance, baseline="f" * 64),
        ),
        replace(seen(TWO, 9, candidate=B), measurements=()),
    ],
    ids=["earlier look", "no look", "unchecked", "invalid", "plan", "baseline", "unmeasured"],
)
def test_a_rival_that_is_not_known_at_this_look_leaves_nothing(rival: Evidence) -> None:
    assert not ships(TWO, seen(TWO, FULL + 0.01), rival)


def test_more_rivals_than_the_plan_says_leave_nothing() -> None:
    rivals = (seen(TWO, 9, candidate=B), seen(TWO, 9, candidate=C))
    assert not ships(TWO, seen(TWO, FULL + 0.01), *rivals)


def test_several_primaries_of_several_challengers_share_by_all_of_them() -> None:
    rules = plan(2, challengers=2)
    assert at_look(rules).hypotheses == 4
    quarter = normal_quantile(ALPHA / 4)
    assert ships(rules, seen(rules, quarter + 0.01, 0))
    assert not ships(rules, seen(rules, quarter - 0.01, 0))
    rival = seen(rules, 9, 9, candidate=B)
    assert ships(rules, seen(rules, HALF + 0.01, 0), rival)
    assert not ships(rules, seen(rules, HALF - 0.01, 0), rival)


def test_all_primaries_of_several_challengers_are_one_hypothesis_each() -> None:
    rules = plan(2, mode="all", challengers=2)
    assert at_look(rules).hypotheses == 2
    assert not ships(rules, seen(rules, 9, HALF - 0.01))
    assert ships(rules, seen(rules, *[HALF + 0.01] * 2))
    assert ships(rules, seen(rules, *[FULL + 0.01] * 2), seen(rules, 9, 9, candidate=B))
    assert not ships(rules, seen(rules, *[FULL + 0.01] * 2), seen(rules, 9, 0, candidate=B))


def test_a_round_gives_each_challenger_what_the_others_leave() -> None:
    found = {
        A: {ONLINE: seen(TWO, FULL + 0.01)},
        B: {ONLINE: seen(TWO, HALF + 0.01, candidate=B)},
    }
    now = datetime(2026, 3, 1, tzinfo=UTC)
    together = decide_round(TWO, evidence=found, members=(A, B), baseline=BASELINE, now=now)
    assert [c.verdict for c in together.candidates] == [Verdict.PASS] * 2
    alone = decide_round(TWO, evidence={A: found[A]}, members=(A, B), baseline=BASELINE, now=now)
    assert alone.candidates[0].verdict is Verdict.HOLD


def test_what_a_primary_must_show() -> None:
    better, safe = demand(NAMES[0]), demand(NAMES[0], SAFE)
    hope = demand(NAMES[0], blocking=False)
    assert demands_on(NAMES[0], (better, safe)) == (better,)
    assert demands_on(NAMES[0], (safe, hope)) == (safe,)
    assert demands_on(NAMES[0], (hope,)) == (hope,)
    assert demands_on(NAMES[1], (better,)) == ()
    look = at_look(plan(2, mode="all"))
    assert hypotheses_of(look, (better,)) == ((),)


def test_a_share_is_said_as_people_say_it() -> None:
    assert share_words(3, 3) == "judged at 1/3 of alpha, which 3 hypotheses share"
    said = share_words(1, 2)
    assert said == (
        "judged at all of alpha, since 1 of the 2 hypotheses that share it was rejected"
    )
    assert "2 of the 3 hypotheses that share it were rejected" in share_words(1, 3)


@pytest.mark.parametrize("share", [0, 3])
def test_no_criterion_is_judged_at_a_share_that_no_hypothesis_has(share: int) -> None:
    with pytest.raises(ValueError, match="2 hypotheses do not share"):
        measured_at(seen(TWO, 9), NAMES[0], D, share=share)
