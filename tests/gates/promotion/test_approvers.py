"""Approvals count by people, and never the author's."""

import pytest

from gates.chain.bodies import Approval, CiIdentity
from gates.chain.record import Kept
from gates.promotion.approvers import Counted, count_approvals, not_approved
from gates.promotion.refusal import Refused
from gates.trust.trust_document import Kind
from tests.gates.promotion.records import decision, kept, person, trust

CI = CiIdentity(repository="we/assistant", commit="c" * 40, actor="Bob-GH")
TRUST = trust(
    person("ann"),
    person("bob", accounts=("github:bob-gh",)),
    person("cleo", accounts=("github:cleo",)),
    person("dan", accounts=("gitlab:dan",)),
    person("robot", kind=Kind.CI),
)
DECIDED = kept(decision(), by="ann")
BY_CI = kept(decision(), by="robot", ci=CI)


def approval(by: str, of: Kept = DECIDED, sequence: int = 2) -> Kept:
    return kept(Approval(decision=of.sha256, reason="fine"), by=by, sequence=sequence)


def counted(*approvals: Kept, of: Kept = DECIDED) -> Counted:
    return count_approvals(of, approvals, TRUST)


def test_a_person_other_than_the_author_counts() -> None:
    assert counted(approval("bob")).owners == ("bob",)


def test_the_author_does_not_count() -> None:
    found = counted(approval("ann"))
    assert found.owners == ()
    assert found.not_counted == ("ann is the author",)


def test_two_approvals_of_one_person_count_once() -> None:
    assert counted(approval("bob"), approval("bob", sequence=3)).owners == ("bob",)


def test_an_approval_of_another_decision_does_not_count() -> None:
    other = kept(decision(), sequence=7)
    assert counted(approval("bob", of=other)).owners == ()


def test_who_started_the_ci_does_not_count_whatever_the_capitals() -> None:
    found = counted(approval("bob"), approval("cleo", sequence=3), of=BY_CI)
    assert found.owners == ("cleo",)
    assert found.not_counted == ("bob started the CI that decided",)


def test_whose_account_is_not_known_may_have_started_the_ci() -> None:
    for owner in ("ann", "dan"):
        found = counted(approval(owner), of=BY_CI)
        assert found.owners == ()
        assert "nobody can tell" in found.not_counted[0]


@pytest.mark.parametrize("owner", ["robot", "stranger"])
def test_a_ci_or_a_stranger_approves_nothing(owner: str) -> None:
    found = counted(approval(owner))
    assert found.owners == ()
    assert "no person of the trust file" in found.not_counted[0]


def test_too_few_approvals_are_refused_and_say_who_did_not_count() -> None:
    refusal = not_approved(counted(approval("ann")), needed=1, version="assistant/2")
    assert refusal is not None
    assert refusal.by is Refused.NOT_APPROVED
    assert not refusal.is_no
    assert refusal.reason.startswith("0 of 1 people other than the author approve")
    assert "ann is the author" in refusal.reason
    assert 'gate approve assistant/2 --reason "..."' in refusal.reason


def test_enough_approvals_are_not_refused() -> None:
    found = counted(approval("bob"), approval("cleo", sequence=3))
    assert not_approved(found, needed=2, version="assistant/2") is None
    assert not_approved(found, needed=3, version="assistant/2") is not None
