"""How often side-by-side says a wrong yes, however often one looks; full size: `make simulate`."""

from collections.abc import Callable

import numpy as np
import pytest

from gates.decide.stage_gate import decide_stage
from gates.decide.verdict import Verdict
from policies.benchmark_tasks import Stopping
from policies.load import parse_policy
from policies.policy import Policy
from policies.side_by_side import SideBySidePlan
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import Measurement, Quantity, StageName, Validity
from stages.side_by_side.aggregate import tally, win_rate
from stages.side_by_side.scores import Rule
from stages.side_by_side.vote import CandidateVote
from tests.simulations.rates import Generator, evidence_of, noise, rate

ALPHA = 0.025
"""One-sided error of a win rate at level 0.95."""

BATCH = 40
"""Votes that come between two looks."""

LIMIT = 0.45

CREW = 12
"""People who share the votes."""


def policy_of(stopping: Stopping, prompts: int, overlap: int) -> Policy:
    text = (
        "policy: p\nmodel: m\nplan:\n"
        f"  side_by_side: {{votes: [v.jsonl], votes_at_most: {prompts * overlap}, "
        f"overlap: {overlap}, stopping: {stopping.value}}}\n"
        f"criteria:\n  - {{metric: side_by_side.win_rate, at_least: {LIMIT}, "
        "severity: blocking, because: b}\n"
    )
    return parse_policy(text, where="p.yaml")


def votes(random: Generator, prompts: int, overlap: int, ties: float) -> list[CandidateVote]:
    """Votes prompt by prompt, won at the limit; both annotators often agree on a prompt."""
    won = LIMIT - ties / 2
    found = []
    for prompt in range(prompts):
        shared = random.random()
        for annotator in range(overlap):
            luck = shared if random.random() < 0.5 else random.random()
            win = 1.0 if luck < won else 0.5 if luck < won + ties else 0.0
            found.append(
                CandidateVote(
                    prompt=str(prompt),
                    annotator=str((prompt * overlap + annotator) % CREW),
                    win=win,
                    graded=win,
                    both_bad=False,
                )
            )
    return found


def verdict(policy: Policy, plan: SideBySidePlan, seen: list[CandidateVote]) -> Verdict:
    counted = tally(seen, prompts=plan.prompts_planned, overlap=plan.overlap)
    anytime = plan.stopping is Stopping.ANYTIME
    rule = Rule(stopping=plan.stopping, level=plan.level, planned=plan.prompts_planned)
    measured = win_rate(counted, rule)
    measurement = Measurement(
        metric="side_by_side.win_rate",
        quantity=Quantity.VALUE,
        measured=measured if counted.prompts else Unmeasured("no votes"),
        validity=Validity.ANYTIME if anytime else Validity.FIXED,
        planned=None if anytime else plan.prompts_planned,
    )
    evidence = evidence_of(StageName.SIDE_BY_SIDE, [measurement])
    return decide_stage(policy, StageName.SIDE_BY_SIDE, evidence).verdict


def ever_passes(
    stopping: Stopping, *, prompts: int, overlap: int, ties: float = 0.2
) -> Callable[[Generator], bool]:
    """Looks after every batch, and goes on voting beyond the plan while nothing is shown."""
    policy = policy_of(stopping, prompts, overlap)
    plan = policy.plan.side_by_side
    assert plan is not None

    def once(random: Generator) -> bool:
        every = votes(random, prompts + prompts // 2, overlap, ties)
        ends = range(BATCH, len(every) + 1, BATCH)
        return any(verdict(policy, plan, every[:end]) is Verdict.PASS for end in ends)

    return once


AT_THE_LIMIT = [
    pytest.param(ever_passes(Stopping.FIXED, prompts=200, overlap=1), id="fixed"),
    pytest.param(ever_passes(Stopping.FIXED, prompts=120, overlap=2), id="fixed-overlap"),
    pytest.param(ever_passes(Stopping.ANYTIME, prompts=200, overlap=1), id="anytime"),
    pytest.param(ever_passes(Stopping.ANYTIME, prompts=120, overlap=2), id="anytime-overlap"),
]


def check(once: Callable[[Generator], bool], repetitions: int) -> float:
    found = rate(once, repetitions)
    assert found <= ALPHA + 3 * noise(ALPHA, repetitions)
    return found


@pytest.mark.parametrize("once", AT_THE_LIMIT)
def test_a_win_rate_at_the_limit_seldom_passes_at_any_look(
    once: Callable[[Generator], bool],
) -> None:
    check(once, 50)


@pytest.mark.slow
@pytest.mark.parametrize("once", AT_THE_LIMIT)
def test_a_win_rate_at_the_limit_seldom_passes_at_any_look_in_full(
    once: Callable[[Generator], bool], request: pytest.FixtureRequest
) -> None:
    found = check(once, 3_000)
    name = request.node.callspec.id
    print(f"side by side, {name}: ever passes at the limit {found:.4f} (at most {ALPHA})")


def tasted(random: Generator, people: int, deviation: float) -> list[CandidateVote]:
    """Votes on 300 prompts, one each, by people whose win rates differ around the limit."""
    taste = random.normal(LIMIT, deviation, people).clip(0, 1)
    who = np.arange(300) % people
    won = (random.random(300) < taste[who]).astype(float)
    return [
        CandidateVote(prompt=str(i), annotator=str(a), win=w, graded=w, both_bad=False)
        for i, (a, w) in enumerate(zip(who, map(float, won), strict=True))
    ]


def ever_passes_by(
    people: int, deviation: float, stopping: Stopping
) -> Callable[[Generator], bool]:
    """The limit holds for all people like them; those who vote are a sample of them."""
    policy = policy_of(stopping, 300, 1)
    plan = policy.plan.side_by_side
    assert plan is not None

    def once(random: Generator) -> bool:
        every = tasted(random, people, deviation)
        looks = range(60, 301, 60)
        return any(verdict(policy, plan, every[:end]) is Verdict.PASS for end in looks)

    return once


CREWS = [(3, 0.1), (5, 0.05), (5, 0.1), (10, 0.1), (30, 0.1)]


@pytest.mark.slow
@pytest.mark.parametrize("stopping", Stopping)
@pytest.mark.parametrize(("people", "deviation"), CREWS)
def test_annotators_who_differ_seldom_speak_for_all_people(
    people: int, deviation: float, stopping: Stopping
) -> None:
    found = rate(ever_passes_by(people, deviation, stopping), 400)
    print(f"{people} people, {deviation}, {stopping}: ever passes at the limit {found:.4f}")
    most = ALPHA if stopping is Stopping.FIXED else 2 * ALPHA
    assert found <= most + 3 * noise(most, 400)


@pytest.mark.slow
@pytest.mark.parametrize("stopping", Stopping)
def test_one_annotator_speaks_for_itself_only(stopping: Stopping) -> None:
    found = rate(ever_passes_by(1, 0.05, stopping), 400)
    print(f"1 person, 0.05, {stopping}: ever passes at the limit {found:.4f}")
    assert found > ALPHA
