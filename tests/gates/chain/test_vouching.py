"""What gate run logs is signed, once, with digests of all that it rests on."""

from pathlib import Path

import pytest

from gates.chain.bodies import Decision, members_sha256
from gates.chain.chain import Chain
from gates.chain.vouching import SIGNED, vouch
from gates.decide.verdict import Verdict
from gates.ledger.ledger import LedgerDown, Logged, Record
from gates.ledger.records import decode_candidate
from gates.pipeline import RoundResult, run_round
from policies.canonical import sha256_of_bytes
from policies.policy import PolicyFile
from stages.evidence.codec import evidence_sha256
from stages.evidence.records import StageName
from tests.fakes.workplace import Workplace, policy_text
from tests.trusting import trusted


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def trust(place: Workplace) -> PolicyFile:
    file = place.policy(policy_text())
    place.toml("")
    trusted(place.folder, file.path)
    return file


def run(place: Workplace, file: PolicyFile) -> RoundResult:
    place.later(minutes=1)
    return run_round(file, [], place.services)


def chain(place: Workplace) -> Chain:
    custody = place.services.custody
    assert custody is not None
    return custody.whole_chain("assistant")


def decisions(place: Workplace) -> list[Decision]:
    bodies = [kept.record.body for kept in chain(place).counting]
    return [body for body in bodies if isinstance(body, Decision)]


def test_every_candidate_of_a_round_gets_a_signed_decision(place: Workplace) -> None:
    file = trust(place)
    good, bad = place.recorded(), place.recorded(wrong_every=1)
    result = run(place, file)
    assert result.vouched.why is None
    assert [kept.record.subject.name for kept in chain(place).counting] == [good.uri, bad.uri]
    passed, failed = decisions(place)
    assert (passed.verdict, failed.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert passed.run_id == result.logged[0].run_id
    assert passed.policy_sha256 == file.policy.sha256
    evidence = result.evidence[good.uri][StageName.OFFLINE]
    assert passed.evidence_sha256 == {StageName.OFFLINE: evidence_sha256(evidence)}
    assert passed.plan_sha256 == {StageName.OFFLINE: evidence.provenance.plan}
    assert chain(place).records[0].record.subject.sha256 == evidence.provenance.candidate
    assert passed.valid_until is not None
    assert (passed.valid_until - passed.decided_at).days == 30


def test_what_a_decision_rests_on_is_kept_by_digest(place: Workplace) -> None:
    file = trust(place)
    place.recorded()
    place.recorded(wrong_every=2)
    run(place, file)
    custody = place.services.custody
    assert custody is not None
    for decision in decisions(place):
        digests = [
            decision.policy_sha256,
            decision.members_sha256,
            decision.candidate_record_sha256,
            *decision.evidence_sha256.values(),
        ]
        for digest in digests:
            blob = custody.blob(digest)
            assert blob is not None
            assert sha256_of_bytes(blob) == digest
        body = custody.blob(decision.candidate_record_sha256)
        assert body is not None
        record = decode_candidate(body, where="the mirror")
        assert members_sha256(record.evidence_sha256) == decision.members_sha256


def test_a_round_that_comes_to_the_same_is_signed_once(place: Workplace) -> None:
    file = trust(place)
    place.recorded()
    run(place, file)
    run(place, file)
    assert len(chain(place).records) == 1


def test_signing_that_was_killed_before_it_was_journaled_is_not_done_twice(
    place: Workplace,
) -> None:
    file = trust(place)
    place.recorded()
    run(place, file)
    (place.folder / "state" / f"{SIGNED}.jsonl").unlink()
    assert vouch(place.services.custody, place.state, place.ledger).signed == 1
    assert len(chain(place).records) == 1


def test_a_decision_under_another_policy_names_the_earlier_one(place: Workplace) -> None:
    file = trust(place)
    place.recorded(wrong_every=2)
    run(place, file)
    lax = place.policy(policy_text(criteria=[LAX]).replace("policy: release", "policy: lax"), "lax")
    run(place, lax)
    first, second = chain(place).records
    assert isinstance(second.record.body, Decision)
    assert second.record.body.earlier == (first.sha256,)


LAX = "{metric: sums.accuracy, at_least: 0.1, severity: blocking, because: why not}"


def test_without_a_trust_file_gate_run_works_and_says_that_nothing_is_signed(
    place: Workplace,
) -> None:
    place.recorded()
    result = run(place, place.policy(policy_text()))
    assert result.vouched.unsigned == 1
    assert result.vouched.why is not None
    assert "gate trust init" in result.vouched.why
    assert not result.vouched.is_broken


def test_decisions_from_before_the_trust_file_are_signed_by_the_next_run(place: Workplace) -> None:
    place.recorded()
    run(place, place.policy(policy_text()))
    run(place, trust(place))
    assert len(decisions(place)) == 1


def test_without_a_key_nothing_is_signed_and_that_is_said(place: Workplace) -> None:
    file = trust(place)
    settings = place.folder / "gate.toml"
    kept = [line for line in settings.read_text().splitlines() if not line.startswith("key =")]
    settings.write_text("\n".join(kept))
    place.recorded()
    result = run(place, file)
    assert result.vouched.why == (
        "there is no key to sign with: neither GATE_KEY nor [trust] key, key_env or key_command "
        "names one"
    )
    assert not result.vouched.is_broken


def test_decisions_that_waited_for_the_ledger_are_signed_when_it_has_them(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = trust(place)
    place.recorded()

    def down(_: Record) -> tuple[Logged, ...]:
        raise LedgerDown("MLflow does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(place.ledger, "log", down)
        assert run(place, file).waiting == 1
    assert decisions(place) == []
    assert run(place, file).vouched.signed == 1
    assert len(decisions(place)) == 1


def test_a_ledger_that_is_down_leaves_decisions_unsigned_and_that_is_broken(
    place: Workplace,
) -> None:
    file = trust(place)
    place.recorded()
    run(place, file)
    (place.folder / "state" / f"{SIGNED}.jsonl").unlink()
    place.ledger.is_down = True
    vouched = vouch(place.services.custody, place.state, place.ledger)
    assert (vouched.unsigned, vouched.is_broken) == (1, True)


def test_a_checkpoint_that_could_not_be_opened_is_named_by_its_name(place: Workplace) -> None:
    file = trust(place)
    place.endpoint(None)
    run(place, file)
    (decision,) = decisions(place)
    assert decision.verdict is Verdict.HOLD
