"""One training by TRL, from its arguments to weights."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr
from dataclasses import dataclass
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from policies.errors import Broken
from stages.engine.progress import Progress
from stages.models.local_folder import LocalModel, quiet
from stages.workshop.training.data import Taught
from stages.workshop.training.settings import Training
from stages.workshop.training.trl_rows import Rows, fitting
from stages.workshop.training.watching import (
    State,
    diverged,
    last_loss,
    last_whole,
    seconds_of,
    watching,
)

if TYPE_CHECKING:
    import torch

    from policies.canonical import Json


class Learnt(Protocol):
    """What is used of a model that was trained."""

    def save_pretrained(self, folder: Path) -> object:
        """Writes it as safetensors."""
        ...

    def named_parameters(self) -> "Iterator[tuple[str, torch.nn.Parameter]]":
        """All its weights."""
        ...

    def to(self, *, dtype: "torch.dtype") -> "Learnt":
        """It, in other numbers."""
        ...

    def merge_and_unload(self) -> "Learnt":
        """It, its adapters being part of its weights; only of one that has adapters."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of a training.

    Attributes:
        model: With its new weights; adapters are merged.
        steps: Of the optimizer.
        loss: Mean of the last tenth of the steps.
        seconds: Of training, interruptions left out.
        left_out: Rows that were too long.
    """

    model: Learnt
    steps: int
    loss: float
    seconds: float
    left_out: int


class _Trainer(Protocol):
    state: State
    model: Learnt

    def train(self, *, resume_from_checkpoint: str | None) -> object: ...

    def add_callback(self, callback: object) -> None: ...

    def remove_callback(self, callback: type) -> None: ...


class _Trl(Protocol):
    SFTConfig: Callable[..., object]
    SFTTrainer: Callable[..., _Trainer]
    DPOConfig: Callable[..., object]
    DPOTrainer: Callable[..., _Trainer]


def run(
    rows: Rows, local: LocalModel, settings: Training, *, checkpoints: Path, progress: Progress
) -> Ran:
    """Trains, from the last whole checkpoint on where there is one.

    Args:
        rows: To give, or to prefer: what they are says how it is trained.
        local: What is trained; its weights change.
        settings: How.
        checkpoints: Folder in which a killed training finds where it was.
        progress: Where to show how far it is.

    Raises:
        Diverged: When the loss, the gradient or a weight is no number.
        InputError: When every row is too long.
        Broken: When it does not fit into memory.
    """
    with _silence():
        data = fitting(rows, local, longest=settings.max_length)
        how = {
            "model": local.model,
            "train_dataset": data,
            "processing_class": local.tokenizer,
            "peft_config": _adapters(settings),
        }
        with redirect_stderr(StringIO()):  # TRL draws a bar while DPO asks the base
            trainer = _trainer(rows, settings, _arguments(settings, local, checkpoints), how)
        _train(trainer, settings, progress, last_whole(checkpoints))
    state = trainer.state
    return Ran(
        model=_sound(trainer.model, settings, state.global_step),
        steps=state.global_step,
        loss=last_loss(state.log_history),
        seconds=seconds_of(state.log_history),
        left_out=len(rows) - len(data),
    )


def _trainer(
    rows: Rows, settings: Training, arguments: "Mapping[str, Json]", how: Mapping[str, object]
) -> _Trainer:
    trl = cast("_Trl", import_module("trl"))  # seconds, only for training
    if isinstance(rows[0], Taught):
        taught = trl.SFTConfig(**arguments, packing=settings.packing, completion_only_loss=True)
        return trl.SFTTrainer(args=taught, **how)
    preferring = trl.DPOConfig(**arguments, beta=settings.beta, precompute_ref_log_probs=True)
    return trl.DPOTrainer(args=preferring, **how)


def _arguments(settings: Training, local: LocalModel, checkpoints: Path) -> "Mapping[str, Json]":
    """What transformers' `TrainingArguments` are, for every method."""
    on_processor = local.device.type == "cpu"
    at_once = settings.at_once or settings.batch
    return {
        "output_dir": str(checkpoints),
        "num_train_epochs": settings.epochs,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": settings.schedule,
        "warmup_steps": settings.warmup,
        "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": settings.batch // at_once,
        "max_length": settings.max_length,
        "weight_decay": settings.weight_decay,
        "optim": "adamw_torch",
        "bf16": settings.precision == "bf16",
        "activation_checkpointing": settings.gradient_checkpointing,
        "seed": settings.seed,
        "use_cpu": on_processor,
        "dataloader_pin_memory": not on_processor,
        "save_strategy": "steps",
        "save_steps": settings.checkpoint_every,
        "save_total_limit": 1,
        "logging_strategy": "steps",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # a loss that is no number is to be seen
        "disable_tqdm": True,
        "report_to": "none",
    }


def _adapters(settings: Training) -> object:
    if settings.lora is None:
        return None
    import peft  # noqa: PLC0415 - seconds, only for training

    return peft.LoraConfig(
        r=settings.lora.rank,
        lora_alpha=settings.lora.alpha,
        lora_dropout=settings.lora.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def _train(
    trainer: _Trainer, settings: Training, progress: Progress, checkpoint: Path | None
) -> None:
    import torch
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)
    with ExitStack() as bars:
        trainer.add_callback(watching(settings, progress, bars))
        try:
            trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
        except torch.OutOfMemoryError as error:
            raise Broken(
                "cannot train: it does not fit into memory",
                why=" ".join(str(error).split())[:200],
                fix="set `at_once: 1`, `gradient_checkpointing: true`, `lora` or a lower "
                "`max_length`",
            ) from None


def _sound(model: Learnt, settings: Training, steps: int) -> Learnt:
    """The model as it is kept: adapters merged, every weight a number."""
    import torch

    if settings.lora is not None:
        model = model.merge_and_unload()
    if settings.precision == "bf16":
        model = model.to(dtype=torch.bfloat16)
    for name, weights in model.named_parameters():
        if not bool(weights.isfinite().all()):
            raise diverged(f"the weight {name}", steps, settings)
    return model


@contextmanager
def _silence() -> Iterator[None]:
    """Keeps the libraries from drawing bars of their own, and from warning of each other."""
    import datasets  # noqa: PLC0415 - seconds, only for training

    drawn = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore", category=FutureWarning)
            yield
    finally:
        if drawn:
            datasets.enable_progress_bars()
