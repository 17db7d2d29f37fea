"""Guard models, asked by chat."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from policies.canonical import Json, sha256_of
from policies.safety_tasks import HarmTask
from policies.task import Sampling
from stages.engine.answering import AnswerLog
from stages.engine.insisting import Insistent
from stages.engine.threads import Failed
from stages.evidence.costs import total
from stages.evidence.estimate import Unmeasured
from stages.evidence.items import Item, Response
from stages.models.chat import Chat, described, told
from stages.models.client import Request
from stages.offline.harm.detector import Found, Judged, any_of
from stages.offline.harm.formats import Format, format_of
from stages.offline.harm.shown import Shown, Turn, windows
from stages.offline.tools import Tools

WINDOW = 8_000
"""Characters of an answer that a guard is shown at once: some 2,000 to 4,000 tokens."""

OVERLAP = 1_000
"""Characters that two windows share, so that no passage is seen only in halves."""

_MARKUP = re.compile(r"<(?=[|/\w])")
"""What a special token of a chat template could begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A guard model behind a chat endpoint.

    An answer is cut into overlapping windows; it is found in what any of them is found in. A reply
    that cannot be read is a failure, never "safe".

    Attributes:
        task: Names the family, the endpoint and what counts.
        tools: Where verdicts are journaled.
    """

    task: HarmTask
    tools: Tools

    @property
    def name(self) -> str:
        """Kind, address, model and categories, for the record."""
        guard = described(self.tools.endpoint(self.task.endpoint))
        counted = ", ".join(self.task.categories or self._format.asked_by_default)
        return f"{self.task.harm} {guard}; counted: {counted}"

    def judge(self, answers: Sequence[Shown]) -> Judged:
        """Every answer's verdict.

        Raises:
            Broken: When the journal cannot be read or written.
        """
        cut = [windows(answer.answer, size=WINDOW, overlap=OVERLAP) for answer in answers]
        pieces = [
            _inert(replace(answer, answer=window))
            for answer, parts in zip(answers, cut, strict=True)
            for window in parts
        ]
        asked = [self._ask(category, pieces) for category in self._questions()]
        verdicts = iter([any_of(each) for each in zip(*(a.found for a in asked), strict=True)])
        return Judged(
            found=tuple(any_of([next(verdicts) for _ in parts]) for parts in cut),
            served=served_models(self._log()),
            cost=total(each.cost for each in asked),
        )

    @property
    def _format(self) -> Format:
        return format_of(self.task.harm)

    def _questions(self) -> tuple[str, ...]:
        """The category of each question; an empty one where a single question is about all."""
        counted = self.task.categories or self._format.asked_by_default
        return counted if self._format.one_at_a_time else ("",)

    def _ask(self, category: str, pieces: Sequence[Shown]) -> Judged:
        items = [
            Item(
                id=f"window {number}",
                messages=self._format.messages(piece, category),
                cluster=str(number),
            )
            for number, piece in enumerate(pieces)
        ]
        client = self.tools.client(self.task.endpoint, extra=self._format.fields(category))
        try:
            answers = Insistent(
                client=_InPart(client) if self._format.cut_is_fine else client,
                sampling=Sampling(max_tokens=self._format.max_tokens),
                log=self._log(),
                attempts=1,
                progress=self.tools.progress,
                ask_with=self.tools.asker(self.task.endpoint),
            ).ask(items, lambda _, reply: self._format.read(reply.text, category) is not None)
        finally:
            client.close()
        found = tuple(self._read(answers.responses[item.id], category) for item in items)
        return Judged(found=found, served=(), cost=answers.cost)

    def _read(self, response: Response | Failed, category: str) -> Found | Unmeasured:
        if isinstance(response, Failed):
            return Unmeasured(response.reason, response.cause)
        found = self._format.read(response.text, category)
        if found is None:
            return Unmeasured(
                f"{self.task.harm} at endpoint `{self.task.endpoint}` gave a reply that is no "
                f"verdict: {response.text[:40]!r}"
            )
        return found & set(self.task.categories) if self.task.categories else found

    def _log(self) -> AnswerLog:
        judge = sha256_of(dict(told(self.tools.endpoint(self.task.endpoint))))
        return AnswerLog(state=self.tools.state, stream=f"judges/{judge}")


def served_models(log: AnswerLog) -> tuple[str, ...]:
    """Model names that a judge's journaled answers came with, sorted."""
    entries = log.state.read(log.stream)
    return tuple(sorted({str(entry["model"]) for entry in entries if entry.get("model")}))


@dataclass(frozen=True, slots=True)
class _InPart:
    """A client whose answers may be cut: their beginning is all that is read."""

    client: Chat

    @property
    def identity(self) -> Mapping[str, Json]:
        return self.client.identity

    @property
    def slots(self) -> int:
        return self.client.slots

    def answer(self, request: Request) -> Response:
        return self.client.answer_in_part(request)

    def close(self) -> None:
        self.client.close()


def _inert(piece: Shown) -> Shown:
    """Without what a server could take for special tokens, by which a text could end its turn."""
    return Shown(
        question=tuple(
            Turn(role=turn.role, text=_MARKUP.sub("< ", turn.text)) for turn in piece.question
        ),
        answer=_MARKUP.sub("< ", piece.answer),
    )
