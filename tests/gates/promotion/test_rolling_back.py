"""Rollback: at once, on record, to what was good; and nothing at all while MLflow is down."""

from contextlib import AbstractContextManager

import pytest

from gates.chain.bodies import AbEnded, Adoption, Promotion, Revocation, Rollback
from gates.chain.custody import Custody
from gates.decide.verdict import OnlineVerdict
from gates.ledger.chain_keeping import Lease
from gates.ledger.ledger import LedgerDown, Version
from gates.notify.events import EventKind, told
from gates.pipeline import run_round
from gates.promotion.adopting import record_adoption
from gates.promotion.answer import Answer
from gates.promotion.refusal import Refused
from gates.promotion.revoking import revoke
from gates.promotion.rolling_back import Back, RolledBack, roll_back
from gates.standing import ENDED, standings
from gates.trust.dsse import encode, sign
from gates.trust.signers import new_private_key, signer_of
from gates.trust.statement import PAYLOAD_TYPE
from gates.trust.untrusted import Untrusted
from policies.errors import Broken, InputError, WrongUsage
from stages.evidence.records import StageName
from tests.gates.promotion.scene import AT_ONCE, Scene


def back(
    made: Scene, *, to: str | None = None, reason: str = "it leaks", **how: bool
) -> RolledBack:
    asked = Back(alias="champion", reason=reason, to=to, **how)
    return roll_back("assistant", made.place.services, asked, patience=AT_ONCE)


@pytest.fixture
def promoted(made: Scene) -> Scene:
    assert made.promote().answer is Answer.PROMOTED
    return made


def test_it_goes_back_records_it_and_revokes_what_is_left(promoted: Scene) -> None:
    done = back(promoted)
    assert (done.before, done.target.version) == ("models:/assistant/2", "1")
    assert promoted.champion == "1"
    *_, moved, revoked = promoted.chain.records
    assert moved.record.body == Rollback(
        alias="champion", before="models:/assistant/2", reason="it leaks"
    )
    assert isinstance(revoked.record.body, Revocation)
    assert revoked.record.subject.name == "models:/assistant/2"
    event = told(promoted.place.state)[-1].event
    assert event.kind is EventKind.ROLLED_BACK
    sentence = "assistant@champion was rolled back to models:/assistant/1 by ann: it leaks"
    assert (event.key, event.sentence) == (moved.sha256, sentence)
    again = promoted.promote()
    assert again.refusal is not None
    assert again.refusal.by in (Refused.REVOKED, Refused.OTHER_BASELINE)
    assert promoted.champion == "1"


def test_a_key_of_somebody_on_call_is_enough(promoted: Scene) -> None:
    with promoted.acting("bob"):
        assert back(promoted).target.version == "1"
    assert promoted.chain.serving("champion").record.by.owner == "bob"  # type: ignore[union-attr]


def test_it_needs_no_verdict_no_approval_and_no_policy_in_force(promoted: Scene) -> None:
    promoted.asks_for(2)
    promoted.in_force("2099-01-01T00:00:00+00:00")
    promoted.place.later(days=300)
    assert back(promoted).target.version == "1"


