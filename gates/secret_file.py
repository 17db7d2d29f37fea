"""Files that nobody but their owner may read."""

import os
import secrets
from pathlib import Path

from policies.errors import WrongUsage

_OTHERS = 0o077
"""Permissions of everybody but the owner."""


def make_secret(file: Path, data: bytes) -> bool:
    """Writes a secret whole, readable by its owner; what is there already stays.

    Returns:
        Whether it was written; False when somebody else's is there.

    Raises:
        OSError: When it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        os.link(draft, file)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def check_secret(file: Path, *, why: str, fix: str) -> None:
    """Refuses a secret that others may read.

    Args:
        file: Which is there.
        why: What whoever reads it could do.
        fix: What to do once it may have been read.

    Raises:
        WrongUsage: When others may read or write it.
        OSError: When it cannot be asked.
    """
    if file.stat().st_mode & _OTHERS:
        raise WrongUsage(f"{file} may be read by others", why=why, fix=f"chmod 600 {file}; {fix}")
