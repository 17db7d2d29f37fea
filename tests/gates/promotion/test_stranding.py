"""A new baseline leaves behind what was held against the old one and still counted."""

from datetime import timedelta

from gates.chain.bodies import AbEnded, Revocation
from gates.chain.record import Kept
from gates.decide.verdict import Verdict
from gates.promotion.ending import ended_abs
from gates.promotion.stranding import Old, Stranded, stranded
from gates.trust.statement import Subject
from tests.gates.promotion.records import BASELINE, NOW, chain, decision, kept

THREE = Subject(name="models:/assistant/3", sha256="3" * 64)
FOUR = Subject(name="models:/assistant/4", sha256="4" * 64)
OLD = Old(baseline=BASELINE, policies={"release"}, within=timedelta(days=30))


def left(*records: Kept) -> tuple[Stranded, ...]:
    return stranded(chain(*records), OLD, candidate="models:/assistant/2", at=NOW)


def test_a_running_ab_and_a_pass_are_left_behind() -> None:
    found = left(
        kept(decision(), sequence=1),
        kept(decision(Verdict.HOLD, in_ab=True), subject=THREE, sequence=2),
        kept(decision(Verdict.PASS, in_ab=True), subject=FOUR, sequence=3),
    )
    assert [one.subject for one in found] == [THREE, FOUR]
    assert "its A/B ends" in found[0].sentence
    assert "its PASS is against the old baseline" in found[1].sentence


def test_a_candidate_with_votes_loses_them() -> None:
    (found,) = left(kept(decision(Verdict.HOLD), subject=THREE))
    assert "benchmarks are decided anew from the answers there are" in found.sentence


def test_what_counts_for_nothing_any_more_is_not_left_behind() -> None:
    held = decision(Verdict.HOLD, in_ab=True)
    assert left(kept(decision(Verdict.FAIL), subject=THREE)) == ()
    assert left(kept(decision(Verdict.HOLD, policy="nightly"), subject=THREE)) == ()
    assert left(kept(decision(Verdict.HOLD, baseline=None), subject=THREE)) == ()
    old = decision(Verdict.HOLD, decided_at=NOW - timedelta(days=30))
    assert left(kept(old, subject=THREE)) == ()
    revoked = kept(Revocation(reason="bad"), subject=THREE, sequence=2)
    assert left(kept(held, subject=THREE), revoked) == ()
    assert left(kept(held, subject=THREE, void="stolen")) == ()


def test_only_the_newest_decision_on_a_version_counts() -> None:
    held, failed = decision(Verdict.HOLD), decision(Verdict.FAIL)
    assert left(kept(held, subject=THREE), kept(failed, subject=THREE, sequence=2)) == ()


def test_only_running_abs_are_ended() -> None:
    found = left(
        kept(decision(Verdict.HOLD, in_ab=True), subject=THREE),
        kept(decision(Verdict.PASS, in_ab=True), subject=FOUR, sequence=2),
        kept(decision(Verdict.HOLD), subject=Subject(name="x", sha256="5" * 64), sequence=3),
    )
    (ended,) = ended_abs(found, why="replaced")
    assert (ended.subject, ended.body) == (THREE, AbEnded(reason="replaced"))


def test_the_record_that_ended_an_ab_is_found_by_its_version() -> None:
    ended = kept(AbEnded(reason="replaced"), subject=THREE)
    assert chain(ended).ab_ended(THREE.name, since=None) == ended
    assert chain(ended).ab_ended(THREE.name, since=ended.record.at) == ended
    later = ended.record.at + timedelta(seconds=1)
    assert chain(ended).ab_ended(THREE.name, since=later) is None
    assert chain(ended).ab_ended(FOUR.name, since=None) is None
