"""A finding's sentence is the one a release manager would say aloud."""

import pytest

from gates.decide.rules import hold
from gates.decide.verdict import Verdict
from policies.metric import Metric
from stages.evidence.estimate import NOTHING_WON, Estimate, Unmeasured
from stages.evidence.records import Quantity, StageName, Validity
from tests.gates.decide.cases import (
    F1,
    LATENCY,
    RESOLVED,
    TOXICITY,
    WINS,
    criterion,
    estimate,
    evidence,
    look,
    measurement,
)

SAFETY = {"at_most": 0.005}
MARGIN = {"non_inferior": {"margin": 0.03}}
RELATIVE = {"non_inferior": {"relative_margin": 0.1}}
D, R = Quantity.DIFFERENCE, Quantity.RATIO


def _said(
    metric: Metric,
    demand: dict,
    measured: Estimate,
    *,
    quantity: Quantity = Quantity.VALUE,
    p: float | None = None,
) -> tuple[Verdict, str]:
    online = metric.stage == "online"
    held = evidence(
        measurement(
            metric,
            measured,
            quantity=quantity,
            planned=measured.n,
            validity=Validity.LOOK if online else Validity.FIXED,
        ),
        stage=StageName(metric.stage),
        look=look(3) if online else None,
    )
    finding = hold(criterion(metric, demand), held, metric, p_worse_adjusted=p)
    return finding.verdict, finding.sentence


def exact_bound(low: float, high: float, value: float) -> Estimate:
    return estimate(low, high, value=value, n=1200, level=0.9, method="Clopper-Pearson")


CASES = [
    (
        (TOXICITY, SAFETY, exact_bound(0.0008, 0.0042, 0.002)),
        {},
        "PASS",
        (
            "toxicity rate is at most 0.42 % (95 % upper bound, 1,200 responses); the policy "
            "allows 0.50 %: pass"
        ),
    ),
    (
        (TOXICITY, SAFETY, exact_bound(0.0008, 0.004996, 0.002)),
        {},
        "PASS",
        (
            "toxicity rate is at most 0.4996 % (95 % upper bound, 1,200 responses); the policy "
            "allows 0.5000 %: pass"
        ),
    ),
    (
        (TOXICITY, SAFETY, exact_bound(0.0051, 0.02, 0.01)),
        {},
        "FAIL",
        (
            "toxicity rate is at least 0.51 % (95 % lower bound, 1,200 responses); the policy "
            "allows 0.50 %: fail"
        ),
    ),
    (
        (TOXICITY, SAFETY, exact_bound(0.002, 0.007, 0.004)),
        {},
        "HOLD",
        (
            "toxicity rate was measured at 0.40 % and may be as high as 0.70 % (95 % upper "
            "bound, 1,200 responses); the policy allows 0.50 %: cannot tell. This is final: no "
            "further measurement of this plan can settle it. The bound misses the limit by 0.20"
            " points; a rough guess is that a new plan with 9,600 more responses would "
            "settle it."
        ),
    ),
    (
        (TOXICITY, SAFETY, exact_bound(0.004, 0.008, 0.006)),
        {},
        "HOLD",
        (
            "toxicity rate was measured at 0.60 % and may be as high as 0.80 % (95 % upper "
            "bound, 1,200 responses); the policy allows 0.50 %: cannot tell. This is final: no "
            "further measurement of this plan can settle it. The bound misses the limit by 0.30"
            " points; a rough guess is that a new plan with 3,600 more responses would "
            "settle it."
        ),
    ),
    (
        (TOXICITY, SAFETY, exact_bound(0.004, 0.008, 0.005)),
        {},
        "HOLD",
        (
            "toxicity rate was measured at 0.50 % and may be as high as 0.80 % (95 % upper "
            "bound, 1,200 responses); the policy allows 0.50 %: cannot tell. This is final: no "
            "further measurement of this plan can settle it. The bound misses the limit by 0.30"
            " points; how much more data would settle it cannot be guessed."
        ),
    ),
    (
        (WINS, {"at_least": 0.48}, estimate(0.501, 0.6, n=600)),
        {},
        "PASS",
        (
            "side by side win rate is at least 50.1 % (97.5 % lower bound, 600 prompts); the "
            "policy demands 48.0 %: pass"
        ),
    ),
    (
        (WINS, {"at_least": 0.48}, estimate(0.4, 0.4796, n=600)),
        {},
        "FAIL",
        (
            "side by side win rate is at most 47.96 % (97.5 % upper bound, 600 prompts); the "
            "policy demands 48.00 %: fail"
        ),
    ),
    (
        (F1, MARGIN, estimate(-0.012, 0.02, n=812)),
        {"quantity": D, "p": 0.7},
        "PASS",
        (
            "qa f1 is at most 1.20 points below the baseline (97.5 % lower bound, 812 "
            "responses); the policy allows 3.00 points below it: pass"
        ),
    ),
    (
        (F1, MARGIN, estimate(0.004, 0.02, n=812)),
        {"quantity": D, "p": 1.0},
        "PASS",
        (
            "qa f1 is at least 0.40 points above the baseline (97.5 % lower bound, 812 "
            "responses); the policy allows 3.00 points below it: pass"
        ),
    ),
    (
        (F1, MARGIN, estimate(-0.06, -0.02, n=812)),
        {"quantity": D, "p": 0.00031},
        "FAIL",
        (
            "qa f1 is 4.00 points below the baseline, a proven regression (Holm-adjusted p = "
            "0.00031, 812 responses); the policy allows 3.00 points below it: fail"
        ),
    ),
    (
        (F1, MARGIN, estimate(-0.05, 0.01, n=812)),
        {"quantity": D, "p": 0.2},
        "HOLD",
        (
            "qa f1 was measured at 2.00 points below the baseline and may be as much as 5.00 "
            "points below the baseline (97.5 % lower bound, 812 responses); the policy allows "
            "3.00 points below it: cannot tell. This is final: no further measurement of this "
            "plan can settle it. The bound misses the limit by 2.00 points; a rough guess is "
            "that a new plan with 6,500 more responses would settle it."
        ),
    ),
    (
        (F1, RELATIVE, estimate(0.85, 1.01, value=0.93, n=812, unit="ratio")),
        {"quantity": R, "p": 0.2},
        "HOLD",
        (
            "qa f1 was measured at 7.0 % below the baseline and may be as much as 15.0 % below "
            "the baseline (97.5 % lower bound, 812 responses); the policy allows 10.0 % below "
            "it: cannot tell. This is final: no further measurement of this plan can settle it."
            " The bound misses the limit by 5.00 % of the baseline; a rough guess is that a new "
            "plan with 5,000 more responses would settle it."
        ),
    ),
    (
        (LATENCY, {"non_inferior": {"margin": 40}}, estimate(-5, 12.5, n=9000, unit="number")),
        {"quantity": D},
        "PASS",
        (
            "online latency ms is at most 12.5 above the baseline (97.5 % upper bound, 9,000 "
            "units); the policy allows 40.0 above it: pass"
        ),
    ),
    (
        (LATENCY, RELATIVE, estimate(1.2, 1.4, n=9000, unit="ratio")),
        {"quantity": R},
        "FAIL",
        (
            "online latency ms is at least 20.0 % above the baseline (97.5 % lower bound, 9,000"
            " units); the policy allows 10.0 % above it: fail"
        ),
    ),
    (
        (RESOLVED, {"better": {}}, estimate(0.004, 0.02, n=20000)),
        {"quantity": D},
        "PASS",
        (
            "online resolved is at least 0.40 points above the baseline (97.5 % lower bound, "
            "20,000 units); the policy demands better than the baseline: pass"
        ),
    ),
    (
        (RESOLVED, {"better": {}}, estimate(-0.02, -0.004, n=20000)),
        {"quantity": D},
        "FAIL",
        (
            "online resolved is at least 0.40 points below the baseline (97.5 % upper bound, "
            "20,000 units); the policy demands better than the baseline: fail"
        ),
    ),
    (
        (RESOLVED, {"better": {}}, estimate(0.0, 0.02, n=20000)),
        {"quantity": D},
        "HOLD",
        (
            "online resolved was measured at 1.00 points above the baseline and may be as much "
            "as 0.00 points below the baseline (97.5 % lower bound, 20,000 units); the policy "
            "demands better than the baseline: cannot tell. This is final: no further "
            "measurement of this plan can settle it. The bound misses the limit by 0.00 points;"
            " how much more data would settle it cannot be guessed."
        ),
    ),
]


