"""What a recipe says of training."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from policies.base import Count, Sha256, Strict, Text

Revision = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
"""A commit of a repository, as 40 hexadecimal digits."""


class Base(Strict):
    """The model that is trained."""

    where: Text
    """A folder (relative to the recipe), or the id of a repository on the Hugging Face Hub."""
    revision: Revision | None = None
    """Commit of the repository; needed there, of no meaning for a folder."""
    sha256: Sha256 | None = None
    """Digest that its files are frozen at; a change is refused."""
    chat_template: Text | None = None
    """File with the Jinja template by which conversations are shown to it (relative to the recipe);
    needed for a base model whose tokenizer has none, and saved with what is trained."""


class Lora(Strict):
    """Low-rank adapters are trained instead of all weights, then merged into them."""

    rank: Count = 16
    alpha: Count = 32
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0


class Training(Strict):
    """How a model is trained."""

    epochs: Annotated[float, Field(gt=0)] = 1.0
    learning_rate: Annotated[float, Field(gt=0)] = 1e-5
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    """How the learning rate falls towards the end."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the steps in which it first rises."""
    batch: Count = 8
    """Rows of one step."""
    at_once: Count | None = None
    """Rows that are in memory at a time, of which `batch` is a multiple; None: all of a step."""
    max_length: Count = 2048
    """Tokens of a row, question and answer; longer rows are left out, and counted."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    packing: bool = False
    """Whether short rows share a sequence of `max_length`; they do not see each other."""
    precision: Literal["fp32", "bf16"] = "fp32"
    gradient_checkpointing: bool = False
    """Whether memory is saved by computing twice."""
    lora: Lora | None = None
    beta: Annotated[float, Field(gt=0)] = 0.1
    """How far preferences may move the model from where it began (DPO)."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    checkpoint_every: Count = 200
    """Steps after which a killed training can go on."""

    @model_validator(mode="after")
    def _whole_steps(self) -> "Training":
        if self.at_once is not None and self.batch % self.at_once:
            raise ValueError("`batch` must be a multiple of `at_once`")
        return self
