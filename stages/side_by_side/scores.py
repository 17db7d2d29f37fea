"""From what annotators or judges say of prompts to a share with its interval."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from policies.benchmark_tasks import Stopping
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.betting import betting_interval
from stages.stats.clusters import mean_of_each
from stages.stats.means import mean_t
from stages.stats.shares import SHARE
from stages.stats.two_way import two_way_mean

NONE_COMPLETE = Unmeasured("no prompt has all its votes yet", Cause.WAITING)
"""What is said of a comparison before the first prompt has all its votes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one annotator, or a panel, says of one prompt.

    Attributes:
        prompt: Its id.
        annotator: Who says so; None where nobody does, but a rule, or a vote that is missing.
        low: Their score when everything unresolved is lost, 0 to 1.
        high: The same when it is won; `low` when all is resolved.
    """

    prompt: str
    annotator: str | None
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 1:
            raise ValueError(f"a score lies between 0 and 1, not {self.low} to {self.high}")

    @property
    def middle(self) -> float:
        """Half-way between both ends."""
        return (self.low + self.high) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When and how an interval is made.

    Attributes:
        stopping: For a fixed number of prompts, or a confidence sequence.
        level: Two-sided confidence level in (0, 1).
        planned: Planned number of prompts.
    """

    stopping: Stopping
    level: float
    planned: int


def share_of_rows(
    rows: Sequence[Row], rule: Rule, *, said: Sequence[str] = ()
) -> Estimate | Unmeasured:
    """Mean over prompts, with the interval that the rule asks for.

    At a fixed number of prompts both prompts and annotators are samples of many, and the interval
    is clustered by both; where one annotator, judge or panel gave every score, it speaks for that
    one alone, and is clustered by prompt. A confidence sequence takes one value per prompt, in
    their order; it speaks for those who voted, and so its ends reach at least as far as those of
    the interval by both.

    Args:
        rows: In the order of the prompts, as many on every prompt; at least one.
        rule: What is asked for.
        said: What else the method says.

    Returns:
        The share with n the number of prompts: its lower end with everything unresolved lost, its
        upper end with everything won, its value half-way; or `Unmeasured` when one of them is.

    References:
        Standard error of independent prompts as in AlpacaEval: sd (ddof 1) / sqrt(n).
    """
    if not rows:
        return NONE_COMPLETE
    found = over_the_unresolved(lambda of: _interval(rows, [of(row) for row in rows], rule))
    if isinstance(found, Unmeasured):
        return found
    return replace(found, method="; ".join([f"mean per prompt, {found.method}", *said]))


def over_the_unresolved(
    measure: Callable[[Callable[[Row], float]], Estimate | Unmeasured],
) -> Estimate | Unmeasured:
    """An estimate that holds whatever the unresolved would have said.

    Args:
        measure: Makes the estimate of scores that are taken from rows as it is told.

    Returns:
        Its value with what is unresolved half won, its lower end with all of it lost and its upper
        end with all of it won; or `Unmeasured` when one of the three is.
    """
    low, middle, high = (
        measure(of) for of in (lambda row: row.low, lambda row: row.middle, lambda row: row.high)
    )
    for found in (low, middle, high):
        if isinstance(found, Unmeasured):
            return found
    assert isinstance(low, Estimate)
    assert isinstance(middle, Estimate)
    assert isinstance(high, Estimate)
    return replace(middle, low=low.low, high=high.high)


def _interval(rows: Sequence[Row], values: Sequence[float], rule: Rule) -> Estimate | Unmeasured:
    prompts, annotators = [row.prompt for row in rows], [row.annotator for row in rows]
    each = mean_of_each(values, prompts)
    anytime, alone = rule.stopping is Stopping.ANYTIME, len(set(annotators) - {None}) <= 1
    sequence = betting_interval(each, level=rule.level, planned=rule.planned) if anytime else None
    if alone:
        return sequence or mean_t(each, level=rule.level, unit=SHARE)
    crossed = two_way_mean(values, prompts, annotators, level=rule.level, unit=SHARE)
    return crossed if sequence is None else _widened(sequence, crossed)


def _widened(
    sequence: Estimate | Unmeasured, crossed: Estimate | Unmeasured
) -> Estimate | Unmeasured:
    """A sequence that says no more than annotators who differ allow it."""
    if isinstance(sequence, Unmeasured) or isinstance(crossed, Unmeasured):
        return sequence  # a single prompt has no interval by both, and decides nothing
    ends = (sequence.low, sequence.high, crossed.low, crossed.high)
    low, high, lower, higher = (end for end in ends if end is not None)
    if low <= lower and higher <= high:
        return sequence
    method = f"{sequence.method}, widened to {crossed.method}"
    return replace(sequence, low=min(low, lower), high=max(high, higher), method=method)
