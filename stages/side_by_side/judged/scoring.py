"""What a panel says of each prompt, in [0, 1], with what is unresolved as an interval."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from stages.side_by_side.judged.hearing import Judgement
from stages.side_by_side.pairs import Pair, settled
from stages.side_by_side.preference import Worth
from stages.side_by_side.scores import Row

Score = Callable[[Worth], float | None]
"""What a preference says of a metric, 0 to 1; None when it is unresolved."""

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
) -> tuple[Row, ...]:
    """What the panel says of every pair's a, in the pairs' order.

    A judge's score of a pair is the mean over its repetitions and both orders, the panel's the
    weighted mean over judges. An unresolved judgement counts 0 at the lower end and 1 at the upper
    one. A settled pair has what the rule says.

    Args:
        pairs: One for each prompt, all of which are settled or have all their judgements.
        said: The judgements of every judge.
        weights: Of every judge on the panel, above 0.
        score: What a preference says.
    """
    by_pair: dict[tuple[str, str], list[float | None]] = {}
    for each in said:
        by_pair.setdefault((each.pair.id, each.judge), []).append(score(each.said.worth))
    return tuple(_row(pair, by_pair, weights, score) for pair in pairs)


def _row(
    pair: Pair,
    by_pair: Mapping[tuple[str, str], Sequence[float | None]],
    weights: Mapping[str, float],
    score: Score,
) -> Row:
    known = settled(pair)
    if known is not None:
        value = score(known.worth)
        assert value is not None
        return Row(prompt=pair.prompt, annotator=PANEL, low=value, high=value)
    whole = sum(weights.values())
    low, high = (
        sum(
            weight / whole * fmean(x if s is None else s for s in by_pair[pair.id, judge])
            for judge, weight in weights.items()
        )
        for x in (0.0, 1.0)
    )
    return Row(prompt=pair.prompt, annotator=PANEL, low=min(1.0, low), high=min(1.0, high))
