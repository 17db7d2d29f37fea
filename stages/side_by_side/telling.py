"""A comparison as people are told of it."""

from itertools import groupby

from stages.engine.subject import Subject
from stages.side_by_side.aggregate import rows_of
from stages.side_by_side.comparison import Comparison
from stages.side_by_side.judged.panel import Judged
from stages.side_by_side.told import PromptScore, Told
from stages.side_by_side.vote import all_seen_from
from stages.stats.clusters import mean_of_each


def told_of(known: Comparison, candidate: Subject, baseline: Subject) -> Told:
    """A candidate against the baseline, vote by vote.

    Args:
        known: What is known of them.
        candidate: The candidate.
        baseline: What it is compared with.
    """
    turns = known.counted.turns
    rows = rows_of(turns, lambda vote: vote.win)
    prompts = [row.prompt for row in rows]
    own = {prompt: tuple(found) for prompt, found in groupby(rows, key=lambda row: row.prompt)}
    lows, highs = (
        mean_of_each(ends, prompts) if rows else []
        for ends in ([row.low for row in rows], [row.high for row in rows])
    )
    topics = known.gathered.prompts.topics if known.gathered.prompts else {}
    last = {vote.prompt: vote.at for vote in known.gathered.votes}
    judged = known.judged.votes if isinstance(known.judged, Judged) else ()
    names = (candidate.known_as, baseline.known_as)
    return Told(
        candidate=candidate.uri,
        baseline=baseline.uri,
        prompts=tuple(
            PromptScore(
                prompt=turn.prompt,
                topic=topics.get(turn.prompt, ""),
                low=low,
                high=high,
                at=last.get(turn.prompt, ""),
                complete=not turn.missing,
                rows=own[turn.prompt],
            )
            for turn, low, high in zip(turns, lows, highs, strict=True)
        ),
        said=all_seen_from(known.gathered.votes, *names),
        judged=all_seen_from(judged, *names),
        pairs=known.pairs,
        flagged=known.flagged,
    )
