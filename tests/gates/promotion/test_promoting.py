"""A promotion decides again from the stored evidence; every doubt leaves the alias where it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from gates.decide.verdict import Verdict
from gates.ledger.ledger import LedgerDown, Version
from gates.pipeline import run_round
from gates.promotion.promoting import Answer, Promotion, promote
from policies.errors import Broken, InputError
from policies.policy import PolicyFile
from stages.evidence.estimate import Cause
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
)

CRITERIA = (SOUND, NO_WORSE, WINS, SHIPS)
CHAIN = policy_text((PLAN, VOTED, TRAFFIC), CRITERIA)


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    """Version 1 is the champion, version 2 passed everything."""
    place = Workplace(tmp_path)
    place.champion()
    place.recorded()
    place.votes()
    place.moments(shares=(0.6, 0.68))
    run_round(place.policy(CHAIN), [], place.services)
    return place


@pytest.fixture
def file(place: Workplace) -> PolicyFile:
    return place.policy(CHAIN)


def asked(
    place: Workplace,
    file: PolicyFile,
    reference: str = "assistant/2",
    *,
    alias: str = "champion",
    dry_run: bool = False,
) -> Promotion:
    return promote(reference, file, place.services, alias=alias, dry_run=dry_run)


def champion(place: Workplace) -> str:
    return place.ledger.version("assistant@champion").version


def test_a_candidate_that_passed_everything_is_promoted(place: Workplace, file: PolicyFile) -> None:
    promotion = asked(place, file)
    assert promotion.answer is Answer.PROMOTED
    assert promotion.before == "models:/assistant/1"
    assert promotion.reason == "`champion` points to models:/assistant/2"
    assert champion(place) == "2"
    tags = place.ledger.version("assistant/2").tags
    assert tags["gate_promoted"] == "champion"
    assert tags["gate_promoted_at"] == place.now.isoformat()
    assert promotion.decided is not None
    assert [c.candidate for c in promotion.decided.candidates] == ["models:/assistant/2"]


def test_a_dry_run_says_yes_and_changes_nothing(place: Workplace, file: PolicyFile) -> None:
    before = (place.ledger.models, dict(place.ledger.aliases["assistant"]))
    promotion = asked(place, file, dry_run=True)
    assert promotion.answer is Answer.WOULD_PROMOTE
    assert (place.ledger.models, place.ledger.aliases["assistant"]) == before


def test_promoting_again_says_yes_and_changes_nothing(place: Workplace, file: PolicyFile) -> None:
    asked(place, file)
    tags = place.ledger.version("assistant/2").tags
    place.later(days=1)
    again = asked(place, file)
    assert again.answer is Answer.PROMOTED
    assert place.ledger.version("assistant/2").tags == tags
    assert "already" in asked(place, file, dry_run=True).reason


def test_a_promotion_that_was_cut_off_before_its_tag_is_finished(
    place: Workplace, file: PolicyFile
) -> None:
    place.ledger.set_alias(place.ledger.version("assistant/2"), "champion")
    assert asked(place, file).answer is Answer.PROMOTED
    assert place.ledger.version("assistant/2").tags["gate_promoted"] == "champion"


def test_without_a_decision_it_cannot_tell_and_says_what_to_run(
    place: Workplace, file: PolicyFile
) -> None:
    place.recorded()
    promotion = asked(place, file, "assistant/3")
    assert (promotion.answer, promotion.decided) == (Answer.CANNOT_TELL, None)
    assert promotion.reason.endswith("release.yaml assistant/3")
    assert champion(place) == "1"


def test_a_fail_is_no(place: Workplace, file: PolicyFile) -> None:
    place.recorded(wrong_every=2)
    run_round(file, ["assistant/3"], place.services)
    promotion = asked(place, file, "assistant/3")
    assert promotion.answer is Answer.NO
    assert "regression" in promotion.reason
    assert champion(place) == "1"


def test_a_hold_is_no_yes(place: Workplace, file: PolicyFile) -> None:
    place.recorded()
    run_round(file, ["assistant/3"], place.services)
    promotion = asked(place, file, "assistant/3")
    assert promotion.answer is Answer.CANNOT_TELL
    assert champion(place) == "1"


def test_the_operators_policy_decides_not_what_was_stored(place: Workplace) -> None:
    stricter = place.policy(CHAIN.replace("at_least: 0.4", "at_least: 0.9"))
    promotion = asked(place, stricter)
    assert promotion.answer is Answer.NO
    assert champion(place) == "1"


def test_a_stored_pass_is_never_believed(place: Workplace) -> None:
    (record,) = place.ledger.records.values()
    (decision,) = record.decision.candidates
    assert decision.verdict is Verdict.PASS
    missing = {uri: dict(list(stages.items())[:2]) for uri, stages in record.evidence.items()}
    place.ledger.records[record.key] = replace(record, evidence=missing)
    promotion = asked(place, place.policy(CHAIN))
    assert promotion.answer is Answer.CANNOT_TELL
    assert champion(place) == "1"


def test_another_plan_than_the_measured_one_cannot_tell(place: Workplace) -> None:
    other = place.policy(CHAIN.replace("scorer: numeric", "scorer: exact"))
    promotion = asked(place, other)
    assert promotion.answer is Answer.CANNOT_TELL
    assert "measured under another plan" in promotion.reason
    assert champion(place) == "1"


def test_evidence_of_another_checkpoint_cannot_tell(place: Workplace, file: PolicyFile) -> None:
    (record,) = place.ledger.records.values()
    stages = record.evidence["models:/assistant/2"]
    forged = {
        stage: replace(found, provenance=replace(found.provenance, candidate="f" * 64))
        for stage, found in stages.items()
    }
    place.ledger.records[record.key] = replace(record, evidence={"models:/assistant/2": forged})
    promotion = asked(place, file)
    assert promotion.answer is Answer.CANNOT_TELL
    assert "about another checkpoint: its digest is ffffffffffff" in promotion.reason


def test_what_broke_before_it_was_opened_says_so_and_not_that_it_is_another(
    place: Workplace, file: PolicyFile
) -> None:
    place.recorded()
    kept = place.ledger.files["models:/assistant/3"]
    place.ledger.files["models:/assistant/3"] = b"?\n"
    run_round(file, ["assistant/3"], place.services)
    place.ledger.files["models:/assistant/3"] = kept
    for cached in (place.folder / "cache").rglob("assistant-3.jsonl"):
        cached.write_bytes(kept)
    promotion = asked(place, file, "assistant/3")
    assert promotion.answer is Answer.CANNOT_TELL
    assert "not valid JSON" in promotion.reason
    assert promotion.decided is not None
    wait = promotion.decided.candidates[0].stages[0].waits_for
    assert wait is not None
    assert wait.cause is Cause.BROKEN


def test_a_candidate_that_lost_to_the_quota_cannot_win_by_being_run_alone(
    place: Workplace,
) -> None:
    quota = "keep: {offline: {most: 1, by: sums.accuracy}}"
    file = place.policy(policy_text((PLAN, VOTED, TRAFFIC), CRITERIA, more=quota))
    place.recorded(wrong_every=20)
    place.votes(candidate="assistant/3")
    place.moments(candidate="assistant/3", shares=(0.6, 0.68))
    run_round(file, ["assistant/2", "assistant/3"], place.services)
    assert asked(place, file, "assistant/3").answer is Answer.NO
    place.later(days=1)
    alone = run_round(file, ["assistant/3"], place.services).decision.candidates[0]
    assert alone.verdict is Verdict.PASS
    promotion = asked(place, file, "assistant/3")
    assert promotion.answer is Answer.NO
    assert "a FAIL stands" in promotion.reason
    assert champion(place) == "1"


def test_a_file_that_changed_in_the_ledger_is_not_promoted_from_a_copy_at_hand(
    place: Workplace, file: PolicyFile
) -> None:
    place.ledger.files["models:/assistant/2"] += b"\n"
    with pytest.raises(InputError, match="recorded outputs"):
        asked(place, file)
    assert champion(place) == "1"


def test_a_champion_that_changed_since_the_decision_cannot_tell(
    place: Workplace, file: PolicyFile
) -> None:
    place.recorded()
    place.ledger.set_alias(place.ledger.version("assistant/3"), "champion")
    promotion = asked(place, file)
    assert promotion.answer is Answer.CANNOT_TELL
    assert "compared with models:/assistant/1" in promotion.reason
    assert "now points to models:/assistant/3" in promotion.reason
    assert promotion.before == "models:/assistant/3"
    assert champion(place) == "3"


def test_a_champion_that_is_gone_cannot_tell(place: Workplace, file: PolicyFile) -> None:
    place.ledger.aliases.clear()
    promotion = asked(place, file)
    assert (promotion.answer, promotion.before) == (Answer.CANNOT_TELL, None)
    assert "now points to nothing" in promotion.reason


def test_another_alias_is_moved_while_the_champion_it_compared_with_stands(
    place: Workplace, file: PolicyFile
) -> None:
    assert asked(place, file, alias="canary").answer is Answer.PROMOTED
    assert place.ledger.version("assistant@canary").version == "2"
    assert champion(place) == "1"


def test_an_adopted_version_is_never_promoted(place: Workplace, file: PolicyFile) -> None:
    place.ledger.tag(place.ledger.version("assistant/2"), {"gate_adopted": "by hand"})
    promotion = asked(place, file)
    assert promotion.answer is Answer.CANNOT_TELL
    assert "adopted" in promotion.reason


def test_a_policy_without_all_three_stages_promotes_nothing(place: Workplace) -> None:
    short = place.policy(policy_text(criteria=(SOUND, NO_WORSE)).replace("release", "short"))
    run_round(short, ["assistant/2"], place.services)
    promotion = asked(place, short)
    assert promotion.answer is Answer.CANNOT_TELL
    assert "does not demand side by side" in promotion.reason


def test_an_alias_that_does_not_read_back_is_broken(
    place: Workplace, file: PolicyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place.ledger, "set_alias", lambda *_: None)
    with pytest.raises(Broken, match="was not promoted") as broken:
        asked(place, file)
    assert "reads back as models:/assistant/1" in broken.value.why
    assert "gate_promoted" not in place.ledger.version("assistant/2").tags


def test_nothing_is_promoted_while_the_ledger_is_down(place: Workplace, file: PolicyFile) -> None:
    place.ledger.is_down = True
    with pytest.raises(LedgerDown):
        asked(place, file)


def test_an_unknown_version_is_wrong_usage(place: Workplace, file: PolicyFile) -> None:
    with pytest.raises(InputError, match="assistant/99"):
        asked(place, file, "assistant/99")


def test_a_recorded_file_that_changed_since_is_refused(place: Workplace, file: PolicyFile) -> None:
    place.ledger.files["models:/assistant/2"] = b'{"id": "sum-1", "output": "2"}\n'
    for cached in (place.folder / "cache").rglob("assistant-2.jsonl"):
        cached.write_bytes(b'{"id": "sum-1", "output": "2"}\n')
    with pytest.raises(InputError, match="recorded outputs"):
        asked(place, file)
    assert champion(place) == "1"


def test_a_model_of_any_name_can_be_promoted(place: Workplace, file: PolicyFile) -> None:
    version: Version = place.recorded(name="Qwen 7B")
    assert asked(place, file, version.uri).answer is Answer.CANNOT_TELL
