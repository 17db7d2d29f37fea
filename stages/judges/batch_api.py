"""Judges asked through their provider's Batch API: put once, fetched by a later run."""

from collections.abc import Iterator, Mapping

from stages.engine.answering import AnswerLog, Answers, Inquiry, ask_at_once
from stages.engine.insisting import asking_of
from stages.engine.threads import Failed
from stages.evidence.estimate import Cause
from stages.evidence.items import Response
from stages.judges.batch_books import BatchBooks, OpenBatch, Said, first_of_each
from stages.judges.batch_lines import replies, request_line
from stages.models.batch_endpoint import Batch, BatchEndpoint
from stages.models.client import ModelError, Request
from stages.models.openai_compatible import OpenAICompatible

LINES_AT_MOST, BYTES_AT_MOST = 50_000, 100_000_000
"""Of one batch: OpenAI takes 50,000 requests and 200 MB."""

BATCHES_AT_MOST = 2
"""How many batches a question is put in, and how many askings of one reply that must be readable;
after that it is asked directly, so that nothing is waited for without end."""


class InBatches:
    """A way of asking that puts questions into batches and fetches their replies later.

    Nothing waits: what is put is `Failed` with cause `WAITING` until a later run finds the batch
    ended. Replies are journaled as those of `ask_all` are, so that either way finds what the other
    has asked. A batch is journaled before its requests are uploaded, and again when it is made: who
    finds one that was begun looks for it at the provider, by the digest in its metadata, before
    another is made. What a batch did not answer is put once more, and then asked directly.

    An instance is for one run and one judge: it looks at each batch once.

    Args:
        client: The judge.
    """

    def __init__(self, client: OpenAICompatible) -> None:
        self._client = client
        self._endpoint = BatchEndpoint(client.settings)
        self._looked: dict[str, Batch] = {}

    def __call__(self, inquiry: Inquiry, *, calls_at_most: int | None = None) -> Answers:
        """As `ask_all`; with a cap of 0 calls nothing is put, and what came back is fetched."""
        if inquiry.client is not self._client:
            raise ValueError("these batches are another judge's")
        if asking_of(inquiry.sampling) >= BATCHES_AT_MOST:
            return ask_at_once(inquiry, calls_at_most=calls_at_most)
        known = ask_at_once(inquiry, calls_at_most=0)
        requests = {
            item.id: inquiry.request(item)
            for item in inquiry.items
            if isinstance(known.responses[item.id], Failed)
        }
        if not requests:
            return known
        with inquiry.log.state.lock(f"{inquiry.log.stream}.asking"):
            told = self._in_batches(inquiry.log, requests, puts=calls_at_most is None)
        rest = inquiry.about(r.item for r in requests.values() if r.key not in told)
        directly = ask_at_once(rest, calls_at_most=calls_at_most)
        found = ask_at_once(inquiry, calls_at_most=0)
        lacking = {
            name: told.get(request.key) or directly.responses[name]
            for name, request in requests.items()
        }
        return Answers(
            responses={
                name: response if isinstance(response, Response) else lacking[name]
                for name, response in found.responses.items()
            },
            cost=found.cost,
        )

    def close(self) -> None:
        """Lets go of connections."""
        self._endpoint.close()

    def _in_batches(
        self, log: AnswerLog, requests: Mapping[str, Request], *, puts: bool
    ) -> Mapping[str, Said]:
        """Fetches what has come, and puts what stands in no batch; why questions lack an answer.

        A question that is not among them has an answer, or must be asked directly.
        """
        books = BatchBooks(self._client, log)
        unreached = self._fetch(books)
        if puts:
            unreached |= self._put(books, {r.key: r for r in requests.values()})
        answered = books.answered()
        told = self._coming(books) | unreached
        return {key: why for key, why in told.items() if key not in answered}

    def _fetch(self, books: BatchBooks) -> dict[str, Failed]:
        """Journals the replies of all batches that have ended; why others cannot be told of."""
        told: dict[str, Failed] = {}
        for batch in books.open:
            if batch.batch and batch.batch not in self._looked:
                try:
                    self._look(books, batch)
                except ModelError as error:
                    told |= dict.fromkeys(batch.items, Failed(error.in_short, unreached=True))
        return told

    def _look(self, books: BatchBooks, batch: OpenBatch) -> None:
        found = self._endpoint.get(batch.batch)
        if found.status.ended:
            said = [
                (reply.key, reply.said)
                for file in found.files
                for reply in replies(self._endpoint.content(file))
            ]
            why = f"; {found.why}" if found.why else ""
            nothing = Failed(f"batch {found.id} is {found.status} without a reply to it{why}")
            heard = first_of_each(said, batch.items)
            books.ended(batch, {k: heard.get(k, nothing) for k in batch.items}, status=found.status)
        self._looked[batch.batch] = found

    def _put(self, books: BatchBooks, requests: Mapping[str, Request]) -> dict[str, Failed]:
        """Makes the batches that were begun, and one of what stands in none; why some could not."""
        told: dict[str, Failed] = {}
        for batch in books.open:
            if not batch.file:
                books.dropped(batch)
            elif not batch.batch:
                told |= self._attempt(books, batch, b"")
        answered, held = books.answered(), {key for each in books.open for key in each.items}
        due = {
            key: request
            for key, request in requests.items()
            if key not in held and key not in answered and books.times(key) < BATCHES_AT_MOST
        }
        for part in _portions({k: request_line(k, self._client.body(r)) for k, r in due.items()}):
            batch = books.begin({key: due[key].item.id for key in part})
            told |= self._attempt(books, batch, b"".join(part.values()))
        return told

    def _attempt(self, books: BatchBooks, batch: OpenBatch, lines: bytes) -> dict[str, Failed]:
        """Makes a batch, unless the provider has it; why it could not be made."""
        try:
            found = self._endpoint.find(batch.digest) if batch.file else None
            if not batch.file:
                name = f"{batch.digest[:16]}.jsonl"
                batch = books.uploaded(batch, self._endpoint.upload(lines, name=name))
            made = found or self._endpoint.create(batch.file, digest=batch.digest)
        except ModelError as error:
            return dict.fromkeys(batch.items, Failed(error.in_short, unreached=True))
        books.made(batch, made.id)
        self._looked[made.id] = made
        return {}

    def _coming(self, books: BatchBooks) -> dict[str, Failed]:
        """What is awaited, by question."""
        return {
            key: Failed(_awaited(batch, self._looked.get(batch.batch)), Cause.WAITING)
            for batch in books.open
            if batch.batch
            for key in batch.items
        }


def _awaited(batch: OpenBatch, known: Batch | None) -> str:
    if known is None:
        return f"in batch {batch.batch}"
    return f"in batch {batch.batch}: {known.status}, {known.answered} of {len(batch.items)} done"


def _portions(lines: Mapping[str, bytes]) -> Iterator[Mapping[str, bytes]]:
    """The lines in parts that one batch takes."""
    part: dict[str, bytes] = {}
    size = 0
    for key, line in lines.items():
        if part and (len(part) == LINES_AT_MOST or size + len(line) > BYTES_AT_MOST):
            yield part
            part, size = {}, 0
        part[key] = line
        size += len(line)
    if part:
        yield part
