from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.side_by_side.web.links import Link, Links, Refused, Role

KEY = b"k" * 32
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def links(*, key: bytes = KEY, at: datetime = NOON, days: int = 14) -> Links:
    return Links(key, clock=lambda: at, valid_for=timedelta(days=days))


ANN = Link(batch="b", person="ann", version=2)


@given(person=st.text(min_size=1), version=st.integers(min_value=0), role=st.sampled_from(Role))
def test_a_link_says_what_was_written_into_it(person: str, version: int, role: Role) -> None:
    link = Link(batch="b", person=person, version=version)
    assert links().read(links().token(link, role), role) == link


def test_an_annotators_link_is_forged_for_a_lead_and_the_other_way_round() -> None:
    token = links().token(ANN, Role.ANNOTATOR)
    assert links().read(token, Role.LEAD) is Refused.FORGED
    assert links().read(links().token(ANN, Role.LEAD), Role.ANNOTATOR) is Refused.FORGED


def test_a_link_of_another_key_is_forged() -> None:
    token = links(key=b"x" * 32).token(ANN, Role.LEAD)
    assert links().read(token, Role.LEAD) is Refused.FORGED


@pytest.mark.parametrize("at", [0, 10, -1])
def test_a_link_with_one_character_changed_is_forged(at: int) -> None:
    token = links().token(ANN, Role.ANNOTATOR)
    changed = "A" if token[at] != "A" else "B"
    broken = token[:at] + changed + (token[at + 1 :] if at >= 0 else "")
    assert links().read(broken, Role.ANNOTATOR) is Refused.FORGED


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "ä", "x" * 10_000])
def test_no_link_at_all_is_forged(token: str) -> None:
    assert links().read(token, Role.ANNOTATOR) is Refused.FORGED


def test_a_link_expires_by_the_clock_that_was_handed_in() -> None:
    token = links().token(ANN, Role.ANNOTATOR)
    assert links(at=NOON + timedelta(days=14)).read(token, Role.ANNOTATOR) == ANN
    late = links(at=NOON + timedelta(days=14, seconds=1))
    assert late.read(token, Role.ANNOTATOR) is Refused.EXPIRED


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        links(key=b"short")


def test_the_address_leads_to_the_entrance_of_the_role() -> None:
    at = links()
    assert at.address("https://v.example/", ANN, Role.ANNOTATOR).startswith(
        "https://v.example/enter/"
    )
    assert at.address("https://v.example", ANN, Role.LEAD).startswith(
        "https://v.example/lead/enter/"
    )
