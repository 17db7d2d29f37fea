"""A language model in a folder, as transformers saves it, loaded without running anything of it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast

from policies.canonical import Json
from policies.errors import Broken, InputError
from stages.models.folder_digest import digest_of_folder, stamps_of_folder

if TYPE_CHECKING:
    import torch
    from transformers import GenerationConfig, PreTrainedTokenizerBase

Device = Literal["auto", "cpu", "cuda"]
"""`auto`: the accelerators that there are, over which a model may be spread; else the processor."""

Precision = Literal["auto", "fp32", "bf16"]
"""`auto`: as the model's configuration says."""

BESIDE = ("product.json",)
"""Files in a model's folder that are no part of it."""

_LONGEST = 1_000_000
"""A tokenizer that says more than this has no limit of its own."""


class _Scored(Protocol):
    logits: "torch.Tensor"


class Generative(Protocol):
    """What is used of a causal language model of transformers."""

    dtype: "torch.dtype"
    device: "torch.device"
    config: object
    generation_config: "GenerationConfig"

    def __call__(self, **given: object) -> _Scored:
        """Scores of the next token, at every token."""
        ...

    def generate(self, **how: object) -> "torch.Tensor":
        """Tokens of questions and answers."""
        ...

    def train(self, *, mode: bool) -> object:
        """Whether what it computes is to be learnt from."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalModel:
    """A language model on this machine.

    Attributes:
        folder: Where it came from.
        sha256: Digest of its files.
        model: Its weights, ready to be asked.
        tokenizer: With a chat template and a token for padding.
        longest: Tokens that it reads at most, question and answer together.
    """

    folder: Path
    sha256: str
    model: Generative
    tokenizer: "PreTrainedTokenizerBase"
    longest: int

    @property
    def dtype(self) -> str:
        """In which numbers it counts, e.g. `bfloat16`."""
        return str(self.model.dtype).removeprefix("torch.")

    @property
    def device(self) -> "torch.device":
        """Where a question goes in."""
        return self.model.device


def load_local(
    folder: Path,
    *,
    device: Device = "auto",
    precision: Precision = "auto",
    chat_template: str | None = None,
) -> LocalModel:
    """The model in a folder: safetensors only, and no code of its own.

    Args:
        folder: With `config.json`, `*.safetensors` and a tokenizer.
        device: Where it is to run.
        precision: In which numbers.
        chat_template: How conversations are shown to it, in Jinja; None: as its tokenizer says.

    Raises:
        InputError: When it is no language model that can be used, or its files changed meanwhile.
        Broken: When the libraries that run it are not installed, or the device is not there.
    """
    before = stamps_of_folder(folder)
    _demand_libraries(folder)
    refuse_foreign_code(folder)
    if not any(folder.glob("*.safetensors")):
        raise unusable(
            folder, "it has no *.safetensors; other formats of weights run code when they are read"
        )
    with quiet():
        tokenizer = _tokenizer(folder, chat_template)
        model = _model(folder, device, precision)
    sha256 = digest_of_folder(folder, beside=BESIDE)
    if stamps_of_folder(folder) != before:
        raise InputError(
            f"cannot use the model in {folder}",
            why="a file of it changed while it was loaded",
            fix="leave it alone while it is loaded, and run the same command again",
        )
    return LocalModel(
        folder=folder,
        sha256=sha256,
        model=model,
        tokenizer=tokenizer,
        longest=_longest(model, tokenizer),
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps transformers from drawing bars of its own meanwhile."""
    from transformers.utils import logging

    drawn, said = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(said)
        if drawn:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _demand_libraries(folder: Path) -> None:
    try:
        import torch  # noqa: F401 - whether they are there
        import transformers  # noqa: F401
    except ImportError as error:
        raise Broken(
            f"cannot run the model in {folder}",
            why=f"{error.name} is not installed",
            fix="pip install 'checkpoint-gate[workshop]', or ask it behind an endpoint",
        ) from None


def refuse_foreign_code(folder: Path) -> None:
    """Returns unless a model's settings ask for code of its own to be run.

    Raises:
        InputError: When they do, or cannot be read.
    """
    for name in ("config.json", "tokenizer_config.json"):
        said = read_settings(folder, name)
        if "auto_map" in said:
            raise unusable(folder, f"{name} asks for code of the model's own to be run (auto_map)")


def read_settings(folder: Path, name: str) -> Mapping[str, Json]:
    """One of the JSON objects in a model's folder.

    Raises:
        InputError: When it is not there, or no JSON object.
    """
    try:
        said = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise unusable(folder, f"it has no {name} that can be read") from None
    if not isinstance(said, dict):
        raise unusable(folder, f"{name} is no JSON object")
    return said


def _tokenizer(folder: Path, chat_template: str | None) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer

    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise unusable(folder, f"its tokenizer cannot be read: {str(error)[:200]}") from None
    if chat_template is not None:
        tokenizer.chat_template = chat_template
    if not tokenizer.chat_template:
        raise InputError(
            f"cannot use the model in {folder}",
            why="its tokenizer has no chat template to show conversations by",
            fix="name a Jinja file as `chat_template`, such as that of its instructed version",
        )
    if tokenizer.eos_token is None:
        raise unusable(folder, "its tokenizer has no token that ends an answer")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _model(folder: Path, device: Device, precision: Precision) -> Generative:
    import safetensors  # noqa: PLC0415 - comes with transformers, imported with it
    import torch
    from transformers import AutoModelForCausalLM

    accelerated = torch.cuda.is_available()
    if device == "cuda" and not accelerated:
        raise Broken(
            f"cannot run the model in {folder}",
            why="torch sees no accelerator",
            fix="set the device to cpu or auto, or install torch for the accelerator",
        )
    dtype = {"auto": "auto", "fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    try:
        model, loaded = cast(
            "tuple[Generative, Mapping[str, set[str]]]",
            AutoModelForCausalLM.from_pretrained(
                folder,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=dtype,
                output_loading_info=True,
                device_map="auto" if accelerated and device != "cpu" else None,
            ),
        )
    except (OSError, ValueError, KeyError, RuntimeError, safetensors.SafetensorError) as error:
        said = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise unusable(folder, f"its weights cannot be read ({said})") from None
    if loaded["missing_keys"]:
        missing = ", ".join(sorted(loaded["missing_keys"])[:3])
        raise unusable(folder, f"its weights lack {missing}, which would be made up by chance")
    model.train(mode=False)
    return model


def _longest(model: Generative, tokenizer: "PreTrainedTokenizerBase") -> int:
    said = (
        tokenizer.model_max_length,
        getattr(model.config, "max_position_embeddings", None),
    )
    return min([one for one in said if one is not None and 0 < one < _LONGEST], default=_LONGEST)


def unusable(folder: Path, why: str) -> InputError:
    """The error of a folder that is no language model, or not one that can be run."""
    return InputError(
        f"cannot use the model in {folder}",
        why=why,
        fix="name a folder that transformers' save_pretrained wrote: a causal language model, its "
        "safetensors and its tokenizer",
    )
