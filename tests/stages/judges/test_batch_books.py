import pytest

from policies.errors import Broken
from policies.task import Sampling
from stages.engine.answering import AnswerLog, Inquiry
from stages.engine.folder_state import FolderState
from stages.engine.threads import Failed
from stages.evidence.estimate import Cause
from stages.evidence.items import Item, Response
from stages.judges.batch_books import BatchBooks, as_journaled, first_of_each
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings
from stages.models.unasked import Unasked


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


def test_of_the_journals_alone_what_is_in_a_batch_is_awaited_and_nobody_is_asked(
    journal: FolderState,
) -> None:
    log = AnswerLog(state=journal, stream="judges/toy")
    items = [
        Item(id=name, messages=({"role": "user", "content": name},), cluster=name)
        for name in ("in a batch", "begun", "nowhere")
    ]
    inquiry = Inquiry(client=Unasked(client("a")), items=tuple(items), sampling=Sampling(), log=log)
    keys = [inquiry.request(item).key for item in items]
    books = BatchBooks(client("a"), log)
    books.made(books.uploaded(books.begin({keys[0]: "in a batch"}), "file-1"), "batch-1")
    books.begin({keys[1]: "begun"})
    found = as_journaled(inquiry, calls_at_most=None).responses
    causes = {name: said.cause for name, said in found.items() if isinstance(said, Failed)}
    assert causes == {
        "in a batch": Cause.WAITING,
        "begun": Cause.OVER_BUDGET,
        "nowhere": Cause.OVER_BUDGET,
    }
    assert journal.read(log.stream) == ()


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
