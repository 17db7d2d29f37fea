"""What an open or failed criterion misses, and what it would likely take."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gates.decide.rounds import decide_round
from gates.decide.verdict import Verdict
from gates.ledger.ledger import Stored
from gates.outlook.outlook import Outlook, outlooks
from gates.outlook.telling import lines_of, outlook_json
from policies.policy import Policy
from stages.evidence.estimate import ASKED_ANEW, EITHER_WAY, Bounds, Cause, Unmeasured
from stages.evidence.records import Check, Evidence, Look, Quantity, StageName, Validity, Wait
from stages.stats.votes_needed import StillNeeded
from tests.gates.decide.cases import (
    BASELINE,
    F1,
    LATENCY,
    RESOLVED,
    TOXICITY,
    WINS,
    A,
    criterion,
    estimate,
    evidence,
    good_offline,
    look,
    measurement,
    policy,
    votes,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OFFLINE = policy(stages=("offline",))
VOTED = policy(stages=("offline", "side_by_side"))
CHECKS = (
    *("data_contract", "freshness", "sample_ratio", "crossover", "metrics", "burn_in"),
    *("plan_registered", "registered_before_exposure"),
)
STILL = StillNeeded(
    left=400, mean=150.0, half=120, soonest=30, latest=None, shown=0.7, excluded=0.1
)


def stored(rules: Policy, *found: Evidence) -> Stored:
    by_stage = {A: {one.stage: one for one in found}}
    round_ = decide_round(rules, evidence=by_stage, members=[A], baseline=BASELINE, now=NOW)
    return Stored(
        run_id="1",
        decided_at=NOW.isoformat(),
        policy_name=rules.policy,
        policy_sha256=rules.sha256,
        policy=rules,
        round_id=round_.round_id,
        baseline=BASELINE,
        decision=round_.candidates[0],
        evidence=by_stage,
    )


def of(rules: Policy, *found: Evidence, still: StillNeeded | Unmeasured | None = None) -> Outlook:
    (one,) = outlooks(stored(rules, *found), still=still)
    return one


def offline(difference: object, *, p_worse: float = 0.4, **rate: float) -> Evidence:
    toxic = {"low": 0.0, "high": 0.0042, "value": 0.002} | rate
    return evidence(
        measurement(TOXICITY, estimate(**toxic, level=0.9)),  # type: ignore[arg-type] # floats
        measurement(F1, difference, quantity=Quantity.DIFFERENCE, p_worse=p_worse),  # type: ignore[arg-type]
        measurement(F1, estimate(0.83, 0.87)),
    )


OPEN = estimate(-0.045, 0.025, standard_error=0.018)


def test_what_passes_is_not_told() -> None:
    assert outlooks(stored(OFFLINE, good_offline())) == ()


def test_a_margin_that_cannot_be_told_says_by_how_much_and_how_many_items() -> None:
    found = of(OFFLINE, offline(OPEN))
    assert found.final
    assert found.missed is not None
    assert (found.missed.value, found.missed.bound) == pytest.approx((0.02, -0.015))
    assert found.missed.words == (
        "its value is inside the limit by 2.00 points, and the bound that decides misses it by "
        "1.50 points"
    )
    needed = found.needed
    assert needed is not None
    assert needed.soonest is not None
    assert needed.half is not None
    assert needed.latest is not None
    assert 1000 < needed.soonest < needed.half < needed.latest
    assert (needed.unit, needed.have) == ("items", 1000)
    assert 0.5 < needed.passes < 1
    assert "no further measurement of this plan can settle it; by a larger plan" in found.takes
    assert "versions of a model truly differ by 7 points" in needed.assumption
    assert "Spiegelhalter" in needed.method
    assert [line[:9] for line in lines_of(found)] == ["its value", "no furthe", "assuming "]


def test_clusters_are_what_is_counted_where_items_depend_on_each_other() -> None:
    clustered = replace(OPEN, method="cluster-robust t")
    needed = of(OFFLINE, offline(clustered)).needed
    assert needed is not None
    assert needed.unit == "clusters of items"


def test_an_exact_rate_is_foretold_by_its_events() -> None:
    rate = estimate(0.0008, 0.0063, value=0.003, level=0.9, method="Clopper-Pearson")
    limit = policy(stages=("offline",), criteria=(criterion(TOXICITY, {"at_most": 0.005}),))
    found = of(limit, evidence(measurement(TOXICITY, rate)))
    assert found.needed is not None
    assert "Jeffreys" in found.needed.assumption
    assert found.missed is not None
    assert found.missed.words.startswith("its value is inside the limit by 0.20 points")


def test_an_exact_share_that_is_to_be_high_counts_what_is_wrong() -> None:
    share = estimate(0.77, 0.86, value=0.82, n=300, method="Clopper-Pearson")
    limit = policy(stages=("offline",), criteria=(criterion(F1, {"at_least": 0.8}),))
    found = of(limit, evidence(measurement(F1, share, planned=300)))
    assert found.needed is not None
    assert found.needed.passes > 0.5
    below = of(limit, evidence(measurement(F1, replace(share, value=0.79), planned=300)))
    assert below.needed is not None
    assert below.needed.passes < 0.5


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (replace(OPEN, method=f"t, of which 3{EITHER_WAY}"), "what is unresolved stays so"),
        (replace(OPEN, low=-0.03, value=-0.03, high=0.1), "how much more would"),
    ],
)
def test_where_more_does_not_foreseeably_help_it_says_so(difference: object, said: str) -> None:
    found = of(OFFLINE, offline(difference))
    assert (found.final, found.needed) == (True, None)
    assert said in found.takes


def test_before_all_is_in_nothing_is_foretold() -> None:
    waits = (
        Wait(cause=Cause.WAITING, who="annotators", what="votes", have=200, need=600, command="x"),
    )
    found = of(VOTED, good_offline(), replace(votes(n=200, low=0.4), waits=waits))
    assert (found.final, found.needed, found.missed) == (False, None, None)
    assert found.takes == "it may not be looked at before all 600 are in: 400 are missing"


def anytime(method: str = "betting confidence sequence") -> Evidence:
    waits = (Wait(cause=Cause.WAITING, who="annotators", what="v", have=200, need=600),)
    seen = estimate(0.45, 0.6, value=0.52, n=200, method=method)
    return evidence(
        measurement(WINS, seen, validity=Validity.ANYTIME),
        stage=StageName.SIDE_BY_SIDE,
        waits=waits,
    )


def test_votes_that_may_be_looked_at_say_how_many_prompts() -> None:
    found = of(VOTED, good_offline(), anytime(), still=STILL)
    needed = found.needed
    assert needed is not None
    plan = VOTED.plan.side_by_side
    assert plan is not None
    have = plan.prompts_planned - 400
    assert (needed.unit, needed.have, needed.soonest) == ("prompts", have, have + 30)
    assert (needed.half, needed.latest, needed.passes) == (have + 120, None, 0.7)
    assert "votes), it likely takes" in found.takes
    assert "may take more than can be had" in found.takes


def test_annotators_who_differ_are_the_reason_that_it_cannot_be_told() -> None:
    found = of(VOTED, good_offline(), anytime(), still=Unmeasured("annotators differ"))
    assert found.takes == "how many more prompts it takes cannot be told: annotators differ"
    plain = of(VOTED, good_offline(), anytime())
    assert plain.takes == "it takes the rest of the plan, which may settle it at any time"
    anew = of(VOTED, good_offline(), anytime(f"betting, 3 unread{ASKED_ANEW} left out"))
    assert "verdicts that can be read" in anew.takes


def test_a_fail_never_invites_another_try() -> None:
    found = of(OFFLINE, offline(estimate(-0.012, 0.02), low=0.01, high=0.03, value=0.02))
    assert (found.finding.verdict, found.needed, found.final) == (Verdict.FAIL, None, True)
    assert found.takes.startswith("a FAIL stands: measuring this checkpoint again is no way")
    assert "another one passes a plan of this size four times in five" in found.takes
    assert found.missed is not None
    assert found.missed.words.startswith("its value misses it by 1.50 points")


def test_beside_a_fail_nothing_is_worth_measuring() -> None:
    toxic, other = outlooks(stored(OFFLINE, offline(OPEN, low=0.01, high=0.03, value=0.02)))
    assert toxic.finding.verdict is Verdict.FAIL
    assert other.finding.verdict is Verdict.HOLD
    assert other.takes == "its stage is settled by another criterion, and a FAIL stands"


def test_a_fail_without_an_upper_end_still_stands() -> None:
    still = estimate(0.02, None, value=0.03)
    limit = policy(stages=("offline",), criteria=(criterion(TOXICITY, {"at_most": 0.005}),))
    assert of(limit, evidence(measurement(TOXICITY, still))).takes.endswith("no way to a pass")


def test_what_is_not_measured_takes_a_measurement() -> None:
    found = of(OFFLINE, offline(Unmeasured("the endpoint is down")))
    assert (found.missed, found.needed) == (None, None)
    assert found.takes == "it takes a measurement: the endpoint is down"
    assert list(lines_of(found)) == [found.takes]
    assert list(lines_of(None)) == []


ONLINE = policy(
    criteria=(
        criterion(TOXICITY, {"at_most": 0.005}),
        criterion(WINS, {"at_least": 0.48}),
        criterion(RESOLVED, {"better": {}}),
        criterion(LATENCY, {"non_inferior": {"relative_margin": 0.1}}),
    ),
    looks=[7, 10, 14, 21],
    days=21,
    window_days=1,
)


def traffic(effect: float, *, at: Look | None = None, passed: bool = True) -> Evidence:
    seen = estimate(
        effect - 0.03, effect + 0.03, value=effect, standard_error=0.01, level=0.95, n=20_000
    )
    ratio = estimate(0.9, 1.02, value=0.96, unit="ratio", standard_error=0.02)
    return evidence(
        measurement(RESOLVED, seen, quantity=Quantity.DIFFERENCE, validity=Validity.LOOK),
        measurement(LATENCY, ratio, quantity=Quantity.RATIO, validity=Validity.LOOK),
        stage=StageName.ONLINE,
        look=at or replace(look(2, planned=4), run_days=10.0, information=0.5),
        checks=tuple(
            Check(name=name, passed=passed or name != "sample_ratio", sentence="s")
            for name in CHECKS
        ),
    )


def online(found: Evidence) -> tuple[Outlook, ...]:
    offline_ = evidence(measurement(TOXICITY, estimate(0.0, 0.0042, value=0.002, level=0.9)))
    return outlooks(stored(ONLINE, offline_, votes(), found))


def test_a_running_ab_says_by_which_day_it_likely_passes() -> None:
    (found,) = online(traffic(0.02))
    needed = found.needed
    assert needed is not None
    assert (needed.unit, needed.have) == ("days", 10.0)
    assert needed.soonest == 14
    assert needed.half in (14, 21)
    assert 0.4 < needed.passes < 0.95
    assert "the A/B ends by look 4 and is not prolonged" in found.takes
    assert "of such A/Bs one in ten by day 14" in found.takes
    assert not found.final
    (worse,) = online(traffic(-0.01))
    assert worse.needed is not None
    assert worse.needed.passes < 0.1
    assert "day" not in worse.needed.words


def test_broken_traffic_is_not_awaited() -> None:
    (found,) = online(traffic(0.02, passed=False))
    assert (found.needed, "no amount of broken data" in found.takes) == (None, True)


def test_an_ab_that_ended_is_not_prolonged() -> None:
    last = replace(look(4, planned=4), run_days=21.0, information=1.0)
    (found,) = online(traffic(0.02, at=last))
    assert found.takes.startswith("a FAIL stands")
    assert found.needed is None


def test_json_says_all_of_it() -> None:
    (entry,) = outlook_json([of(OFFLINE, offline(OPEN))])
    assert isinstance(entry, dict)
    assert (entry["metric"], entry["verdict"], entry["final"]) == ("qa.f1", "HOLD", True)
    assert set(entry["needed"]) == {
        *("unit", "have", "soonest", "half", "latest", "passes", "assumption", "method")
    }
    (absent,) = outlook_json([of(OFFLINE, offline(Unmeasured("gone")))])
    assert isinstance(absent, dict)
    assert (absent["missed"], absent["needed"]) == (None, None)


def test_an_open_end_says_nothing_of_how_much_more() -> None:
    one_sided = estimate(None, 0.004, value=0.002, level=0.95)
    assert one_sided.bounds is Bounds.UPPER
    limit = policy(stages=("offline",), criteria=(criterion(TOXICITY, {"at_most": 0.003}),))
    found = of(limit, evidence(measurement(TOXICITY, one_sided)))
    assert found.missed is not None
    assert found.needed is not None
