"""How likely a local model finds given texts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages.evidence.estimate import Cause, Unmeasured
from stages.models.client import EndpointError
from stages.models.local_folder import LocalModel

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Likelihood:
    """How likely a model finds an answer, given its question.

    Attributes:
        log_probability: Of all tokens of the answer, summed; nats, at most 0.
        tokens: Of the answer; at least 1.
    """

    log_probability: float
    tokens: int

    def __post_init__(self) -> None:
        if self.tokens < 1 or not math.isfinite(self.log_probability):
            raise ValueError("a likelihood is a finite number over at least one token")

    @property
    def perplexity(self) -> float:
        """Of the answer by itself: at least 1; infinite where it outgrows a float."""
        mean = -self.log_probability / self.tokens
        return math.exp(mean) if mean < _LARGEST_EXPONENT else math.inf


_LARGEST_EXPONENT = 709.0
"""Above it, exp() leaves the range of a float."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Tokens, of which the last are to be scored.

    Attributes:
        ids: Question and answer.
        start: Where the answer begins; at least one token of it follows.
    """

    ids: tuple[int, ...]
    start: int


def likelihoods(
    local: LocalModel, spans: Sequence[Span], *, at_once: int
) -> tuple[Likelihood | Unmeasured, ...]:
    """The likelihood of each span's end, in order.

    Args:
        local: The model.
        spans: Texts, none longer than it reads.
        at_once: Texts of a batch; those of about equal length go together.

    Raises:
        EndpointError: When it cannot be run.
    """
    found: list[Likelihood | Unmeasured] = [_NEVER] * len(spans)
    order = sorted(range(len(spans)), key=lambda at: len(spans[at].ids))
    for first in range(0, len(order), at_once):
        group = order[first : first + at_once]
        for at, one in zip(group, _batch(local, [spans[i] for i in group]), strict=True):
            found[at] = one
    return tuple(found)


_NEVER = Unmeasured("it was not asked for", Cause.BROKEN)


def _batch(local: LocalModel, spans: Sequence[Span]) -> list[Likelihood | Unmeasured]:
    import torch

    longest = max(len(span.ids) for span in spans)
    pad = local.tokenizer.pad_token_id
    ids = [[*span.ids, *[pad] * (longest - len(span.ids))] for span in spans]
    mask = [[1] * len(span.ids) + [0] * (longest - len(span.ids)) for span in spans]
    try:
        with torch.inference_mode():
            logits = local.model(
                input_ids=torch.tensor(ids, device=local.device),
                attention_mask=torch.tensor(mask, device=local.device),
                use_cache=False,
            ).logits
            return [_of(logits[row], span) for row, span in enumerate(spans)]
    except RuntimeError as error:
        raise EndpointError(
            f"the model in {local.folder} cannot be run",
            why=f"{type(error).__name__}: {' '.join(str(error).split())[:200]}",
            fix=f"lower `slots` ({len(spans)} texts were scored at once)",
        ) from None


def _of(logits: "torch.Tensor", span: Span) -> Likelihood | Unmeasured:
    """The sum over a row's answer; every token is told by the logits before it."""
    import torch

    end = len(span.ids)
    start = max(span.start, 1)  # nothing tells the first token of all
    wanted = torch.tensor(span.ids[start:end], device=logits.device)
    loss = torch.nn.functional.cross_entropy(
        logits[start - 1 : end - 1].float(), wanted, reduction="sum"
    )
    total = -float(loss)
    if not math.isfinite(total):
        return Unmeasured("the model's scores are no numbers", Cause.BROKEN)
    return Likelihood(log_probability=total, tokens=len(wanted))
