"""What most of several judgements of one showing say."""

from collections.abc import Sequence
from dataclasses import replace

from stages.workshop.self_taught.judging import Judgement


def majority(judgements: Sequence[Judgement]) -> tuple[Judgement, ...]:
    """One judgement of every showing: for the answer that more of its judgements are for.

    Those for neither, and those that cannot be read, are for nobody. With as many for one answer as
    for the other it is for neither; where none can be read, it cannot either.

    Args:
        judgements: As many as are wanted of every showing.

    Returns:
        In the order in which the showings come first. Its words are those of one that agrees; of a
        draw on which none does, how many were for each.

    References:
        Wang et al. (2024), arXiv 2408.02666, section 4: the majority of 32 at temperature 0.7.
    """
    showings: dict[tuple[str, bool], list[Judgement]] = {}
    for each in judgements:
        showings.setdefault((each.shown.contest, each.shown.a_first), []).append(each)
    return tuple(map(_of_one, showings.values()))


def _of_one(judgements: Sequence[Judgement]) -> Judgement:
    first = judgements[0]
    if len(judgements) == 1:
        return first
    read = [each for each in judgements if not each.unread]
    if not read:
        why = f"none of its {len(judgements)} replies could be read; the first: {first.unread}"
        return replace(first, unread=why)
    said = [each.prefers_a for each in read]
    better, worse = said.count(True), said.count(False)
    prefers_a = None if better == worse else better > worse
    agrees = next((each for each in read if each.prefers_a is prefers_a), None)
    if agrees is None:
        return replace(first, reply=f"{better} for A, {worse} for B", prefers_a=None, unread="")
    return replace(agrees, shown=first.shown, prefers_a=prefers_a)
