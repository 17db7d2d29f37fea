"""Secrets out of sight: what may be shown of settings, addresses and messages."""

import re
from collections.abc import Mapping

MASK = "***"

_SECRET_NAME = re.compile(r"token|key|secret|passw|pwd|credential|signature", re.IGNORECASE)
_PUBLIC = frozenset({"trust.keys", "trust.key", "trust.key_public"})
"""Settings that only sound secret: keyids, the path of a key's file, a public key."""

_NO_SECRETS = frozenset({"PWD", "OLDPWD"})
"""Variables that only sound secret: where one is."""

_SHORTEST = 4
"""Characters of a value that is masked: a shorter one stands in every other word."""

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


def mask_said(said: str, variables: Mapping[str, str]) -> str:
    """What a script said, also without the values of variables that it may have printed.

    Args:
        said: Its words.
        variables: Those that it was given; of the ones that are named like secrets (`HF_TOKEN`,
            `DB_PASSWORD`) the values are masked, from 4 characters on.
    """
    secrets = {
        value.strip()
        for name, value in variables.items()
        if _SECRET_NAME.search(name) and name not in _NO_SECRETS
    }
    for value in sorted(secrets, key=len, reverse=True):  # one may be the beginning of another
        if len(value) >= _SHORTEST:
            said = said.replace(value, MASK)
    return mask_secrets(said)


def is_secret_name(name: str) -> bool:
    """Whether a setting of this name holds a secret; `..._env` holds a variable's name only."""
    last = name.rsplit(".", 1)[-1]
    return (
        name not in _PUBLIC and not last.endswith("_env") and _SECRET_NAME.search(last) is not None
    )


def shown_setting(name: str, value: str) -> str:
    """What may be shown of a setting."""
    return MASK if is_secret_name(name) and value else mask_secrets(value)
