"""A classifier's model on ONNX Runtime: exported once from the pinned weights, and kept."""

import importlib.metadata
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from policies.canonical import sha256_of
from stages.engine.digests import sha256_of_file
from stages.engine.libraries import demand
from stages.offline.toxicity.forward import Batch, padded

if TYPE_CHECKING:
    import torch

_LIBRARIES = ("onnx", "onnxruntime", "onnxscript")
_CHATTER = "torch.onnx._internal.exporter"
"""Says at every export that torchvision is absent, which no text classifier needs."""


class OnnxForward:
    """A model on ONNX Runtime, in fp32 or with int8 weights and activations.

    Args:
        file: The exported model.
        padding: Token id that fills the shorter rows of a batch.
        precision: For people: `float32` or `int8`.
    """

    def __init__(self, file: Path, *, padding: int, precision: str) -> None:
        import onnxruntime
        import torch

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
        there = onnxruntime.get_available_providers()
        self._session = onnxruntime.InferenceSession(
            file, options, providers=[provider for provider in wanted if provider in there]
        )
        self._padding = padding
        self.backend = (
            f"onnxruntime {importlib.metadata.version('onnxruntime')} "
            f"{self._session.get_providers()[0]} {precision}"
        )

    def scores(self, batches: Sequence[Batch]) -> Sequence[Sequence[float]]:
        """As `Forward` says."""
        return [self._batch(batch) for batch in batches]

    def _batch(self, batch: Batch) -> Sequence[float]:
        ids, mask = padded(batch, padding=self._padding)
        (logits,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        return [float(score) for score in 1 / (1 + np.exp(-logits[:, 0].astype(np.float64)))]


def check_installed(name: str) -> None:
    """Returns when ONNX Runtime and what exports to it are installed.

    Raises:
        Broken: When they are not.
    """
    demand(
        *_LIBRARIES,
        what=f"cannot load the classifier {name} for ONNX Runtime",
        fix="pip install 'checkpoint-gate[fast-toxicity]', or set `precision` to fp32 or bf16",
    )


def exported(
    build: "Callable[[], torch.nn.Module]", *, digest: str, int8: bool, cache: Path
) -> Path:
    """The model's ONNX file, made when the cache does not hold it whole.

    Beside the file stands its SHA-256; a file that is torn or was changed is made anew. What the
    file computes is checked against fp32 by whoever uses it.

    Args:
        build: Gives the model, in fp32 on the CPU.
        digest: Of the weights and of model config and vocabulary.
        int8: Whether weights and activations are quantised, each weight channel by itself.
        cache: Folder that may be emptied at any time.
    """
    versions = {name: importlib.metadata.version(name) for name in (*_LIBRARIES, "torch")}
    key = sha256_of({"model": digest, "int8": int8, "versions": versions})
    file = cache / f"{key}.onnx"
    if not _whole(file):
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            made = Path(folder) / "model.onnx"
            _export(build(), made)
            if int8:
                made = _quantised(made)
            _seal(file).write_text(sha256_of_file(made))
            made.replace(file)
    return file


def _export(model: "torch.nn.Module", file: Path) -> None:
    import torch

    example = torch.ones((2, 8), dtype=torch.int64)
    shape = {0: torch.export.Dim("rows"), 1: torch.export.Dim("tokens")}
    with _quiet():
        torch.onnx.export(
            model,
            (example, torch.ones_like(example)),  # the same tensor twice would be one input
            file,
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_shapes=(shape, shape),
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def _quantised(file: Path) -> Path:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(file)
    del model.graph.value_info[:]  # the exporter's shapes of weights contradict the quantiser's
    small = file.with_suffix(".int8.onnx")
    with _quiet():
        quantize_dynamic(model, small, weight_type=QuantType.QInt8, per_channel=True)
    return small


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporters say to their own developers."""
    loggers = [logging.getLogger(name) for name in (_CHATTER, "root")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _whole(file: Path) -> bool:
    seal = _seal(file)
    return file.is_file() and seal.is_file() and seal.read_text() == sha256_of_file(file)


def _seal(file: Path) -> Path:
    return file.with_suffix(".sha256")
