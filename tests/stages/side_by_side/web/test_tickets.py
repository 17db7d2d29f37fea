import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.side_by_side.web.tickets import Ticket, Tickets, seconds_on_task

TICKETS = Tickets(b"k" * 32)
ONE = Ticket(number=3, guidelines=2, nonce="n", shown=1000.25)


def test_a_ticket_comes_back_as_it_was() -> None:
    assert TICKETS.read(TICKETS.sign(ONE, person="ann"), person="ann") == ONE


def test_a_ticket_is_of_no_use_to_anybody_else() -> None:
    assert TICKETS.read(TICKETS.sign(ONE, person="ann"), person="bob") is None


@pytest.mark.parametrize("text", ["", "x", "a.b", "ä"])
def test_what_was_not_signed_here_is_no_ticket(text: str) -> None:
    assert TICKETS.read(text, person="ann") is None


def test_a_form_is_of_one_session() -> None:
    token = TICKETS.form_token("session")
    assert TICKETS.is_form_token(token, "session")
    assert not TICKETS.is_form_token(token, "another")
    assert not TICKETS.is_form_token("", "session")
    assert not Tickets(b"x" * 32).is_form_token(token, "session")


@given(
    shown=st.floats(0, 1e10), passed=st.floats(-1e6, 1e6), client=st.floats() | st.text(max_size=9)
)
def test_time_on_a_task_is_never_more_than_went_by(
    shown: float, passed: float, client: float | str
) -> None:
    seconds = seconds_on_task(shown, shown + passed, str(client))
    assert 0 <= seconds <= max(0.0, passed) + 1e-5
    assert math.isfinite(seconds)


def test_the_browser_is_believed_below_what_went_by() -> None:
    assert seconds_on_task(100, 130, "12.5") == 12.5
    assert seconds_on_task(100, 130, "3600") == 30
    assert seconds_on_task(100, 130, "") == 30
    assert seconds_on_task(100, 130, "-5") == 30
    assert seconds_on_task(100, 130, "nan") == 30
