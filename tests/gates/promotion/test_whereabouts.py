"""An alias is taken from where person, record and decision believe it to be, or not at all."""

from gates.promotion import whereabouts as where
from gates.promotion.refusal import Refused
from gates.trust.statement import Subject
from stages.evidence.records import StageName
from tests.gates.promotion.records import BASELINE

RUN = "gate run release.yaml assistant/2"


def test_what_is_expected_is_held_against_what_is() -> None:
    assert where.unexpected("1", expected=None, alias="champion") is None
    assert where.unexpected("1", expected="1", alias="champion") is None
    assert where.unexpected(None, expected="none", alias="champion") is None
    for holder, expected in (("1", "2"), (None, "1"), ("1", "none")):
        found = where.unexpected(holder, expected=expected, alias="champion")
        assert found is not None
        assert found.by is Refused.UNEXPECTED


def moved(holder: str | None, recorded: str | None) -> str | None:
    found = where.moved_outside(holder=holder, recorded=recorded, alias="champion")
    assert found is None or found.by is Refused.MOVED_OUTSIDE
    return None if found is None else found.reason


def test_an_alias_that_no_record_moved_is_an_unrecorded_change_and_says_how_to_mend_it() -> None:
    assert moved(BASELINE, BASELINE) is None
    assert moved(None, None) is None
    assert "gate adopt assistant/1 --alias champion" in str(moved(BASELINE, None))
    assert "gate rollback assistant --alias champion --to 1" in str(moved("models:/a/3", BASELINE))
    assert "points to nothing" in str(moved(None, BASELINE))


def test_what_was_compared_with_must_serve() -> None:
    same = where.other_baseline(compared=BASELINE, serves=BASELINE, alias="champion", run=RUN)
    assert same is None
    for serves in ("models:/assistant/3", None):
        found = where.other_baseline(compared=BASELINE, serves=serves, alias="champion", run=RUN)
        assert found is not None
        assert found.by is Refused.OTHER_BASELINE


def test_the_bytes_compared_with_must_be_those_recorded_as_serving() -> None:
    stage, recorded = StageName.OFFLINE, Subject(name=BASELINE, sha256="1" * 64)
    assert where.other_baseline_bytes({stage: "1" * 64}, recorded) is None
    assert where.other_baseline_bytes({stage: None}, None) is None
    for digest, baseline in (("2" * 64, recorded), ("1" * 64, None)):
        found = where.other_baseline_bytes({stage: digest}, baseline)
        assert found is not None
        assert found.by is Refused.OTHER_BASELINE


def test_leaving_others_behind_is_said_first() -> None:
    assert where.strands([]) is None
    found = where.strands(["models:/assistant/3: its A/B ends"])
    assert found is not None
    assert found.by is Refused.STRANDS
    assert "its A/B ends" in found.reason
    assert "--strand" in found.reason
