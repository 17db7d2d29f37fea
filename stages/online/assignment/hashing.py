"""The two hashes by which flag services put units into buckets; pure.

Both are published, and so are test vectors, which tests/stages/online/assignment holds them to.
"""

_WORD = 0xFFFF_FFFF
_FNV_OFFSET, _FNV_PRIME = 0x811C_9DC5, 0x0100_0193
GROWTHBOOK_BUCKETS = 10_000
"""Buckets of GrowthBook's hash version 2: shares are exact to 0.01 %."""


def fnv1a_32(text: str) -> int:
    """The 32-bit FNV-1a hash of ASCII text.

    Raises:
        ValueError: The text is not ASCII: libraries disagree on whether they hash bytes, code
            points or UTF-16 units, so that a unit's arm would depend on the language of the client.
    """
    if not text.isascii():
        raise ValueError(f"{text!r} is not ASCII")
    found = _FNV_OFFSET
    for byte in text.encode("ascii"):
        found = ((found ^ byte) * _FNV_PRIME) & _WORD
    return found


def growthbook_bucket(unit: str, seed: str) -> float:
    """Where a unit lies in [0, 1) by GrowthBook's hash version 2.

    FNV-1a of seed and unit, written in decimal and hashed once more: one round leaves units with a
    common prefix close together.

    Raises:
        ValueError: Unit or seed are not ASCII.
    """
    twice = fnv1a_32(str(fnv1a_32(seed + unit)))
    return (twice % GROWTHBOOK_BUCKETS) / GROWTHBOOK_BUCKETS


def murmur3_32(text: str) -> int:
    """MurmurHash3 (x86, 32 bits, seed 0) of the text's UTF-8 bytes.

    References:
        Appleby, MurmurHash3 (public domain), x86_32.
    """
    data = text.encode("utf-8")
    whole = len(data) - len(data) % 4
    found = 0
    for start in range(0, whole, 4):
        found ^= _scrambled(int.from_bytes(data[start : start + 4], "little"))
        found = (_rotated(found, 13) * 5 + 0xE654_6B64) & _WORD
    found ^= _scrambled(int.from_bytes(data[whole:], "little"))
    return _avalanche(found ^ len(data))


def flagd_position(unit: str, flag: str, total: int) -> int:
    """Where a unit lies in [0, total) by flagd's `fractional`.

    The hash of flag key and targeting key, scaled to the sum of the weights in whole numbers. flagd
    computed a percentage in floating point until 2026, which puts units elsewhere.

    Args:
        unit: The targeting key.
        flag: The flag's key, which makes A/Bs independent of each other.
        total: Sum of the weights, from 1 to 2^31 - 1.
    """
    return (murmur3_32(flag + unit) * total) >> 32


def _scrambled(word: int) -> int:
    word = (word * 0xCC9E_2D51) & _WORD
    return (_rotated(word, 15) * 0x1B87_3593) & _WORD


def _rotated(word: int, bits: int) -> int:
    return ((word << bits) | (word >> (32 - bits))) & _WORD


def _avalanche(word: int) -> int:
    word = ((word ^ (word >> 16)) * 0x85EB_CA6B) & _WORD
    word = ((word ^ (word >> 13)) * 0xC2B2_AE35) & _WORD
    return word ^ (word >> 16)
