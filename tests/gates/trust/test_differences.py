"""Whoever signs is told everything that the signature changes."""

from collections.abc import Iterator

import pytest

from gates.trust.differences import differences
from gates.trust.trust_document import Kind, RevokedEntry, Role, Stage, TrustDocument
from tests.gates.trust.documents import ANN, BOB, DIGEST, START, document, entry

BASE = document(entry(ANN, "ann", *Role), entry(BOB, "bob", Role.DECIDE))
LATER = "2027-01-01T00:00:00+00:00"


def alias(**more: object) -> dict[str, object]:
    policies = {"release": ({"sha256": DIGEST, "since": START},)}
    return {"assistant": {"aliases": {"champion": {"policies": policies, **more}}}}


def bob(**more: object) -> TrustDocument:
    return document(entry(ANN, "ann", *Role), entry(BOB, "bob", Role.DECIDE, **more))


def changes() -> Iterator[tuple[TrustDocument, str]]:
    keys = BASE.keys
    yield document(*keys, expires=LATER), f"expires {LATER}"
    yield document(keys[0]), "of bob is gone: what it has signed counts no more"
    yield bob(until=LATER), f"until {LATER}"
    yield bob(kind=Kind.CI), "kind ci"
    yield bob(accounts=("github:bob",)), "accounts github:bob"
    yield bob(since=LATER), f"since {LATER}"
    yield bob(revoked=RevokedEntry(at=START, reason="lost")), f"revoked at {START} (lost)"
    yield document(*keys, models=alias(approvals=1)), "approvals 1"
    yield document(*keys, models=alias(stages=(Stage.OFFLINE,))), "stages offline"
    yield document(*keys, models=alias(decision_valid_days=7)), "decision_valid_days 7"
    yield document(*keys, models={}), "assistant@champion: nothing may move it any more"
    ended = {"release": ({"sha256": DIGEST, "since": START, "until": LATER},)}
    yield document(*keys, models=alias(policies=ended)), f"from {START} until {LATER}"
    other = {"release": ({"sha256": "e" * 64, "since": START},)}
    yield document(*keys, models=alias(policies=other)), "policy release eeeeeeeeeeee from"
    yield (
        document(*keys, models=alias(policies=other)),
        f"policy release dddddddddddd from {START} is gone",
    )
    named = {"nightly": ({"sha256": DIGEST, "since": START},)}
    yield document(*keys, models=alias(policies=named)), "policy nightly dddddddddddd"
    more = {**alias(), "other": alias()["assistant"]}
    yield document(*keys, models=more), "other@champion: stages offline, side_by_side, online"


@pytest.mark.parametrize(("new", "sentence"), list(changes()))
def test_every_change_is_told(new: TrustDocument, sentence: str) -> None:
    said = differences(BASE, new)
    assert any(sentence in each for each in said), said


def test_a_key_more_and_another_threshold_are_told() -> None:
    two = document(entry(ANN, "ann", *Role), entry(BOB, "bob", Role.ROOT), root_threshold=2)
    said = differences(document(), two)
    assert said[0] == "root_threshold 1 becomes 2"
    assert f"key {BOB.public.keyid[:12]} of bob (person) is new: root, from {START}" in said


def test_no_change_is_no_sentence_and_the_first_file_is_told_whole() -> None:
    assert differences(BASE, document(*BASE.keys, version=2)) == ()
    said = "\n".join(differences(None, BASE))
    assert all(word in said for word in ("ann", "bob", "assistant@champion", "root_threshold 1"))
