from dataclasses import replace
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.decide.verdict import Finding, Verdict
from gates.ledger.mlflow_ledger.columns import column_metrics, worst_room
from policies.criteria import Severity
from stages.evidence.estimate import Bounds, Estimate, Unmeasured
from stages.evidence.records import StageName
from tests.fakes import decisions


def with_error(distance: float, **said: object) -> Finding:
    """A finding whose method has a standard error: its distance is counted in these."""
    measured = replace(decisions.estimate(), standard_error=0.001)
    return replace(decisions.finding(measured=measured, distance=distance), **said)


def unmeasured() -> Finding:
    return decisions.finding(
        verdict=Verdict.UNMEASURED, measured=Unmeasured("nobody answered"), distance=None
    )


@pytest.mark.parametrize(
    ("verdict", "number"), [(Verdict.FAIL, 0), (Verdict.HOLD, 1), (Verdict.PASS, 2)]
)
def test_a_better_verdict_has_a_higher_number(verdict: Verdict, number: int) -> None:
    assert column_metrics(verdict, [])["gate/verdict"] == number


def test_the_stage_is_the_last_one_reached_and_none_where_none_was() -> None:
    both = [decisions.stage_decision(), decisions.stage_decision(StageName.ONLINE)]
    assert column_metrics(Verdict.PASS, both)["gate/stage"] == 3
    assert column_metrics(Verdict.PASS, both[:1])["gate/stage"] == 1
    assert set(column_metrics(Verdict.HOLD, [])) == {"gate/verdict"}


def test_the_room_is_that_of_the_worst_blocking_criterion() -> None:
    advisory = with_error(-9.0, severity=Severity.ADVISORY)
    assert worst_room([with_error(3.0), with_error(1.25), advisory]) == 1.25


def test_what_is_unmeasured_is_no_room() -> None:
    assert worst_room([]) is None
    assert worst_room([unmeasured()]) is None
    assert worst_room([with_error(2.0), unmeasured()]) is None


def test_what_is_outside_stays_outside_whatever_is_unmeasured() -> None:
    assert worst_room([with_error(-2.0), with_error(5.0), unmeasured()]) == -2.0


def test_a_method_without_a_standard_error_is_sorted_in_the_same_unit() -> None:
    """Half of a symmetric interval over its normal quantile is the standard error."""
    error, level = 0.01, 0.9
    reach = error * NormalDist().inv_cdf((1 + level) / 2)
    measured = Estimate(
        value=0.1,
        standard_error=None,
        low=0.1 - reach,
        high=0.1 + reach,
        level=level,
        n=900,
        unit="share",
        method="exact",
    )
    found = worst_room([decisions.finding(measured=measured, distance=0.02)])
    assert found == pytest.approx(2.0)
    one_end = replace(measured, low=None, bounds=Bounds.UPPER, level=0.95)
    assert worst_room([decisions.finding(measured=one_end, distance=0.02)]) == pytest.approx(2.0)


@pytest.mark.parametrize(("distance", "room"), [(-0.01, -99.0), (0.0, 0.0), (0.01, 99.0)])
def test_an_interval_without_length_is_as_far_as_a_table_tells(
    distance: float, room: float
) -> None:
    point = replace(decisions.estimate(), low=0.0042, high=0.0042)
    assert worst_room([decisions.finding(measured=point, distance=distance)]) == room


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=6))
def test_one_worse_criterion_more_never_makes_room(distances: list[float]) -> None:
    findings = [with_error(distance) for distance in distances]
    rooms = [worst_room(findings[: n + 1]) for n in range(len(findings))]
    assert all(room is not None and -99 <= room <= 99 for room in rooms)
    assert rooms == sorted(rooms, reverse=True)
