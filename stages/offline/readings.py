"""What judges and services have read of a checkpoint's answers: journaled, so that it is paid."""

from dataclasses import dataclass

from policies.canonical import sha256_of
from policies.task import AskedTask
from stages.engine.data import ItemFile
from stages.engine.state import State, foreign_entry
from stages.engine.subject import Subject
from stages.evidence.records import Cost
from stages.models.chat import told
from stages.models.settings import EndpointSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How far one reading of a task's answers has come.

    Attributes:
        begun: Whether anything may have been asked.
        cost: Of all of it, once all was read; None before.
    """

    begun: bool = False
    cost: Cost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The readings of all checkpoints: begun before the first question, ended after the last.

    Attributes:
        state: Where they are journaled.
    """

    state: State

    def begin(self, subject: Subject, key: str) -> None:
        """Notes that a reading begins, once."""
        if not self.of(subject, key).begun:
            self.state.append(_stream(subject), [{"kind": "begun", "key": key}])

    def end(self, subject: Subject, key: str, cost: Cost) -> None:
        """Notes what a whole reading cost; one that is not whole is begun, and no more."""
        if self.of(subject, key).cost is None:
            ended = {
                "calls": cost.calls,
                "prompt_tokens": cost.prompt_tokens,
                "completion_tokens": cost.completion_tokens,
            }
            self.state.append(_stream(subject), [{"kind": "ended", "key": key, **ended}])

    def of(self, subject: Subject, key: str) -> Reading:
        """How far a reading has come.

        Raises:
            Broken: When the journal cannot be read, or holds what this program did not write.
        """
        found = Reading()
        for entry in self.state.read(_stream(subject)):
            if entry.get("key") != key:
                continue
            match entry:
                case {"kind": "begun"}:
                    found = Reading(begun=True, cost=found.cost)
                case {
                    "kind": "ended",
                    "calls": int(calls),
                    "prompt_tokens": int(prompts),
                    "completion_tokens": int(completions),
                }:
                    cost = Cost(calls=calls, prompt_tokens=prompts, completion_tokens=completions)
                    found = Reading(begun=True, cost=cost)
                case _:
                    raise foreign_entry("a reading", stream=_stream(subject), state=self.state)
        return found


def reading_key(task: AskedTask, file: ItemFile, endpoint: EndpointSettings) -> str:
    """Digest of what makes a reading another one: the task, its items and who reads."""
    return sha256_of({"task": task.said(), "items": file.sha256, "reader": told(endpoint)})


def _stream(subject: Subject) -> str:
    return f"readings/{subject.digest}"
