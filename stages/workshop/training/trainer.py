"""What every way of training has in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from policies.errors import InputError
from stages.workshop.training.data import Preferred, Taught
from stages.workshop.training.settings import Base, Training


class Diverged(InputError):  # noqa: N818 - what the training did
    """The loss of a training became no number; nothing of it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model that was trained.

    Attributes:
        folder: Where it lies, as transformers saves it; None when it is behind an endpoint.
        model: Its name at the endpoint; empty when it lies in a folder.
        sha256: Of its files, as `LocalTransformers.identity` says it; behind an endpoint, of all
            that it was made from.
        steps: Of the optimizer.
        loss: Mean of the last tenth of the steps, in nats a token (of DPO: its own loss); None
            where an endpoint does not say it.
        seconds: Of training, interruptions left out.
        gpu_minutes: Accelerators times minutes; 0 on a processor, None behind an endpoint.
        left_out: Rows that were longer than `max_length`.
    """

    folder: Path | None
    model: str
    sha256: str
    steps: int
    loss: float | None
    seconds: float
    gpu_minutes: float | None
    left_out: int = 0


class Trainer(Protocol):
    """Trains models; the same call again returns what it made before, without training."""

    def sft(self, rows: Sequence[Taught], base: Base, settings: Training, to: Path) -> Trained:
        """A model that learnt to give answers: supervised fine-tuning.

        The loss counts the answer's tokens and its end, never the question's.

        Args:
            rows: What to answer to what.
            base: What is trained.
            settings: How.
            to: Folder in which it is to stand, whole or not at all.

        Raises:
            Diverged: When the loss is no number.
            InputError: When rows or base cannot be used, or something else stands in the folder.
            Broken: When libraries, memory or the endpoint fail.
        """
        ...

    def dpo(self, rows: Sequence[Preferred], base: Base, settings: Training, to: Path) -> Trained:
        """A model that learnt to prefer answers: direct preference optimisation.

        Args:
            rows: Which answer is better than which.
            base: What is trained, and from which it is not to move far.
            settings: How.
            to: Folder in which it is to stand, whole or not at all.

        Raises:
            Diverged: When the loss is no number.
            InputError: When rows or base cannot be used, or something else stands in the folder.
            Broken: When libraries, memory or the endpoint fail.
        """
        ...
