"""Models that are in this process's memory: each once, and no more of them than fit together."""

import gc
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stages.models.local_transformers import LocalTransformers

Load = Callable[[], "LocalTransformers"]

_SHARE = 0.5
"""Of all memory, which models may fill together: the rest is for what they compute."""

_CGROUP = Path("/sys/fs/cgroup/memory.max")


class LoadedModels:
    """Keeps models for all clients that ask them.

    A model goes when the last client that asked it is closed, at once or with the answer that it is
    giving. Before another one is loaded, those
    that nobody is asking go too, the longest unasked first, until all fit: they are loaded anew
    when they are asked again.

    Args:
        most: Bytes of weights that may be kept together.
    """

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self._models: dict[str, _Loaded] = {}
        """By key; the one that was asked last stands last."""
        self._owners: Counter[str] = Counter()
        self._asking: Counter[str] = Counter()
        self._changing = threading.Lock()

    def own(self, key: str) -> None:
        """Notes a client that will ask a model, until it is `left`."""
        with self._changing:
            self._owners[key] += 1

    def left(self, key: str) -> None:
        """Notes that a client will not ask a model again."""
        with self._changing:
            self._owners[key] -= 1
            self._let_go(key)

    @contextmanager
    def lent(self, key: str, load: Load, *, size: int) -> "Iterator[LocalTransformers]":
        """A model while it is asked.

        Args:
            key: What it is: equal keys are equal models.
            load: Loads it.
            size: Bytes of its weights.

        Raises:
            GateError: When it cannot be loaded.
        """
        with self._changing:
            loaded = self._models.pop(key, None) or self._loaded(load, size)
            self._models[key] = loaded
            self._asking[key] += 1
        try:
            yield loaded.model
        finally:
            with self._changing:
                self._asking[key] -= 1
                self._let_go(key)

    def _let_go(self, key: str) -> None:
        """Forgets a model that nobody asks, nor will."""
        if key in self._models and not (self._owners[key] or self._asking[key]):
            del self._models[key]
            _free()

    def _loaded(self, load: Load, size: int) -> "_Loaded":
        kept = sum(loaded.size for loaded in self._models.values())
        gone = False
        for key in [key for key in self._models if not self._asking[key]]:
            if kept + size <= self._most():
                break
            kept -= self._models.pop(key).size
            gone = True
        if gone:
            _free()
        return _Loaded(model=load(), size=size)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    model: "LocalTransformers"
    size: int


@cache
def _half_of_memory() -> int:
    """Of the accelerators, where there are any; else of what this process may take."""
    import torch

    if torch.cuda.is_available():
        devices = range(torch.cuda.device_count())
        total = sum(torch.cuda.get_device_properties(device).total_memory for device in devices)
        return int(_SHARE * total)
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # no such group, or no limit
        total = min(total, int(_CGROUP.read_text(encoding="ascii")))
    return int(_SHARE * total)


def _free() -> None:
    """Gives memory back now: modules hold each other in circles."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


LOADED = LoadedModels(_half_of_memory)
"""The one of this process."""
