from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.notify.events import LONGEST, STREAM, Event, EventKind, tell, told
from policies.errors import Broken
from stages.engine.folder_state import FolderState

AT = datetime(2026, 3, 4, 2, tzinfo=UTC)


def promoted(key: str = "a1", sentence: str = "assistant/12 is champion") -> Event:
    return Event(kind=EventKind.PROMOTED, key=key, model="assistant", sentence=sentence)


def test_the_same_change_is_told_once_and_keeps_its_first_words(tmp_path: Path) -> None:
    state = FolderState(tmp_path)
    tell(state, promoted(), promoted(), at=AT)
    tell(state, promoted(sentence="said again"), promoted("a2"), at=AT.replace(hour=3))
    assert [(one.event.key, one.at) for one in told(state)] == [
        ("a1", AT),
        ("a2", AT.replace(hour=3)),
    ]
    assert told(state)[0].event.sentence == "assistant/12 is champion"
    assert len(state.read(STREAM)) == 2  # a change told every night does not fill the journal


def test_what_two_processes_told_at_once_is_one_change(tmp_path: Path) -> None:
    state = FolderState(tmp_path / "one")
    other = FolderState(tmp_path / "two")
    tell(state, promoted(), at=AT)
    tell(other, promoted(), at=AT)
    state.append("notify/events", other.read("notify/events"))
    assert len(told(state)) == 1


def test_kind_and_key_tell_changes_apart() -> None:
    back = Event(kind=EventKind.ROLLED_BACK, key="a1", model="assistant", sentence="back to 11")
    assert len({promoted().id, promoted("a2").id, back.id}) == 3
    assert promoted().id == promoted(sentence="other words").id


def test_a_password_in_a_sentence_or_an_address_is_never_kept(tmp_path: Path) -> None:
    state = FolderState(tmp_path)
    event = Event(
        kind=EventKind.AB_STOP,
        key="k",
        model="assistant",
        sentence="postgresql://gate:hunter2@db/x said no",
        url="https://release:hunter2@mlflow.example/#/runs/1",
    )
    tell(state, event, at=AT)
    kept = "".join(path.read_text() for path in tmp_path.rglob("*.jsonl"))
    assert "hunter2" not in kept
    assert "said no" in kept


@given(st.text())
def test_a_sentence_is_one_line_of_bounded_length(text: str) -> None:
    event = promoted(sentence=f"x{text}")
    assert len(event.sentence) <= LONGEST
    assert not set(event.sentence) & set("\n\r\t\x00\x1b")


@pytest.mark.parametrize(("key", "sentence"), [("", "something"), ("k", " ")])
def test_an_event_without_key_or_words_is_a_bug(key: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="a key and a sentence"):
        promoted(key, sentence)


def test_a_journal_that_cannot_be_written_fails_no_decision(tmp_path: Path) -> None:
    (tmp_path / "notify").write_text("a file where a folder should be")
    tell(FolderState(tmp_path), promoted(), at=AT)


def test_an_entry_of_another_shape_is_no_event(tmp_path: Path) -> None:
    state = FolderState(tmp_path)
    state.append("notify/events", [{"told": "fireworks", "key": "k"}])
    with pytest.raises(Broken, match="an event"):
        told(state)


def test_nothing_told_is_nothing_kept(tmp_path: Path) -> None:
    tell(FolderState(tmp_path), at=AT)
    assert told(FolderState(tmp_path)) == ()
    assert not list(tmp_path.iterdir())
