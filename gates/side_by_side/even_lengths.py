"""Win rates as they would be were answers as long as the baseline's, from files of votes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from policies.errors import InputError
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.side_by_side.vote import Vote
from stages.stats.length_control import length_controlled


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How lengths are held equal.

    Attributes:
        difficulty: Of every prompt for the baseline, by the prompt's id; None leaves it out.
    """

    difficulty: Mapping[str, float] | None = None


def at_even_lengths(
    votes: Sequence[Vote], how: Lengths, *, baseline: str, level: float
) -> Mapping[str, Estimate | Unmeasured]:
    """AlpacaEval's length-controlled win rate of every model that met the baseline.

    Votes on one prompt are one unit: what was won, and how long answers were, on average.

    Args:
        votes: On any pairs; those without a verdict or without the baseline say nothing here.
        how: What is known of the prompts.
        baseline: What others are held against.
        level: Two-sided confidence level in (0, 1).

    Raises:
        InputError: When a vote does not hold its answers, or a prompt has no difficulty.
    """
    met: dict[str, list[_Won]] = defaultdict(list)
    for vote in votes:
        if vote.win_a is not None and baseline in vote.pair:
            met[vote.model_b if vote.model_a == baseline else vote.model_a].append(
                _won(vote, baseline)
            )
    return {model: _one(won, how, level=level) for model, won in met.items()}


NEVER_MET = Unmeasured("nobody compared it with the baseline", Cause.UNDERPOWERED)
"""What is said of a model that is ranked by way of others only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Won:
    """One vote, as the model that is not the baseline sees it."""

    prompt: str
    share: float
    length: int
    baseline_length: int


def _won(vote: Vote, baseline: str) -> _Won:
    if vote.answer_a is None or vote.answer_b is None or vote.win_a is None:
        raise InputError(
            f"cannot hold the lengths of the vote at {vote.where} equal",
            why="it does not hold the answers that were compared",
            fix="give votes with their answers, as the formats gate and alpaca-eval have them",
        )
    lengths = len(vote.answer_a), len(vote.answer_b)
    mirrored = vote.model_a == baseline
    length, baseline_length = reversed(lengths) if mirrored else lengths
    return _Won(
        prompt=vote.prompt,
        share=1 - vote.win_a if mirrored else vote.win_a,
        length=length,
        baseline_length=baseline_length,
    )


def _one(won: Iterable[_Won], how: Lengths, *, level: float) -> Estimate | Unmeasured:
    prompts: dict[str, list[_Won]] = defaultdict(list)
    for each in won:
        prompts[each.prompt].append(each)
    found = length_controlled(
        [fmean(one.share for one in each) for each in prompts.values()],
        lengths=[fmean(one.length for one in each) for each in prompts.values()],
        baseline_lengths=[fmean(one.baseline_length for one in each) for each in prompts.values()],
        difficulty=None if how.difficulty is None else _known(prompts, how.difficulty),
        level=level,
    )
    return found if isinstance(found, Unmeasured) else found.win_rate


def _known(prompts: Iterable[str], difficulty: Mapping[str, float]) -> Sequence[float]:
    unknown = [prompt for prompt in prompts if prompt not in difficulty]
    if unknown:
        raise InputError(
            f"cannot say how difficult prompt {unknown[0]} is",
            why=f"{len(unknown):,} prompts of the votes are not in the file of --difficulty",
            fix="give a number for every prompt, or leave --difficulty out",
        )
    return [difficulty[prompt] for prompt in prompts]
