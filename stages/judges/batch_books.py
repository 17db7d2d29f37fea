"""What is journaled of batches, so that none is made twice and none is forgotten."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from policies.canonical import Json, sha256_of
from stages.engine.answering import AnswerLog, Answers, Inquiry, answer_entry, ask_at_once
from stages.engine.state import Entry, foreign_entry
from stages.engine.threads import Failed
from stages.evidence.estimate import Cause
from stages.evidence.items import Response
from stages.models.client import ModelClient

Said = Response | Failed
"""What came back to a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBatch:
    """A batch whose replies are not journaled yet.

    Attributes:
        digest: What it is found by at its provider.
        items: Its questions: the item's id, by the question's key.
        file: Id of its file of requests; empty when that was not uploaded, so that there can be no
            batch.
        batch: Its own id; empty when it is not known to be made.
    """

    digest: str
    items: Mapping[str, str]
    file: str = ""
    batch: str = ""


class BatchBooks:
    """The journal of the batches that hold a judge's questions, beside that of its replies.

    A batch is `begun` before its requests are uploaded, then `uploaded`, `made` and `ended`, each
    written down as soon as it is so.

    Args:
        client: Who is asked.
        log: Where replies are kept.

    Raises:
        Broken: When the journal cannot be read.
    """

    def __init__(self, client: ModelClient, log: AnswerLog) -> None:
        self._by = sha256_of(dict(client.identity))
        self._log = log
        self._stream = f"{log.stream}.batches"
        self._open: dict[str, OpenBatch] = {}
        self._times: Counter[str] = Counter()
        self._begun = 0
        for entry in log.state.read(self._stream):
            self._take(entry)

    @property
    def open(self) -> tuple[OpenBatch, ...]:
        """Those that have not ended."""
        return tuple(self._open.values())

    def times(self, key: str) -> int:
        """How many batches a question stood in, open ones included."""
        return self._times[key]

    def begin(self, items: Mapping[str, str]) -> OpenBatch:
        """A batch that is about to be uploaded; its digest is no other's."""
        digest = sha256_of([self._by, sorted(items), self._begun])
        self._note({"kind": "begun", "digest": digest, "items": dict(items)})
        return self._open[digest]

    def uploaded(self, batch: OpenBatch, file: str) -> OpenBatch:
        """The batch, now that its file is there."""
        self._note({"kind": "uploaded", "digest": batch.digest, "file": file})
        return self._open[batch.digest]

    def made(self, batch: OpenBatch, name: str) -> OpenBatch:
        """The batch, now that it is known to be made."""
        self._note({"kind": "made", "digest": batch.digest, "batch": name})
        return self._open[batch.digest]

    def ended(self, batch: OpenBatch, said: Mapping[str, Said], *, status: str) -> None:
        """Journals what came of every question of a batch, then that the batch has ended.

        Whoever was killed in between does it again: what a batch said stands once all the same.
        """
        kept = {
            str(entry.get("key"))
            for entry in self._log.state.read(self._log.stream)
            if entry.get("batch") == batch.batch and entry.get("by") == self._by
        }
        self._log.state.append(
            self._log.stream,
            [
                {
                    **answer_entry(said[key], by=self._by, key=key, item=item),
                    "batch": batch.batch,
                }
                for key, item in batch.items.items()
                if key not in kept
            ],
        )
        self._note({"kind": "ended", "digest": batch.digest, "status": status})

    def dropped(self, batch: OpenBatch) -> None:
        """Journals that a batch was never made, and never will be."""
        self._note({"kind": "ended", "digest": batch.digest, "status": "never uploaded"})

    def answered(self) -> frozenset[str]:
        """Keys of the questions that have an answer, by whichever way."""
        return frozenset(
            str(entry.get("key"))
            for entry in self._log.state.read(self._log.stream)
            if entry.get("kind") == "answer" and entry.get("by") == self._by
        )

    def _note(self, said: Mapping[str, Json]) -> None:
        entry = {**said, "by": self._by}
        self._log.state.append(self._stream, [entry])
        self._take(entry)

    def _take(self, entry: Entry) -> None:
        if entry.get("by") != self._by:
            return
        match entry:
            case {"kind": "begun", "digest": str(digest), "items": Mapping() as items}:
                named = {str(key): str(item) for key, item in items.items()}
                self._open[digest] = OpenBatch(digest=digest, items=named)
                self._begun += 1
            case {"kind": "uploaded", "digest": str(digest), "file": str(file)}:
                self._change(digest, file=file)
            case {"kind": "made", "digest": str(digest), "batch": str(batch)}:
                self._change(digest, batch=batch)
                self._times.update(self._open[digest].items.keys())
            case {"kind": "ended", "digest": str(digest)}:
                del self._open[digest]
            case _:
                raise foreign_entry("a batch", stream=self._stream, state=self._log.state)

    def _change(self, digest: str, *, file: str | None = None, batch: str | None = None) -> None:
        known = self._open[digest]
        self._open[digest] = OpenBatch(
            digest=digest,
            items=known.items,
            file=known.file if file is None else file,
            batch=known.batch if batch is None else batch,
        )


def first_of_each(said: Sequence[tuple[str, Said]], keys: Mapping[str, str]) -> Mapping[str, Said]:
    """What was said to each question: its first answer, else its first failure.

    What answers a question that was never put in this batch counts for nothing.
    """
    found: dict[str, Said] = {}
    for key, outcome in said:
        if key in keys and not isinstance(found.get(key), Response):
            found[key] = outcome if isinstance(outcome, Response) else found.get(key, outcome)
    return found


def as_journaled(inquiry: Inquiry, *, calls_at_most: int | None = None) -> Answers:
    """As `ask_all`, of the journals alone: nobody is asked, and what is in a batch is awaited."""
    del calls_at_most
    known = ask_at_once(inquiry, calls_at_most=0)
    books = BatchBooks(inquiry.client, inquiry.log)
    awaited = {key for batch in books.open if batch.file for key in batch.items}
    coming = {
        item.id: Failed("in a batch", Cause.WAITING)
        for item in inquiry.items
        if isinstance(known.responses[item.id], Failed) and inquiry.request(item).key in awaited
    }
    return replace(known, responses={**known.responses, **coming})
