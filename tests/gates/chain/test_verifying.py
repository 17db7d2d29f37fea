"""Whatever is done to a chain by somebody who may write to MLflow is found."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.chain.bodies import (
    AbEnded,
    Adoption,
    Approval,
    Body,
    Override,
    Promotion,
    Revocation,
    Rollback,
)
from gates.chain.chain import Chain
from gates.chain.record import Head
from gates.chain.signing import Entry
from gates.chain.verifying import verify
from gates.decide.verdict import Verdict
from gates.trust.trust import Revoked
from gates.trust.untrusted import Untrusted
from tests.fakes.chains import (
    NOW,
    STRANGER,
    Paper,
    decision,
    digest,
    signatory,
    subject,
    trust,
)


def story() -> Paper:
    """Eight records of every kind, by three signers."""
    paper = Paper()
    paper.write(Adoption(alias="champion", reason="since May"), subject(1))
    fail = paper.write(decision(Verdict.FAIL), subject(3))
    passed = paper.write(decision())
    approval = paper.write(Approval(decision=passed.sha256, reason="fine"), by="ben")
    paper.write(
        Promotion(
            alias="champion",
            before="models:/assistant/1",
            decision=passed.sha256,
            approvals=(approval.sha256,),
        )
    )
    override = Override(
        decision=fail.sha256,
        alias="champion",
        reason="the site is down",
        second=signatory("ben"),
        expires=NOW + timedelta(days=1),
    )
    paper.write(override, subject(3), more=["ben"])
    paper.write(
        Rollback(alias="champion", before="models:/assistant/2", reason="rude"),
        subject(1),
        by="ben",
    )
    paper.write(Revocation(reason="rude"), by="ben")
    return paper


STORY = story()
HEAD = STORY.chain().head


def refused(
    envelopes: list[bytes], *, anchor: Head | None = HEAD, paper: Paper = STORY
) -> Untrusted:
    with pytest.raises(Untrusted) as caught:
        paper.verified(envelopes, anchor=anchor)
    return caught.value


def test_an_honest_chain_is_believed_and_every_record_counts() -> None:
    chain = STORY.chain(anchor=HEAD)
    assert [kept.record.sequence for kept in chain.records] == list(range(1, 9))
    assert chain.void == ()
    assert [kept.owners for kept in chain.records[5:7]] == [("ann", "ben"), ("ben",)]


def test_no_records_are_an_empty_chain() -> None:
    assert Paper().chain() == Chain(model="assistant")


@given(st.data())
def test_any_flipped_bit_is_found(data: st.DataObject) -> None:
    envelopes = list(STORY.envelopes)
    which = data.draw(st.integers(0, len(envelopes) - 1))
    place = data.draw(st.integers(0, len(envelopes[which]) * 8 - 1))
    altered = bytearray(envelopes[which])
    altered[place // 8] ^= 1 << place % 8
    envelopes[which] = bytes(altered)
    refused(envelopes, anchor=None)


@given(st.integers(0, 7))
def test_any_removed_record_is_found(which: int) -> None:
    error = refused([*STORY.envelopes[:which], *STORY.envelopes[which + 1 :]])
    assert (f"record {which + 1} " if which < 7 else "lost their end") in str(error)


@given(st.permutations(range(8)).filter(lambda order: order != list(range(8))))
def test_any_other_order_is_found(order: list[int]) -> None:
    refused([STORY.envelopes[n] for n in order], anchor=None)


@given(st.integers(0, 7), st.integers(0, 8))
def test_any_record_that_is_there_twice_is_found(which: int, place: int) -> None:
    envelopes = list(STORY.envelopes)
    envelopes.insert(place, STORY.envelopes[which])
    refused(envelopes, anchor=None)


@given(st.integers(0, 7))
def test_a_chain_cut_short_is_found_by_the_anchor_alone(length: int) -> None:
    assert "lost their end" in str(refused(STORY.envelopes[:length]))
    assert len(STORY.verified(STORY.envelopes[:length]).records) == length


def test_a_chain_that_was_written_anew_by_a_key_that_counts_is_found_by_the_anchor() -> None:
    other = Paper()
    for n in range(8):
        other.write(decision(), subject(n + 1))
    assert "was verified before" in str(refused(other.envelopes))


def test_two_records_with_one_sequence_are_found() -> None:
    paper = story()
    paper.write(AbEnded(reason="one"))
    one = paper.envelopes.pop()
    paper.write(AbEnded(reason="another"))
    for pair in ([one, paper.envelopes[-1]], [paper.envelopes[-1], one]):
        error = refused([*paper.envelopes[:-1], *pair], paper=paper)
        assert "record 10 of assistant" in str(error)
        assert "record 9 stands in its place" in str(error)


def test_a_record_of_another_model_is_found() -> None:
    other = Paper(model="translator")
    other.write(decision(), subject(2, model="translator"))
    assert "a record of translator" in str(refused(other.envelopes, anchor=None))


def test_a_record_about_a_version_of_another_model_is_found() -> None:
    paper = Paper()
    with pytest.raises(Untrusted, match="record 1"):
        paper.write(decision(), subject(2, model="translator"))


def test_an_envelope_signed_by_a_stranger_is_found_whatever_name_it_bears() -> None:
    paper = Paper()
    for by in (signatory("ann"), replace(signatory("ann"), keyid=STRANGER.public.keyid)):
        with pytest.raises(Untrusted) as caught:
            paper.sign(Entry(subject=subject(), body=decision()), by, [STRANGER])
        paper.envelopes.clear()
        assert "record 1 of assistant" in str(caught.value)


def test_a_signature_too_many_is_found() -> None:
    paper = Paper()
    entry = Entry(subject=subject(), body=decision())
    with pytest.raises(Untrusted, match="record 1") as caught:
        paper.sign(entry, signatory("ann"), ["ann", STRANGER])
    assert "2 signatures, and 1 signed it" in caught.value.why


def test_an_override_that_one_person_signed_is_found() -> None:
    paper = Paper()
    body = Override(
        decision=None, alias="champion", reason="now", second=signatory("ben"), expires=NOW
    )
    with pytest.raises(Untrusted, match="record 1"):
        paper.write(body)


LIES: list[tuple[dict[str, object], str]] = [
    ({"at": NOW}, "back-dated"),
    ({"previous": digest("another")}, "the one before it here is"),
    ({"sequence": 4}, "it is missing: after record 2 comes record 4"),
    ({"sequence": 2}, "stands in its place"),
    ({"body": replace(decision(), earlier=(digest("none"),))}, "names 1 earlier decisions of 2"),
    ({"model": "translator"}, "a record of translator"),
    ({"subject": subject(2, model="translator")}, "no version of assistant"),
]


@pytest.mark.parametrize(("lie", "found"), LIES)
def test_a_lie_that_somebody_with_a_key_signed_is_found(lie: dict[str, object], found: str) -> None:
    paper = Paper()
    paper.write(decision(Verdict.FAIL))
    paper.write(decision())
    paper.forge(**lie)
    assert found in refused(paper.envelopes, anchor=None, paper=paper).why


def test_a_decision_names_every_earlier_one_on_the_same_checkpoint() -> None:
    paper = Paper()
    first = paper.write(decision(Verdict.FAIL))
    again = paper.write(decision(), subject(3, checkpoint="models:/assistant/2"))
    assert again.record.body == replace(decision(), earlier=(first.sha256,))
    paper.forge(body=decision())
    refused(paper.envelopes, anchor=None, paper=paper)


def test_a_record_from_the_future_is_refused_and_one_within_the_tolerance_of_clocks_is_not() -> (
    None
):
    paper = Paper()
    paper.write(decision())
    paper.now -= timedelta(seconds=60)
    assert len(paper.chain().records) == 1
    paper.now -= timedelta(seconds=1)
    found = refused(paper.envelopes, anchor=None, paper=paper)
    assert "from the future" in found.why
    assert found.fix.startswith("compare this machine's clock"), "mostly nobody attacks"
    assert "backup" not in found.fix


def test_a_record_under_a_lease_that_was_overtaken_is_found() -> None:
    paper = Paper(fencing=7)
    paper.write(decision())
    paper.fencing = 6
    with pytest.raises(Untrusted) as caught:
        paper.write(decision())
    assert "lease 7 had taken over" in caught.value.why


@pytest.mark.parametrize(
    "body",
    [
        Approval(decision=digest("none"), reason="fine"),
        Promotion(alias="champion", before=None, decision=digest("none")),
        Promotion(alias="champion", before=None, decision=None, override=digest("none")),
    ],
)
def test_a_record_that_rests_on_one_that_is_not_there_is_found(body: Body) -> None:
    with pytest.raises(Untrusted) as caught:
        story().write(body)
    assert "which is not there" in caught.value.why


def test_an_approval_is_of_the_decision_on_its_own_version() -> None:
    paper = Paper()
    passed = paper.write(decision())
    with pytest.raises(Untrusted):
        paper.write(Approval(decision=passed.sha256, reason="fine"), subject(3))


def test_bytes_that_are_no_record_are_found() -> None:
    envelope = json.loads(STORY.envelopes[0])
    for junk in (b"", b"{}", b"null", json.dumps(envelope).encode(), b"\xff" * 9):
        assert "record 1 of assistant" in str(refused([junk], anchor=None))


def revoked(*, at_minute: float, heads: dict[str, int] | None = None) -> Revoked:
    return Revoked(at=NOW + timedelta(minutes=at_minute), reason="stolen", heads=heads or {})


def test_what_a_key_signed_after_it_was_stolen_answers_nothing_and_breaks_no_chain() -> None:
    chain = STORY.chain(by=trust(ben=revoked(at_minute=6.5)), anchor=HEAD)
    assert [kept.record.sequence for kept in chain.void] == [7, 8]
    assert all(kept.void and kept.void.revoked for kept in chain.void)
    assert chain.revoked(subject()) is None
    serving = chain.serving("champion")
    assert serving is not None
    assert serving.record.sequence == 5


def test_a_thief_who_back_dates_gains_nothing_once_the_last_honest_record_is_named() -> None:
    chain = STORY.chain(by=trust(ben=revoked(at_minute=90, heads={"assistant": 4})))
    assert [kept.record.sequence for kept in chain.void] == [6, 7, 8]


def forbidden(body: Callable[[Paper], Body], by: str) -> str:
    paper = story()
    void = paper.write(body(paper), by=by).void
    assert void is not None
    assert not void.revoked
    return void.reason


def test_a_key_without_the_role_signs_nothing_that_counts() -> None:
    assert "ben has not the role decide, which a release" in forbidden(lambda _: decision(), "ben")
    passed = STORY.chain().records[2].sha256
    promotion = Promotion(alias="champion", before=None, decision=passed)
    assert "ben has not the role release" in forbidden(lambda _: promotion, "ben")


def test_a_ci_that_does_not_say_which_run_it_is_signs_nothing_that_counts() -> None:
    assert "does not say which run" in forbidden(lambda _: decision(), "robot")


def test_an_override_by_two_keys_of_one_person_counts_for_nothing() -> None:
    same = trust()
    ann, ben, robot = same.keys
    one_person = replace(same, keys=(ann, replace(ben, owner="ann"), robot))
    chain = STORY.chain(by=one_person)
    assert [kept.record.sequence for kept in chain.void] == [6]
    assert chain.overrides(NOW + timedelta(hours=1)) == ()


def test_what_was_verified_before_need_not_be_signed_again_and_is_read_the_same() -> None:
    believed = verify(
        STORY.envelopes, model="assistant", trust=trust(), now=STORY.now, anchor=HEAD, believed=6
    )
    assert believed == STORY.chain()
