"""Votes that can no longer pass are asked for no more, and nothing is called a failure by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.decide.futility import without_hope
from gates.decide.rules import Weighed, weigh
from gates.decide.stage_gate import anything_open, decide_stage
from gates.decide.verdict import Verdict
from policies.criteria import Criterion
from policies.metric import Metric, Unit
from policies.policy import Policy
from policies.side_by_side import SideBySidePlan
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import Evidence, StageName, Validity, Wait
from stages.stats.betting import betting_interval
from tests.gates.decide.cases import WINS, criterion, estimate, evidence, measurement

LEFT = Wait(cause=Cause.WAITING, who="annotators", what="votes", have=580, need=600)
AT_LEAST = criterion(WINS, {"at_least": 0.48})
BOTH_BAD = Metric(
    name="side_by_side.both_bad",
    stage="side_by_side",
    unit=Unit.SHARE,
    higher_is_better=False,
    paired=False,
)
LATE = estimate(0.40, 0.52, value=0.45, n=580)
"""20 of 600 prompts left: at best (580 x 0.45 + 20) / 600 = 46.8 %."""


def plan(**said: object) -> SideBySidePlan:
    return SideBySidePlan.model_validate(
        {"votes_at_most": 600, "stopping": "anytime", **said}, strict=False
    )


def seen(measured: Estimate | Unmeasured, metric: Metric = WINS) -> Evidence:
    return evidence(
        measurement(metric, measured, validity=Validity.ANYTIME),
        stage=StageName.SIDE_BY_SIDE,
        waits=(LEFT,),
    )


def weighed(
    measured: Estimate | Unmeasured, demand: Criterion = AT_LEAST, metric: Metric = WINS
) -> Weighed:
    return weigh(demand, seen(measured, metric), metric, p_worse_adjusted=None)


def test_a_win_rate_that_even_wins_alone_cannot_save_is_asked_no_more() -> None:
    found = without_hope(weighed(LATE), AT_LEAST, WINS, plan())
    assert found.final
    assert found.cause is Cause.UNDERPOWERED
    assert found.finding.verdict is Verdict.HOLD
    assert found.finding.sentence.endswith(
        "cannot tell. This is final: even if the 20 prompts left were won, it would be measured at "
        "46.8 %, and the policy demands 48.0 %."
    )


def test_a_limit_from_above_hopes_for_prompts_without_any() -> None:
    demand = criterion(BOTH_BAD, {"at_most": 0.1})
    at = estimate(0.08, 0.2, value=0.12, n=580)
    found = without_hope(weighed(at, demand, BOTH_BAD), demand, BOTH_BAD, plan())
    assert found.final
    assert "even if the 20 prompts left had none of it, it would be measured at 11.6 %" in (
        found.finding.sentence
    )
    few = estimate(0.05, 0.2, value=0.12, n=100)
    assert not without_hope(weighed(few, demand, BOTH_BAD), demand, BOTH_BAD, plan()).final


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        pytest.param(estimate(0.40, 0.52, value=0.47, n=580), {}, id="it could still be reached"),
        pytest.param(LATE, {"stopping": "fixed"}, id="the plan is measured to its end"),
        pytest.param(LATE, {"count": "fused"}, id="no plain mean of prompts"),
        pytest.param(LATE, {"votes_at_most": 580}, id="nothing is left"),
        pytest.param(estimate(0.5, 0.6, n=580), {}, id="it passes"),
        pytest.param(estimate(0.3, 0.4, n=580), {}, id="it fails"),
        pytest.param(Unmeasured("no votes"), {}, id="unmeasured"),
    ],
)
def test_what_may_still_pass_or_is_settled_stays_as_it_is(
    measured: Estimate | Unmeasured, said: dict[str, object]
) -> None:
    before = weighed(measured)
    assert without_hope(before, AT_LEAST, WINS, plan(**said)) is before


def test_a_mean_that_is_not_of_prompts_is_left_alone() -> None:
    raked = WINS.model_copy(update={"name": "side_by_side.raked_win_rate"})
    demand = criterion(raked, {"at_least": 0.48})
    before = weighed(LATE, demand, raked)
    assert without_hope(before, demand, raked, plan()) is before


def test_a_comparison_is_left_alone() -> None:
    before = weighed(LATE)
    better = criterion(WINS, {"better": {}})
    assert without_hope(before, better, WINS, plan()) is before


def policy() -> Policy:
    return Policy.model_validate(
        {
            "policy": "release",
            "model": "assistant",
            "plan": {"side_by_side": {"votes_at_most": 600, "stopping": "anytime"}},
            "criteria": [AT_LEAST.model_dump(mode="json")],
        },
        strict=False,
    )


def test_a_stage_without_hope_is_closed_and_waits_for_nobodys_votes() -> None:
    decided = decide_stage(policy(), StageName.SIDE_BY_SIDE, seen(LATE))
    assert decided.verdict is Verdict.HOLD
    assert decided.waits_for is not None
    assert decided.waits_for.who == "release manager"
    assert not anything_open(policy(), StageName.SIDE_BY_SIDE, seen(LATE))


def test_a_stage_with_hope_stays_open_and_waits_for_votes() -> None:
    hopeful = seen(estimate(0.40, 0.52, value=0.47, n=580))
    decided = decide_stage(policy(), StageName.SIDE_BY_SIDE, hopeful)
    assert decided.waits_for == LEFT
    assert anything_open(policy(), StageName.SIDE_BY_SIDE, hopeful)


@given(
    st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=40),
    st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=10),
)
def test_no_votes_whatever_make_a_pass_of_what_was_given_up(
    before: list[float], after: list[float]
) -> None:
    number = len(before) + len(after)
    short = plan(votes_at_most=number)
    early = betting_interval(before, level=0.5, planned=number)
    given_up = without_hope(weighed(early), AT_LEAST, WINS, short)
    late = weighed(betting_interval([*before, *after], level=0.5, planned=number))
    if given_up.final and given_up.finding.verdict is Verdict.HOLD:
        assert late.finding.verdict is not Verdict.PASS
