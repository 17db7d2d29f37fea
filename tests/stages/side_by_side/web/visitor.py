"""A browser without a screen: cookies, forms, and everything that was received."""

import re
from dataclasses import dataclass, field
from html import unescape
from types import TracebackType
from typing import Self

import httpx2

OWN = {"sec-fetch-site": "same-origin"}


@dataclass
class Visitor:
    """Keeps cookies, follows redirects, and remembers every byte that came."""

    origin: str
    received: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._client = httpx2.Client(
            base_url=self.origin, event_hooks={"response": [self._remember]}, timeout=20
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    def enter(self, link: str) -> httpx2.Response:
        """Opens a link that was pasted into the browser."""
        headers = {"sec-fetch-site": "none"}
        return self._client.get(link, headers=headers, follow_redirects=True)

    def get(self, path: str) -> httpx2.Response:
        return self._client.get(path, headers=OWN, follow_redirects=True)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx2.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()} or OWN
        return self._client.post(path, data=fields, headers=sent, follow_redirects=True)

    def cookie(self, name: str) -> str:
        return str(self._client.cookies.get(name))

    def _remember(self, response: httpx2.Response) -> None:
        response.read()
        heads = b"\n".join(name + b": " + value for name, value in response.headers.raw)
        self.received.append(str(response.url).encode() + b"\n" + heads + b"\n" + response.content)


def fields_of(page: httpx2.Response) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found}
