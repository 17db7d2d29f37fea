"""Every way to a wrong yes that anybody thought of: open without its defence, closed with it.

A row attacks a promotion that would be a yes. Its first test takes the defences away and sees the
attack succeed; its second sees it refused, with nothing moved and nothing recorded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from gates.chain.bodies import AbEnded, Approval, Revocation
from gates.ledger.ledger import Version
from gates.promotion.answer import Answer
from gates.promotion.moving import known_subject
from gates.promotion.overriding import Leave, override
from gates.promotion.refusal import Refused
from gates.services import Services
from gates.trust.statement import Subject
from gates.trust.trust_document import KeyEntry, RevokedEntry
from stages.evidence.records import StageName
from tests.fakes.workplace import NOW
from tests.gates.promotion.scene import AT_ONCE, CHAIN, Scene

Attack = Callable[[Scene], Mapping[str, object] | None]
"""Does something, and says how the promotion is asked for."""


@dataclass(frozen=True, kw_only=True)
class Row:
    attack: Attack
    by: Refused
    without: tuple[str, ...]
    """The defences, as names in `gates.promotion.judging`: `may.too_old`."""
    approvals: int = 0
    also: Mapping[str, object] = field(default_factory=dict)
    """What else must be put out of the way, by its full name."""


def laxer_policy(made: Scene) -> None:
    made.file = made.place.policy(CHAIN.replace("at_least: 0.4", "at_least: 0.1"))


def laxer_policy_in_force_later(made: Scene) -> None:
    laxer_policy(made)
    made.in_force((NOW + timedelta(hours=1)).isoformat())


def laxer_policy_in_force_now(made: Scene) -> None:
    laxer_policy(made)
    made.in_force(NOW.isoformat())


def alias(made: Scene, name: str, entry: object) -> None:
    model = made.keyring.document.models["assistant"]
    said = model.model_copy(update={"aliases": {**model.aliases, name: entry}})
    made.publish(models={"assistant": said})


def policy_no_more_in_force(made: Scene) -> None:
    entry = made.keyring.document.models["assistant"].aliases["champion"]
    ended = tuple(
        each.model_copy(update={"until": NOW.isoformat()}) for each in entry.policies["release"]
    )
    alias(made, "champion", entry.model_copy(update={"policies": {"release": ended}}))


def a_month_passes(made: Scene) -> None:
    made.place.later(days=30)


def an_old_pass_is_signed_anew_for_ever(made: Scene) -> None:
    for _ in range(2):
        made.place.later(days=30)
        made.run("assistant/2")


def another_file_stands_behind_the_version(made: Scene) -> None:
    ledger = made.place.ledger
    other = made.place.recorded(wrong_every=20)
    ledger.files["models:/assistant/2"] = ledger.files[other.uri]
    said = {key: other.tags[key] for key in ("gate_sha256", "gate_file") if key in other.tags}
    ledger.tag(ledger.version("assistant/2"), said)


def as_recorded(version: Version, services: Services) -> Subject:
    """The digest that the records say, whatever stands behind the version now."""
    assert services.custody is not None
    return known_subject(version, services.custody.chain(version.name), services)


def another_is_promoted_meanwhile(made: Scene) -> None:
    place = made.place
    place.recorded(note="third")
    for file in ("votes.jsonl", "moments.csv"):
        text = (place.data / file).read_text()
        lines = [line for line in text.splitlines() if "assistant/2" in line]
        more = "\n".join(line.replace("assistant/2", "assistant/3") for line in lines)
        (place.data / file).write_text(f"{text}{more}\n")
    made.run("assistant/3")
    assert made.promote("assistant/3", strand=True).answer is Answer.PROMOTED


def the_key_that_approved_was_stolen(made: Scene) -> None:
    approve(made, "bob")
    theft = RevokedEntry(at=(NOW - timedelta(days=1)).isoformat(), reason="stolen")
    keys = made.keyring.document.keys
    made.publish(keys=tuple(with_theft(key, theft) if key.owner == "bob" else key for key in keys))


def clock_of_the_decider_is_ahead(made: Scene) -> None:
    made.place.later(seconds=-1)


def with_theft(key: KeyEntry, theft: RevokedEntry) -> KeyEntry:
    return key.model_copy(update={"revoked": theft})


def nobody_approves(made: Scene) -> None:
    del made


def the_author_approves(made: Scene) -> None:
    approve(made, "ann")


def an_earlier_decision_is_approved(made: Scene) -> None:
    approve(made, "bob")
    made.place.later(hours=1)
    made.place.votes(wins=31)
    made.run()


def approve(made: Scene, owner: str) -> None:
    with made.acting(owner):
        subject, custody = made.subject("assistant/2"), made.custody
        signed = made.chain.newest_decision(subject, "release")
        assert signed is not None
        body = Approval(decision=signed.sha256, reason="fine")
        with custody.lease("assistant", intent="approve") as lease:
            custody.append("assistant", subject, body, lease=lease)


def one_person_approves_with_two_keys(made: Scene) -> None:
    """Cleo's key becomes Bob's second one."""
    keys = made.keyring.document.keys
    same = tuple(
        key.model_copy(update={"owner": "bob"}) if key.owner == "cleo" else key for key in keys
    )
    made.publish(keys=same)
    approve(made, "bob")
    approve(made, "cleo")


def alias_is_moved_outside(made: Scene) -> None:
    made.place.recorded()
    made.place.ledger.set_alias(made.place.ledger.version("assistant/3"), "champion")


def alias_is_taken_away(made: Scene) -> None:
    made.place.ledger.aliases.clear()


def evidence_is_swapped_with_its_digests(made: Scene) -> None:
    """The records are lost, and MLflow has other evidence, of which every digest is right."""
    made.forget_blobs()
    ledger = made.place.ledger
    (record,) = ledger.records.values()
    stages = record.evidence["models:/assistant/2"]
    offline = stages[StageName.OFFLINE]
    forged = replace(offline, measurements=tuple(better(m) for m in offline.measurements))
    evidence = {"models:/assistant/2": {**stages, StageName.OFFLINE: forged}}
    ledger.records[record.key] = replace(record, evidence=evidence)


def better(measured: object) -> object:
    p_worse = measured.p_worse  # type: ignore[attr-defined]
    return replace(measured, p_worse=p_worse and p_worse / 2)  # type: ignore[type-var]


def version_is_revoked(made: Scene) -> None:
    append(made, Revocation(reason="it leaks"))


def ab_is_ended(made: Scene) -> None:
    append(made, AbEnded(reason="the champion was rolled back"))


def append(made: Scene, body: Revocation | AbEnded) -> None:
    custody = made.custody
    with custody.lease("assistant", intent="test") as lease:
        custody.append("assistant", made.subject("assistant/2"), body, lease=lease)


def revoked_and_then_let_in_by_an_override(made: Scene) -> None:
    version_is_revoked(made)
    let_in(made, "assistant/2")


def another_is_let_in_by_an_override_meanwhile(made: Scene) -> None:
    made.place.recorded(note="third")
    let_in(made, "assistant/3")


def let_in(made: Scene, reference: str) -> None:
    bob = made.keyring.signers["bob"]
    leave = Leave(alias="champion", reason="a fire", lasts=timedelta(days=7), second=bob)
    override(reference, made.place.services, leave, patience=AT_ONCE)


def another_champion_is_expected(made: Scene) -> Mapping[str, object]:
    del made
    return {"expect": "7"}


def another_candidate_waits_for_votes(made: Scene) -> None:
    made.place.recorded(wrong_every=20)
    made.run("assistant/3")


def newer_decision_is_not_signed(made: Scene) -> None:
    ledger = made.place.ledger
    (record,) = ledger.records.values()
    made.place.later(hours=1)
    later = made.place.now.isoformat()
    ledger.log(replace(record, key="unsigned", decided_at=later))


def newer_decision_waits_in_the_journal(made: Scene) -> None:
    made.place.state.append(
        "ledger/outbox", [{"kept": "k", "said": "k", "about": ["models:/assistant/2"]}]
    )


def version_is_adopted(made: Scene) -> None:
    version = made.place.ledger.version("assistant/2")
    made.place.ledger.tag(version, {"gate_adopted": "by hand"})


def alias_is_not_trusted(made: Scene) -> Mapping[str, object]:
    del made
    return {"alias": "canary"}


TRUSTED = "may.policy_not_in_force"

ROWS = {
    "policy file changed after the decision": Row(
        attack=laxer_policy,
        by=Refused.POLICY_NOT_IN_FORCE,
        without=(TRUSTED, "may.other_policy"),
    ),
    "policy digest not in force yet": Row(
        attack=laxer_policy_in_force_later,
        by=Refused.POLICY_NOT_IN_FORCE,
        without=(TRUSTED, "may.other_policy"),
    ),
    "policy digest in force no more": Row(
        attack=policy_no_more_in_force, by=Refused.POLICY_NOT_IN_FORCE, without=(TRUSTED,)
    ),
    "policy in force, but decided under another": Row(
        attack=laxer_policy_in_force_now, by=Refused.OTHER_POLICY, without=("may.other_policy",)
    ),
    "decision too old": Row(attack=a_month_passes, by=Refused.TOO_OLD, without=("may.too_old",)),
    "old PASS signed anew for ever": Row(
        attack=an_old_pass_is_signed_anew_for_ever,
        by=Refused.TOO_OLD,
        without=("may.too_old",),
    ),
    "other bytes behind the version": Row(
        attack=another_file_stands_behind_the_version,
        by=Refused.OTHER_CHECKPOINT,
        without=(),
        also={"gates.promotion.promoting.subject_now": as_recorded},
    ),
    "another promoted meanwhile": Row(
        attack=another_is_promoted_meanwhile,
        by=Refused.OTHER_BASELINE,
        without=("where.other_baseline", "where.other_baseline_bytes"),
    ),
    "approved with a stolen key": Row(
        attack=the_key_that_approved_was_stolen,
        by=Refused.NOT_APPROVED,
        without=("not_approved",),
        approvals=1,
    ),
    "decision dated ahead": Row(
        attack=clock_of_the_decider_is_ahead, by=Refused.TOO_OLD, without=("may.too_old",)
    ),
    "approval lacking": Row(
        attack=nobody_approves, by=Refused.NOT_APPROVED, without=("not_approved",), approvals=1
    ),
    "approved by the author": Row(
        attack=the_author_approves,
        by=Refused.NOT_APPROVED,
        without=(),
        also={"gates.promotion.approvers.why_no_approver": lambda *_: None},
        approvals=1,
    ),
    "another decision approved": Row(
        attack=an_earlier_decision_is_approved,
        by=Refused.NOT_APPROVED,
        without=("not_approved",),
        approvals=1,
    ),
    "one person approved with two keys": Row(
        attack=one_person_approves_with_two_keys,
        by=Refused.NOT_APPROVED,
        without=("not_approved",),
        approvals=2,
    ),
    "alias moved meanwhile": Row(
        attack=alias_is_moved_outside,
        by=Refused.MOVED_OUTSIDE,
        without=("where.moved_outside", "where.other_baseline"),
    ),
    "alias taken away meanwhile": Row(
        attack=alias_is_taken_away,
        by=Refused.MOVED_OUTSIDE,
        without=("where.moved_outside", "where.other_baseline"),
    ),
    "evidence swapped with its digests": Row(
        attack=evidence_is_swapped_with_its_digests,
        by=Refused.OTHER_EVIDENCE,
        without=("may.other_evidence",),
    ),
    "version revoked": Row(attack=version_is_revoked, by=Refused.REVOKED, without=("may.revoked",)),
    "revoked, then let in by an override": Row(
        attack=revoked_and_then_let_in_by_an_override,
        by=Refused.REVOKED,
        without=("may.revoked",),
    ),
    "baseline replaced by an override": Row(
        attack=another_is_let_in_by_an_override_meanwhile,
        by=Refused.OTHER_BASELINE,
        without=("where.other_baseline", "where.other_baseline_bytes"),
    ),
    "A/B ended": Row(attack=ab_is_ended, by=Refused.AB_ENDED, without=("may.ab_was_ended",)),
    "another champion expected": Row(
        attack=another_champion_is_expected,
        by=Refused.UNEXPECTED,
        without=("where.unexpected",),
    ),
    "others left behind": Row(
        attack=another_candidate_waits_for_votes, by=Refused.STRANDS, without=("where.strands",)
    ),
    "newer decision not signed": Row(
        attack=newer_decision_is_not_signed, by=Refused.NOT_SIGNED, without=("may.other_record",)
    ),
    "newer decision waits": Row(
        attack=newer_decision_waits_in_the_journal,
        by=Refused.NOT_LOGGED,
        without=("may.not_logged",),
    ),
    "version adopted": Row(
        attack=version_is_adopted,
        by=Refused.DOES_NOT_PASS,
        without=("may.does_not_pass",),
    ),
}


@pytest.fixture(params=ROWS)
def row(request: pytest.FixtureRequest) -> Row:
    return ROWS[request.param]


@pytest.fixture(autouse=True)
def _approvals(made: Scene, row: Row) -> None:
    if row.approvals:
        made.asks_for(row.approvals)


def test_without_its_defence_the_attack_succeeds(
    made: Scene, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = row.attack(made) or {}
    for name in row.without:
        monkeypatch.setattr(f"gates.promotion.judging.{name}", lambda *_, **__: None)
    for name, value in row.also.items():
        monkeypatch.setattr(name, value)
    assert made.promote(**how).answer is Answer.PROMOTED
    assert made.champion == "2"


def test_with_its_defence_nothing_moves(made: Scene, row: Row) -> None:
    how = row.attack(made) or {}
    before, records = made.champion, len(made.chain.records)
    for asked in (how, {**how, "dry_run": True}):
        promotion = made.promote(**asked)
        assert promotion.refusal is not None
        assert promotion.refusal.by is row.by
        assert promotion.answer is (Answer.NO if promotion.refusal.is_no else Answer.CANNOT_TELL)
        assert promotion.reason == promotion.refusal.reason
    assert made.champion == before
    assert len(made.chain.records) == records
