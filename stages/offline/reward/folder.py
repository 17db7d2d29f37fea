"""A reward model in a folder: a transformers sequence classifier of one label, loaded safely."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policies.canonical import Json, sha256_of, sha256_of_bytes
from policies.errors import InputError, PolicyError
from stages.engine.digests import sha256_of_file
from stages.engine.libraries import demand
from stages.models.reward_endpoint import Conversation
from stages.offline.lengths import buckets

_TOKENS_AT_MOST = 16_384
"""Of a batch, padding included."""

_LONGEST = 1_000_000
"""A tokenizer that says more than this has no limit of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What a reward model's numbers depend on.

    Attributes:
        folder: Where it lies.
        weights: Digest of the weights: of `model.safetensors` itself, of several files that of
            the lines `sha256sum *.safetensors` prints.
        digest: Of weights, configuration, tokenizer and chat template together.
    """

    folder: Path
    weights: str
    digest: str


def read_files(folder: Path, *, sha256: str | None) -> Files:
    """A reward model's files, of which the weights are those that the plan froze.

    Raises:
        InputError: When there are no safetensors, or not those of the plan.
        PolicyError: When the plan froze none.
    """
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise InputError(
            f"cannot use the reward model in {folder}",
            why="it has no *.safetensors; other formats of weights run code when they are read",
            fix="convert it with transformers: model.save_pretrained(FOLDER)",
        )
    digests = {path.name: sha256_of_file(path) for path in weights}
    lines = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    found = next(iter(digests.values())) if len(digests) == 1 else sha256_of_bytes(lines.encode())
    if sha256 is None:
        raise PolicyError(
            f"cannot use the reward model in {folder}",
            why="the plan does not say which weights it was frozen with",
            fix=f"set `reward_sha256: {found}`",
        )
    if found != sha256:
        raise InputError(
            f"cannot use the reward model in {folder}",
            why=f"the plan froze weights {sha256[:12]}..., the folder has {found[:12]}...",
            fix=f"restore the weights, or set `reward_sha256: {found}` and have it reviewed",
        )
    others = {p.name: sha256_of_file(p) for p in sorted(folder.iterdir()) if _is_read(p)}
    return Files(folder=folder, weights=found, digest=sha256_of({**digests, **others}))


class RewardFolder:
    """A reward model that is run here, in fp32.

    Args:
        files: The model's.

    Raises:
        InputError: When it is no reward model that can be used: several labels, no chat template,
            weights that are missing, or code of its own.
        Broken: When the libraries that run it are not installed.
    """

    slots = 1
    at_once = 64

    def __init__(self, files: Files) -> None:
        demand(
            "torch",
            "transformers",
            what=f"cannot run the reward model in {files.folder}",
            fix="pip install 'checkpoint-gate[toxicity]', or name an endpoint as `reward`",
        )
        import torch
        import transformers

        self._files = files
        self._refuse_labels()
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(
                files.folder, local_files_only=True, trust_remote_code=False
            )
            model, loaded = transformers.AutoModelForSequenceClassification.from_pretrained(
                files.folder,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=torch.float32,
                output_loading_info=True,
            )
        except (OSError, ValueError, KeyError) as error:
            raise self._unusable(f"{type(error).__name__}: {str(error)[:200]}") from None
        if loaded["missing_keys"]:
            missing = ", ".join(sorted(loaded["missing_keys"]))
            raise self._unusable(f"its weights lack {missing}, which would be made up by chance")
        if not self._tokenizer.chat_template:
            raise self._unusable("its tokenizer has no chat template to show conversations by")
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = model.eval().to(self._device)
        self._made_by = (
            f"torch {torch.__version__} {self._device} fp32, transformers "
            f"{transformers.__version__}"
        )

    @property
    def identity(self) -> Mapping[str, Json]:
        """Digest of all that its rewards depend on."""
        return {"kind": "reward folder", "files": self._files.digest}

    @property
    def name(self) -> str:
        """For the record."""
        return f"{self._files.folder.name}, weights {self._files.weights}"

    def rewards(self, conversations: Sequence[Conversation]) -> Sequence[tuple[float, str]]:
        """The reward of each conversation's last message, and what computed it.

        Raises:
            InputError: When one is longer than the model reads, or cannot be shown by its
                template; nothing is cut.
        """
        ids = [self._ids(conversation) for conversation in conversations]
        found = [0.0] * len(ids)
        for group in self._groups(ids):
            for index, value in zip(group, self._run([ids[i] for i in group]), strict=True):
                found[index] = value
        return [(value, self._made_by) for value in found]

    def close(self) -> None:
        """Nothing is open."""

    def _groups(self, ids: Sequence[Sequence[int]]) -> Iterator[Sequence[int]]:
        lengths = [len(each) for each in ids]
        if self._padding() is None:
            yield from ((index,) for index in range(len(ids)))
        else:
            yield from buckets(lengths, tokens_at_most=_TOKENS_AT_MOST)

    def _padding(self) -> int | None:
        """The token that the model knows as padding: one that it does not know counts as text."""
        known: int | None = self._model.config.pad_token_id
        return known

    def _run(self, batch: Sequence[Sequence[int]]) -> Sequence[float]:
        import torch

        longest = max(map(len, batch))
        padding = self._padding() or 0
        ids = [[*each, *[padding] * (longest - len(each))] for each in batch]
        mask = [[1] * len(each) + [0] * (longest - len(each)) for each in batch]
        with torch.inference_mode():
            logits: torch.Tensor = self._model(
                input_ids=torch.tensor(ids, device=self._device),
                attention_mask=torch.tensor(mask, device=self._device),
            ).logits
        return [float(value) for value in logits[:, 0].float().cpu()]

    def _ids(self, conversation: Conversation) -> Sequence[int]:
        import jinja2  # noqa: PLC0415 - comes with transformers, imported with it

        try:
            shown = self._tokenizer.apply_chat_template(
                [dict(message) for message in conversation],  # type: ignore[arg-type]  # typed too narrowly
                tokenize=False,
            )
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            raise self._unusable(f"its chat template refuses a conversation: {error}") from None
        ids: Sequence[int] = self._tokenizer(shown, add_special_tokens=False)["input_ids"]
        if len(ids) > self._longest():
            raise InputError(
                f"cannot reward a conversation of {len(ids)} tokens",
                why=f"the reward model reads {self._longest()}, and what is cut is not judged",
                fix="leave such items out, or use a model that reads more",
            )
        return ids

    def _longest(self) -> int:
        """Tokens that tokenizer and model both say they can read."""
        said = (
            self._tokenizer.model_max_length,
            getattr(self._model.config, "max_position_embeddings", None),
        )
        limits = [limit for limit in said if limit is not None and 0 < limit < _LONGEST]
        return min(limits, default=_LONGEST)

    def _refuse_labels(self) -> None:
        try:
            config = json.loads((self._files.folder / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            raise self._unusable("it has no config.json that can be read") from None
        labels = config.get("id2label") if isinstance(config, dict) else None
        if not isinstance(labels, dict) or len(labels) != 1:
            raise self._unusable("it is no classifier of one label (`id2label` in config.json)")

    def _unusable(self, why: str) -> InputError:
        return InputError(
            f"cannot use the reward model in {self._files.folder}",
            why=why,
            fix="name a folder with a sequence classifier of one label, its weights and tokenizer",
        )


def _is_read(path: Path) -> bool:
    return path.is_file() and path.suffix in (".json", ".txt", ".model", ".jinja")
