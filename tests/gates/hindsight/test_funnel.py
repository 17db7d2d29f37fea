"""Who came how far, what it cost, and what each stage foretells: read from an MLflow store."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gates.decide.verdict import OnlineVerdict, Verdict
from gates.hindsight.checkpoints import Past, Question, read_past
from gates.hindsight.flow import Known
from gates.hindsight.foretelling import Foretold, LeftOut, Population
from gates.hindsight.funnel import Funnel, funnel_of
from gates.hindsight.funnel_words import (
    asides,
    cost_table,
    foretold_lines,
    looked_at,
    population_words,
    saved_words,
)
from gates.hindsight.measures import with_error
from gates.hindsight.past_words import remarks, title
from gates.ledger.ledger import LedgerDown
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from policies.errors import Broken, InputError, WrongUsage
from stages.evidence.estimate import Bounds, Cause, Estimate, Unmeasured
from stages.evidence.records import StageName
from tests.fakes.memory_ledger import MemoryLedger
from tests.fakes.workplace import Workplace
from tests.gates.hindsight.scene import (
    POLICY,
    RESOLVED,
    SUMS,
    TOXIC,
    WINS,
    Made,
    Scene,
    thirty,
)

PASS, FAIL, HOLD = Verdict.PASS, Verdict.FAIL, Verdict.HOLD
LATER = "2026-04-01T10:00:00+00:00"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Funnel:
    """Thirty versions, written to an MLflow store and read back."""
    place = Workplace(tmp_path_factory.mktemp("stored"))
    ledger = MlflowLedger(f"sqlite:///{place.folder / 'mlflow.db'}")
    thirty(Scene(ledger))
    return funnel_of(read_past(Question(model="assistant"), replace(place.services, ledger=ledger)))


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture
def scene(place: Workplace) -> Scene:
    found = Scene(place.ledger)
    found.register()
    return found


def past(place: Workplace, **question: object) -> Past:
    return read_past(Question(model="assistant", **question), place.services)  # type: ignore[arg-type] # named


def pair(funnel: Funnel, metric: str) -> Foretold:
    (found,) = (one for one in funnel.foretold if one.metric == metric)
    return found


def estimate_of(found: Estimate | Unmeasured) -> Estimate:
    assert isinstance(found, Estimate)
    return found


def reason_of(found: Estimate | Unmeasured) -> str:
    assert isinstance(found, Unmeasured)
    return found.reason


def test_each_stage_says_who_came_and_who_went_on(stored: Funnel) -> None:
    offline, compared, online = stored.flows
    assert [(f.came, f.passed) for f in stored.flows] == [(30, 16), (16, 16), (8, 0)]
    assert dict(offline.verdicts) == {PASS: 16, FAIL: 14, HOLD: 0}
    assert dict(online.looks) == {OnlineVerdict.CONTINUE: 8}
    assert compared.looks == {}


def test_an_unknown_cost_is_said_and_never_nothing(stored: Funnel) -> None:
    offline, _, online = stored.flows
    assert offline.usd == Known(amount=22.5, unknown=15)
    assert offline.gpu_minutes == Known(amount=None, unknown=30)
    assert online.usd == Known(amount=12.0, unknown=0)
    assert reason_of(stored.saved.usd) == "what 8 of 16 comparisons cost is not known"


def test_what_is_saved_is_the_stopped_times_the_mean_of_the_compared(stored: Funnel) -> None:
    votes = estimate_of(stored.saved.votes)
    assert (stored.saved.stopped, stored.saved.compared) == (14, 16)
    assert (votes.value, votes.low, votes.high, votes.n) == (8400, 8400, 8400, 16)


def test_the_ranking_measure_foretells_of_all_and_another_of_those_let_through(
    stored: Funnel,
) -> None:
    sums, toxic = pair(stored, SUMS), pair(stored, TOXIC)
    assert (sums.both, sums.alone, sums.population) == (16, 14, Population.ALL)
    assert (toxic.both, toxic.alone, toxic.population) == (16, 0, Population.LET_THROUGH)
    assert dict(toxic.left_out) == {LeftOut.STOPPED: 14}
    assert sums.ranked_by == toxic.ranked_by == SUMS
    assert (estimate_of(sums.seen).low or 0) > 0
    assert estimate_of(sums.true).value > estimate_of(sums.seen).value
    seen = estimate_of(toxic.seen)
    assert (seen.low or 0) < 0 < (seen.high or 0)


def test_a_comparison_is_held_against_the_effect_of_the_ab(stored: Funnel) -> None:
    wins = pair(stored, WINS)
    assert (wins.next_stage, wins.target, wins.both) == (StageName.ONLINE, RESOLVED, 8)
    assert dict(wins.left_out) == {LeftOut.UNMEASURED: 14, LeftOut.OPEN: 8}


def test_an_error_derived_from_an_exact_interval_is_counted(stored: Funnel) -> None:
    assert (pair(stored, SUMS).derived, pair(stored, TOXIC).derived) == (0, 16)
    assert "16 standard errors derived from exact intervals" in list(asides(pair(stored, TOXIC)))


@pytest.mark.parametrize(
    ("bounds", "low", "high"),
    [(Bounds.TWO_SIDED, 0.3, 0.5), (Bounds.UPPER, None, 0.5), (Bounds.LOWER, 0.3, None)],
)
def test_a_derived_error_is_that_of_a_normal_interval(
    bounds: Bounds, low: float | None, high: float | None
) -> None:
    exact = Estimate(
        value=0.4,
        standard_error=None,
        low=low,
        high=high,
        bounds=bounds,
        level=0.95 if bounds is Bounds.TWO_SIDED else 0.975,
        n=10,
        unit="share",
        method="exact",
    )
    assert with_error(exact).error == pytest.approx(0.1 / 1.959964, rel=1e-6)
    assert with_error(exact).derived


def test_below_eight_candidates_nothing_is_foretold(place: Workplace, scene: Scene) -> None:
    for n in range(7):
        scene.one(verdicts=(PASS, FAIL), values={SUMS: 0.5 + n / 50, WINS: 0.4 + n / 50})
    found = pair(funnel_of(past(place)), SUMS)
    assert reason_of(found.seen) == reason_of(found.true)
    assert reason_of(found.seen).startswith("7 of 8 candidates")
    assert list(foretold_lines(found))[1].startswith("  unmeasured, 7 of 8 candidates")
    assert cost_table(funnel_of(past(place))).rows[-1][-1] == "-"  # nobody came so far


def test_a_checkpoint_decided_twice_counts_once_by_its_newest_decision(
    place: Workplace, scene: Scene
) -> None:
    uri = scene.one(verdicts=(HOLD,), values={SUMS: 0.6})
    scene.decide([(uri, Made(verdicts=(FAIL,), values={SUMS: 0.6}, at=LATER))])
    found = past(place)
    assert (len(found.checkpoints), found.again) == (1, 1)
    assert dict(funnel_of(found).flows[0].verdicts) == {PASS: 0, FAIL: 1, HOLD: 0}
    assert list(remarks(found)) == [
        "1 decision left out: each checkpoint counts once, by its newest decision"
    ]


def test_a_checkpoint_registered_twice_counts_once(place: Workplace, scene: Scene) -> None:
    scene.one(verdicts=(FAIL,), values={SUMS: 0.6}, digest="e" * 64, at=LATER)
    scene.one(verdicts=(PASS, HOLD), values={SUMS: 0.6}, digest="e" * 64)
    scene.one(verdicts=(FAIL,), values={SUMS: 0.6})
    found = past(place)
    assert [c.version.version for c in found.checkpoints] == ["2", "4"]
    assert found.again == 1


def test_those_held_against_another_baseline_are_left_out(place: Workplace, scene: Scene) -> None:
    for n in range(12):
        scene.one(
            verdicts=(PASS, FAIL),
            values={SUMS: 0.5 + n / 50, WINS: 0.4 + n / 50},
            baseline="models:/assistant/1" if n < 9 else "models:/assistant/2",
        )
    found = pair(funnel_of(past(place)), SUMS)
    assert (found.both, found.baseline) == (9, "models:/assistant/1")
    assert dict(found.left_out) == {LeftOut.PARTNER: 3}
    assert "held against models:/assistant/1" in list(asides(found))
    assert estimate_of(found.seen).value == pytest.approx(1.0)


def test_other_data_or_another_plan_is_left_out(place: Workplace, scene: Scene) -> None:
    raw = POLICY.model_dump_json().replace('"votes_at_most":600', '"votes_at_most":700')
    other = type(POLICY).model_validate_json(raw)
    assert other.plan != POLICY.plan
    values = {SUMS: 0.6, WINS: 0.5}
    scene.one(verdicts=(PASS, FAIL), values=values, data="e")
    scene.one(verdicts=(PASS, FAIL), values=values, policy=other)
    scene.one(verdicts=(PASS, FAIL), values=values, at=LATER)
    found = pair(funnel_of(past(place)), SUMS)
    assert (found.both, dict(found.left_out)) == (1, {LeftOut.OTHERWISE: 2})


def test_who_another_measure_stopped_is_not_among_those_it_holds_for(
    place: Workplace, scene: Scene
) -> None:
    for n in range(10):
        scene.one(verdicts=(PASS, FAIL), values={SUMS: 0.6 + n / 50, WINS: 0.4 + n / 50})
    scene.one(verdicts=(FAIL,), values={SUMS: 0.3}, failed=(SUMS,))
    scene.one(verdicts=(FAIL,), values={SUMS: 0.7}, failed=(TOXIC,))
    scene.one(verdicts=(FAIL,), values={SUMS: 0.2}, failed=(SUMS, TOXIC))
    found = pair(funnel_of(past(place)), SUMS)
    assert (found.both, found.alone, found.population) == (10, 1, Population.UNSTOPPED)
    assert population_words(found).endswith("those that no other measure stopped (11)")


def test_an_ab_that_ended_tells_the_effect_corrected_for_stopping(
    place: Workplace, scene: Scene
) -> None:
    for n in range(8):
        values = {SUMS: 0.6, WINS: 0.5 + n / 50, RESOLVED: -n / 50}
        scene.one(verdicts=(PASS, PASS, PASS), values=values, stopped_here=n / 100)
    assert estimate_of(pair(funnel_of(past(place)), WINS).seen).value == pytest.approx(1.0)


def test_nothing_is_saved_where_nobody_was_compared(place: Workplace, scene: Scene) -> None:
    scene.one(verdicts=(FAIL,), values={SUMS: 0.3})
    scene.one(verdicts=(PASS, HOLD), values={SUMS: 0.6}, votes=20)
    saved = funnel_of(past(place)).saved
    assert reason_of(saved.votes) == reason_of(saved.usd)
    assert reason_of(saved.votes) == "no candidate was compared to the end"
    scene.one(verdicts=(PASS, FAIL), values={SUMS: 0.6})
    saved = funnel_of(past(place)).saved
    assert reason_of(saved.votes) == "one candidate alone was compared to the end"


def test_what_comparisons_cost_has_an_interval(place: Workplace, scene: Scene) -> None:
    for n in range(4):
        scene.one(verdicts=(PASS, FAIL), values={SUMS: 0.6}, votes=500 + 100 * n, usd=1.0 + n)
    for _ in range(3):
        scene.one(verdicts=(FAIL,), values={SUMS: 0.3})
    funnel = funnel_of(past(place))
    votes, usd = estimate_of(funnel.saved.votes), estimate_of(funnel.saved.usd)
    assert (votes.value, usd.value) == (1950, 7.5)
    assert (votes.low or 0) < 1950 < (votes.high or 0)
    assert saved_words(funnel).startswith(
        "saved against sending everybody to people: votes 1,950 ("
    )


def test_a_policy_that_asks_no_people_saves_none(place: Workplace, scene: Scene) -> None:
    raw = POLICY.model_dump(mode="json", exclude_none=True)
    raw["plan"] = {"offline": {"sums": {"data": "sums.jsonl", "scorer": "numeric"}}}
    raw["criteria"] = raw["criteria"][:1]
    alone = type(POLICY).model_validate_json(json.dumps(raw))
    scene.one(verdicts=(FAIL,), values={SUMS: 0.3}, policy=alone)
    funnel = funnel_of(past(place))
    assert reason_of(funnel.saved.votes) == "the policy sends nobody to people"
    assert funnel.foretold == ()
    assert looked_at(funnel) == "no stage follows another with measures: nothing can be foretold"


def test_only_decisions_since_then_count(place: Workplace, scene: Scene) -> None:
    scene.one(verdicts=(FAIL,), values={SUMS: 0.3})
    scene.one(verdicts=(FAIL,), values={SUMS: 0.3}, at=LATER)
    found = past(place, since=datetime(2026, 3, 15, tzinfo=UTC))
    assert [c.version.version for c in found.checkpoints] == ["3"]
    assert title(found).endswith("1 checkpoint decided since 2026-03-15 00:00 UTC")


def test_several_policies_must_be_told_apart(place: Workplace, scene: Scene) -> None:
    scene.one(verdicts=(FAIL,), values={SUMS: 0.3})
    nightly = POLICY.model_copy(update={"policy": "nightly"})
    scene.one(verdicts=(FAIL,), values={SUMS: 0.3}, policy=nightly)
    with pytest.raises(WrongUsage, match="nightly, release"):
        past(place)
    assert len(past(place, policy="nightly").checkpoints) == 1


def test_no_model_or_no_decision_is_said(place: Workplace, scene: Scene) -> None:
    assert isinstance(scene.ledger, MemoryLedger)
    with pytest.raises(InputError, match="nothing was decided about assistant under policy x"):
        past(place, policy="x")
    with pytest.raises(InputError, match="nothing was decided about assistant"):
        past(place)
    with pytest.raises(InputError, match="there is no model other"):
        read_past(Question(model="other"), place.services)


def test_evidence_that_is_gone_is_said_and_its_verdict_still_counts(
    place: Workplace, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = scene.one(verdicts=(FAIL,), values={SUMS: 0.3})

    def gone(*_: object) -> None:
        raise Broken("cannot read it", why="it is gone", fix="none")

    monkeypatch.setattr(MemoryLedger, "stored", gone)
    found = past(place)
    assert [c.version.uri for c in found.unread] == [uri]
    assert found.checkpoints[0].evidence == Unmeasured("cannot read it: it is gone", Cause.BROKEN)
    assert funnel_of(found).flows[0].came == 1
    assert list(remarks(found)) == [f"{uri} has no measures: cannot read it: it is gone"]

    def down(*_: object) -> None:
        raise LedgerDown("no answer", why="it is down", fix="wait")

    monkeypatch.setattr(MemoryLedger, "stored", down)
    with pytest.raises(LedgerDown):
        past(place)
