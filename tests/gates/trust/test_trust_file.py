"""A trust file counts when enough pinned people signed it, as it is, and none newer was seen."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gates.trust.canonical_bytes import canonical_bytes
from gates.trust.dsse import encode, sign
from gates.trust.pins import Pins, Seen, newest
from gates.trust.signers import new_private_key, signer_of
from gates.trust.trust import Trust
from gates.trust.trust_document import Kind, Role, TrustDocument, payload_of
from gates.trust.trust_file import MOST_BYTES, PAYLOAD_TYPE, parse_trust, read_trust
from gates.trust.untrusted import Untrusted
from policies.errors import WrongUsage
from tests.gates.trust.documents import ANN, BOB, CAT, document, entry, signed

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ANNS = Pins(keyids=(ANN.public.keyid,))
BOTH = Pins(keyids=(ANN.public.keyid, BOB.public.keyid))
TWO_ROOTS = (entry(ANN, "ann", *Role), entry(BOB, "bob", Role.ROOT))


def believed(
    data: bytes, pins: Pins = ANNS, *, at: datetime = NOW, seen: Seen | None = None
) -> Trust:
    return parse_trust(data, what="trust.json", pins=pins, at=at, seen=seen)


def refusal(data: bytes, pins: Pins = ANNS, *, at: datetime = NOW, seen: Seen | None = None) -> str:
    with pytest.raises(Untrusted, match=r"cannot believe trust\.json") as caught:
        believed(data, pins, at=at, seen=seen)
    assert caught.value.fix
    return caught.value.why


def test_what_a_pinned_root_key_signed_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    path.write_bytes(signed(document(), ANN))
    trust = read_trust(path, pins=ANNS, at=NOW)
    assert (trust.version, trust.signed_by) == (1, ("ann",))
    assert trust.owner_of(ANN.public) is not None


def test_an_unsigned_file_is_refused() -> None:
    assert "the signatures of nobody count" in refusal(signed(document()))


def test_a_key_that_nobody_pinned_does_not_count_whatever_the_file_says_of_it() -> None:
    mine = document(entry(CAT, "cat", *Role))
    assert "the signatures of nobody count" in refusal(signed(mine, CAT))


def test_without_pins_nothing_is_believed() -> None:
    with pytest.raises(WrongUsage, match="no trust file can be believed") as caught:
        believed(signed(document(), ANN), Pins(keyids=()))
    assert "keys = [" in caught.value.fix


def test_a_pinned_key_without_the_role_root_does_not_count() -> None:
    both = document(entry(ANN, "ann", Role.RELEASE), entry(BOB, "bob", Role.ROOT))
    assert "nobody" in refusal(signed(both, ANN), BOTH)


def test_two_keys_of_one_person_are_one_person() -> None:
    keys = (*TWO_ROOTS, entry(CAT, "ann", Role.ROOT))
    pins = Pins(keyids=(ANN.public.keyid, BOB.public.keyid, CAT.public.keyid))
    two = document(*keys, root_threshold=2)
    assert "the signatures of ann count" in refusal(signed(two, ANN, CAT), pins)
    assert believed(signed(two, ANN, BOB), pins).signed_by == ("ann", "bob")


def test_a_file_cannot_lower_the_threshold_it_is_held_against() -> None:
    """One stolen root key of two writes `root_threshold: 1`."""
    alone = signed(document(*TWO_ROOTS, root_threshold=1), ANN)
    assert believed(alone, BOTH).signed_by == ("ann",), "what the pinned threshold is for"
    assert "2 must sign" in refusal(alone, Pins(keyids=BOTH.keyids, threshold=2))


@pytest.mark.parametrize(
    "ended",
    [
        {"since": "2026-06-01T00:00:00+00:00"},
        {"until": "2026-05-01T00:00:00+00:00"},
        {"revoked": {"at": "2026-05-01T00:00:00+00:00", "reason": "lost"}},
    ],
)
def test_a_root_key_that_does_not_count_now_signs_nothing(ended: dict[str, object]) -> None:
    keys = (entry(ANN, "ann", Role.ROOT, **ended), entry(BOB, "bob", *Role))
    assert "nobody" in refusal(signed(document(*keys), ANN), ANNS)


def test_a_signature_over_something_else_does_not_count() -> None:
    data = json.loads(signed(document(), ANN))
    lower = payload_of(document(version=2))
    data["payload"] = base64.b64encode(canonical_bytes(lower)).decode()
    assert "nobody" in refusal(canonical_bytes(data))


def test_what_was_signed_as_another_type_is_no_trust_file() -> None:
    payload = canonical_bytes(payload_of(document()))
    other = encode(sign("application/vnd.in-toto+json", payload, (ANN,)))
    assert "is of type" in refusal(other)


def test_an_expired_file_is_refused_from_the_moment_it_names() -> None:
    data = signed(document(expires="2026-05-01T00:00:00+00:00"), ANN)
    assert "it expired" in refusal(data)
    assert believed(data, at=datetime(2026, 4, 30, 23, 59, tzinfo=UTC)).version == 1


def test_an_older_version_than_one_that_was_seen_is_refused() -> None:
    new = believed(signed(document(version=2), ANN))
    seen = Seen(version=2, sha256=new.sha256)
    assert "an older one was put in its place" in refusal(signed(document(), ANN), seen=seen)
    assert believed(signed(document(version=2), ANN), seen=seen).version == 2
    assert believed(signed(document(version=3), ANN), seen=seen).version == 3


def test_another_file_of_the_version_that_was_seen_is_refused() -> None:
    new = believed(signed(document(), ANN))
    seen = Seen(version=1, sha256=new.sha256)
    other = signed(document(expires="2027-01-01T00:00:00+00:00"), ANN)
    assert "two different files" in refusal(other, seen=seen)


def test_the_newest_of_what_was_seen_counts() -> None:
    one, two = Seen(version=1, sha256="a"), Seen(version=2, sha256="b")
    assert newest(None, two, one) == two
    assert newest(None) is None


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ([], "no JSON object"),
        ({}, "its schema is None"),
        ({**payload_of(document()), "schema": "gate.trust/2"}, "'gate.trust/2'"),
        ({**payload_of(document()), "more": 1}, "more"),
        ({**payload_of(document()), "version": 0}, "version"),
        ({**payload_of(document()), "version": "1"}, "version"),
        ({**payload_of(document()), "keys": []}, "keys"),
    ],
)
def test_what_is_no_trust_file_is_refused_though_it_is_signed(payload: object, why: str) -> None:
    data = encode(sign(PAYLOAD_TYPE, canonical_bytes(payload), (ANN,)))  # type: ignore[arg-type]
    assert why in refusal(data)


def test_a_payload_written_otherwise_is_refused_though_it_is_signed() -> None:
    data = json.dumps(payload_of(document())).encode()
    assert "not written as" in refusal(encode(sign(PAYLOAD_TYPE, data, (ANN,))))


def test_a_huge_file_is_refused_without_being_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(Untrusted) as caught:
        read_trust(path, pins=ANNS, at=NOW)
    assert f"{MOST_BYTES + 1:,} bytes" in caught.value.why


def test_a_file_that_is_not_there_is_told_with_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="cannot read the trust file") as caught:
        read_trust(tmp_path / "trust.json", pins=ANNS, at=NOW)
    assert "gate trust init" in caught.value.fix


def test_a_clock_without_a_zone_is_a_callers_bug() -> None:
    with pytest.raises(ValueError, match="zone"):
        believed(signed(document(), ANN), at=datetime(2026, 5, 1))  # noqa: DTZ001 - the claim


def test_a_cis_key_never_signs_the_trust_file_even_if_a_file_slipped_through() -> None:
    document = TrustDocument.model_construct(
        version=1,
        expires=None,
        root_threshold=1,
        keys=(entry(ANN, "ann", Role.ROOT).model_copy(update={"kind": Kind.CI}),),
        models={},
    )
    data = encode(sign(PAYLOAD_TYPE, canonical_bytes(payload_of(document)), (ANN,)))
    assert "roles" in refusal(data)


def test_a_signer_who_is_in_no_entry_does_not_count() -> None:
    stranger = signer_of(new_private_key())
    pins = Pins(keyids=(stranger.public.keyid,))
    assert "nobody" in refusal(signed(document(), stranger), pins)
