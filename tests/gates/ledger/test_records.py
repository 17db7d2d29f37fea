import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.decide.verdict import Verdict
from gates.ledger.ledger import Document, Page, Pages
from gates.ledger.records import (
    candidate_records,
    decode_candidate,
    decode_record,
    encode_candidate,
    encode_record,
)
from policies.canonical import canonical_json
from policies.criteria import Severity
from policies.errors import Broken
from stages.evidence.codec import evidence_sha256
from stages.evidence.estimate import Bounds, Estimate, Unmeasured
from stages.evidence.records import StageName
from tests.fakes import decisions

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def through_json(value: object) -> object:
    return json.loads(canonical_json(value))


def test_a_record_comes_back_whole() -> None:
    record = decisions.record()
    again = decode_record(through_json(encode_record(record)), where="the journal")
    assert again == record
    assert again.policy.sha256 == record.policy.sha256


@given(
    content=st.binary(),
    text=st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    distance=st.none() | FINITE,
    verdict=st.sampled_from([Verdict.PASS, Verdict.FAIL, Verdict.HOLD]),
    severity=st.sampled_from(Severity),
)
def test_every_kind_of_finding_and_document_comes_back(
    content: bytes, text: str, distance: float | None, verdict: Verdict, severity: Severity
) -> None:
    one_sided = Estimate(
        value=1.0,
        standard_error=0.5,
        low=None,
        high=2.0,
        bounds=Bounds.UPPER,
        level=0.95,
        n=3,
        unit="number",
        method="t",
    )
    findings = (
        decisions.finding(verdict=verdict, distance=distance, severity=severity),
        decisions.finding(measured=one_sided),
        decisions.finding(verdict=Verdict.UNMEASURED, measured=Unmeasured(text + "?")),
    )
    page = Page(description=text, documents=(Document(path="a/b.bin", content=content),))
    record = decisions.record(
        verdict=verdict,
        findings=findings,
        pages={decisions.OTHER: Pages(stages={StageName.ONLINE: page})},
    )
    assert decode_record(through_json(encode_record(record)), where="here") == record


def test_each_candidates_record_comes_back_with_the_digests_of_all() -> None:
    record = decisions.record()
    shares = candidate_records(record)
    assert [share.decision for share in shares] == list(record.decision.candidates)
    for share in shares:
        assert decode_candidate(encode_candidate(share), where="here") == share
        assert share.evidence_sha256 == {
            uri: {stage: evidence_sha256(found) for stage, found in stages.items()}
            for uri, stages in record.evidence.items()
        }


def test_equal_records_give_equal_bytes() -> None:
    one, two = (candidate_records(decisions.record())[0] for _ in range(2))
    assert encode_candidate(one) == encode_candidate(two)
    assert encode_candidate(one).endswith(b"}\n")


@pytest.mark.parametrize("distance", [float("nan"), float("inf")])
def test_what_is_no_number_is_never_written(distance: float) -> None:
    with pytest.raises(ValueError, match=r"finite|JSON"):
        encode_record(decisions.record(findings=(decisions.finding(distance=distance),)))


def spoiled(*path: str | int, value: object = ...) -> object:
    """A record's JSON with one field changed, or removed when no value is given."""
    whole = through_json(encode_record(decisions.record()))
    place = whole
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return whole


CANDIDATE = ("decision", "candidates", 0)
STAGE = (*CANDIDATE, "stages", 0)
FINDING = (*STAGE, "findings", 0)


@pytest.mark.parametrize(
    "bad",
    [
        spoiled("schema", value="gate.record/2"),
        spoiled("schema"),
        spoiled("key"),
        spoiled("key", value=1),
        spoiled("decided_at", value=None),
        spoiled("extra", value=1),
        spoiled("policy", "extra", value=1),
        spoiled("policy", "criteria", value=[]),
        spoiled("decision", "extra", value=1),
        spoiled(*CANDIDATE, "verdict", value="MAYBE"),
        spoiled(*CANDIDATE, "verdict", value=True),
        spoiled(*CANDIDATE, "stages"),
        spoiled(*STAGE, "verdict", value="HOLD"),
        spoiled(*STAGE, "cost", "calls", value=1.5),
        spoiled(*FINDING, "distance", value="1.5"),
        spoiled(*FINDING, "measured", value=None),
        spoiled(*FINDING, "measured", "low", value=2.0),
        spoiled(*FINDING, "measured", "extra", value=2.0),
        spoiled("evidence", decisions.CANDIDATE, "offline", "schema", value="gate.evidence/9"),
        spoiled("evidence", decisions.CANDIDATE, "offline", "stage", value="later"),
        spoiled("evidence", decisions.CANDIDATE, "offline", value=None),
        spoiled("pages", decisions.CANDIDATE, "candidate", "documents", 0, "base64", value="?"),
        spoiled("tool_version", value=""),
    ],
)
def test_a_spoiled_record_is_broken_and_names_the_place(bad: object) -> None:
    with pytest.raises(Broken, match="here") as error:
        decode_record(bad, where="here")
    assert error.value.why
    assert error.value.fix


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"null", b"\xff"])
def test_what_is_no_candidates_record_is_broken(data: bytes) -> None:
    with pytest.raises(Broken, match="cannot read"):
        decode_candidate(data, where="record.json")


def test_a_record_without_pages_is_a_record() -> None:
    record = replace(decisions.record(), pages={})
    assert decode_record(through_json(encode_record(record)), where="here") == record
