"""How well a judge judges: measured on the verdicts that it gave anyway.

Every share rests on prompts as its independent units. A judgement that is unresolved is no verdict:
it is left out here, and the method says how many were.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, variance

from stages.evidence.estimate import LEFT_OUT, Cause, Estimate, Unmeasured
from stages.side_by_side.judged.hearing import Judgement
from stages.side_by_side.vote import CandidateVote
from stages.stats.means import clustered_mean
from stages.stats.shares import SHARE

_TWICE = 2
"""Repetitions that a variance needs at least."""


def first_position(said: Sequence[Judgement], *, level: float) -> Estimate | Unmeasured:
    """Share of verdicts won by the answer that was shown first, ties and both bad as half.

    Every pair is shown in both orders, so that a judge who does not look at the order has 0.5
    whatever the answers are.
    """
    values = [
        (each.pair.prompt, win if each.a_first else 1 - win)
        for each in said
        if (win := each.said.worth.win) is not None
    ]
    return _mean(values, said, level, "share won by what is shown first")


def inconsistency(said: Sequence[Judgement], *, level: float) -> Estimate | Unmeasured:
    """Share of comparisons whose winner (a, b or neither) is another one in the other order.

    Strength does not count: `A>>B` and `A>B` have one winner. Each repetition is held against the
    one of the same number in the other order.

    References:
        Zheng et al. (2023), arXiv 2306.05685, section 4.2: consistency, of which this is the rest.
    """
    both: dict[tuple[str, int], dict[bool, Judgement]] = {}
    for each in said:
        if each.said.worth.win is not None:
            both.setdefault((each.pair.id, each.repeat), {})[each.a_first] = each
    values = [
        (two[True].pair.prompt, float(two[True].said.worth.win != two[False].said.worth.win))
        for two in both.values()
        if len(two) == len((True, False))
    ]
    return _mean(values, said, level, "share of comparisons that the order turns")


def repeat_variance(said: Sequence[Judgement], *, level: float) -> Estimate | Unmeasured:
    """Variance of the win score (1, 0.5, 0) over repetitions of one pair in one order.

    The mean of the unbiased variances (ddof 1), 0 for a judge that always says the same and 0.25
    on average for one that tosses a coin.

    Returns:
        The estimate, or `Unmeasured` when nothing was repeated.
    """
    scores: dict[tuple[str, bool], list[float]] = {}
    prompts: dict[str, str] = {}
    for each in said:
        if (win := each.said.worth.win) is not None:
            scores.setdefault((each.pair.id, each.a_first), []).append(win)
            prompts[each.pair.id] = each.pair.prompt
    values = [
        (prompts[pair], variance(repeated))
        for (pair, _), repeated in scores.items()
        if len(repeated) >= _TWICE
    ]
    if said and not values:
        return Unmeasured("no comparison was repeated; `judging.repeats` says how often")
    return _mean(values, said, level, "variance over repetitions, ddof 1")


def severity(said: Sequence[Judgement], *, level: float) -> Estimate | Unmeasured:
    """Share of verdicts that give neither answer the win: ties and both bad."""
    values = [
        (each.pair.prompt, float(win == 1 / 2))
        for each in said
        if (win := each.said.worth.win) is not None
    ]
    return _mean(values, said, level, "share of ties and both bad")


def agreement(
    said: Sequence[Judgement], people: Sequence[CandidateVote], *, level: float
) -> Estimate | Unmeasured:
    """Share of prompts on which judge and people have one winner.

    A winner is the candidate, the baseline or neither. The judge's is told by the mean of all its
    verdicts on the prompt, above or below 0.5. People's is their most frequent one, ties and both
    bad together being neither; where two are as frequent, it is neither. Cohen's kappa stands in
    the method, for people.

    Args:
        said: The judge's, `model_a` of every pair being the candidate.
        people: Votes of people on the same two checkpoints.
        level: Two-sided confidence level in (0, 1).

    Returns:
        The share, or `Unmeasured` while no prompt has verdicts of both.

    References:
        Cohen (1960), Educational and Psychological Measurement 20, 37-46.
    """
    by_judge, by_people = _winners_of_judge(said), _winners_of_people(people)
    common = [prompt for prompt in by_judge if prompt in by_people]
    if not common:
        return Unmeasured("no prompt was judged by people too", Cause.WAITING)
    both = [(by_judge[prompt], by_people[prompt]) for prompt in common]
    values = [(p, float(mine == theirs)) for p, (mine, theirs) in zip(common, both, strict=True)]
    found = _mean(values, said, level, "share of prompts with people's winner")
    if isinstance(found, Unmeasured):
        return found
    kappa = _kappa(both)
    shown = "not defined, as both always say the same" if kappa is None else f"{kappa:.3f}"
    return replace(found, method=f"{found.method}; Cohen's kappa {shown}")


def without(measured: Estimate | Unmeasured, unasked: int) -> Estimate | Unmeasured:
    """What is measured of a judge, saying of how many pairs it was not asked as they were lost."""
    if not unasked:
        return measured
    pairs = f"{unasked} pairs whose answer is flagged as written to win, which judges are not shown"
    if isinstance(measured, Estimate):
        return replace(measured, method=f"{measured.method}{LEFT_OUT}{pairs}")
    return replace(measured, reason=f"{measured.reason}{LEFT_OUT}{pairs}")


def _winners_of_judge(said: Sequence[Judgement]) -> Mapping[str, float]:
    scores: dict[str, list[float]] = {}
    for each in said:
        if (win := each.said.worth.win) is not None:
            scores.setdefault(each.pair.prompt, []).append(win)
    return {prompt: _side(fmean(wins)) for prompt, wins in scores.items()}


def _winners_of_people(people: Sequence[CandidateVote]) -> Mapping[str, float]:
    said: dict[str, Counter[float]] = {}
    for vote in people:
        if vote.win is not None and not vote.judge:
            said.setdefault(vote.prompt, Counter())[_side(vote.win)] += 1
    return {prompt: _most_frequent(sides) for prompt, sides in said.items()}


def _most_frequent(sides: Counter[float]) -> float:
    most = max(sides.values())
    winners = [side for side, number in sides.items() if number == most]
    return winners[0] if len(winners) == 1 else 1 / 2


def _side(score: float) -> float:
    """1 when it is for a, 0 when it is for b, 0.5 when it is for neither."""
    return float(score > 1 / 2) if score != 1 / 2 else score


def _kappa(both: Iterable[tuple[float, float]]) -> float | None:
    """Agreement beyond what the two would have by chance; None when chance alone is certain."""
    counts = Counter(both)
    whole = counts.total()
    mine, theirs = Counter[float](), Counter[float]()
    for (one, other), number in counts.items():
        mine[one] += number
        theirs[other] += number
    agreed = sum(n for (one, other), n in counts.items() if one == other) / whole
    chance = sum(mine[side] * theirs[side] for side in mine) / whole**2
    return None if chance == 1 else (agreed - chance) / (1 - chance)


def _mean(
    values: Sequence[tuple[str, float]], said: Sequence[Judgement], level: float, what: str
) -> Estimate | Unmeasured:
    if not values:
        if said:
            return Unmeasured("the judge gave no verdict that says so")
        return Unmeasured("no pair was judged", Cause.WAITING)
    found = clustered_mean(
        [value for _, value in values], [prompt for prompt, _ in values], level=level, unit=SHARE
    )
    if isinstance(found, Unmeasured):
        return found
    unresolved = sum(each.said.worth.win is None for each in said)
    left_out = f"{LEFT_OUT}{unresolved} unresolved judgements" if unresolved else ""
    return replace(found, method=f"{what}, {found.method}{left_out}")
