import pytest

from policies.errors import Broken
from stages.engine.answering import AnswerLog
from stages.engine.folder_state import FolderState
from stages.engine.threads import Failed
from stages.evidence.items import Response
from stages.judges.batch_books import BatchBooks, first_of_each
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings


def client(model: str) -> OpenAICompatible:
    return OpenAICompatible(EndpointSettings(base_url="http://127.0.0.1:1/v1", model=model))


def test_a_book_tells_after_a_death_what_it_told_before(journal: FolderState) -> None:
    log = AnswerLog(state=journal, stream="judges/toy")
    books = BatchBooks(client("a"), log)
    begun = books.begin({"k": "item"})
    assert BatchBooks(client("a"), log).open == (begun,)
    uploaded = books.uploaded(begun, "file-1")
    assert BatchBooks(client("a"), log).open == (uploaded,)
    assert BatchBooks(client("a"), log).times("k") == 0
    made = books.made(uploaded, "batch-1")
    assert BatchBooks(client("a"), log).open == (made,)
    assert BatchBooks(client("a"), log).times("k") == 1
    books.ended(made, {"k": Response(text="yes")}, status="completed")
    again = BatchBooks(client("a"), log)
    assert again.open == ()
    assert again.answered() == {"k"}


def test_the_same_questions_never_have_one_digest_twice(journal: FolderState) -> None:
    books = BatchBooks(client("a"), AnswerLog(state=journal, stream="judges/toy"))
    first = books.begin({"k": "item"})
    books.dropped(first)
    assert books.begin({"k": "item"}).digest != first.digest


def test_a_book_is_one_judges_own(journal: FolderState) -> None:
    log = AnswerLog(state=journal, stream="judges/toy")
    BatchBooks(client("a"), log).begin({"k": "item"})
    assert BatchBooks(client("b"), log).open == ()


def test_an_entry_of_another_program_is_not_read_as_something_else(journal: FolderState) -> None:
    log = AnswerLog(state=journal, stream="judges/toy")
    books = BatchBooks(client("a"), log)
    books.begin({"k": "item"})
    (entry,) = journal.read("judges/toy.batches")
    journal.append("judges/toy.batches", [{**entry, "kind": "lost"}])
    with pytest.raises(Broken, match="a batch"):
        BatchBooks(client("a"), log)


def test_the_first_answer_counts_and_no_failure_takes_its_place() -> None:
    yes, no, failed = Response(text="yes"), Response(text="no"), Failed("x")
    said = [("k", failed), ("k", yes), ("k", no), ("k", failed), ("foreign", yes), ("l", failed)]
    assert first_of_each(said, {"k": "item", "l": "item"}) == {"k": yes, "l": failed}
