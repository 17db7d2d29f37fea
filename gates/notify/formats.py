"""An event as receivers read it: plain JSON, or the one field that Slack and its like show."""

from collections.abc import Callable
from typing import Literal, assert_never

from gates.notify.events import Told
from policies.canonical import Json, canonical_json

SCHEMA = "gate.event/1"

_SHOWN = 12
"""Digits of an event's id that people see."""


def content_of(one: Told, *, shape: Literal["slack", "json"], hide: Callable[[str], str]) -> bytes:
    """The body of the POST.

    Args:
        one: What happened, and when.
        shape: What the receiver reads.
        hide: Takes secrets out of a text.
    """
    match shape:
        case "json":
            return canonical_json(_json(one, hide)).encode()
        case "slack":
            return canonical_json({"text": _text(one, hide)}).encode()
        case _:
            assert_never(shape)


def _json(one: Told, hide: Callable[[str], str]) -> dict[str, Json]:
    event = one.event
    return {
        "schema": SCHEMA,
        "id": event.id,
        "kind": event.kind.value,
        "model": event.model,
        "sentence": hide(event.sentence),
        "url": None if event.url is None else hide(event.url),
        "at": one.at.isoformat(),
    }


def _text(one: Told, hide: Callable[[str], str]) -> str:
    """One line; a foreign text can neither call everybody nor hide a link behind other words."""
    event = one.event
    page = "" if event.url is None else f" {_inert(hide(event.url))}"
    said = f"{event.model}: {hide(event.sentence)}"
    return f"{_inert(said)}{page} (event {event.id[:_SHOWN]})"


def _inert(text: str) -> str:
    """Text without Slack's three control characters, as its documentation escapes them."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
