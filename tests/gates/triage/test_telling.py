"""What a night tells: a run in the ledger, files, and each change once."""

from pathlib import Path

import pytest

from gates.notify.events import EventKind, told
from gates.triage.outcome import Sort
from gates.triage.telling import tell_night
from tests.fakes.workplace import Workplace
from tests.gates.triage.nights import of, outcome

FLAKY = outcome(2, Sort.FLAKY, "its answers differ", needs_person=True, url="https://ml/#/runs/2")


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def kinds(place: Workplace) -> list[EventKind]:
    return [one.event.kind for one in told(place.state)]


def test_what_needs_a_person_is_told_once_and_every_night_is(place: Workplace) -> None:
    tell_night(of(outcome(1, Sort.ADVANCE), FLAKY), place.services)
    tell_night(of(FLAKY, number=4), place.services)
    assert kinds(place) == [
        EventKind.NEEDS_PERSON,
        EventKind.TRIAGE_DONE,
        EventKind.TRIAGE_DONE,
    ]
    first = told(place.state)[0].event
    assert first.sentence == "assistant/2 is flaky: its answers differ"
    assert first.url == "https://ml/#/runs/2"


def test_a_checkpoint_that_needs_a_person_for_something_else_is_told_again(
    place: Workplace,
) -> None:
    tell_night(of(FLAKY), place.services)
    given_up = outcome(2, Sort.INFRASTRUCTURE, "given up", needs_person=True)
    tell_night(of(given_up, number=4), place.services)
    assert kinds(place).count(EventKind.NEEDS_PERSON) == 2


def test_a_night_without_anybody_is_no_news(place: Workplace) -> None:
    tell_night(of(), place.services)
    assert kinds(place) == []


def test_a_night_told_again_is_one_run_and_one_message(place: Workplace) -> None:
    urls = {tell_night(of(FLAKY), place.services).url for _ in range(2)}
    assert len(urls) == len(place.ledger.nights) == 1
    assert kinds(place) == [EventKind.NEEDS_PERSON, EventKind.TRIAGE_DONE]


def test_a_ledger_that_is_down_loses_no_report_and_no_message(place: Workplace) -> None:
    place.ledger.is_down = True
    found = tell_night(of(FLAKY), place.services)
    assert found.url == ""
    assert set(found.files) == {"report.md", "report.html", "report.json"}
    assert kinds(place) == [EventKind.NEEDS_PERSON, EventKind.TRIAGE_DONE]
