"""A chat completion as a server sent it: a response, or why it is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.canonical import Json
from stages.evidence.items import Response
from stages.evidence.json_lines import strict_json
from stages.models.visible import says_nothing

_WHOLE = frozenset({"stop", "eos_token", "stop_sequence", "end_turn"})
"""Ways of saying that the answer is complete: OpenAI's `stop`, and those of TGI and proxies."""

_CUT = "length"


@dataclass(frozen=True, slots=True)
class Unusable:
    """An answer with status 200 that is no answer.

    Attributes:
        reason: Why not.
        empty: Whether the checkpoint answered, and said nothing.
    """

    reason: str
    empty: bool = False


def read_completion(data: bytes, *, cut_is_fine: bool = False) -> Response | Unusable:
    """What the body of an OpenAI chat completion says.

    Args:
        data: The body, whatever it is.
        cut_is_fine: Take an answer that was cut at `max_tokens`.

    Returns:
        The first choice's text, or the reason why there is none: not UTF-8, not JSON, another
        shape, no choice, cut, filtered, refused, tools called, null, or empty.
    """
    try:
        reply = strict_json(data.decode())
    except UnicodeDecodeError:
        return Unusable("the reply is not UTF-8")
    except ValueError as error:
        return Unusable(f"the reply is {error}" if str(error).startswith("not") else str(error))
    if not isinstance(reply, Mapping):
        return Unusable("the reply is not a JSON object")
    choices = reply.get("choices")
    if not isinstance(choices, Sequence) or isinstance(choices, str) or not choices:
        return Unusable("the reply has no `choices`")
    match choices[0]:
        case Mapping() as choice if isinstance(message := choice.get("message"), Mapping):
            return _response(reply, message, choice.get("finish_reason"), cut_is_fine=cut_is_fine)
        case _:
            return Unusable("the reply's first choice has no `message`")


def _response(
    reply: Mapping[str, Json],
    message: Mapping[str, Json],
    finish: Json,
    *,
    cut_is_fine: bool,
) -> Response | Unusable:
    refused = _refused(message, finish, cut_is_fine=cut_is_fine)
    if refused is not None:
        return refused
    match message.get("content"):
        case None:
            return Unusable("`content` is null", empty=True)
        case str() as text if not says_nothing(text):
            return Response(
                text=text,
                prompt_tokens=_tokens(reply, "prompt_tokens"),
                completion_tokens=_tokens(reply, "completion_tokens"),
                model=_text(reply.get("model")),
            )
        case str():
            return Unusable("the answer is empty", empty=True)
        case _:
            return Unusable("`content` is not a text")


def _refused(message: Mapping[str, Json], finish: Json, *, cut_is_fine: bool) -> Unusable | None:
    if _text(message.get("refusal")):
        return Unusable("the model refused in the `refusal` field")
    if finish == _CUT:
        return None if cut_is_fine else Unusable("the answer was cut at `max_tokens`")
    if finish == "content_filter":
        return Unusable("the answer was withheld by a content filter")
    if message.get("tool_calls") and not message.get("content"):
        return Unusable("the model called tools and gave no text")
    if finish not in _WHOLE and not (finish == "tool_calls" and message.get("content")):
        return Unusable(f"the answer is not complete: `finish_reason` is {finish!r}")
    return None


def _tokens(reply: Mapping[str, Json], name: str) -> int:
    match reply.get("usage"):
        case {**usage}:
            count = usage.get(name)
            return count if type(count) is int and count >= 0 else 0
        case _:
            return 0


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
