"""What a panel says of each prompt, in [0, 1], with what is unresolved as an interval."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from stages.side_by_side.judged.hearing import Judgement
from stages.side_by_side.pairs import Pair, settled
from stages.side_by_side.preference import Worth
from stages.side_by_side.scores import Row

Score = Callable[[Worth], float | None]
"""What a preference says of a metric, 0 to 1; None when it is unresolved."""

LOST = Worth(win=0.0, graded=0.0, both_bad=True)
"""What an answer earns that was written to win: nothing; and as nobody is asked about the other
one, nothing is known that would speak for it."""

PANEL = "panel"
"""Who says what a panel says."""


def win(worth: Worth) -> float | None:
    """A win 1, a tie or both bad 0.5, a loss 0."""
    return worth.win


def graded(worth: Worth) -> float | None:
    """Strength of preference: 1, .75, .5, .25, 0."""
    return worth.graded


def both_bad(worth: Worth) -> float | None:
    """1 when both answers were called bad."""
    return None if worth.both_bad is None else float(worth.both_bad)


def panel_rows(
    pairs: Sequence[Pair],
    said: Sequence[Judgement],
    weights: Mapping[str, float],
    score: Score,
    *,
    lost: Collection[str] = (),
) -> tuple[Row, ...]:
    """What the panel says of every pair's a, in the pairs' order.

    A judge's score of a pair is the mean over its repetitions and both orders, the panel's the
    weighted mean over judges. An unresolved judgement counts 0 at the lower end and 1 at the upper
    one. A settled pair has what the rule says, a lost one earns nothing.

    Args:
        pairs: One for each prompt, all of which are settled, lost or have all their judgements.
        said: The judgements of every judge.
        weights: Of every judge on the panel, above 0.
        score: What a preference says.
        lost: Prompts on which a earns nothing, whatever was said.
    """
    by_pair: dict[tuple[str, str], list[float | None]] = {}
    for each in said:
        by_pair.setdefault((each.pair.id, each.judge), []).append(score(each.said.worth))
    return tuple(
        _sure(pair, known, score)
        if (known := _known(pair, lost=pair.prompt in lost)) is not None
        else _row(pair, by_pair, weights)
        for pair in pairs
    )


def _known(pair: Pair, *, lost: bool) -> Worth | None:
    """What a pair is worth whatever judges say; None when they say it."""
    rule = settled(pair)
    if not lost:
        return None if rule is None else rule.worth
    return LOST if rule is None else replace(LOST, both_bad=rule.worth.both_bad)


def _sure(pair: Pair, worth: Worth, score: Score) -> Row:
    value = score(worth)
    assert value is not None  # neither a rule nor a loss is unresolved
    return Row(prompt=pair.prompt, annotator=PANEL, low=value, high=value)


def _row(
    pair: Pair,
    by_pair: Mapping[tuple[str, str], Sequence[float | None]],
    weights: Mapping[str, float],
) -> Row:
    whole = sum(weights.values())
    low, high = (
        sum(
            weight / whole * fmean(x if s is None else s for s in by_pair[pair.id, judge])
            for judge, weight in weights.items()
        )
        for x in (0.0, 1.0)
    )
    return Row(prompt=pair.prompt, annotator=PANEL, low=min(1.0, low), high=min(1.0, high))
