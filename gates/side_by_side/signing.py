"""The secret that annotators' links are signed with."""

import secrets
from pathlib import Path

from gates.secret_file import check_secret, make_secret
from policies.errors import Broken, WrongUsage
from stages.engine.state_url import is_postgres, state_folder
from stages.side_by_side.web.links import LEAST_KEY_BYTES

VARIABLE = "GATE_LINK_KEY"
"""The environment variable that holds the secret."""

FILE = "links.key"
"""The file beside a folder's state, where the variable is not set."""


def link_key(state_url: str, said: str | None) -> bytes:
    """The secret: what the variable says, else a file beside the state, made when it is not there.

    Args:
        state_url: Where the state is.
        said: Value of the variable; None or empty when it is not set.

    Raises:
        WrongUsage: When it is too short, its file may be read by others, or the state is no folder
            and the variable is not set.
        Broken: When its file cannot be read or written.
    """
    if said:
        return _long_enough(said.encode(), f"{VARIABLE} has")
    if is_postgres(state_url):
        raise WrongUsage(
            "links cannot be signed",
            why=f"{VARIABLE} is not set, and a database keeps no secret beside it: everybody who "
            "serves the page must sign with the same one",
            fix=f'export {VARIABLE}="$(openssl rand -hex 32)", the same on every machine',
        )
    file = state_folder(state_url) / FILE
    try:
        return _kept(file)
    except OSError as error:
        raise Broken(
            f"cannot read or make {file}",
            why=error.strerror or str(error),
            fix=f"make its folder writable, or set {VARIABLE}",
        ) from None


def _kept(file: Path) -> bytes:
    if not file.exists():
        make_secret(file, secrets.token_hex(LEAST_KEY_BYTES).encode() + b"\n")
    check_secret(
        file,
        why="whoever has the secret in it may vote as anybody",
        fix="if others may have read it, delete it: every link made so far then opens nothing",
    )
    return _long_enough(file.read_bytes().strip(), f"{file} has")


def _long_enough(key: bytes, who_has: str) -> bytes:
    if len(key) < LEAST_KEY_BYTES:
        raise WrongUsage(
            "links cannot be signed",
            why=f"{who_has} {len(key)} bytes; a secret has at least {LEAST_KEY_BYTES}",
            fix=f'export {VARIABLE}="$(openssl rand -hex 32)"',
        )
    return key
