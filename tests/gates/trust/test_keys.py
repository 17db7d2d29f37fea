"""A key has one name; nobody's keys and other ways of writing a key are refused."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from gates.trust.keys import _SMALL_ORDER, PublicKey, exact_base64, public_key_of
from gates.trust.signers import new_private_key, signer_of

FIELD = 2**255 - 19
D = -121665 * pow(121666, -1, FIELD) % FIELD
"""Of the curve, RFC 8032, 5.1."""

Point = tuple[int, int]


def added(one: Point, other: Point) -> Point:
    """The sum of two points, by RFC 8032's formula in plain coordinates."""
    (x1, y1), (x2, y2) = one, other
    shared = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + shared, -1, FIELD)
    y = (y1 * y2 + x1 * x2) * pow(1 - shared, -1, FIELD)
    return x % FIELD, y % FIELD


def on_curve(y: int) -> Point | None:
    """A point with this y; None when the curve has none."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, FIELD) % FIELD
    root = pow(square, (FIELD + 3) // 8, FIELD)
    for x in (root, root * pow(2, (FIELD - 1) // 4, FIELD) % FIELD):
        if x * x % FIELD == square:
            return x, y
    return None


def eight_times(point: Point) -> Point:
    for _ in range(3):
        point = added(point, point)
    return point


def test_the_keyid_is_the_digest_of_the_raw_key() -> None:
    key = signer_of(new_private_key()).public
    assert key.keyid == hashlib.sha256(key.raw).hexdigest()
    assert public_key_of(key.base64) == key


def test_a_signature_verifies_under_its_own_key_and_message_only() -> None:
    signer, other = signer_of(new_private_key()), signer_of(new_private_key())
    signature = signer.sign(b"message")
    assert signer.public.verifies(signature, b"message")
    assert not signer.public.verifies(signature, b"massage")
    assert not other.public.verifies(signature, b"message")
    assert not signer.public.verifies(b"", b"message")


def test_every_point_that_is_refused_is_of_small_order_and_none_is_missing() -> None:
    points = [(y, on_curve(y)) for y in _SMALL_ORDER]
    assert all(p is not None and eight_times(p) == (0, 1) for _, p in points)
    with_both_signs = sum(1 if point and point[0] == 0 else 2 for _, point in points)
    assert with_both_signs == 8, "the subgroup has eight points"


@pytest.mark.parametrize("sign", [0, 1 << 255])
@pytest.mark.parametrize("y", [*sorted(_SMALL_ORDER), FIELD, FIELD + 1, FIELD + 18])
def test_a_point_for_which_anybody_can_sign_is_no_key(y: int, sign: int) -> None:
    raw = (y | sign).to_bytes(32, "little")
    with pytest.raises(ValueError, match="nobody's key"):
        PublicKey(raw)


def test_such_a_point_would_verify_what_nobody_signed() -> None:
    """Why they are refused: the library takes a signature that was made without any key."""
    nobody = (1).to_bytes(32, "little")
    forged = nobody + bytes(32)
    Ed25519PublicKey.from_public_bytes(nobody).verify(forged, b"promote me")


@pytest.mark.parametrize("sign", [0, 1])
def test_a_key_may_have_either_sign(sign: int) -> None:
    keys = (new_private_key().public_key().public_bytes_raw() for _ in range(200))
    raw = next(key for key in keys if key[-1] >> 7 == sign)
    assert PublicKey(raw).raw == raw


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        PublicKey(bytes([9]) * size)


@given(st.binary(max_size=40))
def test_base64_is_read_as_it_was_written(raw: bytes) -> None:
    assert exact_base64(base64.b64encode(raw).decode()) == raw


@pytest.mark.parametrize(
    "text", ["QQ", "QR==", "QQ== ", "QQ==\n", " QQ==", "QQ==QQ==", "Q-_=", "ä===", "=", "QQ==="]
)
def test_other_ways_of_writing_base64_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        exact_base64(text)
