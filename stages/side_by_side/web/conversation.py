"""A conversation as a page shows it: every turn, whatever it holds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from policies.canonical import Json
from stages.side_by_side.web.safe_html import safe_html, safe_plain

FOLDED_FROM = 600
"""Characters of a system prompt above which it is folded: it must not hide the question."""
_SPEAKERS = {
    "system": "System",
    "developer": "System",
    "user": "User",
    "assistant": "Assistant",
    "tool": "Tool result",
    "function": "Tool result",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool that the assistant called.

    Attributes:
        name: The tool.
        arguments: What it was called with, as HTML.
    """

    name: str
    arguments: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of a conversation.

    Attributes:
        speaker: Who speaks, in words.
        role: Who speaks, as the message says it; a class of the page when it is known.
        said: The text, as HTML; empty when it only calls tools.
        calls: Tools that it calls.
        folded: Whether it is long and beside the point.
    """

    speaker: str
    role: str
    said: Markup
    calls: tuple[Call, ...] = ()
    folded: bool = False


def turns_of(messages: Sequence[Mapping[str, Json]]) -> tuple[Turn, ...]:
    """The turns of OpenAI chat messages; what is not known is shown as JSON, and never left out."""
    return tuple(map(_turn, messages))


def _turn(message: Mapping[str, Json]) -> Turn:
    role = str(message.get("role", ""))
    known = role in _SPEAKERS
    content = message.get("content")
    text = _text(content)
    name = message.get("name")
    return Turn(
        speaker=_SPEAKERS.get(role, role or "Unknown") + (f" ({name})" if name else ""),
        role=role if known else "unknown",
        said=safe_plain(text) if role in ("tool", "function") else safe_html(text),
        calls=_calls(message),
        folded=role in ("system", "developer") and len(text) > FOLDED_FROM,
    )


def _text(content: Json) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n\n".join(map(_part, content))
    return _part(content)


def _part(part: Json) -> str:
    if isinstance(part, Mapping) and isinstance(part.get("text"), str):
        return str(part["text"])
    return f"```json\n{_as_json(part)}\n```"


def _calls(message: Mapping[str, Json]) -> tuple[Call, ...]:
    calls = message.get("tool_calls")
    found = calls if isinstance(calls, list) else []
    if message.get("function_call") is not None:
        found = [*found, {"function": message["function_call"]}]
    return tuple(map(_call, found))


def _call(call: Json) -> Call:
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        return Call(name="unknown", arguments=safe_plain(_as_json(call)))
    arguments = function.get("arguments", "")
    text = arguments if isinstance(arguments, str) else _as_json(arguments)
    return Call(name=str(function.get("name", "unknown")), arguments=safe_plain(text))


def _as_json(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
