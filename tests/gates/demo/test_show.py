"""The gate finds out what is true of every made-up checkpoint, through the real code."""

from pathlib import Path

import pytest

from gates.decide.verdict import CandidateDecision, OnlineVerdict, Verdict
from gates.demo.checkpoints import CANDIDATES, CHAMPION
from gates.demo.show import _promote_winner, run_demo
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.promotion.answer import Answer
from policies.errors import WrongUsage
from stages.engine.progress import Silent
from stages.evidence.records import StageName
from tests.fakes.shell import said
from tests.fakes.shown_demo import NOW, Shown

TRUTH = {
    "harbor-10-blunt": (StageName.OFFLINE, Verdict.FAIL, None, "toxicity rate"),
    "harbor-10-parrot": (StageName.OFFLINE, Verdict.FAIL, None, "recital rate"),
    "harbor-10-small": (StageName.OFFLINE, Verdict.FAIL, None, "a proven regression"),
    "harbor-10-plain": (StageName.OFFLINE, Verdict.FAIL, None, "the policy keeps 4"),
    "harbor-10-terse": (StageName.SIDE_BY_SIDE, Verdict.FAIL, None, "win rate"),
    "harbor-10-eager": (StageName.ONLINE, Verdict.FAIL, OnlineVerdict.STOP, "harmed"),
    "harbor-10-steady": (StageName.ONLINE, Verdict.FAIL, OnlineVerdict.INCONCLUSIVE, "the last"),
    "harbor-10-warm": (StageName.ONLINE, Verdict.PASS, OnlineVerdict.SHIP, "passed offline"),
}
"""Where each checkpoint must end, how, and a word of the reason."""


@pytest.fixture(autouse=True)
def _folder_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """CI refuses a folder as state; this one lasts as long as the tests."""
    monkeypatch.setenv("GATE_ALLOW_LOCAL_STATE", "1")


def decided(shown: Shown, name: str) -> CandidateDecision:
    by_name = {shown.demo.names[c.candidate]: c for c in shown.demo.after.decision.candidates}
    return by_name[name]


def test_the_truth_is_told_of_every_candidate() -> None:
    assert set(TRUTH) == {c.name for c in CANDIDATES}


@pytest.mark.parametrize("name", TRUTH)
def test_each_candidate_ends_where_its_truth_says(shown: Shown, name: str) -> None:
    stage, verdict, online, reason = TRUTH[name]
    candidate = decided(shown, name)
    last = candidate.stages[-1]
    assert (last.stage, candidate.verdict, last.online) == (stage, verdict, online)
    assert reason in candidate.reason


def test_before_there_is_traffic_three_wait_for_it(shown: Shown) -> None:
    waiting = [c for c in shown.demo.before.decision.candidates if c.verdict is Verdict.HOLD]
    assert {shown.demo.names[c.candidate] for c in waiting} == {
        "harbor-10-eager",
        "harbor-10-steady",
        "harbor-10-warm",
    }
    assert {c.stages[-1].stage for c in waiting} == {StageName.ONLINE}


def test_the_winner_is_promoted_and_the_alias_reads_back(shown: Shown) -> None:
    promotion = shown.demo.promotion
    assert promotion is not None
    assert promotion.answer is Answer.PROMOTED
    assert shown.demo.names[promotion.candidate.uri] == "harbor-10-warm"
    ledger = MlflowLedger(shown.demo.tracking_uri)
    assert ledger.version("assistant@champion").uri == promotion.candidate.uri


def test_the_first_version_is_adopted_and_never_passed(shown: Shown) -> None:
    found = said("status", "assistant", "--workspace", str(shown.folder))
    first = found.out.splitlines()[1]
    assert CHAMPION.name in first
    assert "ADOPTED" in first
    assert "PASS" not in first
    assert found.out.count("FAIL") == 7


def test_every_decision_is_found_in_mlflow(shown: Shown) -> None:
    ledger = MlflowLedger(shown.demo.tracking_uri)
    for logged in shown.demo.after.logged:
        candidate = next(
            c for c in shown.demo.after.decision.candidates if c.candidate == logged.candidate
        )
        assert set(logged.stage_run_ids) == {s.stage for s in candidate.stages}
        stored = ledger.latest(ledger.version(logged.candidate), "demo")
        assert stored is not None
        assert stored.run_id == logged.run_id
        assert stored.decision == candidate
    assert len(shown.demo.after.logged) == len(CANDIDATES)
    assert shown.demo.after.waiting == 0


def test_promoting_the_winner_again_is_yes(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gates.cli.clock.now", lambda: NOW)
    folder = str(shown.folder)
    found = said("promote", "assistant/9", "--dry-run", "--workspace", folder)
    assert found.code == 0
    assert "already" in found.out


def test_it_says_what_it_does(shown: Shown) -> None:
    assert len(shown.lines) == 3
    assert shown.lines[0] == "registering 9 checkpoints of one assistant"


def test_its_workspace_is_one_that_people_can_use(shown: Shown) -> None:
    folder = str(shown.folder)
    assert said("explain", "assistant/6", "--workspace", folder).code == 0
    assert said("policy", "check", "demo", "--workspace", folder).code == 0
    assert said("forecast", "demo", "--workspace", folder).code == 0


def test_a_folder_that_is_there_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(WrongUsage, match="exists already"):
        run_demo(tmp_path, now=NOW, progress=Silent(), say=lambda _: None)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    found = said("demo", str(tmp_path), "--json")
    assert (found.code, found.schema) == (2, "gate.error/1")


def test_without_a_winner_nobody_is_promoted(shown: Shown) -> None:
    """The round before the traffic has no winner; its services are never asked."""
    nobody = _promote_winner(shown.demo.before, None, None)  # type: ignore[arg-type]
    assert nobody is None
