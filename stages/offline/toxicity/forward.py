"""A classifier's model at work: batches of token ids in, scores of the first class out."""

import importlib.metadata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Row = Sequence[int]
"""Token ids of one window, special tokens included."""

Batch = Sequence[Row]
"""Windows that are read together, padded to the longest."""


class Forward(Protocol):
    """Scores batches, on one device or many."""

    @property
    def backend(self) -> str:
        """Library, its version, device and precision: what the last decimals depend on."""
        ...

    def scores(self, batches: Sequence[Batch]) -> Sequence[Sequence[float]]:
        """For every window of every batch the score of the first class in [0, 1], or NaN."""
        ...


class TorchForward:
    """A model on PyTorch.

    Args:
        model: In fp32, on the CPU; it is moved and converted.
        padding: Token id that fills the shorter rows of a batch.
        dtype: Of the matrix products, `float32` or less; sums and norms stay in fp32, which halves
            the drift.
        device: `cpu` or `cuda`; None for the accelerator where there is one.
    """

    def __init__(
        self,
        model: "torch.nn.Module",
        *,
        padding: int,
        dtype: str = "float32",
        device: str | None = None,
    ) -> None:
        import torch

        self.device = device or default_device()
        self._dtype: torch.dtype = getattr(torch, dtype)
        self.model = model.to(device=self.device)
        for module in self.model.modules():
            if isinstance(module, torch.nn.Linear):
                module.to(self._dtype)
        self._padding = padding
        torch_, transformers = map(importlib.metadata.version, ("torch", "transformers"))
        self.backend = f"torch {torch_} {self.device} {dtype}, transformers {transformers}"

    def scores(self, batches: Sequence[Batch]) -> Sequence[Sequence[float]]:
        """As the protocol says."""
        return [self._batch(batch) for batch in batches]

    def _batch(self, batch: Batch) -> Sequence[float]:
        import torch

        ids, mask = padded(batch, padding=self._padding)
        fast = self._dtype is not torch.float32
        with torch.inference_mode(), torch.autocast(self.device, dtype=self._dtype, enabled=fast):
            logits = self.model(
                input_ids=torch.from_numpy(ids).to(self.device),
                attention_mask=torch.from_numpy(mask).to(self.device),
            ).logits
            return [float(score) for score in torch.sigmoid(logits[:, 0].float()).cpu()]


def padded(batch: Batch, *, padding: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A batch as a rectangle of token ids, and where they stand, shape (rows, longest) each."""
    length = max(len(row) for row in batch)
    ids = np.full((len(batch), length), padding, dtype=np.int64)
    mask = np.zeros_like(ids)
    for number, row in enumerate(batch):
        ids[number, : len(row)] = row
        mask[number, : len(row)] = 1
    return ids, mask


def tokens_at_most() -> int:
    """Most tokens of a batch, padding included.

    A processor is fastest while the activations of a batch stay in its cache; an accelerator wants
    more work at once.
    """
    return 4096 if default_device() == "cuda" else 1024


def default_device() -> str:
    """`cuda` where there is an accelerator, else `cpu`."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
