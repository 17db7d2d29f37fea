"""A promotion decides again from what was signed; every doubt leaves the alias where it is."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pkgutil import resolve_name

import pytest

from gates.chain.bodies import Promotion as Promoted
from gates.chain.bodies import Revocation
from gates.chain.custody import Custody
from gates.ledger.chain_keeping import Lease, LeaseHeld
from gates.ledger.ledger import LedgerDown, Version
from gates.notify.events import EventKind, told
from gates.promotion.answer import Answer
from gates.promotion.recognition import NotAsked
from gates.promotion.refusal import Refused
from policies.errors import Broken, InputError, WrongUsage
from tests.fakes.workplace import NO_WORSE, PLAN, SOUND, TRAFFIC, VOTED, policy_text
from tests.gates.promotion.scene import CRITERIA, Scene


def test_a_candidate_that_passed_everything_is_promoted_and_recorded(made: Scene) -> None:
    promotion = made.promote()
    assert promotion.answer is Answer.PROMOTED
    assert promotion.before == "models:/assistant/1"
    assert promotion.reason == "`champion` points to models:/assistant/2"
    assert made.champion == "2"
    tags = made.place.ledger.version("assistant/2").tags
    assert tags["gate_promoted"] == "champion"
    assert tags["gate_promoted_at"] == made.place.now.isoformat()
    assert promotion.decided is not None
    assert [c.candidate for c in promotion.decided.candidates] == ["models:/assistant/2"]
    assert promotion.aftermath is not None
    assert isinstance(promotion.aftermath.served, NotAsked)
    record = made.chain.records[-1]
    assert promotion.record == record
    assert promotion.signed is not None
    assert record.record.body == Promoted(
        alias="champion", before="models:/assistant/1", decision=promotion.signed.sha256
    )
    assert record.record.subject == made.subject("assistant/2")
    event = told(made.place.state)[-1].event
    assert event.kind is EventKind.PROMOTED
    assert event.sentence == "models:/assistant/2 was promoted to champion by ann"


def test_what_takes_long_is_done_before_the_lease_is_taken(
    made: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: dict[str, list[bool]] = {"decide": [], "ask": [], "read": []}

    def watched(name: str, what: Callable[..., object]) -> Callable[..., object]:
        def watching(*given: object, **named: object) -> object:
            lease = made.place.ledger.leases["assistant"]
            held[name].append(lease.is_held)
            return what(*given, **named)

        return watching

    for name, where in (
        ("decide", "judging.decide_round"),
        ("read", "judging.evidence_of"),
        ("ask", "promoting.recognition_of"),
    ):
        found = watched(name, resolve_name(f"gates.promotion.{where}"))
        monkeypatch.setattr(f"gates.promotion.{where}", found)
    assert made.promote().answer is Answer.PROMOTED
    assert held == {"decide": [False], "ask": [False], "read": [False]}


def test_what_changes_while_somebody_waits_for_the_lease_is_seen(
    made: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = Custody.lease

    def waited_for(custody: Custody, model: str, **how: str) -> AbstractContextManager[Lease]:
        monkeypatch.setattr(Custody, "lease", lease)
        with lease(custody, model, intent="revoke") as mine:
            subject = made.subject("assistant/2")
            custody.append(model, subject, Revocation(reason="it leaks"), lease=mine)
        return lease(custody, model, **how)

    monkeypatch.setattr(Custody, "lease", waited_for)
    promotion = made.promote()
    assert promotion.refusal is not None
    assert promotion.refusal.by is Refused.REVOKED
    assert made.champion == "1"


def test_a_decision_that_grew_too_old_is_signed_once_more_by_gate_run(made: Scene) -> None:
    made.run("assistant/2")
    before = len(made.chain.records)
    made.place.later(days=29)
    made.run("assistant/2")
    assert len(made.chain.records) == before  # it is young enough
    made.place.later(days=2)
    refusal = made.promote().refusal
    assert refusal is not None
    assert refusal.by is Refused.TOO_OLD
    for _ in range(2):
        made.run("assistant/2")
        assert len(made.chain.records) == before + 1
    assert made.promote().answer is Answer.PROMOTED


def test_a_dry_run_says_yes_and_changes_nothing(made: Scene) -> None:
    ledger = made.place.ledger
    before = (ledger.models, dict(ledger.aliases["assistant"]), ledger.envelopes)
    promotion = made.promote(dry_run=True)
    assert promotion.answer is Answer.WOULD_PROMOTE
    assert (ledger.models, ledger.aliases["assistant"], ledger.envelopes) == before
    assert not ledger.leases or not any(lease.is_held for lease in ledger.leases.values())


def test_promoting_again_says_yes_and_records_nothing_more(made: Scene) -> None:
    first = made.promote()
    tags = made.place.ledger.version("assistant/2").tags
    made.place.later(days=1)
    again = made.promote()
    assert again.answer is Answer.PROMOTED
    assert again.record == first.record
    assert made.place.ledger.version("assistant/2").tags == tags
    assert "already" in made.promote(dry_run=True).reason


def test_a_promotion_that_was_cut_off_before_its_record_is_finished(made: Scene) -> None:
    made.place.ledger.set_alias(made.place.ledger.version("assistant/2"), "champion")
    promotion = made.promote()
    assert promotion.answer is Answer.PROMOTED
    assert promotion.record is not None
    body = promotion.record.record.body
    assert isinstance(body, Promoted)
    assert body.before == "models:/assistant/1"
    assert made.place.ledger.version("assistant/2").tags["gate_promoted"] == "champion"


def test_without_a_trust_file_nothing_moves_and_the_fix_is_named(made: Scene) -> None:
    made.place.toml('[models.assistant]\npolicies = { champion = "release" }\n')
    with pytest.raises(WrongUsage, match="nothing says who may move an alias") as refused:
        made.promote()
    assert "gate trust init" in refused.value.fix
    assert made.champion == "1"


def test_a_key_without_the_role_moves_nothing(made: Scene) -> None:
    with made.acting("bob"), pytest.raises(WrongUsage, match="may not sign this record"):
        made.promote()
    assert made.champion == "1"


def test_two_at_once_are_one_after_the_other(made: Scene) -> None:
    with made.custody.lease("assistant", intent="promote"), pytest.raises(LeaseHeld):
        made.promote()
    assert made.champion == "1"
    assert made.promote().answer is Answer.PROMOTED


def test_without_a_decision_it_cannot_tell_and_says_what_to_run(made: Scene) -> None:
    made.place.recorded()
    promotion = made.promote("assistant/3")
    assert (promotion.answer, promotion.decided) == (Answer.CANNOT_TELL, None)
    assert promotion.reason.endswith("release.yaml assistant/3")
    assert made.champion == "1"


def test_a_fail_is_no(made: Scene) -> None:
    made.place.recorded(wrong_every=2)
    made.run("assistant/3")
    promotion = made.promote("assistant/3")
    assert promotion.answer is Answer.NO
    assert "regression" in promotion.reason
    assert made.champion == "1"


def test_a_hold_is_no_yes(made: Scene) -> None:
    made.place.recorded()
    made.run("assistant/3")
    assert made.promote("assistant/3").answer is Answer.CANNOT_TELL
    assert made.champion == "1"


def test_what_broke_before_it_was_opened_says_so_and_not_that_it_is_another(made: Scene) -> None:
    place = made.place
    place.recorded()
    kept = place.ledger.files["models:/assistant/3"]
    place.ledger.files["models:/assistant/3"] = b"?\n"
    made.run("assistant/3")
    place.ledger.files["models:/assistant/3"] = kept
    for cached in (place.folder / "cache").rglob("assistant-3.jsonl"):
        cached.write_bytes(kept)
    promotion = made.promote("assistant/3")
    assert promotion.refusal is not None
    assert (promotion.answer, promotion.refusal.by) == (Answer.CANNOT_TELL, Refused.NOT_SIGNED)
    assert made.champion == "1"


def test_a_candidate_that_lost_to_the_quota_cannot_win_by_being_run_alone(made: Scene) -> None:
    place = made.place
    quota = "keep: {offline: {most: 1, by: sums.accuracy}}"
    made.file = place.policy(policy_text((PLAN, VOTED, TRAFFIC), CRITERIA, more=quota))
    made.in_force()
    place.recorded(wrong_every=20)
    place.votes(candidate="assistant/3")
    place.moments(candidate="assistant/3", shares=(0.6, 0.68))
    made.run("assistant/2", "assistant/3")
    assert made.promote("assistant/3").answer is Answer.NO
    place.later(days=1)
    made.run("assistant/3")
    promotion = made.promote("assistant/3")
    assert promotion.refusal is not None
    assert promotion.refusal.by is Refused.FAILED_BEFORE
    assert "a FAIL stands" in promotion.reason
    assert made.champion == "1"


def test_a_file_that_changed_in_the_ledger_is_not_promoted_from_a_copy_at_hand(
    made: Scene,
) -> None:
    made.place.ledger.files["models:/assistant/2"] += b"\n"
    with pytest.raises(InputError, match="recorded outputs"):
        made.promote()
    assert made.champion == "1"


def test_another_file_with_its_own_digest_is_another_checkpoint(made: Scene) -> None:
    place = made.place
    other = place.recorded(wrong_every=2)
    place.ledger.files["models:/assistant/2"] = place.ledger.files[other.uri]
    sha256 = other.tags["gate_sha256"]
    place.ledger.tag(place.ledger.version("assistant/2"), {"gate_sha256": sha256})
    promotion = made.promote()
    assert promotion.refusal is not None
    assert promotion.refusal.by is Refused.OTHER_CHECKPOINT
    assert promotion.answer is Answer.NO
    assert made.champion == "1"


@pytest.mark.parametrize(
    "tags",
    [
        {"gate_source": "endpoint", "gate_base_url": "http://thief.example"},
        {"gate_source": "endpoint", "gate_base_url": "nowhere", "gate_model_name": "theirs"},
        {"gate_source": "endpoint", "gate_base_url": "{x}", "gate_model_name": "theirs"},
        {"gate_source": "stolen"},
        {"gate_format": "poem"},
    ],
    ids=str,
)
def test_tags_that_were_written_over_are_not_what_was_measured(
    made: Scene, tags: dict[str, str]
) -> None:
    """Whoever may write to MLflow makes a no of a yes, and the no says what they did."""
    ledger = made.place.ledger
    ledger.tag(ledger.version("assistant/2"), tags)
    promotion = made.promote()
    assert promotion.refusal is not None
    assert (promotion.answer, promotion.refusal.by) == (Answer.NO, Refused.OTHER_CHECKPOINT)
    assert "is not what was measured: cannot tell how version 2 answers" in promotion.reason
    assert made.champion == "1"


def test_a_version_that_never_said_how_it_answers_is_wrong_usage(made: Scene) -> None:
    new = made.place.recorded()
    made.place.ledger.tag(new, {"gate_source": "unheard of"})
    with pytest.raises(InputError, match="cannot tell how version 3 answers"):
        made.promote("assistant/3")


def test_another_alias_is_moved_while_the_champion_it_compared_with_stands(made: Scene) -> None:
    model = made.keyring.document.models["assistant"]
    aliases = {**model.aliases, "canary": model.aliases["champion"]}
    made.publish(models={"assistant": model.model_copy(update={"aliases": aliases})})
    assert made.promote(alias="canary").answer is Answer.PROMOTED
    assert made.place.ledger.version("assistant@canary").version == "2"
    assert made.champion == "1"


def test_an_alias_that_the_trust_file_does_not_name_is_not_moved(made: Scene) -> None:
    promotion = made.promote(alias="canary")
    assert promotion.refusal is not None
    assert (promotion.answer, promotion.refusal.by) == (Answer.NO, Refused.ALIAS_NOT_TRUSTED)


def test_a_policy_without_all_three_stages_promotes_nothing(made: Scene) -> None:
    made.file = made.place.policy(policy_text(criteria=(SOUND, NO_WORSE)))
    made.in_force()
    made.run("assistant/2")
    promotion = made.promote()
    assert promotion.answer is Answer.CANNOT_TELL
    assert "does not demand side by side" in promotion.reason


def test_a_missing_piece_of_the_records_is_read_from_the_ledger(made: Scene) -> None:
    made.forget_blobs()
    assert made.promote(dry_run=True).answer is Answer.WOULD_PROMOTE
    made.place.ledger.records.clear()
    with pytest.raises(Broken, match="evidence of the signed decision is gone"):
        made.promote()
    assert made.champion == "1"


def test_deleted_runs_are_replaced_by_the_records(made: Scene) -> None:
    made.place.ledger.records.clear()
    assert made.promote().answer is Answer.PROMOTED


def test_an_alias_that_does_not_read_back_is_broken_and_not_recorded(
    made: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = len(made.chain.records)
    monkeypatch.setattr(made.place.ledger, "set_alias", lambda *_: None)
    with pytest.raises(Broken, match="was not moved") as broken:
        made.promote()
    assert "reads back as models:/assistant/1" in broken.value.why
    assert "gate_promoted" not in made.place.ledger.version("assistant/2").tags
    assert len(made.chain.records) == records


def test_nothing_is_promoted_while_the_ledger_is_down(made: Scene) -> None:
    made.place.ledger.is_down = True
    with pytest.raises(LedgerDown):
        made.promote()


def test_an_unknown_version_is_wrong_usage(made: Scene) -> None:
    with pytest.raises(InputError, match="assistant/99"):
        made.promote("assistant/99")


def test_a_model_of_any_name_is_judged(made: Scene) -> None:
    version: Version = made.place.recorded(name="Qwen 7B")
    assert made.promote(version.uri).answer is Answer.NO


def test_those_who_were_left_behind_are_named_and_their_abs_end(made: Scene) -> None:
    place = made.place
    place.recorded(wrong_every=20)
    place.votes(candidate="assistant/3")
    made.run("assistant/3")
    refused = made.promote()
    assert refused.refusal is not None
    assert refused.refusal.by is Refused.STRANDS
    assert [one.subject.name for one in refused.stranded] == ["models:/assistant/3"]
    promotion = made.promote(strand=True)
    assert promotion.answer is Answer.PROMOTED
    assert made.champion == "2"
