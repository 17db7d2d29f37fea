"""Training on this machine, by TRL."""

import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from policies.canonical import Json, sha256_of
from policies.errors import InputError
from stages.engine.libraries import demand
from stages.engine.product import Product, freeze
from stages.engine.progress import Progress, Silent
from stages.models.folder_digest import digest_of_folder
from stages.models.local_folder import BESIDE, Device, LocalModel, load_local, quiet
from stages.workshop.training.base_folder import folder_of, template_of
from stages.workshop.training.data import Preferred, Taught, digest_of_rows
from stages.workshop.training.making import KIND, made_before, making
from stages.workshop.training.settings import Base, Training
from stages.workshop.training.trainer import Trained
from stages.workshop.training.trl_rows import Rows
from stages.workshop.training.trl_run import Ran, run

_LIBRARIES = ("torch", "transformers", "trl", "peft", "datasets", "accelerate")


class TrlTrainer:
    """Trains models in folders, on the accelerators or processors of this machine.

    A training that was killed goes on from its last checkpoint. On one machine equal rows, bases
    and settings make equal weights, killed between or not.

    Args:
        start: Folder that the paths of bases start from.
        device: Where it runs.
        progress: Where to show how far it is.
    """

    def __init__(
        self, start: Path, *, device: Device = "auto", progress: Progress | None = None
    ) -> None:
        self._start = start
        self._device: Device = device
        self._progress = progress or Silent()

    def sft(self, rows: Sequence[Taught], base: Base, settings: Training, to: Path) -> Trained:
        """As `Trainer.sft` says."""
        return self._trained(rows, base, settings, to)

    def dpo(self, rows: Sequence[Preferred], base: Base, settings: Training, to: Path) -> Trained:
        """As `Trainer.dpo` says."""
        return self._trained(rows, base, settings, to)

    def _trained(self, rows: Rows, base: Base, settings: Training, to: Path) -> Trained:
        if not rows:
            raise InputError(
                f"cannot train {base.where}",
                why="there is no row to learn from",
                fix="look at what was left out on the way, or begin with more",
            )
        demand(
            *_LIBRARIES,
            what=f"cannot train {base.where}",
            fix="pip install 'checkpoint-gate[workshop]', or train behind an endpoint",
        )
        folder, template = folder_of(base, self._start), template_of(base, self._start)
        made_from = {
            "rows": digest_of_rows(rows),
            "base": digest_of_folder(folder, beside=BESIDE),
            "chat_template": sha256_of(template),
        }
        key = _key(rows, made_from, settings)
        found = made_before(to, key)
        if found is not None:
            return _told(found)
        with making(to, key) as room:
            local = load_local(
                folder,
                device=self._device,
                precision="bf16" if settings.precision == "bf16" and settings.lora else "fp32",
                chat_template=template,
            )
            ran = run(
                rows,
                local,
                settings,
                checkpoints=room / "checkpoints",
                progress=self._progress,
            )
            made = _saved(ran, local, room / "model")
            return _told(
                freeze(
                    made, to, kind=KIND, recipe=key, made_from=made_from, facts=_facts(ran, local)
                )
            )


def _key(rows: Rows, made_from: dict[str, str], settings: Training) -> str:
    libraries: dict[str, Json] = {
        name: re.split(r"[.+]", version(name))[0] for name in ("torch", "transformers", "trl")
    }
    return sha256_of(
        {
            "method": "sft" if isinstance(rows[0], Taught) else "dpo",
            "made_from": dict(made_from),
            "settings": settings.said(),
            "libraries": libraries,
        }
    )


def _saved(ran: Ran, local: LocalModel, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    with quiet():
        ran.model.save_pretrained(folder)
        local.tokenizer.save_pretrained(folder)
    return folder


def _facts(ran: Ran, local: LocalModel) -> dict[str, Json]:
    devices = getattr(local.model, "hf_device_map", None)
    accelerators = 0 if local.device.type == "cpu" else len(set(devices.values())) if devices else 1
    return {
        "steps": ran.steps,
        "loss": ran.loss,
        "seconds": ran.seconds,
        "gpu_minutes": accelerators * ran.seconds / 60,
        "left_out": ran.left_out,
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def _told(product: Product) -> Trained:
    match product.facts:
        case {
            "steps": int(steps),
            "loss": float(loss),
            "seconds": float(seconds),
            "gpu_minutes": float(gpu_minutes),
            "left_out": int(left_out),
        }:
            return Trained(
                folder=product.folder,
                model="",
                sha256=sha256_of(dict(product.files)),  # as `digest_of_folder` says it
                steps=steps,
                loss=loss,
                seconds=seconds,
                gpu_minutes=gpu_minutes,
                left_out=left_out,
            )
        case _:
            raise InputError(
                f"cannot use the model in {product.folder}",
                why="its product.json does not tell how it was trained",
                fix="train it anew into another folder",
            )
