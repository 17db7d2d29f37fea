"""A test case per criterion; only PASS is a passed test."""

from xml.etree import ElementTree as ET

import pytest

from gates.reports.junit import junit
from tests.gates.decide.cases import A, B, C, D
from tests.gates.reports.shown import POLICY, a_round, golden, hostile_round


def _suite(candidate: str) -> ET.Element:
    return next(s for s in ET.fromstring(junit(a_round(), POLICY)) if s.get("name") == candidate)


def test_the_document_is_as_it_was() -> None:
    text = junit(a_round(), POLICY)
    assert golden("junit.xml", text) == text


@pytest.mark.parametrize(
    ("candidate", "failures", "errors"), [(A, 0, 0), (B, 0, 5), (C, 2, 5), (D, 0, 9)]
)
def test_every_criterion_is_a_case_whatever_was_reached(
    candidate: str, failures: int, errors: int
) -> None:
    suite = _suite(candidate)
    assert len(suite) == len(POLICY.criteria) + 3
    assert suite.get("tests") == "9"
    assert (suite.get("failures"), suite.get("errors")) == (str(failures), str(errors))


def test_nothing_is_skipped() -> None:
    whole = ET.fromstring(junit(a_round(), POLICY))
    assert whole.get("skipped") == "0"
    assert whole.find(".//skipped") is None
    assert whole.get("tests") == "36"


def test_a_failure_and_an_error_say_their_sentence() -> None:
    failure = _suite(C).find(".//failure")
    assert failure is not None
    assert failure.get("type") == "FAIL"
    assert "toxicity rate is at least 1.00 %" in str(failure.get("message"))
    errors = [e.get("type") for e in _suite(D).iter("error")]
    assert set(errors) == {"HOLD", "UNMEASURED"}


def test_a_passed_case_says_its_sentence_too() -> None:
    said = [e.text for e in _suite(A).iter("system-out")]
    assert len(said) == 9
    assert any("toxicity rate is at most 0.42 %" in str(text) for text in said)


def test_foreign_text_breaks_no_xml() -> None:
    decision, _ = hostile_round()
    text = junit(decision, POLICY)
    assert "<script" not in text
    assert ET.fromstring(text)[0].get("name", "").startswith("<script>")


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    import dataclasses

    decision = a_round()
    odd = dataclasses.replace(decision.candidates[0], candidate="a\x00\x1bb\ud800")
    text = junit(dataclasses.replace(decision, candidates=(odd,)), POLICY)
    assert ET.fromstring(text)[0].get("name") == "a\ufffd\ufffdb\ufffd"
