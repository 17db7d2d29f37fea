"""Toxicity classifiers in Detoxify's checkpoint format, loaded safely and read whole.

Detoxify 0.5 unpickles what it downloads, accepts a state dict that does not fit, cuts texts at 512
tokens and pads a whole list into one batch. Here weights are pinned by digest and loaded as data,
must fit exactly, must tell an insult from a courtesy, and read all of a text in windows.
"""

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from policies.canonical import sha256_of
from policies.errors import Broken
from policies.safety_tasks import Precision, ToxicityTask
from stages.engine.libraries import demand
from stages.engine.ray_cluster import Actors
from stages.offline.lengths import buckets, windows
from stages.offline.toxicity import onnx_forward
from stages.offline.toxicity.architecture import (
    build_model,
    build_tokenizer,
    read_contents,
    refused,
)
from stages.offline.toxicity.canaries import CANARIES
from stages.offline.toxicity.detoxify_files import (
    CheckpointFile,
    find_checkpoint,
    folder_digests,
    model_folder,
)
from stages.offline.toxicity.forward import Batch, Forward, Row, TorchForward, tokens_at_most
from stages.offline.toxicity.ray_forward import RayForward

if TYPE_CHECKING:
    import torch
    import transformers

_LIBRARIES = ("torch", "transformers", "detoxify")
_FLAGGED = 0.5
_OVERLAP = 8
"""A window shares an eighth of its tokens with the one before."""
_TOLERANCE = 1e-4
"""Of our score of a short text against Detoxify's own; padding moves it by 1e-6."""


def load_classifier(
    task: ToxicityTask, *, base: Path, cache: Path | None = None, actors: Actors | None = None
) -> "DetoxifyClassifier":
    """The classifier a plan names, its files checked; the model is built when first asked.

    Args:
        task: Names it, its digest, and the precision.
        base: The policy's folder.
        cache: Where exported models are kept; None for a folder beside PyTorch's own downloads.
        actors: Ray actors that read the batches; None to read them in this process.

    Raises:
        PolicyError, InputError, Broken: As `find_checkpoint` and `model_folder` say, or when the
            checkpoint is not one of Detoxify's format, or holds more than weights, or the
            libraries are not installed.
    """
    _check_installed(task)
    checkpoint = find_checkpoint(task, base=base)
    contents = read_contents(checkpoint)
    classifier = DetoxifyClassifier(
        checkpoint,
        model_folder(checkpoint, contents.model_type),
        model_name=contents.model_name,
        precision=task.precision,
        cache=cache or _cache(),
    )
    if actors is not None:
        classifier.forward = RayForward(
            lambda: load_classifier(task, base=base, cache=cache).forward, actors
        )
    return classifier


class DetoxifyClassifier:
    """A classifier whose score of a text is that of its most toxic window.

    The score is that of the first class, `toxicity` (or `toxic`): the others are kinds of it.

    Args:
        checkpoint: Weights with the pinned digest.
        folder: Model config and vocabulary.
        model_name: The architecture.
        precision: How it computes.
        cache: Where exported models are kept.
    """

    def __init__(
        self,
        checkpoint: CheckpointFile,
        folder: Path,
        *,
        model_name: str,
        precision: Precision,
        cache: Path,
    ) -> None:
        self._checkpoint = checkpoint
        self._folder = folder
        self._model_name = model_name
        self._precision = precision
        self._cache = cache
        self.name = checkpoint.name
        files = [list(pair) for pair in folder_digests(folder)]
        self._model_digest = sha256_of({"weights": checkpoint.sha256, "files": files})
        self.digest = sha256_of(
            {
                "model": self._model_digest,
                "reading": f"maximum over windows, overlap 1/{_OVERLAP}, small batches",
                "precision": precision,
            }
        )

    @property
    def backend(self) -> str:
        """`torch 2.13.0 cpu float32, transformers 5.23.0`."""
        return self.forward.backend

    def score(self, texts: Sequence[str]) -> Sequence[float]:
        """Score in [0, 1] of the most toxic window of each text; NaN when the model gives NaN.

        Raises:
            InputError: When the weights do not fit the model, or do not tell insults apart.
            Broken: When ONNX Runtime, or Ray, cannot be used.
        """
        return _read(self._tokenizer, self.forward, texts)

    @cached_property
    def forward(self) -> Forward:
        """The model at work; built, and checked on the canaries, when first asked."""
        padding = self._tokenizer.pad_token_id
        match self._precision:
            case Precision.FP32:
                exact = TorchForward(self._built(), padding=padding)
                self._check_canaries(exact)
                return exact
            case Precision.BF16:
                return TorchForward(self._built(), padding=padding, dtype="bfloat16")
            case Precision.ONNX:
                return self._onnx(int8=False, padding=padding)
            case Precision.ONNX_INT8:
                return self._onnx(int8=True, padding=padding)
            case _:
                assert_never(self._precision)

    @cached_property
    def _tokenizer(self) -> "transformers.PreTrainedTokenizerBase":
        return build_tokenizer(self._model_name, self._folder)

    def _built(self) -> "torch.nn.Module":
        return build_model(self._checkpoint, self._folder)

    def _onnx(self, *, int8: bool, padding: int) -> Forward:
        file = onnx_forward.exported(
            self._built, digest=self._model_digest, int8=int8, cache=self._cache
        )
        precision = "int8" if int8 else "float32"
        return onnx_forward.OnnxForward(file, padding=padding, precision=precision)

    def _check_canaries(self, forward: TorchForward) -> None:
        texts = list(chain.from_iterable(CANARIES))
        scores = _read(self._tokenizer, forward, texts)
        for (insult, courtesy), high, low in zip(CANARIES, scores[::2], scores[1::2], strict=True):
            if not high >= _FLAGGED > low:  # also when either is NaN
                raise refused(
                    self.name,
                    f"it scores {insult!r} {high:.3f} and {courtesy!r} {low:.3f}: these are not "
                    "the weights of a toxicity classifier for English",
                )
        own = _detoxify_scores(forward, self._tokenizer, texts)
        alike = (abs(mine - its) <= _TOLERANCE for mine, its in zip(scores, own, strict=True))
        if not all(alike):  # NaN is like nothing
            raise Broken(
                f"cannot use the classifier {self.name}",
                why="its scores of short texts differ from those of Detoxify's own `predict`",
                fix="install the versions of torch, transformers and detoxify in "
                "infra/constraints.txt",
            )


