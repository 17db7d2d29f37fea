"""Checkpoints of the tests: they answer from a table, and count what they are asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from policies.canonical import Json, sha256_of
from stages.engine.subject import Subject
from stages.evidence.items import Response
from stages.models.client import ModelError, Request


@dataclass
class Told:
    """A client whose answers are told beforehand; a question without one fails."""

    answers: dict[str, str]
    name: str = "told"
    canary: str = "one two three"
    asked: list[str] = field(default_factory=list)
    slots: int = 2

    @property
    def identity(self) -> Mapping[str, Json]:
        return {"kind": "told", "name": self.name}

    def answer(self, request: Request) -> Response:
        item = request.item.id
        if item == "pinned text":
            if not self.canary:
                raise ModelError("the endpoint is down")
            return Response(text=self.canary)
        self.asked.append(item)
        if item not in self.answers:
            raise ModelError(f"no answer to {item}")
        return Response(text=self.answers[item], prompt_tokens=3, completion_tokens=2)

    def close(self) -> None:
        pass


def subject(version: int, client: Told | None) -> Subject:
    """A version of the model under test."""
    digest = sha256_of(dict(client.identity) if client else {"external": version})
    return Subject(
        uri=f"models:/assistant/{version}", known_as=f"v{version}", digest=digest, client=client
    )


@dataclass
class Listed:
    """A toxicity classifier that looks scores up; other texts are harmless."""

    scores: dict[str, float]
    name: str = "listed"
    digest: str = "d1"
    backend: str = "list 1"

    def score(self, texts: Sequence[str]) -> Sequence[float]:
        return [self.scores.get(text, 0.0) for text in texts]
