"""Answers of a checkpoint to questions, while it stays the same checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.canonical import Json, sha256_of
from policies.task import Sampling
from stages.engine.answering import AnswerLog, Answers, answer_name, ask_all
from stages.engine.identity import (
    IdentityChanged,
    IdentityUnknown,
    check_identity,
    drifted,
    first_served,
)
from stages.engine.progress import Progress, Silent
from stages.engine.ration import Ration
from stages.engine.state import State
from stages.engine.subject import Subject
from stages.engine.threads import Failed
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.items import Item, Response
from stages.models.client import ModelClient, Request

Texts = tuple[tuple[str, ...], ...]
"""The answers to every item, in the items' order; to each one per generation."""

_REASONS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """What is put to a checkpoint.

    Attributes:
        items: What is asked; ids are unique.
        sampling: How answers are drawn.
        generations: Answers to every item, with seeds counted up from the sampling's.
        response_format: The form that answers must have, as `Request` says it.
    """

    items: tuple[Item, ...]
    sampling: Sampling
    generations: int = 1
    response_format: Mapping[str, Json] | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of all that is sent, whatever its order."""
        keys = sorted(
            Request(item=item, sampling=self.sampling, response_format=self.response_format).key
            for item in self.items
        )
        return sha256_of(keys + ([str(self.generations)] if self.generations > 1 else []))

    def texts(self, answers: Answers) -> Texts | Unmeasured:
        """Every answer, or why they are not all there."""
        texts = {n: r.text for n, r in answers.responses.items() if isinstance(r, Response)}
        return self.lacking(answers) or tuple(
            tuple(texts[answer_name(item.id, g)] for g in range(self.generations))
            for item in self.items
        )

    def unasked(self, answers: Answers) -> Unmeasured:
        """Why answers cannot be used while nothing may be asked now."""
        missing = sum(isinstance(r, Failed) for r in answers.responses.values())
        said = f"{missing} of {len(answers.responses)} answers are not asked for yet"
        unchecked = "what the checkpoint serves is still to be checked"
        return Unmeasured(
            f"{said if missing else unchecked}; the share of what may be asked now is spent",
            Cause.OVER_BUDGET,
        )

    def lacking(self, answers: Answers, *, but_empty: bool = False) -> Unmeasured | None:
        """Why answers are not all there, or None when they are.

        Args:
            answers: What a checkpoint said.
            but_empty: Whether an answer that says nothing is one.
        """
        failed = [(n, r) for n, r in answers.responses.items() if isinstance(r, Failed)]
        if all(but_empty and failure.empty for _, failure in failed):
            return None
        causes = {failure.cause for _, failure in failed}
        shown = [f"{name}: {failure.reason}" for name, failure in failed[:_REASONS_SHOWN]]
        lack = "items have no answer" if self.generations == 1 else "answers are missing"
        more = "; ..." if len(failed) > len(shown) else ""
        return Unmeasured(
            f"{len(failed)} of {len(answers.responses)} {lack} ({'; '.join(shown)}{more})",
            Cause.OVER_BUDGET if causes == {Cause.OVER_BUDGET} else Cause.BROKEN,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoints:
    """Asks checkpoints; what was answered once is never asked again.

    Attributes:
        state: Where answers are journaled.
        progress: Where to show how far it is.
        ration: What may be asked now. Without any, the journal alone is read: not even what a
            checkpoint serves is checked.
    """

    state: State
    progress: Progress
    ration: Ration = field(default_factory=Ration)

    def texts(
        self, subject: Subject, questions: Questions, *, calls_at_most: int | None = None
    ) -> Texts | Unmeasured | IdentityChanged:
        """Every answer as a text, or why they are not all there; see `answers`.

        An answer that says nothing is none, and so is all that a checkpoint said that has drifted.
        """
        if (drift := drifted(self.state, identity_stream(subject))) is not None:
            return drift
        found = self.answers(subject, questions, calls_at_most=calls_at_most)
        return questions.texts(found) if isinstance(found, Answers) else found

    def answers(
        self, subject: Subject, questions: Questions, *, calls_at_most: int | None = None
    ) -> Answers | Unmeasured | IdentityChanged:
        """Every answer, some of which may say nothing; or why they are not all there.

        What the checkpoint serves is checked before the first question and after the last, unless
        all answers are in the journal and were followed by such a check already.

        Args:
            subject: The checkpoint.
            questions: What it is asked.
            calls_at_most: Most of these questions that may ever be put; None for no limit.

        Raises:
            Broken: When the journal cannot be read or written, or another process is asking.
        """
        client = subject.client
        if client is None:
            return Unmeasured(
                f"nothing to ask: {subject.uri} is registered as external, known by votes and "
                "traffic only",
                Cause.WAITING,
            )
        known = self.known(subject, questions)
        stream, steady = identity_stream(subject), _steady(client, questions)
        if _complete(known) and steady in self.state.read(stream):
            return known
        if self.ration.is_spent and client.identity.get("kind") != "recorded":
            return questions.unasked(known)
        changed = check_identity(client, state=self.state, stream=stream)
        if changed is None:
            known = self._ask(subject, questions, calls_at_most=calls_at_most)
            changed = check_identity(client, state=self.state, stream=stream)
        if isinstance(changed, IdentityChanged):
            return changed
        if isinstance(changed, IdentityUnknown):
            return Unmeasured(changed.reason)
        if _complete(known):
            self.state.append(stream, [steady])
        return questions.lacking(known, but_empty=True) or known

    def known(self, subject: Subject, questions: Questions) -> Answers:
        """What the journal, or the recorded file of a subject with a client, holds already."""
        return self._ask(subject, questions, calls_at_most=0)

    def serves_the_same(self, one: Subject, other: Subject) -> bool:
        """Whether two checkpoints answered the pinned texts alike at one address: they are one.

        Known only once both were asked for their answers.
        """
        served = [
            first_served(subject.client, state=self.state, stream=identity_stream(subject))
            for subject in (one, other)
            if subject.client is not None
        ]
        return len(served) == 2 and served[0] is not None and served[0] == served[1]  # noqa: PLR2004 - both

    def _ask(self, subject: Subject, questions: Questions, *, calls_at_most: int | None) -> Answers:
        assert subject.client is not None
        return ask_all(
            subject.client,
            questions.items,
            questions.sampling,
            generations=questions.generations,
            response_format=questions.response_format,
            log=AnswerLog(state=self.state, stream=f"answers/{subject.digest}"),
            progress=Silent() if calls_at_most == 0 else self.progress,
            calls_at_most=calls_at_most,
            ration=self.ration,
        )


def identity_stream(subject: Subject) -> str:
    """Where it is journaled what a checkpoint serves."""
    return f"identity/{subject.digest}"


def _steady(client: ModelClient, questions: Questions) -> Mapping[str, str]:
    """The journal's entry that says: all was answered by one and the same checkpoint."""
    by = sha256_of(dict(client.identity))
    return {"kind": "steady", "by": by, "questions": questions.digest}


def _complete(answers: Answers) -> bool:
    return all(isinstance(response, Response) for response in answers.responses.values())
