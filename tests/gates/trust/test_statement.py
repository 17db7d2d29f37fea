"""Statements are in-toto's, and what is anything else is refused."""

import json

import pytest

from gates.trust.canonical_bytes import canonical_bytes
from gates.trust.statement import STATEMENT_TYPE, Statement, Subject, decode, encode
from gates.trust.untrusted import Untrusted

DIGEST = "a" * 64
STATEMENT = Statement(
    subjects=(Subject(name="models:/assistant/12", sha256=DIGEST),),
    predicate_type="urn:checkpoint-gate:release-decision/v1",
    predicate={"verdict": "PASS", "alpha": 0.05},
)


def test_a_statement_is_written_as_in_toto_says() -> None:
    assert json.loads(encode(STATEMENT)) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "models:/assistant/12", "digest": {"sha256": DIGEST}}],
        "predicateType": "urn:checkpoint-gate:release-decision/v1",
        "predicate": {"verdict": "PASS", "alpha": 0.05},
    }


def test_a_statement_is_read_as_it_was_written() -> None:
    assert decode(encode(STATEMENT), what="record 1") == STATEMENT


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("_type", "https://in-toto.io/Statement/v0.1"),
        ("subject", []),
        ("subject", "models:/assistant/12"),
        ("subject", [{"name": "a", "digest": {}}]),
        ("subject", [{"name": "a", "digest": {"sha256": "A" * 64}}]),
        ("subject", [{"name": "a", "digest": {"sha256": DIGEST, "md5": ""}}]),
        ("subject", [{"name": "", "digest": {"sha256": DIGEST}}]),
        ("subject", [{"name": 1, "digest": {"sha256": DIGEST}}]),
        ("predicateType", ""),
        ("predicateType", None),
        ("predicate", []),
        ("more", 1),
    ],
)
def test_what_is_no_statement_is_refused(field: str, value: object) -> None:
    said = {**json.loads(encode(STATEMENT)), field: value}
    with pytest.raises(Untrusted, match="cannot believe record 1"):
        decode(canonical_bytes(said), what="record 1")


def test_white_space_is_refused() -> None:
    with pytest.raises(Untrusted):
        decode(json.dumps({"_type": STATEMENT_TYPE}).encode(), what="record 1")
