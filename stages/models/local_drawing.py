"""How each row of a batch is drawn by its own sampling, whoever else is in the batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from policies.task import Sampling
from stages.models.client import EndpointError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """How one answer is drawn, token by token.

    Attributes:
        sampling: Temperature and nucleus.
        chance: Where its chance comes from.
    """

    sampling: Sampling
    chance: np.random.Generator

    @classmethod
    def of(cls, sampling: Sampling, digest: str) -> "Draw":
        """The draw of an answer to a question of this digest.

        Equal seeds draw equal answers to equal questions, and unrelated ones to others.
        """
        seed = None if sampling.seed is None else (sampling.seed % 2**64, int(digest[:32], 16))
        return cls(sampling=sampling, chance=np.random.default_rng(seed))


class EachByItself:
    """A logits processor of transformers after which the greedy choice is the draw.

    A uniform number of the row's own is held against the sum of its probabilities: one number a
    token, and a row's text does not depend on the others but by rounding.

    Args:
        draws: One for every row.
    """

    def __init__(self, draws: Sequence[Draw]) -> None:
        self._draws = draws

    def __call__(self, input_ids: "torch.Tensor", scores: "torch.Tensor") -> "torch.Tensor":
        """Scores of shape (rows, vocabulary), where drawn rows leave one token.

        Raises:
            EndpointError: When a score is no number.
        """
        del input_ids
        import torch

        if bool(torch.isnan(scores).any()):
            raise EndpointError(
                "the model cannot be asked",
                why="its scores are no numbers (NaN): its training diverged, or it is damaged",
                fix="train it again with a lower learning rate, or use another",
            )
        found = scores.clone()
        for row, draw in enumerate(self._draws):
            if draw.sampling.temperature > 0:
                token = drawn_token(scores[row], draw)
                found[row] = -torch.inf
                found[row, token] = 0.0
        return found


def drawn_token(scores: "torch.Tensor", draw: Draw) -> "torch.Tensor":
    """A token drawn by temperature, then nucleus (`top_p`).

    The nucleus is the fewest most likely tokens whose probabilities reach `top_p` together.

    Args:
        scores: Logits of the vocabulary, shape (v,).
        draw: Of this row; one number of its chance is used.
    """
    import torch

    share = torch.softmax(scores.double() / draw.sampling.temperature, dim=-1)
    if draw.sampling.top_p is not None:
        share, tokens = torch.sort(share, descending=True, stable=True)
        share = share * ((share.cumsum(0) - share) < draw.sampling.top_p)
    else:
        tokens = torch.arange(len(share), device=share.device)
    total = share.cumsum(0)
    at = torch.searchsorted(total, draw.chance.random() * total[-1].item(), right=True)
    return tokens[at.clamp(max=len(tokens) - 1)]


class UntilItsOwnEnd:
    """A stopping criterion of transformers that ends each row at its own limit.

    Args:
        limits: Tokens that each row may say.
        asked: Tokens of the question, padding included.
    """

    def __init__(self, limits: Sequence[int], *, asked: int) -> None:
        self._limits = limits
        self._asked = asked

    def __call__(
        self, input_ids: "torch.Tensor", scores: "torch.Tensor", **more: object
    ) -> "torch.Tensor":
        """Which rows have said all they may, shape (rows,)."""
        del scores, more
        import torch

        said = input_ids.shape[1] - self._asked
        return torch.tensor([said >= limit for limit in self._limits], device=input_ids.device)
