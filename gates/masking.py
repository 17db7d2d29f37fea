"""Secrets out of sight: what may be shown of settings, addresses and messages."""

import re

MASK = "***"

_SECRET_NAME = re.compile(r"token|key|secret|passw|pwd|credential|signature", re.IGNORECASE)
_PUBLIC = frozenset({"trust.keys", "trust.key", "trust.key_public"})
"""Settings that only sound secret: keyids, the path of a key's file, a public key."""

_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", re.DOTALL
)
_USER_INFO = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s/?#@:]*:\S*@|[^\s/?#]*@)")
_BEARER = re.compile(r"\b(bearer\s+)\S+", re.IGNORECASE)
_PARAMETER = re.compile(
    r"((?:^|[?&;#\s])[^=&;#\s]*(?:token|key|secret|passw|pwd|credential|sig)[^=&;#\s]*=)[^&;#\s]+",
    re.IGNORECASE,
)


def mask_secrets(text: str) -> str:
    """Text with user names, passwords, private keys, bearer tokens and `secret=...` pairs masked.

    Masks too much rather than too little: `https://host:80/a@b` loses everything before the `@`.
    """
    text = _USER_INFO.sub(rf"\1{MASK}@", _PRIVATE_KEY.sub(MASK, text))
    return _BEARER.sub(rf"\1{MASK}", _PARAMETER.sub(rf"\1{MASK}", text))


def is_secret_name(name: str) -> bool:
    """Whether a setting of this name holds a secret; `..._env` holds a variable's name only."""
    last = name.rsplit(".", 1)[-1]
    return (
        name not in _PUBLIC and not last.endswith("_env") and _SECRET_NAME.search(last) is not None
    )


def shown_setting(name: str, value: str) -> str:
    """What may be shown of a setting."""
    return MASK if is_secret_name(name) and value else mask_secrets(value)
