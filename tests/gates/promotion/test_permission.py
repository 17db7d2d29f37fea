"""Each check refuses what it is for, says one sentence, and has nothing against the rest."""

from datetime import timedelta

import pytest

from gates.chain.bodies import AbEnded, Revocation, members_sha256
from gates.chain.record import unopened
from gates.decide.verdict import Verdict
from gates.promotion import permission as may
from gates.promotion.refusal import Refusal, Refused
from gates.trust.statement import Subject
from gates.trust.trust import InForce
from policies.load import parse_policy
from stages.evidence.records import StageName
from tests.fakes.workplace import policy_text
from tests.gates.promotion.records import (
    BASELINE,
    NOW,
    SUBJECT,
    chain,
    decision,
    entry,
    kept,
)

POLICY = parse_policy(policy_text(), where="release.yaml")
RUN = "gate run release.yaml assistant/2"
HOUR = timedelta(hours=1)
OFFLINE, ONLINE = StageName.OFFLINE, StageName.ONLINE


def in_force(**how: object) -> InForce:
    said: dict[str, object] = {
        "policy": "release",
        "sha256": POLICY.sha256,
        "since": NOW - HOUR,
        "until": None,
    }
    return InForce(**{**said, **how})  # type: ignore[arg-type]


def forced(*said: InForce) -> Refusal | None:
    return may.policy_not_in_force(
        entry(*said), POLICY, model="assistant", alias="champion", at=NOW
    )


def refused(found: Refusal | None, by: Refused, *, no: bool = False) -> str:
    assert found is not None
    assert (found.by, found.is_no) == (by, no)
    return found.reason


def test_an_alias_that_the_trust_file_does_not_name_is_moved_by_nothing() -> None:
    found = may.alias_not_trusted(None, model="assistant", alias="champion")
    assert "gate trust allow" in refused(found, Refused.ALIAS_NOT_TRUSTED, no=True)
    assert may.alias_not_trusted(entry(), model="assistant", alias="champion") is None


def test_a_policy_is_in_force_by_name_digest_and_time() -> None:
    assert forced(in_force()) is None
    assert forced(in_force(since=NOW)) is None


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"sha256": "b" * 64}, "was never put in force"),
        ({"policy": "lax"}, "was never put in force"),
        ({"since": NOW + HOUR}, "is in force from 2026-03-01T11:00+00:00 on only"),
        ({"until": NOW}, "is in force no more"),
    ],
)
def test_a_policy_that_is_not_in_force_moves_nothing(how: dict[str, object], says: str) -> None:
    assert says in refused(forced(in_force(**how)), Refused.POLICY_NOT_IN_FORCE, no=True)


def test_a_version_that_nobody_decided_on_is_not_promoted() -> None:
    found = may.not_decided(known=False, candidate="models:/a/1", policy="release", run=RUN)
    assert refused(found, Refused.NOT_DECIDED).endswith(RUN)
    assert may.not_decided(known=True, candidate="models:/a/1", policy="release", run=RUN) is None


def test_a_decision_that_waits_in_the_journal_is_waited_for() -> None:
    found = may.not_logged(["models:/a/1"], candidate="models:/a/1", run=RUN)
    refused(found, Refused.NOT_LOGGED)
    assert may.not_logged(["models:/a/1"], candidate="models:/a/2", run=RUN) is None


def signed(*records: may.Kept, subject: Subject = SUBJECT) -> Refusal | None:
    found = chain(*records)
    newest = found.newest_decision(subject, "release")
    return may.not_signed(newest, found, subject, policy="release", run=RUN)


def test_a_decision_must_be_signed() -> None:
    assert signed(kept(decision())) is None
    assert "is signed" in refused(signed(), Refused.NOT_SIGNED)
    refused(signed(kept(decision(policy="nightly"))), Refused.NOT_SIGNED)


def test_a_newer_decision_whose_signature_does_not_count_is_not_passed_over() -> None:
    stolen = kept(decision(Verdict.FAIL), sequence=2, void="the key was stolen")
    assert "the key was stolen" in refused(signed(kept(decision()), stolen), Refused.NOT_SIGNED)


def test_a_decision_on_other_bytes_is_of_another_checkpoint() -> None:
    now = Subject(name=SUBJECT.name, sha256="9" * 64)
    assert "222222222222" in refused(
        signed(kept(decision()), subject=now), Refused.OTHER_CHECKPOINT, no=True
    )


def test_a_decision_on_what_could_not_be_opened_is_not_of_another_checkpoint() -> None:
    broken = kept(decision(), subject=unopened(SUBJECT.name))
    assert "could not be opened then" in refused(signed(broken), Refused.NOT_SIGNED)
    after = kept(decision(), sequence=2, subject=unopened(SUBJECT.name))
    assert "(record 2)" in refused(signed(kept(decision()), after), Refused.NOT_SIGNED), "a PASS"


