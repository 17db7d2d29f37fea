"""Whether a folder holds a language model that can be run here; nothing of it is loaded."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from policies.canonical import Json
from policies.errors import InputError
from stages.models.folder_digest import digest_of_folder
from stages.models.local_folder import BESIDE, read_settings, refuse_foreign_code, unusable

_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.gguf")
_TOKENIZERS = ("tokenizer.json", "*.model", "vocab.json", "vocab.txt")
_TEMPLATES = ("chat_template.jinja", "chat_template.json", "additional_chat_templates/*.jinja")

_DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64"}
"""What safetensors call the numbers that a model counts in, and what torch does."""

_HEADER_AT_MOST = 100_000_000
"""Bytes of a header of safetensors, as the library has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """A folder whose files are whole.

    Attributes:
        folder: Where it is.
        dtype: The numbers that its configuration says the model counts in, e.g. `bfloat16`.
        size: Bytes of its weights.
    """

    folder: Path
    dtype: str
    size: int

    def digest(self) -> str:
        """Digest of its files, each of which counts: weights, tokenizer, template, settings.

        Raises:
            InputError: When one cannot be read.
        """
        try:
            return digest_of_folder(self.folder, beside=BESIDE)
        except OSError as error:
            raise InputError(
                f"cannot use the model in {self.folder}",
                why=f"{error.filename or 'a file'}: {error.strerror or error}",
                fix="make its files readable",
            ) from None


def look_at(folder: Path, *, has_template: bool = False) -> ModelFolder:
    """The model in a folder, when all that is needed to run it is there.

    Sizes of weights are held against their headers, and shards against their index, so that a
    folder that is still being written is told from a whole one. Weights that are whole and wrong
    are found when they are loaded.

    Args:
        folder: With `config.json`, `*.safetensors` and a tokenizer with a chat template.
        has_template: Whether a chat template is given to it from elsewhere.

    Raises:
        InputError: When there is no such folder, or something of it is missing, half-written,
            outside of it, or could run code.
    """
    if not folder.is_dir():
        raise InputError(
            f"there is no model in {folder}",
            why="there is a file" if folder.exists() else "there is no such folder",
            fix="correct the path, or put the model there",
        )
    _refuse_adapter(folder)
    refuse_foreign_code(folder)
    _refuse_links(folder)
    headers = [_header(path) for path in _weights(folder)]
    _refuse_missing_shards(folder)
    if not any(any(folder.glob(name)) for name in _TOKENIZERS):
        raise unusable(folder, "it has no tokenizer (tokenizer.json)")
    if not (has_template or _has_template(folder)):
        raise InputError(
            f"cannot use the model in {folder}",
            why="its tokenizer has no chat template to show conversations by",
            fix="put the template of its instructed version there as chat_template.jinja; an "
            "endpoint may name a file elsewhere as `chat_template`",
        )
    return ModelFolder(
        folder=folder,
        dtype=_dtype(folder, headers),
        size=sum(path.stat().st_size for path in folder.glob("*.safetensors")),
    )


def _refuse_adapter(folder: Path) -> None:
    if (folder / "adapter_config.json").exists() and not (folder / "config.json").exists():
        raise InputError(
            f"cannot use the model in {folder}",
            why="it holds an adapter (LoRA) without the model that it adapts",
            fix="merge it into its base with peft's merge_and_unload(), and save that",
        )


def _refuse_links(folder: Path) -> None:
    """Refuses links that lead out: what they point to changes without the folder's knowing."""
    inside = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and not (
            path.exists() and path.resolve().is_relative_to(inside) and path.is_file()
        ):
            raise InputError(
                f"cannot use the model in {folder}",
                why=f"{path.relative_to(folder)} is a link to {path.readlink()}, which is no file "
                "of the folder",
                fix=f"copy it with what its links point to: cp -rL {folder} COPY",
            )


def _weights(folder: Path) -> tuple[Path, ...]:
    found = tuple(sorted(folder.glob("*.safetensors")))
    if found:
        return found
    pickled = sorted(path.name for form in _PICKLED for path in folder.glob(form))
    if not pickled:
        raise unusable(folder, "it has no *.safetensors")
    raise InputError(
        f"cannot use the model in {folder}",
        why=f"its weights are in {', '.join(pickled[:3])}; formats other than safetensors may run "
        "code when they are read",
        fix="where you trust them, load them once with transformers and write them anew: "
        "model.save_pretrained(NEW_FOLDER), tokenizer.save_pretrained(NEW_FOLDER)",
    )


def _header(path: Path) -> Mapping[str, Json]:
    """What a file of safetensors says of its tensors, when it is as long as it says."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, _HEADER_AT_MOST)))
        ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name[:2] != "__"]
        wanted, there = 8 + length + max(ends, default=0), path.stat().st_size
    except (OSError, ValueError, AttributeError, LookupError, TypeError, RecursionError):
        raise _half_written(path, "it has no header that can be read") from None
    if wanted != there:
        raise _half_written(path, f"it has {there} bytes of {wanted}")
    return dict(header)


def _half_written(path: Path, why: str) -> InputError:
    return InputError(
        f"cannot use the model in {path.parent}",
        why=f"its weights cannot be read: {path.name} is not whole, {why}",
        fix="wait until it is written, or copy it again",
    )


def _refuse_missing_shards(folder: Path) -> None:
    for index in sorted(folder.glob("*.safetensors.index.json")):
        placed = read_settings(folder, index.name).get("weight_map")
        named = {str(name) for name in placed.values()} if isinstance(placed, dict) else set()
        missing = sorted(named - {path.name for path in folder.glob("*.safetensors")})
        if missing or not named:
            said = ", ".join(missing[:3]) or "any file"
            raise InputError(
                f"cannot use the model in {folder}",
                why=f"{index.name} names weights that are not there: {said}",
                fix="wait until they are written, or copy it again",
            )


def _has_template(folder: Path) -> bool:
    named = any(any(folder.glob(name)) for name in _TEMPLATES)
    return named or bool(read_settings(folder, "tokenizer_config.json").get("chat_template"))


def _dtype(folder: Path, headers: list[Mapping[str, Json]]) -> str:
    """As transformers takes it where no other is wished for: said, else that of the weights."""
    said = read_settings(folder, "config.json")
    text = said.get("text_config")
    for settings in (said, text if isinstance(text, dict) else {}):
        for name in ("dtype", "torch_dtype"):
            if isinstance(settings.get(name), str):
                return str(settings[name]).removeprefix("torch.")
    return next((_DTYPES[name] for name in _numbers(headers) if name in _DTYPES), "float32")


def _numbers(headers: list[Mapping[str, Json]]) -> Iterator[str]:
    for header in headers:
        for tensor in header.values():
            if isinstance(tensor, dict) and "dtype" in tensor:
                yield str(tensor["dtype"])
