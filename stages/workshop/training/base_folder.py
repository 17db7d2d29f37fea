"""Where the model that is to be trained lies: in a folder, or fetched into one."""

from pathlib import Path

from policies.errors import Broken, InputError
from stages.models.folder_digest import digest_of_folder
from stages.models.local_folder import BESIDE
from stages.workshop.training.settings import Base

_FILES = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja", "*.txt", "*.model"]
"""Of a repository: weights that hold no code, configuration and tokenizer; never `*.py`."""


def folder_of(base: Base, start: Path) -> Path:
    """The folder of a model.

    Args:
        base: As the recipe names it.
        start: Folder that relative paths start from.

    Raises:
        InputError: When there is none, or its files are not those that were frozen.
        Broken: When the repository cannot be fetched.
    """
    folder = start / base.where
    if not folder.is_dir():
        folder = _fetched(base, start)
    if base.sha256 is not None and digest_of_folder(folder, beside=BESIDE) != base.sha256:
        raise InputError(
            f"cannot train {base.where}",
            why=f"its files are not those of sha256 {base.sha256[:12]}...",
            fix="restore them, or correct `sha256` in the recipe",
        )
    return folder


def template_of(base: Base, start: Path) -> str | None:
    """The chat template that a recipe gives to a model; None when it gives none.

    Raises:
        InputError: When its file cannot be read.
    """
    if base.chat_template is None:
        return None
    try:
        return (start / base.chat_template).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read the chat template {base.chat_template}",
            why=f"{getattr(error, 'strerror', None) or 'it is not UTF-8'} (looked in {start})",
            fix="correct the path; it is relative to the recipe",
        ) from None


def _fetched(base: Base, start: Path) -> Path:
    if base.revision is None:
        raise InputError(
            f"cannot train {base.where}",
            why=f"there is no such folder in {start}, and a repository needs its `revision`",
            fix="correct the path, or add the commit of the repository as `revision`",
        )
    try:
        from huggingface_hub import errors, snapshot_download  # noqa: PLC0415 - half a second
    except ImportError:
        raise Broken(
            f"cannot fetch {base.where}",
            why="huggingface_hub is not installed",
            fix="pip install 'checkpoint-gate[workshop]'",
        ) from None
    try:
        return Path(snapshot_download(base.where, revision=base.revision, allow_patterns=_FILES))
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, OSError, ValueError) as error:
        raise Broken(
            f"cannot fetch {base.where}, revision {base.revision[:12]}",
            why=" ".join(str(error).split())[:200],
            fix="correct the id, or fetch it where there is a network and name the folder",
        ) from None