def test_the_newest_of_the_ledger_must_be_signed_too() -> None:
    assert may.other_record("run", {"run"}, run=RUN) is None
    assert may.other_record(None, {"run"}, run=RUN) is None
    refused(may.other_record("newer", {"run"}, run=RUN), Refused.NOT_SIGNED)


def test_a_decision_is_of_the_policy_as_it_is() -> None:
    same = decision(policy_sha256=POLICY.sha256)
    assert may.other_policy(same, POLICY, run=RUN) is None
    refused(may.other_policy(decision(), POLICY, run=RUN), Refused.OTHER_POLICY)


def test_evidence_is_what_was_signed() -> None:
    table = {SUBJECT.name: {OFFLINE: "1" * 64}, "models:/assistant/3": {OFFLINE: "2" * 64}}
    from dataclasses import replace

    said = replace(
        decision(), evidence_sha256={OFFLINE: "1" * 64}, members_sha256=members_sha256(table)
    )
    assert may.other_evidence(said, table, candidate=SUBJECT.name) is None
    own = {**table, SUBJECT.name: {OFFLINE: "3" * 64}}
    others = {**table, "models:/assistant/3": {OFFLINE: "3" * 64}}
    less = {SUBJECT.name: {OFFLINE: "1" * 64}}
    found = may.other_evidence(said, own, candidate=SUBJECT.name)
    assert "the offline evidence" in refused(found, Refused.OTHER_EVIDENCE)
    for table in (others, less, {}):
        found = may.other_evidence(said, table, candidate=SUBJECT.name)
        refused(found, Refused.OTHER_EVIDENCE)


def test_evidence_is_of_the_plan_and_of_the_checkpoint() -> None:
    assert may.other_plan({OFFLINE: "p"}, {OFFLINE: "p"}, run=RUN) is None
    refused(may.other_plan({OFFLINE: "p"}, {OFFLINE: "q"}, run=RUN), Refused.OTHER_PLAN)
    refused(may.other_plan({OFFLINE: "p"}, {}, run=RUN), Refused.OTHER_PLAN)
    assert may.other_checkpoint({OFFLINE: SUBJECT.sha256, ONLINE: ""}, SUBJECT) is None
    refused(may.other_checkpoint({ONLINE: "9" * 64}, SUBJECT), Refused.OTHER_CHECKPOINT, no=True)


def test_an_ab_is_decided_as_it_was_registered() -> None:
    assert may.not_as_registered(registered="a" * 64, now="a" * 64) is None
    for then in (None, "b" * 64):
        found = may.not_as_registered(registered=then, now="a" * 64)
        refused(found, Refused.NOT_AS_REGISTERED)


def test_an_ab_that_was_ended_counts_no_more() -> None:
    ended = kept(AbEnded(reason="rolled back"))
    assert may.ab_was_ended(None) is None
    assert "rolled back" in refused(may.ab_was_ended(ended), Refused.AB_ENDED)


def test_a_decision_is_good_for_as_long_as_the_trust_file_says() -> None:
    def aged(days: float, first: float | None = None, **how: object) -> Refusal | None:
        said = decision(decided_at=NOW - timedelta(days=days), **how)  # type: ignore[arg-type]
        passed = said.decided_at if first is None else NOW - timedelta(days=first)
        return may.too_old(said, entry(days=30), first=passed, at=NOW, run=RUN)

    assert aged(29.9) is None
    assert "good until 2026-03-01T10:00" in refused(aged(30), Refused.TOO_OLD)
    assert "has not come" in refused(aged(-0.1), Refused.TOO_OLD)
    refused(aged(1, valid_until=NOW), Refused.TOO_OLD)
    assert aged(1, valid_until=NOW + HOUR) is None
    assert aged(1, first=59.9) is None
    assert "register it as a new version" in refused(aged(1, first=60), Refused.TOO_OLD)


def test_a_revoked_version_is_a_no() -> None:
    said = refused(
        may.revoked(kept(Revocation(reason="it leaks"), by="eve")), Refused.REVOKED, no=True
    )
    assert "by eve on 2026-03-01 (it leaks)" in said
    assert may.revoked(None) is None


def test_a_fail_stands_under_the_same_policy_and_baseline_only() -> None:
    def before(*bodies: may.Decision) -> Refusal | None:
        records = [kept(body, sequence=n) for n, body in enumerate(bodies, 1)]
        return may.failed_before(records, POLICY, BASELINE)

    failed = decision(Verdict.FAIL, policy_sha256=POLICY.sha256)
    passed = decision(policy_sha256=POLICY.sha256)
    refused(before(failed, passed), Refused.FAILED_BEFORE, no=True)
    assert before(passed) is None
    assert before(decision(Verdict.FAIL)) is None
    assert before(decision(Verdict.FAIL, policy_sha256=POLICY.sha256, baseline=None)) is None


def test_only_a_fail_is_a_no() -> None:
    refused(may.does_not_pass("worse", failed=True), Refused.FAILED, no=True)
    refused(may.does_not_pass("waits", failed=False), Refused.DOES_NOT_PASS)
