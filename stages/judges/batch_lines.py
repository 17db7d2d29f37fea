"""The lines of a batch: requests as they are uploaded, replies as they come back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies.canonical import Json, canonical_json
from stages.engine.threads import Failed
from stages.evidence.items import Response
from stages.evidence.json_lines import strict_json
from stages.models.batch_endpoint import CHAT
from stages.models.completion import Unusable, read_completion

_SUCCESS = 200


def request_line(key: str, body: Mapping[str, Json]) -> bytes:
    """One request of a batch.

    Args:
        key: The question's digest: 64 characters, which is what `custom_id` may have.
        body: As it would be posted.
    """
    line: Mapping[str, Json] = {"custom_id": key, "method": "POST", "url": CHAT, "body": body}
    return canonical_json(line).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """One line of a batch's files.

    Attributes:
        key: Its `custom_id`: the question that it answers, if it was ever asked.
        said: The answer, or why there is none.
    """

    key: str
    said: Response | Failed


def replies(data: bytes) -> Iterator[Reply]:
    """Every reply of a file, whether of answers or of errors, in its order.

    A line that is no reply is left out: its question then has none, and is put again.
    """
    for line in data.splitlines():
        try:
            record = strict_json(line.decode())
        except ValueError:  # not UTF-8, not JSON, or cut off
            continue
        match record:
            case {"custom_id": str(key)}:
                yield Reply(key, _said(record))
            case _:
                continue


def _said(record: Json) -> Response | Failed:
    match record:
        case {"response": {"status_code": int(code), "body": Mapping() as body}}:
            if code != _SUCCESS:
                return Failed(f"status {code}: {_words(body.get('error'))}")
            read = read_completion(canonical_json(body).encode())
            return Failed(read.reason, empty=read.empty) if isinstance(read, Unusable) else read
        case {"error": error}:
            return Failed(_words(error))
        case _:
            return Failed("the line holds neither a reply nor an error")


def _words(error: Json) -> str:
    match error:
        case {"message": str(message)} if message.strip():
            return " ".join(message.split())[:300]
        case {"code": str(code)} if code:
            return code
        case _:
            return "no reason given"
