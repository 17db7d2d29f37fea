"""What a model in a folder is: the digest of its files."""

import hashlib
from collections.abc import Collection
from pathlib import Path

from policies.canonical import Json, sha256_of


def digest_of_folder(folder: Path, *, beside: Collection[str] = ()) -> str:
    """Digest of all files below a folder, by their names; caches of Python's own are no part of it.

    Args:
        folder: The model's.
        beside: Names of files at its top that are no part of the model.

    Raises:
        OSError: When one cannot be read.
    """
    files: dict[str, Json] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and "__pycache__" not in path.parts and name not in beside:
            with path.open("rb") as file:
                files[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return sha256_of(files)
