"""Trust files are made from others: nothing is lost, and what cannot be meant is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from gates.trust.changes import (
    Allowance,
    allowed,
    entry_named,
    key_entry,
    keyid_of,
    rotated,
    same_but_version,
    stages_demanded,
    with_key,
    with_revoked,
)
from gates.trust.trust import trust_of
from gates.trust.trust_document import Kind, RevokedEntry, Role, Stage
from policies.errors import WrongUsage
from tests.gates.trust.documents import ANN, BOB, CAT, DIGEST, document, entry

NOW = datetime(2026, 5, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
OTHER = "e" * 64


def allowance(**more: object) -> Allowance:
    said = {"model": "assistant", "alias": "champion", "policy": "release", "sha256": OTHER}
    return Allowance(**{**said, "since": NOW, **more})  # type: ignore[arg-type] # any of its fields


def in_force(allowance: Allowance, sha256: str, at: datetime, policy: str = "release") -> bool:
    trust = trust_of(allowed(document(), allowance), sha256="", signed_by=())
    return trust.in_force(allowance.model, allowance.alias, policy=policy, sha256=sha256, at=at)


def test_a_policy_in_force_ends_when_its_successor_begins() -> None:
    before, after = NOW - WEEK, NOW + WEEK
    assert [in_force(allowance(), DIGEST, at) for at in (before, NOW, after)] == [
        True,
        False,
        False,
    ]
    assert [in_force(allowance(), OTHER, at) for at in (before, NOW, after)] == [False, True, True]


def test_a_policy_of_another_name_is_a_successor_too() -> None:
    nightly = allowance(policy="nightly")
    assert not in_force(nightly, DIGEST, NOW)
    assert in_force(nightly, OTHER, NOW, policy="nightly")


def test_what_is_kept_stays_in_force() -> None:
    assert in_force(allowance(keep=True), DIGEST, NOW + WEEK)
    assert in_force(allowance(keep=True), OTHER, NOW + WEEK)


def test_a_policy_that_is_in_force_already_is_not_written_twice() -> None:
    again = allowed(document(), allowance(sha256=DIGEST, approvals=1))
    (entry,) = again.models["assistant"].aliases["champion"].policies["release"]
    assert (entry.sha256, entry.until) == (DIGEST, None)
    assert again.models["assistant"].aliases["champion"].approvals == 1


def test_an_ended_policy_comes_into_force_again_with_an_entry_of_its_own() -> None:
    once = allowed(document(), allowance())
    again = allowed(once, allowance(sha256=DIGEST, since=NOW + WEEK))
    trust = trust_of(again, sha256="", signed_by=())
    held = [
        trust.in_force("assistant", "champion", policy="release", sha256=DIGEST, at=at)
        for at in (NOW - WEEK, NOW, NOW + WEEK)
    ]
    assert held == [True, False, True]


def test_approvals_stay_unless_they_are_said() -> None:
    once = allowed(document(), allowance(approvals=1))
    assert (
        allowed(once, allowance(sha256=DIGEST)).models["assistant"].aliases["champion"].approvals
        == 1
    )


def test_an_alias_and_a_model_that_were_not_there_are_added() -> None:
    assert in_force(allowance(alias="canary"), OTHER, NOW)
    assert in_force(allowance(model="other"), OTHER, NOW)


def test_approvals_that_nobody_could_give_are_refused() -> None:
    with pytest.raises(WrongUsage, match="cannot change the trust file") as caught:
        allowed(document(), allowance(approvals=2))
    assert "needs 2 approvals" in caught.value.why


def test_a_rotated_keys_past_goes_on_counting_and_its_successor_has_its_roles() -> None:
    both = rotated(document(), document().keys[0], BOB.public, at=NOW, until=NOW + WEEK)
    trust = trust_of(both, sha256="", signed_by=())
    old, new = trust.owner_of(ANN.public), trust.owner_of(BOB.public)
    assert old is not None
    assert new is not None
    assert (new.owner, new.roles) == (old.owner, old.roles)
    assert [old.counts(at) for at in (NOW - WEEK, NOW, NOW + WEEK)] == [True, True, False]
    assert [new.counts(at) for at in (NOW - WEEK, NOW, NOW + WEEK)] == [False, True, True]


@pytest.mark.parametrize(
    "ended",
    [
        {"until": "2026-04-01T00:00:00+00:00"},
        {"revoked": {"at": "2026-04-01T00:00:00+00:00", "reason": "lost"}},
    ],
)
def test_a_key_that_counts_no_more_has_no_successor(ended: dict[str, object]) -> None:
    old = entry(BOB, "bob", Role.DECIDE, **ended)
    both = document(entry(ANN, "ann", *Role), old)
    with pytest.raises(WrongUsage, match="cannot rotate") as caught:
        rotated(both, old, CAT.public, at=NOW, until=NOW)
    assert caught.value.fix == "gate keys new bob"


def test_a_key_is_revoked_and_from_an_earlier_time_again_but_never_from_a_later() -> None:
    both = document(entry(ANN, "ann", *Role), entry(BOB, "bob", Role.DECIDE))
    theft = RevokedEntry(at="2026-04-01T00:00:00+00:00", reason="stolen")
    once = with_revoked(both, both.keys[1], theft)
    assert once.keys[1].revoked == theft
    later = theft.model_copy(update={"at": "2026-04-02T00:00:00+00:00"})
    with pytest.raises(WrongUsage, match="revoked already"):
        with_revoked(once, once.keys[1], later)
    earlier = theft.model_copy(update={"at": "2026-03-01T00:00:00+00:00"})
    assert with_revoked(once, once.keys[1], earlier).keys[1].revoked == earlier


def test_the_last_root_key_cannot_be_revoked() -> None:
    lost = RevokedEntry(at="2026-04-01T00:00:00+00:00", reason="lost")
    with pytest.raises(WrongUsage, match="cannot change the trust file"):
        with_revoked(document(), document().keys[0], lost)


def test_a_key_is_named_by_the_beginning_of_its_keyid_or_by_its_owner() -> None:
    both = document(entry(ANN, "ann", *Role), entry(BOB, "bob", Role.DECIDE))
    bob = both.keys[1]
    assert entry_named(both, "bob") == entry_named(both, BOB.public.keyid[:8]) == bob
    assert keyid_of(bob) == BOB.public.keyid


@pytest.mark.parametrize("name", ["", "cat", "0" * 8, "b"])
def test_a_name_of_nobody_is_told_with_those_there_are(name: str) -> None:
    with pytest.raises(WrongUsage, match="names no key") as caught:
        entry_named(document(), name)
    assert "of ann" in caught.value.why


def test_an_owner_with_two_keys_is_asked_for_the_keyid() -> None:
    both = document(entry(ANN, "ann", *Role), entry(BOB, "ann", Role.DECIDE))
    with pytest.raises(WrongUsage, match="names several keys"):
        entry_named(both, "ann")


def test_a_key_twice_is_refused() -> None:
    again = key_entry(
        ANN.public.base64,
        "bob",
        kind=Kind.PERSON,
        accounts=(),
        roles=(Role.APPROVE,),
        since=NOW,
    )
    with pytest.raises(WrongUsage, match="cannot change") as caught:
        with_key(document(), again)
    assert "more than once" in caught.value.why


def test_a_name_that_cannot_stand_in_a_trust_file_is_told() -> None:
    with pytest.raises(WrongUsage, match="a key of Ann into the trust file") as caught:
        key_entry(
            ANN.public.base64,
            "Ann",
            kind=Kind.PERSON,
            accounts=(),
            roles=(Role.APPROVE,),
            since=NOW,
        )
    assert 'owner: found `"Ann"`' in caught.value.why


def test_the_version_is_no_difference() -> None:
    assert same_but_version(document(), document(version=7))
    assert not same_but_version(document(), document(expires="2027-01-01T00:00:00+00:00"))


def test_stages_that_are_said_with_a_policy_are_demanded_and_else_stay() -> None:
    offline = (Stage.OFFLINE,)
    narrowed = allowed(document(), allowance(stages=offline))
    assert stages_demanded(narrowed, allowance()) == offline
    assert stages_demanded(allowed(narrowed, allowance(policy="other")), allowance()) == offline
    assert stages_demanded(allowed(document(), allowance()), allowance()) == tuple(Stage)
    new = allowance(model="support_judge", stages=offline)
    assert stages_demanded(allowed(document(), new), new) == offline
