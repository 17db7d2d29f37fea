"""A training in a process of its own, which ends itself in the middle as a power cut would.

    python -m tests.stages.workshop.training.killed_training FOLDER WHERE

WHERE is `step N`, before that step, or `writing N`, while the checkpoint of step N is written.
"""

import os
import signal
import sys
from pathlib import Path

from stages.workshop.training.settings import Base
from stages.workshop.training.trl_trainer import TrlTrainer
from tests.stages.workshop.training.lessons import QUICK, followers

SETTINGS = QUICK.model_copy(update={"checkpoint_every": 5, "epochs": 2.0})


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    import torch
    from transformers import Trainer, TrainerCallback

    torch.set_num_threads(1)
    folder, (where, number) = Path(sys.argv[1]), sys.argv[2].split()
    if where == "step":

        def at(self: object, args: object, state: object, *_: object, **__: object) -> None:
            del self, args
            if state.global_step == int(number) - 1:  # type: ignore[attr-defined]
                die()

        TrainerCallback.on_step_begin = at  # type: ignore[assignment]
    else:
        written = Trainer._save_rng_state

        def save(self: Trainer, to: str) -> None:
            written(self, to)
            if self.state.global_step == int(number):
                die()

        Trainer._save_rng_state = save
    TrlTrainer(folder).sft(followers(), Base(where="base"), SETTINGS, folder / "student")


if __name__ == "__main__":
    main()
