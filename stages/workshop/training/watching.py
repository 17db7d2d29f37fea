"""What is watched while a model is trained, and what its history tells afterwards."""

import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from stages.engine.progress import Progress
from stages.evidence.json_lines import strict_json
from stages.workshop.training.settings import Training
from stages.workshop.training.trainer import Diverged

if TYPE_CHECKING:
    from transformers import TrainerCallback

History = Sequence[Mapping[str, float]]
"""What transformers logged of each step: `loss`, `grad_norm`, and our `seconds`."""


class State(Protocol):
    """How far a training is, as transformers keeps it."""

    global_step: int
    max_steps: int
    log_history: list[dict[str, float]]


def watching(settings: Training, progress: Progress, bars: ExitStack) -> "TrainerCallback":
    """A callback of transformers that shows progress and ends a training that diverges.

    Args:
        settings: Of the training.
        progress: Where to show how far it is.
        bars: What closes the bar, however the training ends.
    """
    from transformers import TrainerCallback

    class Watching(TrainerCallback):
        def on_train_begin(self, *seen: object, **more: object) -> None:
            del more
            state = _state(seen)
            self._began = monotonic() - seconds_of(state.log_history)
            left = state.max_steps - state.global_step
            self._advance = bars.enter_context(progress.task("training", left))

        def on_step_end(self, *seen: object, **more: object) -> None:
            del seen, more
            self._advance()

        def on_log(self, *seen: object, **more: object) -> None:
            del more
            state = _state(seen)
            last = state.log_history[-1]
            last["seconds"] = monotonic() - self._began
            for name, words in (("loss", "the loss"), ("grad_norm", "the gradient")):
                if not math.isfinite(last.get(name, 0.0)):
                    raise diverged(words, state.global_step, settings)

    return Watching()


def diverged(what: str, step: int, settings: Training) -> Diverged:
    """The error of a training in which something became no number."""
    return Diverged(
        f"the training diverged at step {step}",
        why=f"{what} is no number, at a learning rate of {settings.learning_rate:g}",
        fix="lower `learning_rate`, or set `warmup`; see that the base's own weights are sound",
    )


def last_whole(checkpoints: Path) -> Path | None:
    """The newest checkpoint that was written to its end; None when there is none."""
    found = {
        step: folder for folder in checkpoints.glob("checkpoint-*") if (step := _step(folder)) > 0
    }
    return found[max(found)] if found else None


def last_loss(history: History) -> float:
    """Mean loss of the last tenth of the steps."""
    losses = [entry["loss"] for entry in history if "loss" in entry]
    last = losses[-math.ceil(len(losses) / 10) :]
    return sum(last) / len(last)


def seconds_of(history: History) -> float:
    """Seconds of training, interruptions left out."""
    return max((entry["seconds"] for entry in history if "seconds" in entry), default=0.0)


def _state(seen: Sequence[object]) -> State:
    """The second of what transformers shows a callback: arguments, state, control."""
    state = seen[1]
    assert hasattr(state, "log_history"), "transformers shows its state"
    return state  # type: ignore[return-value]  # its own type says it otherwise


def _step(checkpoint: Path) -> int:
    """The step of a checkpoint; 0 when it was not written to its end: its state comes last."""
    try:
        state = strict_json((checkpoint / "trainer_state.json").read_text())
    except (OSError, ValueError):
        return 0
    step = state.get("global_step") if isinstance(state, Mapping) else None
    return step if isinstance(step, int) else 0
