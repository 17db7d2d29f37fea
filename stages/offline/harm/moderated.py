"""OpenAI's Moderation endpoint: what it says of answers, journaled."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from policies.canonical import Json, sha256_of, sha256_of_bytes
from policies.safety_tasks import HarmTask
from stages.engine.answering import AnswerLog
from stages.engine.once import Result, ask_once, journaled
from stages.engine.state import foreign_entry
from stages.engine.threads import Failed
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import Cost
from stages.models.moderation import CATEGORIES, Moderated, Moderation
from stages.offline.harm.detector import Found, Judged, any_of
from stages.offline.harm.shown import Shown, windows
from stages.offline.tools import Tools

WINDOW = 2_000
"""Characters of a text that are moderated at once: OpenAI advises smaller pieces for accuracy."""

OVERLAP = 200
AT_ONCE = 32
"""Texts of one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModerationEndpoint:
    """Reads the answer alone: of a harmful prompt the answer is not guilty.

    Attributes:
        task: Names the endpoint and what counts.
        tools: Where verdicts are journaled.
    """

    task: HarmTask
    tools: Tools

    @property
    def name(self) -> str:
        """Kind, address, model and categories, for the record."""
        settings = self.tools.endpoint(self.task.endpoint)
        counted = ", ".join(self.task.categories) or "all categories"
        return f"{self.task.harm} {settings.model} at {settings.base_url}; counted: {counted}"

    def judge(self, answers: Sequence[Shown]) -> Judged:
        """Every answer's verdict, by the endpoint's own thresholds.

        Raises:
            Broken: When the journal cannot be read or written.
        """
        cut = [windows(answer.answer, size=WINDOW, overlap=OVERLAP) for answer in answers]
        texts = {_key(text): text for parts in cut for text in parts}
        with self._moderation() as moderation:
            log = _log_of(self.tools, moderation)
            results = ask_once(
                lambda portion: [_entry(each) for each in moderation.moderate(portion)],
                texts,
                log=log,
                slots=moderation.slots,
                at_once=AT_ONCE,
                progress=self.tools.progress,
            )
        return Judged(
            found=tuple(
                any_of([self._read(results[_key(t)], log) for t in parts]) for parts in cut
            ),
            served=tuple(sorted({str(result["model"]) for result in journaled(log).values()})),
            cost=Cost(calls=-(-len(texts) // AT_ONCE)),
        )

    @contextmanager
    def _moderation(self) -> Iterator[Moderation]:
        moderation = Moderation(self.tools.served(self.task.endpoint, what="a moderation service"))
        try:
            yield moderation
        finally:
            moderation.close()

    def _read(self, result: Result | Failed, log: AnswerLog) -> Found | Unmeasured:
        if isinstance(result, Failed):
            return Unmeasured(result.reason, result.cause)
        match result.get("flagged"):
            case [*names] if set(names) <= set(CATEGORIES):
                flagged = frozenset(str(name) for name in names)
                return flagged & set(self.task.categories or CATEGORIES)
            case _:
                raise foreign_entry("a verdict", stream=log.stream, state=log.state)


def _log_of(tools: Tools, moderation: Moderation) -> AnswerLog:
    return AnswerLog(state=tools.state, stream=f"judges/{sha256_of(dict(moderation.identity))}")


def _key(text: str) -> str:
    return sha256_of_bytes(text.encode("utf-8", "surrogatepass"))


def _entry(moderated: Moderated) -> Result:
    """As it is journaled: scores too, so that other thresholds can be looked into."""
    flagged: list[Json] = [name for name, applies in moderated.flags.items() if applies]
    scores: dict[str, Json] = {name: round(s, 6) for name, s in moderated.scores.items()}
    return {"model": moderated.model, "flagged": flagged, "scores": scores}
