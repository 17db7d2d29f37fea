"""Evidence of two reductions of one traffic: sums of several threads differ in their last bits."""

import json

import pytest

from stages.evidence.codec import encode
from stages.evidence.records import Evidence

LAST_BITS = 1e-9


def assert_alike(one: Evidence, other: Evidence) -> None:
    """Every word and count is the same, and every other number to nine digits."""
    assert json.loads(encode(one)) == _nearly(json.loads(encode(other)))


def _nearly(value: object) -> object:
    if isinstance(value, dict):
        return {key: _nearly(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_nearly(each) for each in value]
    return pytest.approx(value, rel=LAST_BITS, abs=1e-12) if isinstance(value, float) else value
