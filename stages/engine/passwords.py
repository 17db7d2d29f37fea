"""Passwords out of what a database says of its URL."""

from urllib.parse import parse_qs, quote, unquote, urlsplit

MASK = "***"


def without_password(said: str, *, url: str) -> str:
    """What was said, on one line, with the password of a URL masked; nothing if it has no form."""
    try:
        parts = urlsplit(url)
        given = [parts.password or "", *parse_qs(parts.query).get("password", [])]
    except ValueError:
        return "the URL cannot be read"
    secrets = {form for one in given for form in (one, unquote(one), quote(one, safe="")) if form}
    for secret in sorted(secrets, key=len, reverse=True):
        said = said.replace(secret, MASK)
    return " ".join(said.split())