@pytest.mark.parametrize(("what", "how", "verdict", "sentence"), CASES)
def test_a_finding_is_said_aloud(what: tuple, how: dict, verdict: str, sentence: str) -> None:
    assert _said(*what, **how) == (verdict, sentence)


def test_an_absent_value_is_said_with_its_reason() -> None:
    held = evidence(measurement(TOXICITY, Unmeasured("the classifier\nis gone")))
    found = hold(criterion(TOXICITY, SAFETY), held, TOXICITY, p_worse_adjusted=None)
    assert found.sentence == (
        "toxicity rate is not measured: the classifier is gone; the policy demands at most 0.50"
        " %: cannot pass"
    )


def test_a_wait_for_the_planned_number_says_what_is_missing() -> None:
    held = evidence(measurement(TOXICITY, estimate(0, 0.001, n=400), planned=1200))
    found = hold(criterion(TOXICITY, SAFETY), held, TOXICITY, p_worse_adjusted=None)
    assert found.sentence == (
        "toxicity rate rests on 400 responses of 1,200 planned; its interval decides only when "
        "all are there (800 missing): cannot tell yet"
    )


@pytest.mark.parametrize(
    ("metric", "demand", "words"),
    [
        (TOXICITY, SAFETY, "at most 0.50 %"),
        (TOXICITY, {"at_most": 0.12345}, "at most 12.345 %"),
        (WINS, {"at_least": 0.48}, "at least 48.0 %"),
        (LATENCY, {"at_most": 1200}, "at most 1,200"),
        (LATENCY, {"at_least": -5}, "at least -5.00"),
        (LATENCY, {"at_most": -5}, "at most -5.00"),
        (TOXICITY, {"at_most": 0}, "at most 0.00 %"),
        (F1, MARGIN, "at most 3.00 points below the baseline"),
        (F1, RELATIVE, "at most 10.0 % below the baseline"),
        (LATENCY, RELATIVE, "at most 10.0 % above the baseline"),
        (RESOLVED, {"better": {}}, "better than the baseline"),
    ],
)
def test_a_demand_is_said_in_words(metric: Metric, demand: dict, words: str) -> None:
    found = hold(criterion(metric, demand), None, metric, p_worse_adjusted=None)
    assert found.demand == words


def test_a_plan_that_waits_says_what_is_lost_after_what_is_planned() -> None:
    method = f"mean per prompt{NOTHING_WON}24 of 30 prompts, since it is empty"
    found = measurement(WINS, estimate(0.1, 0.3, n=30, method=method), planned=40)
    held = evidence(found, stage=StageName.SIDE_BY_SIDE)
    finding = hold(criterion(WINS, {"at_least": 0.5}), held, WINS, p_worse_adjusted=None)
    assert finding.sentence == (
        "side by side win rate rests on 30 prompts of 40 planned; nothing is won on 24 of 30 "
        "prompts, since it is empty; its interval decides only when all are there (10 missing): "
        "cannot tell yet"
    )
