"""How an endpoint is reached and how hard it may be pressed."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from policies.errors import WrongUsage

_MOST_SLOTS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """An OpenAI-compatible endpoint.

    Attributes:
        base_url: Up to and including `/v1`; may hold `{version}`. None when a version's own tags
            must say it, or a folder is asked instead.
        model: The model name to ask for; may hold `{version}`. None as above.
        folder: Of a model that is run here instead.
        chat_template: File with the Jinja template of a model in a folder whose tokenizer has none.
        api_key: Sent as bearer token to `base_url` only; None for an endpoint without one.
        timeout_seconds: Longest wait for a connection, and between two bytes of a reply.
        retries: How often a request is repeated after no connection, a timeout, 408, 409, 429
            or 5xx, waiting longer each time or as long as `retry-after` says.
        attempts: How often a question is put while replies come that are no answers.
        slots: Requests at once.
        requests_per_minute: Over all slots, retries included; None for no limit.
    """

    base_url: str | None = None
    model: str | None = None
    folder: Path | None = None
    chat_template: Path | None = None
    api_key: str | None = field(default=None, repr=False)
    timeout_seconds: float = 120.0
    retries: int = 3
    attempts: int = 2
    slots: int = 16
    requests_per_minute: float | None = None

    def __post_init__(self) -> None:
        self._demand(self.timeout_seconds > 0, "timeout_seconds", "above 0")
        self._demand(self.retries >= 0, "retries", "at least 0")
        self._demand(self.attempts >= 1, "attempts", "at least 1")
        self._demand(1 <= self.slots <= _MOST_SLOTS, "slots", f"between 1 and {_MOST_SLOTS}")
        per_minute = self.requests_per_minute
        self._demand(per_minute is None or per_minute > 0, "requests_per_minute", "above 0")
        if self.base_url is not None:
            _check_url(self.base_url)

    def _demand(self, holds: bool, name: str, must_be: str) -> None:  # noqa: FBT001 - an assertion
        if not holds:
            raise WrongUsage(
                f"cannot use an endpoint with {name} = {getattr(self, name)}",
                why=f"it must be {must_be}",
                fix=f"correct `{name}` of the endpoint in gate.toml",
            )


def _check_url(base_url: str) -> None:
    try:
        parts = urlsplit(base_url)
    except ValueError:  # whose words, like the address, may hold a password
        raise _no_url("(not shown)", "its address cannot be read") from None
    if parts.username is not None or parts.password is not None:
        raise WrongUsage(
            f"cannot use the endpoint at {parts.hostname}",
            why="its address holds a user or a password, which would be shown and recorded",
            fix="take them out, put the key into an environment variable and name that variable",
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _no_url(base_url, "its address must begin with http:// or https:// and name a host")


def _no_url(base_url: str, why: str) -> WrongUsage:
    return WrongUsage(
        f"cannot use the endpoint `{base_url}`",
        why=why,
        fix="write it up to and including /v1, e.g. http://vllm.example:8000/v1",
    )
