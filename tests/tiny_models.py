"""Tiny transformers for tests: the maker that the examples use."""

from collections.abc import Iterable
from pathlib import Path

from infra.examples import tiny_model
from infra.examples.tiny_model import CHAT, END, PAD, ROLES, UNKNOWN

__all__ = ["CHAT", "END", "PAD", "ROLES", "UNKNOWN", "tiny_llama"]


def tiny_llama(
    folder: Path, words: Iterable[str], *, hidden: int = 64, layers: int = 2, seed: int = 0
) -> Path:
    """As `infra.examples.tiny_model.tiny_llama`; from then on torch computes in one thread.

    Threads that wait for each other on a busy machine make so small a model ten times slower.
    """
    import torch

    torch.set_num_threads(1)
    return tiny_model.tiny_llama(folder, words, hidden=hidden, layers=layers, seed=seed)
