"""Items, the questions every stage asks, and responses to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from policies.canonical import Json, sha256_of
from policies.errors import InputError

OWN_WORDS = "source_text"
"""The field of an item that holds its source's own words, without the instructions around them."""

ROLES = ("system", "developer", "user", "assistant", "tool")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question: an OpenAI `messages` list, and what an answer is held against.

    Attributes:
        id: Unique within its file.
        messages: OpenAI chat messages, as JSON objects; the last one awaits an answer.
        tools: OpenAI tool definitions, as JSON objects.
        targets: Accepted answers; empty for tasks without a target.
        choices: For a choice task, the options in order.
        cluster: Value of the field that groups dependent items; its own id when there is none.
        fields: Every field of the record, as read: what a kind of task needs beside the above
            (tests of a program, the group an item belongs to).
    """

    id: str
    messages: tuple[Mapping[str, Json], ...]
    tools: tuple[Mapping[str, Json], ...] = ()
    targets: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    cluster: str
    fields: Mapping[str, Json] = field(default_factory=dict, compare=False, repr=False)
    _digest: list[str] = field(default_factory=list, init=False, compare=False, repr=False)

    @property
    def digest(self) -> str:
        """Digest of what the model is shown: messages and tools; told often, and made once."""
        if not self._digest:
            self._digest.append(question_digest(self.messages, self.tools))
        return self._digest[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A checkpoint's answer to one item.

    Attributes:
        text: The answer; never empty (an absent answer is a failure, not a response).
        prompt_tokens: As the server counted; 0 when it did not say.
        completion_tokens: The same.
        model: The model name the server said it used; empty when it did not say.
        calls: How often the question was put: more than once after replies that were no answers.
    """

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""
    calls: int = field(default=1, compare=False)


def question_digest(
    messages: Sequence[Mapping[str, Json]], tools: Sequence[Mapping[str, Json]] = ()
) -> str:
    """SHA-256 of messages and tools; equal questions have equal digests."""
    return sha256_of({"messages": list(messages), "tools": list(tools)})


def parse_item(record: Json, *, where: str, cluster: str | None = None) -> Item:
    """An item from one JSON object.

    Args:
        record: `{"id", "messages" or "prompt", "system"?, "tools"?, "target"?, "choices"?, ...}`.
        where: File and line, for errors.
        cluster: Name of the field that groups dependent items.

    Raises:
        InputError: When a field is missing or of the wrong kind.
    """
    if not isinstance(record, Mapping):
        raise _refused(where, "a line must be a JSON object")
    name = record.get("id")
    if isinstance(name, bool) or not isinstance(name, str | int) or str(name) == "":
        raise _refused(where, "`id` must be a text or a whole number")
    return Item(
        id=str(name),
        messages=parse_messages(record, where=where),
        tools=_objects(record.get("tools", []), where=f"{where}, field `tools`"),
        targets=_texts(record.get("target", []), where=f"{where}, field `target`"),
        choices=_texts(record.get("choices", []), where=f"{where}, field `choices`"),
        cluster=_cluster(record, cluster, str(name), where),
        fields=record,
    )


def parse_messages(record: Mapping[str, Json], *, where: str) -> tuple[Mapping[str, Json], ...]:
    """The question of a record: its `messages`, or its `prompt` as one user turn.

    Raises:
        InputError: When there is neither, both, or a message without a known role.
    """
    prompt, messages = record.get("prompt"), record.get("messages")
    if (prompt is None) == (messages is None):
        raise _refused(where, "give one of `prompt` and `messages`")
    if messages is None:
        if not isinstance(prompt, str) or not prompt.strip():
            raise _refused(where, "`prompt` must be a text that says something")
        return ({"role": "user", "content": prompt},)
    found = _objects(messages, where=f"{where}, field `messages`")
    if not found:
        raise _refused(where, "`messages` is empty")
    for message in found:
        if message.get("role") not in ROLES:
            raise _refused(where, f"a message's `role` must be one of {', '.join(ROLES)}")
    return found


def _cluster(record: Mapping[str, Json], field: str | None, name: str, where: str) -> str:
    if field is None:
        return name
    value = record.get(field)
    if isinstance(value, bool) or not isinstance(value, str | int) or str(value) == "":
        raise _refused(where, f"the plan clusters by `{field}`, which is missing or not a text")
    return str(value)


def _objects(value: Json, *, where: str) -> tuple[Mapping[str, Json], ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise _refused(where, "must be a list of objects")
    objects = tuple(entry for entry in value if isinstance(entry, Mapping))
    if len(objects) != len(value):
        raise _refused(where, "must be a list of objects")
    return objects


def _texts(value: Json, *, where: str) -> tuple[str, ...]:
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    if any(isinstance(v, bool) or not isinstance(v, str | int | float) for v in values):
        raise _refused(where, "must be a text or a list of texts")
    return tuple(str(v) for v in values)


def _refused(where: str, why: str) -> InputError:
    return InputError(
        f"cannot read {where}",
        why=why,
        fix='write one JSON object a line, e.g. {"id": "1", "prompt": "...", "target": "..."}',
    )
