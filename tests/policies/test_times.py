"""A time in a policy has a zone."""

import pytest

from policies.times import time_problem


@pytest.mark.parametrize("text", ["2026-05-31T18:00:00Z", "2026-05-31 18:00+02:00"])
def test_a_time_with_its_zone_is_a_time(text: str) -> None:
    assert list(time_problem(("as_of",), text)) == []


@pytest.mark.parametrize("text", ["", "soon", "31.5.2026", "2026-05-31T25:00Z", "2026-05-31"])
def test_what_is_no_time_or_has_no_zone_is_refused(text: str) -> None:
    assert len(list(time_problem(("as_of",), text))) == 1