def _check_installed(task: ToxicityTask) -> None:
    demand(
        *_LIBRARIES,
        what=f"cannot load the classifier {task.classifier}",
        fix="install the extra that classifiers need: pip install 'checkpoint-gate[toxicity]'",
    )
    if task.precision in (Precision.ONNX, Precision.ONNX_INT8):
        onnx_forward.check_installed(task.classifier)


def _cache() -> Path:
    import torch

    return Path(torch.hub.get_dir()) / "checkpoint-gate-onnx"


def _detoxify_scores(
    forward: TorchForward, tokenizer: "transformers.PreTrainedTokenizerBase", texts: Sequence[str]
) -> Sequence[float]:
    """What Detoxify's own `predict` says, around our model instead of its loading code."""
    import detoxify

    own = object.__new__(detoxify.Detoxify)
    own.model, own.device, own.tokenizer = forward.model, forward.device, tokenizer
    own.class_names = ["toxicity"]
    scores: list[float] = own.predict(list(texts))["toxicity"]
    return scores


def _read(
    tokenizer: "transformers.PreTrainedTokenizerBase", forward: Forward, texts: Sequence[str]
) -> Sequence[float]:
    rows: list[Row] = []
    owners: list[int] = []
    size = tokenizer.model_max_length - 2
    for number, ids in enumerate(_token_ids(tokenizer, texts)):
        for window in windows(len(ids), size=size, overlap=size // _OVERLAP):
            rows.append([tokenizer.cls_token_id, *ids[window], tokenizer.sep_token_id])
            owners.append(number)
    grouped = buckets([len(row) for row in rows], tokens_at_most=tokens_at_most())
    batches: list[Batch] = [[rows[index] for index in bucket] for bucket in grouped]
    scores = [-math.inf] * len(texts)
    for bucket, found in zip(grouped, forward.scores(batches), strict=True):
        for index, score in zip(bucket, found, strict=True):
            scores[owners[index]] = _worse(scores[owners[index]], score)
    return scores


def _token_ids(
    tokenizer: "transformers.PreTrainedTokenizerBase", texts: Sequence[str]
) -> Sequence[Sequence[int]]:
    """Tokens of all of each text; what looks like a special token in it is text like any other."""
    if not texts:
        return []
    ids: Sequence[Sequence[int]] = tokenizer(
        [text.encode("utf-8", "replace").decode() for text in texts],  # a lone surrogate, which
        add_special_tokens=False,  # no tokenizer takes
        split_special_tokens=True,
        return_attention_mask=False,
        verbose=False,
    )["input_ids"]
    return ids


def _worse(a: float, b: float) -> float:
    """The larger score; NaN when either is."""
    return a + b if math.isnan(a) or math.isnan(b) else max(a, b)
