"""Vectors of prompts from a transformers model in a folder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from policies.canonical import sha256_of
from policies.errors import Broken, InputError
from stages.engine.answering import AnswerLog
from stages.engine.digests import sha256_of_file
from stages.engine.libraries import demand
from stages.engine.once import Result, ask_once
from stages.engine.state import foreign_entry
from stages.engine.threads import Failed
from stages.workshop.bench.recipe import Embeddings
from stages.workshop.bench.vectors import Embedded, Vectors, packed, stacked, unpacked
from stages.workshop.workroom import Workroom

_TOKENS_AT_MOST = 512
"""Of a text: what follows is not looked at, as sentence-transformers' models have it."""


def pooled_vectors(texts: Sequence[str], folder: Path, how: Embeddings, room: Workroom) -> Embedded:
    """Vectors by a model in a folder, each journaled under the digest of its files.

    Raises:
        InputError: When the folder holds no model.
        Broken: When a library is not installed, or nothing could be embedded.
    """
    demand(
        "torch",
        "transformers",
        what="cannot embed prompts by a model in a folder",
        fix="pip install 'checkpoint-gate[workshop]'",
    )
    if not (folder / "config.json").is_file():
        raise InputError(
            f"cannot embed prompts by {folder}",
            why="it holds no config.json",
            fix="name the folder of a transformers model with its tokenizer",
        )
    model = _digest_of_folder(folder)
    log = AnswerLog(state=room.state, stream=f"embeddings/{model}")
    keys = [sha256_of(text) for text in texts]
    embed = _Pooled(folder)
    found = ask_once(
        embed,
        dict(zip(keys, texts, strict=True)),
        log=log,
        slots=1,
        at_once=how.batch,
        progress=room.progress,
    )
    rows: dict[int, Vectors] = {}
    lacking: dict[int, str] = {}
    for number, key in enumerate(keys):
        match found[key]:
            case Failed(reason=reason):
                lacking[number] = reason
            case {"vector": str(text)}:
                rows[number] = unpacked(text, 1)[0]
            case _:
                raise foreign_entry("a vector", stream=log.stream, state=log.state)
    if not rows:
        raise Broken(f"cannot embed any prompt by {folder}", why=next(iter(lacking.values())))
    return stacked(rows, lacking, len(texts), model)


class _Pooled:
    """Mean of the last layer over a text's tokens, of length 1, as sentence-transformers pools."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: tuple[object, object] | None = None

    def __call__(self, texts: Sequence[str]) -> Sequence[Result]:
        import torch
        from transformers import AutoModel, AutoTokenizer

        if self._loaded is None:
            local = {"local_files_only": True, "trust_remote_code": False}
            self._loaded = (
                AutoTokenizer.from_pretrained(str(self._folder), **local),
                AutoModel.from_pretrained(str(self._folder), use_safetensors=True, **local).eval(),
            )
        tokenizer, model = self._loaded
        if getattr(tokenizer, "pad_token", None) is None:
            tokenizer.pad_token = tokenizer.eos_token  # type: ignore[attr-defined] # untyped
        sent = tokenizer(  # type: ignore[operator] # untyped
            list(texts),
            padding=True,
            truncation=True,
            max_length=_TOKENS_AT_MOST,
            return_tensors="pt",
            return_token_type_ids=False,
        )
        with torch.inference_mode():
            layer = model(**sent).last_hidden_state.float()  # type: ignore[operator] # untyped
            counted = sent["attention_mask"][:, :, None].float()
            mean = (layer * counted).sum(1) / counted.sum(1).clamp(min=1)
        return [{"vector": packed(row[None])} for row in mean.numpy().astype(np.float32)]


def _digest_of_folder(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return sha256_of([[str(p.relative_to(folder)), sha256_of_file(p)] for p in files])
