"""What a browser posts: small, in one known encoding, and from our own pages only."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

MOST_BYTES = 1_000_000
"""Guidelines are the longest text that is posted."""
MOST_FIELDS = 200
ENCODING = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Fields of a form.

    Attributes:
        fields: The last value of each; a field that is absent was left empty.
        chosen: Every value of each, for fields that may stand more than once.
    """

    fields: Mapping[str, str]
    chosen: Mapping[str, tuple[str, ...]]

    def get(self, name: str) -> str:
        """A field without the space around it; empty when it is absent."""
        return self.fields.get(name, "").strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field."""
        return self.chosen.get(name, ())


NOTHING_POSTED = Form(fields={}, chosen={})


class Rejected(Exception):  # noqa: N818 - what became of a request
    """A request that none of our pages makes."""


async def read_form(request: Request, *, origin: str | None) -> Form:
    """The fields that were posted.

    Args:
        request: What was sent.
        origin: See `is_of_our_own`.

    Raises:
        Rejected: When it is of another site, too long, or encoded otherwise.
    """
    if not is_of_our_own(request.headers, origin=origin):
        raise Rejected("another site sent this")
    if request.headers.get("content-type", "").partition(";")[0].strip() != ENCODING:
        raise Rejected("this is no form of ours")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Rejected("this is too long")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Rejected("this is no form of ours") from None
    chosen: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        chosen[name] = (*chosen.get(name, ()), value.replace("\r\n", "\n").replace("\x00", ""))
    return Form(fields={name: values[-1] for name, values in chosen.items()}, chosen=chosen)


def is_of_our_own(headers: Mapping[str, str], *, origin: str | None) -> bool:
    """Whether a page of this very site sent a request.

    Browsers say so (`Sec-Fetch-Site`); old ones, and all of them where there is no HTTPS, name the
    origin.

    Args:
        headers: Of the request.
        origin: Where people reach our pages, as browsers write it; None for the host that the
            request names, by whichever scheme.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    sender = headers.get("origin")
    if sender is None or origin is not None:
        return sender is not None and sender == origin
    return urlsplit(sender).netloc == headers.get("host")