def test_two_who_roll_back_at_the_same_time_go_back_once(
    promoted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is done while this one waits for the lease."""
    lease = Custody.lease

    def waited_for(custody: Custody, model: str, **how: str) -> AbstractContextManager[Lease]:
        monkeypatch.setattr(Custody, "lease", lease)
        back(promoted)
        return lease(custody, model, **how)

    monkeypatch.setattr(Custody, "lease", waited_for)
    with pytest.raises(Broken, match="somebody moved it meanwhile"):
        back(promoted)
    assert promoted.champion == "1"


def test_what_no_known_key_has_signed_stops_promotions_and_no_rollback(promoted: Scene) -> None:
    ledger, records = promoted.place.ledger, len(promoted.chain.records)
    stranger = encode(sign(PAYLOAD_TYPE, b"{}", (signer_of(new_private_key()),)))
    for junk in (b"", b"junk", stranger):
        ledger.envelopes["assistant"].append((records + 1, junk))
    with pytest.raises(Untrusted):
        promoted.promote()
    done = back(promoted)
    assert "3 of the records in MLflow were signed by nobody" in done.warnings[0]
    assert promoted.champion == "1"


def test_a_record_copied_from_another_model_stops_promotions_and_no_rollback(
    promoted: Scene,
) -> None:
    place, records = promoted.place, len(promoted.chain.records)
    other = place.recorded(name="other")
    record_adoption(other, place.services, alias="champion", reason="since May")
    copied = place.ledger.envelopes["other"][0][1]
    place.ledger.envelopes["assistant"].append((records + 1, copied))
    with pytest.raises(Untrusted, match="it is a record of other, copied here"):
        promoted.promote()
    assert "1 of the records in MLflow" in back(promoted).warnings[0]
    assert promoted.champion == "1"


def test_a_genuine_record_that_is_doubled_stops_a_rollback_too(promoted: Scene) -> None:
    ledger = promoted.place.ledger
    first = ledger.envelopes["assistant"][0][1]
    ledger.envelopes["assistant"].append((len(promoted.chain.records) + 1, first))
    with pytest.raises(Untrusted, match="record"):
        back(promoted)
    assert promoted.champion == "2"


def test_a_reason_is_needed(promoted: Scene) -> None:
    with pytest.raises(InputError, match="without a reason"):
        back(promoted, reason=" ")
    assert promoted.champion == "2"


def test_a_dry_run_says_whereto_and_changes_nothing(promoted: Scene) -> None:
    records = len(promoted.chain.records)
    done = back(promoted, dry_run=True)
    assert (done.target.version, done.record) == ("1", None)
    assert (promoted.champion, len(promoted.chain.records)) == ("2", records)


def test_a_version_that_never_served_by_record_is_refused(promoted: Scene) -> None:
    promoted.place.recorded()
    with pytest.raises(WrongUsage, match="cannot roll back to models:/assistant/3"):
        back(promoted, to="3")
    assert promoted.champion == "2"


def test_a_rollback_that_was_the_mistake_is_taken_back_by_another(promoted: Scene) -> None:
    back(promoted)
    two = promoted.subject("assistant/2")
    assert promoted.chain.revoked(two) is not None
    assert back(promoted, to="2", reason="1 is down").target.version == "2"
    assert promoted.champion == "2"
    assert promoted.chain.revoked(two) is None
    assert promoted.chain.revoked(promoted.subject("assistant/1")) is None, "it is as good as ever"
    assert back(promoted, reason="2 leaks after all").target.version == "1"
    assert promoted.chain.revoked(two) is not None


def test_where_the_last_good_one_was_deleted_the_one_before_it_is_named(
    promoted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1, then 2, then 3 served, and MLflow has 2 no more."""
    promoted.place.recorded(wrong_every=20)
    adoption = Adoption(alias="champion", reason="by hand")
    with promoted.custody.lease("assistant", intent="test") as lease:
        three = promoted.subject("assistant/3")
        promoted.custody.append("assistant", three, adoption, lease=lease)
    ledger = promoted.place.ledger
    ledger.set_alias(ledger.version("assistant/3"), "champion")
    every = ledger.versions
    gone = {"models:/assistant/2"}

    def versions(name: str) -> tuple[Version, ...]:
        return tuple(version for version in every(name) if version.uri not in gone)

    monkeypatch.setattr(ledger, "versions", versions)
    with pytest.raises(WrongUsage, match="back to models:/assistant/2") as refused:
        back(promoted)
    assert "MLflow has it no more" in refused.value.why
    assert refused.value.fix.startswith('gate rollback assistant --to 1 --reason "..."')
    gone.add("models:/assistant/1")
    with pytest.raises(WrongUsage, match="back to models:/assistant/2") as refused:
        back(promoted, to="2")
    assert "gate override" in refused.value.fix
    gone.remove("models:/assistant/1")
    assert back(promoted, to="1").target.version == "1"


def test_what_serves_already_is_not_rolled_back_to(promoted: Scene) -> None:
    records = len(promoted.chain.records)
    with pytest.raises(WrongUsage, match="nothing to roll back to"):
        back(promoted, to="2")
    assert len(promoted.chain.records) == records


def test_a_version_that_a_person_revoked_is_never_gone_back_to(promoted: Scene) -> None:
    back(promoted)
    revoke("assistant/2", promoted.place.services, reason="it leaks names")
    with pytest.raises(WrongUsage, match="cannot roll back to models:/assistant/2") as refused:
        back(promoted, to="2")
    assert "revoked" in refused.value.why
    with pytest.raises(WrongUsage, match="nothing to roll"):
        back(promoted)
    assert promoted.champion == "1"


def test_an_unrecorded_change_is_put_back_without_revoking_what_was_put_there(
    promoted: Scene,
) -> None:
    stranger = promoted.place.recorded()
    promoted.place.ledger.set_alias(stranger, "champion")
    done = back(promoted)
    assert (done.before, done.target.version) == (stranger.uri, "2")
    assert promoted.champion == "2"
    assert not isinstance(promoted.chain.records[-1].record.body, Revocation)


def test_an_alias_put_back_to_where_the_records_have_it_leaves_the_other_version_good(
    promoted: Scene,
) -> None:
    """Moved by hand, or by a restored backup of MLflow: nobody said anything against version 1."""
    ledger = promoted.place.ledger
    ledger.set_alias(ledger.version("assistant/1"), "champion")
    assert back(promoted, to="2").before == "models:/assistant/1"
    assert promoted.champion == "2"
    assert promoted.chain.revoked(promoted.subject("assistant/1")) is None
    assert back(promoted).target.version == "1"


def test_a_target_that_does_not_answer_is_warned_of_and_gone_to_all_the_same(
    promoted: Scene,
) -> None:
    del promoted.place.ledger.files["models:/assistant/1"]
    for file in (promoted.place.folder / "cache").rglob("*.jsonl"):
        file.unlink()
    done = back(promoted)
    assert "does not answer" in done.warnings[0]
    assert promoted.champion == "1"


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_target_that_is_not_the_checkpoint_that_was_good_is_warned_of(
    promoted: Scene, *, dry_run: bool
) -> None:
    """Deleted and registered again under its number, or written over."""
    ledger = promoted.place.ledger
    other = promoted.place.recorded(wrong_every=2)
    ledger.files["models:/assistant/1"] = ledger.files[other.uri]
    ledger.tag(ledger.version("assistant/1"), {"gate_sha256": other.tags["gate_sha256"]})
    done = back(promoted, dry_run=dry_run)
    assert "models:/assistant/1 is NOT the checkpoint that was good" in done.warnings[0]
    assert promoted.champion == ("2" if dry_run else "1")


def test_a_target_that_is_what_was_recorded_is_not_warned_of(promoted: Scene) -> None:
    assert back(promoted, dry_run=True).warnings == ()


def test_abs_that_rest_on_it_end(promoted: Scene) -> None:
    place = promoted.place
    place.recorded(wrong_every=20)
    votes = [("assistant/3", "assistant/2")]
    lines = (place.data / "votes.jsonl").read_text().replace("assistant/2", votes[0][0])
    lines = lines.replace("assistant/1", votes[0][1])
    (place.data / "votes.jsonl").write_text(lines)
    (place.data / "moments.csv").write_text(
        (place.data / "moments.csv").read_text().splitlines()[0] + "\n"
    )
    promoted.run("assistant/3")
    done = back(promoted)
    assert done.ended == ("models:/assistant/3",)
    assert isinstance(promoted.chain.records[-1].record.body, AbEnded)
    standing = standings("assistant/3", place.ledger, promoted.chain)[0]
    assert standing.verdict == ENDED
    (sentence,) = standing.apart(place.now)
    assert sentence.startswith("A/B ENDED: models:/assistant/3: its A/B was ended on 2026-03-01")
    assert standing.apart_json()["ab_ended"] is not None
    assert "was rolled back" in str(standing.ab_words)


def test_an_ab_that_was_ended_takes_no_further_look_and_gate_run_says_so(made: Scene) -> None:
    """Its baseline serves again after a while; what was due since is not looked at."""
    place = made.place
    header, *looks = (place.data / "moments.csv").read_text().splitlines()
    place.recorded(wrong_every=20)
    votes = (place.data / "votes.jsonl").read_text()
    (place.data / "votes.jsonl").write_text(votes + votes.replace("assistant/2", "assistant/3"))
    place.moments(candidate="assistant/3", shares=(0.6, 0.61))
    _, *mine = (place.data / "moments.csv").read_text().splitlines()
    (place.data / "moments.csv").write_text("\n".join([header, *looks, mine[0]]) + "\n")
    made.run("assistant/3")
    assert made.promote(strand=True).answer is Answer.PROMOTED
    ended = made.chain.ab_ended("models:/assistant/3", since=None)
    assert ended is not None
    back(made)
    (place.data / "moments.csv").write_text("\n".join([header, *looks, *mine]) + "\n")
    place.later(days=20)
    run = run_round(made.file, ["assistant/3"], place.services)
    stage = run.decision.candidates[0].stages[-1]
    assert (stage.stage, stage.online) == (StageName.ONLINE, OnlineVerdict.INVALID)
    assert "its A/B was ended on" in stage.reason
    evidence = run.evidence["models:/assistant/3"][StageName.ONLINE]
    assert evidence.look is None or evidence.look.number < 2
    refusal = made.promote("assistant/3").refusal
    assert refusal is not None


def test_with_the_ledger_down_nothing_changes_and_the_last_record_is_told(
    promoted: Scene,
) -> None:
    records = dict(promoted.place.ledger.envelopes)
    assert len(promoted.chain.records)
    promoted.place.ledger.is_down = True
    with pytest.raises(LedgerDown) as down:
        back(promoted)
    assert "was not rolled back" in down.value.message
    assert "the last record says that models:/assistant/2" in down.value.why
    assert "the last good one before it is models:/assistant/1" in down.value.why
    assert promoted.place.ledger.envelopes == records
    assert promoted.champion == "2"


def test_cut_off_before_the_alias_moved_it_is_finished_by_the_next_call(
    promoted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(promoted.place.ledger, "set_alias", killed)
        with pytest.raises(KeyboardInterrupt):
            back(promoted)
    assert promoted.champion == "2"
    assert back(promoted).target.version == "1"
    assert promoted.champion == "1"
    assert not any(isinstance(k.record.body, Promotion) for k in promoted.chain.records[-2:])
