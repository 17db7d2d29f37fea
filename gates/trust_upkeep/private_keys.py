"""Private keys of this machine: files that only their owner reads, and that git never sees."""

import os
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates.trust.signers import (
    LocalSigner,
    new_private_key,
    signer_from_file,
    signer_of,
    write_private_key,
)
from policies.errors import Broken

FOLDER = (".gate", "keys")
"""Where private keys are in a workspace; a file in it keeps them out of git."""


def own_key(file: Path, *, password: str | None) -> LocalSigner:
    """The key in a file; a new one where there is none.

    Raises:
        WrongUsage: When what is there cannot be used.
        Broken: When it cannot be written.
    """
    return signer_from_file(file, password=password) if file.exists() else make_key(file, password)


def make_key(file: Path, password: str | None) -> LocalSigner:
    """A new key in a file, out of git's sight.

    Args:
        file: Where; nothing is written over.
        password: Encrypts it; None: only the file's permissions guard it.

    Raises:
        WrongUsage: When a file is there.
        Broken: When it cannot be written.
    """
    key = new_private_key()
    store_key(file, key, password)
    return signer_of(key)


def store_key(file: Path, key: Ed25519PrivateKey, password: str | None) -> None:
    """Writes a private key, out of git's sight; as `make_key`."""
    write_private_key(file, key, password=password)
    if file.parent.parts[-2:] == FOLDER:
        _ignore(file.parent)


def _ignore(folder: Path) -> None:
    ignore = folder / ".gitignore"
    try:
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise Broken(
            f"cannot keep {folder} out of git",
            why=error.strerror or str(error),
            fix="make the folder writable",
        ) from None


def put_in_place(new: Path, file: Path, *, at: datetime) -> Path:
    """A new key in the place of the one in a file, which is kept beside it.

    Args:
        new: Where the new key is.
        file: The key that signs here.
        at: Now; becomes part of the old one's name.

    Returns:
        Where the old key is now.

    Raises:
        Broken: When a file cannot be moved.
    """
    old = file.with_name(f"{file.stem}.until-{at:%Y%m%dT%H%M%SZ}{file.suffix}")
    try:
        os.link(file, old)  # unlike a renaming, never over another
        new.replace(file)
    except OSError as error:
        raise Broken(
            f"cannot move the key {file}",
            why=error.strerror or str(error),
            fix=f"move it by hand: the old key to {old}, the new one from {new}",
        ) from None
    return old
