"""Envelopes are those of the DSSE specification, and no signature counts twice or for others."""

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as Theirs
from securesystemslib.signer import CryptoSigner, SSlibKey

from gates.trust.canonical_bytes import canonical_bytes
from gates.trust.dsse import (
    MOST_SIGNATURES,
    Envelope,
    Signature,
    decode,
    encode,
    pre_authentication_encoding,
    sign,
    sign_also,
    verified_by,
)
from gates.trust.signers import new_private_key, signer_of
from gates.trust.untrusted import Untrusted

TYPE = "application/vnd.example+json"
ANN, BOB = signer_of(new_private_key()), signer_of(new_private_key())
SIGNED = sign(TYPE, b'{"a":1}', (ANN, BOB))


def read(data: bytes) -> Envelope:
    return decode(data, payload_type=TYPE, what="it")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.binary())
def test_what_is_signed_is_what_another_library_signs(kind: str, payload: bytes) -> None:
    assert pre_authentication_encoding(kind, payload) == Theirs(payload, kind, {}).pae()


def test_the_specifications_own_example_is_encoded_as_it_says() -> None:
    found = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert found == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


@settings(max_examples=20)
@given(st.binary())
def test_an_envelope_is_another_librarys_byte_for_byte(payload: bytes) -> None:
    keys = [new_private_key(), new_private_key()]
    theirs = Theirs(payload, TYPE, {})
    for key in sorted(keys, key=lambda key: signer_of(key).public.keyid):
        keyid = signer_of(key).public.keyid
        scheme = {"keytype": "ed25519", "scheme": "ed25519"}
        public = SSlibKey(
            keyid, **scheme, keyval={"public": key.public_key().public_bytes_raw().hex()}
        )
        theirs.sign(CryptoSigner(key, public))
    ours = encode(sign(TYPE, payload, [signer_of(key) for key in keys]))
    written = json.dumps(theirs.to_dict(), sort_keys=True, separators=(",", ":"))
    assert ours == written.encode()
    verified = Theirs.from_dict(json.loads(ours)).verify(
        [signature_key(key) for key in keys], threshold=2
    )
    assert len(verified) == 2


def signature_key(key: object) -> SSlibKey:
    public = signer_of(key).public  # type: ignore[arg-type]
    return SSlibKey(
        public.keyid, keytype="ed25519", scheme="ed25519", keyval={"public": public.raw.hex()}
    )


def test_an_envelope_is_read_as_it_was_written() -> None:
    assert read(encode(SIGNED)) == SIGNED


def test_a_key_given_twice_signs_and_counts_once() -> None:
    twice = sign(TYPE, b"x", (ANN, ANN))
    assert len(twice.signatures) == 1
    assert verified_by(twice, (ANN.public, ANN.public)) == (ANN.public,)


def test_only_given_keys_count() -> None:
    assert verified_by(SIGNED, (BOB.public,)) == (BOB.public,)
    assert verified_by(SIGNED, ()) == ()
    assert set(verified_by(SIGNED, (ANN.public, BOB.public))) == {ANN.public, BOB.public}


def test_one_key_under_two_ids_counts_once() -> None:
    """A well-known library counts it as two."""
    mine = next(s for s in SIGNED.signatures if s.keyid == ANN.public.keyid)
    claims = sorted((mine, Signature(keyid="f" * 64, raw=mine.raw)), key=lambda s: s.keyid)
    doubled = Envelope(payload_type=TYPE, payload=SIGNED.payload, signatures=tuple(claims))
    assert verified_by(read(encode(doubled)), (ANN.public, BOB.public)) == (ANN.public,)


def test_a_signature_under_anothers_name_counts_for_nobody() -> None:
    mine = sign(TYPE, b"x", (ANN,)).signatures[0]
    borrowed = Signature(keyid=BOB.public.keyid, raw=mine.raw)
    envelope = Envelope(payload_type=TYPE, payload=b"x", signatures=(borrowed,))
    assert verified_by(envelope, (ANN.public, BOB.public)) == ()


def test_a_signature_over_another_type_does_not_count() -> None:
    moved = Envelope(
        payload_type="application/other", payload=SIGNED.payload, signatures=SIGNED.signatures
    )
    assert verified_by(moved, (ANN.public, BOB.public)) == ()


def test_an_envelope_of_another_type_is_refused() -> None:
    with pytest.raises(Untrusted, match="cannot believe it") as caught:
        decode(encode(SIGNED), payload_type="application/other", what="it")
    assert "is of type" in caught.value.why


def test_more_signatures_are_added_to_those_that_are_there() -> None:
    one = sign(TYPE, SIGNED.payload, (BOB,))
    assert sign_also(one, (ANN,)) == SIGNED


@given(st.data())
@settings(max_examples=200)
def test_a_flipped_bit_is_never_believed(data: st.DataObject) -> None:
    whole = bytearray(encode(SIGNED))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = read(bytes(whole))
    except Untrusted:
        return
    assert len(verified_by(found, (ANN.public, BOB.public))) < 2


def fields() -> dict[str, object]:
    found = json.loads(encode(SIGNED))
    assert isinstance(found, dict)
    return found


def _more(fields: dict[str, object]) -> None:
    fields["more"] = 1


def _less(fields: dict[str, object]) -> None:
    del fields["payloadType"]


def _no_list(fields: dict[str, object]) -> None:
    fields["signatures"] = "none"


def _no_text(fields: dict[str, object]) -> None:
    fields["payload"] = 7


def _spare_bits(fields: dict[str, object]) -> None:
    fields["payload"] = base64.b64encode(b"x").decode().replace("eA==", "eB==")


def _short(fields: dict[str, object]) -> None:
    fields["signatures"] = [{"keyid": "a", "sig": "QUFB"}]


def _more_in_a_signature(fields: dict[str, object]) -> None:
    fields["signatures"] = [{"keyid": "a", "sig": "QUFB", "cert": ""}]


def _no_object(fields: dict[str, object]) -> None:
    fields["signatures"] = [1]


def _disorder(fields: dict[str, object]) -> None:
    found = fields["signatures"]
    assert isinstance(found, list)
    fields["signatures"] = found[::-1]


def _twice(fields: dict[str, object]) -> None:
    found = fields["signatures"]
    assert isinstance(found, list)
    fields["signatures"] = [found[0], found[0]]


def _many(fields: dict[str, object]) -> None:
    sig = base64.b64encode(bytes(64)).decode()
    fields["signatures"] = [{"keyid": f"{i:064x}", "sig": sig} for i in range(MOST_SIGNATURES + 1)]


@pytest.mark.parametrize(
    "spoil",
    [
        _more,
        _less,
        _no_list,
        _no_text,
        _spare_bits,
        _short,
        _more_in_a_signature,
        _no_object,
        _disorder,
        _twice,
        _many,
    ],
)
def test_what_is_no_envelope_of_ours_is_refused(
    spoil: Callable[[dict[str, object]], None],
) -> None:
    spoiled = fields()
    spoil(spoiled)
    with pytest.raises(Untrusted, match="cannot believe it"):
        read(canonical_bytes(spoiled))  # type: ignore[arg-type] # JSON, of any shape


def test_a_list_is_no_envelope() -> None:
    with pytest.raises(Untrusted):
        read(b"[]")
