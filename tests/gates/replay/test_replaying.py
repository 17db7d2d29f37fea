"""Recorded decisions under a proposed policy: what flips, what lacks evidence, what stays."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gates.decide.verdict import Verdict
from gates.ledger.ledger import LedgerDown
from gates.pipeline import run_round
from gates.replay.judging import Again, Outcome
from gates.replay.replaying import Proposal, replay
from policies.errors import Broken, InputError
from tests.fakes.workplace import (
    NO_WORSE,
    PLAN,
    SHIPS,
    SOUND,
    TRAFFIC,
    VOTED,
    WINS,
    Workplace,
    policy_text,
    snapshot,
)

WHOLE = ((PLAN, VOTED), (SOUND, NO_WORSE, WINS))
TWICE = PLAN.replace("sums: ", "more: {data: ../data/sums.jsonl, scorer: exact}, sums: ")
MORE = "{metric: more.accuracy, at_least: 0.1, severity: blocking, because: it is new}"


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    """Version 1 serves, 2 is right, 3 is wrong half of the time; both decided, votes there."""
    found = Workplace(tmp_path)
    found.champion()
    found.recorded()
    found.recorded(wrong_every=2)
    found.votes()
    run_round(found.policy(policy_text(*WHOLE)), [], found.services)
    return found


def again(place: Workplace, text: str) -> Mapping[str, Again]:
    """What becomes of every decision, by version."""
    proposal = Proposal(policy=place.policy(text, name="new").policy, instead_of="release")
    return {
        one.decided.decision.candidate[-1]: one.again for one in replay(proposal, place.services)
    }


def test_under_the_same_policy_every_decision_stays(place: Workplace) -> None:
    found = again(place, policy_text(*WHOLE))
    assert {v: (a.outcome, a.before, a.after) for v, a in found.items()} == {
        "2": (Outcome.UNCHANGED, Verdict.PASS, Verdict.PASS),
        "3": (Outcome.UNCHANGED, Verdict.FAIL, Verdict.FAIL),
    }
    assert not any(a.criteria or a.keeps_ab or a.other_rules for a in found.values())


def test_a_tighter_limit_flips_with_its_reason(place: Workplace) -> None:
    tight = WINS.replace("0.4", "0.99")
    found = again(place, policy_text((PLAN, VOTED), (SOUND, NO_WORSE, tight)))
    two, three = found["2"], found["3"]
    assert (two.outcome, two.before, two.after) == (Outcome.FLIPS, Verdict.PASS, Verdict.FAIL)
    (change,) = two.criteria
    assert (change.metric, change.before, change.after) == (
        "side_by_side.win_rate",
        Verdict.PASS,
        Verdict.FAIL,
    )
    assert (change.demanded, change.demands) == ("at least 40.0 %", "at least 99.0 %")
    assert change.sentence in two.reason
    assert three.outcome is Outcome.UNCHANGED


def test_a_looser_limit_lacks_the_stage_that_was_never_reached(place: Workplace) -> None:
    loose = SOUND.replace("0.6", "0.1")
    found = again(place, policy_text((PLAN, VOTED), (loose, WINS)))
    assert (found["3"].outcome, found["3"].after) == (Outcome.LACKS, Verdict.HOLD)
    assert found["3"].reason == "there is no evidence of the side by side stage"
    assert found["2"].outcome is Outcome.UNCHANGED


def test_a_new_task_lacks_evidence_but_an_old_fail_stands(place: Workplace) -> None:
    found = again(place, policy_text((TWICE, VOTED), (SOUND, NO_WORSE, MORE, WINS)))
    assert (found["2"].outcome, found["2"].after) == (Outcome.LACKS, Verdict.HOLD)
    assert found["2"].reason == "there is no evidence of more accuracy"
    assert (found["3"].outcome, found["3"].after) == (Outcome.UNCHANGED, Verdict.FAIL)


def test_a_changed_task_can_never_pass_by_its_old_evidence(place: Workplace) -> None:
    changed = PLAN.replace("numeric", "exact")
    found = again(place, policy_text((changed, VOTED), WHOLE[1]))
    assert {v: (a.outcome, a.after) for v, a in found.items()} == {
        "2": (Outcome.LACKS, Verdict.HOLD),
        "3": (Outcome.LACKS, Verdict.HOLD),
    }
    assert found["2"].reason == "there is no evidence of sums accuracy"


def test_a_changed_comparison_lacks_its_stage(place: Workplace) -> None:
    more = VOTED.replace("votes_at_most: 40", "votes_at_most: 80")
    found = again(place, policy_text((PLAN, more), WHOLE[1]))
    assert (found["2"].outcome, found["2"].before) == (Outcome.LACKS, Verdict.PASS)
    assert found["2"].reason == "there is no evidence of the side by side stage"
    assert found["3"].outcome is Outcome.UNCHANGED


def test_a_hold_that_still_waits_for_the_same_is_unchanged(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    place.champion()
    place.recorded()
    run_round(place.policy(policy_text(*WHOLE)), [], place.services)  # no vote file yet
    (held,) = again(place, policy_text((PLAN, VOTED), (SOUND, WINS.replace("0.4", "0.5")))).values()
    assert (held.outcome, held.after) == (Outcome.UNCHANGED, Verdict.HOLD)


def test_a_quota_that_comes_lets_only_the_best_of_the_round_stay(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    place.champion()
    for wrong_every in (9, 0, 1):
        place.recorded(wrong_every=wrong_every)
    run_round(place.policy(policy_text()), [], place.services)
    found = again(place, policy_text(more="keep: {offline: {most: 1, by: sums.accuracy}}"))
    assert {v: (a.outcome, a.before, a.after) for v, a in found.items()} == {
        "2": (Outcome.FLIPS, Verdict.PASS, Verdict.FAIL),
        "3": (Outcome.UNCHANGED, Verdict.PASS, Verdict.PASS),
        "4": (Outcome.UNCHANGED, Verdict.FAIL, Verdict.FAIL),
    }


def test_a_quota_that_waits_for_others_lacks_them(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    place.champion()
    place.recorded()
    place.recorded(wrong_every=2)  # neither good nor bad: it holds
    run_round(place.policy(policy_text()), [], place.services)
    found = again(place, policy_text(more="keep: {offline: {most: 1, by: sums.accuracy}}"))
    assert (found["2"].outcome, found["2"].after) == (Outcome.LACKS, Verdict.HOLD)
    assert found["2"].reason == "there is no evidence of other candidates of its round"
    assert found["3"].outcome is Outcome.UNCHANGED


def test_an_ab_keeps_what_was_registered_before_it(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    place.champion()
    place.recorded()
    place.moments(shares=(0.5, 0.9))
    text = policy_text((PLAN, TRAFFIC), (SOUND, SHIPS))
    result = run_round(place.policy(text), [], place.services)
    worse = SHIPS.replace("better: {}", "at_least: 0.99")
    slower = TRAFFIC.replace("planned_units: 8000", "planned_units: 80000")
    (found,) = again(place, policy_text((PLAN, slower), (SOUND, worse))).values()
    assert found.keeps_ab
    assert found.outcome is Outcome.UNCHANGED
    assert found.after is result.decision.candidates[0].verdict
    strict = SOUND.replace("at_least: 0.6", "at_least: 0.999")
    (blocked,) = again(place, policy_text((PLAN, slower), (strict, worse))).values()
    assert blocked.after is Verdict.HOLD  # what the proposal demands of other stages counts
    (gone,) = again(place, policy_text((PLAN,), (SOUND,))).values()
    assert (gone.keeps_ab, gone.after) == (False, Verdict.PASS)


def test_of_a_round_that_moved_on_its_last_decision_is_replayed(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    place.champion()
    place.recorded()
    file = place.policy(policy_text(*WHOLE))
    run_round(file, [], place.services)
    place.later(hours=1)
    place.votes()
    run_round(file, [], place.services)
    assert len(place.ledger.records) == 2
    (only,) = again(place, policy_text(*WHOLE)).values()
    assert (only.before, only.outcome) == (Verdict.PASS, Outcome.UNCHANGED)


def test_what_today_s_program_decides_otherwise_is_told_apart(place: Workplace) -> None:
    (key, record) = next(iter(place.ledger.records.items()))
    lenient = tuple(replace(c, verdict=Verdict.PASS) for c in record.decision.candidates)
    place.ledger.records[key] = replace(
        record, decision=replace(record.decision, candidates=lenient)
    )
    found = again(place, policy_text(*WHOLE))
    assert (found["3"].outcome, found["3"].before, found["3"].after) == (
        Outcome.FLIPS,
        Verdict.PASS,
        Verdict.FAIL,
    )
    assert found["3"].other_rules
    assert not found["2"].other_rules


def test_nothing_is_measured_asked_or_written(place: Workplace) -> None:
    for outputs in place.data.glob("*.jsonl"):
        outputs.unlink()
    place.ledger.files.clear()
    proposed = policy_text((TWICE, VOTED), (SOUND, MORE, WINS))
    place.policy(proposed, name="new")
    before, records = snapshot(place.folder), dict(place.ledger.records)
    assert again(place, proposed)
    assert (snapshot(place.folder), place.ledger.records) == (before, records)


def test_older_decisions_and_those_of_other_policies_are_left_out(place: Workplace) -> None:
    policy = place.policy(policy_text(*WHOLE), name="new").policy
    since = Proposal(policy=policy, instead_of="release", since=place.now)
    assert len(list(replay(since, place.services))) == 2
    place.later(days=1)
    run_round(
        place.policy(policy_text().replace("release", "other"), name="other"), [], place.services
    )
    assert len(list(replay(replace(since, since=place.now), place.services))) == 0
    assert len(list(replay(replace(since, instead_of="other"), place.services))) == 2


def test_evidence_that_is_gone_is_lacking_and_stops_no_other(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise Broken("the offline evidence is gone", why="its run was deleted")

    monkeypatch.setattr(place.ledger, "stored", gone)
    found = again(place, policy_text(*WHOLE))
    assert {a.outcome for a in found.values()} == {Outcome.LACKS}
    assert found["2"].reason == "the offline evidence is gone: its run was deleted"


def test_a_ledger_that_is_down_is_no_missing_evidence(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise LedgerDown("cannot reach the server")

    monkeypatch.setattr(place.ledger, "stored", down)
    with pytest.raises(LedgerDown):
        again(place, policy_text(*WHOLE))


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model assistant"):
        again(Workplace(tmp_path), policy_text())
