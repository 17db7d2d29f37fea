"""Prompts that nobody need read, counted among those that somebody does as chance would have it."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Each = TypeVar("Each")


def interleaved(
    settled: Sequence[Each], shown: Sequence[Each], *, planned: int, seed: int
) -> tuple[Each, ...]:
    """The prompts in an order in which a confidence sequence may be looked at after each.

    What a rule settles (identical and empty answers) is known before the first vote. Counted first,
    it would be a run of ties or losses that says nothing of the prompts to come, and a sequence
    bets on runs: with 60 of 600 answers identical, a candidate at a limit of 0.45 passes 41 % of
    the time instead of 2.5 %. So every planned prompt has a turn, drawn by the seed alone;
    those shown take theirs as their votes come in, and a settled one counts when all turns before
    its own are taken. When the plan is through, every prompt counts.

    Args:
        settled: What a rule settled; at most `planned`.
        shown: What was read, in the order in which the votes came in; with the settled ones at most
            `planned`.
        planned: Number of prompts of the plan.
        seed: Decides the turns.

    Returns:
        All of `shown` in their order, and those of `settled` whose turn has come.
    """
    if len(settled) + len(shown) > planned:
        raise ValueError(f"{len(settled)} and {len(shown)} prompts are more than {planned}")
    turns = np.random.default_rng(seed).permutation(planned) < len(settled)
    ruled, read, found = iter(settled), iter(shown), []
    left = len(shown)
    for is_settled in turns:
        if not is_settled and not left:
            break
        found.append(next(ruled) if is_settled else next(read))
        left -= not is_settled
    return tuple(found)
