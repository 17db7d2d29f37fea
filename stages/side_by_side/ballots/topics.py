"""How far a batch is, topic by topic."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from stages.side_by_side.batch import Batch
from stages.side_by_side.vote import Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicProgress:
    """How far a topic is.

    Attributes:
        topic: Its name; empty where pairs have none.
        votes: Votes that stand on its pairs.
        needed: Votes that its pairs take.
    """

    topic: str
    votes: int
    needed: int


def by_topic(batch: Batch, votes: Sequence[Vote]) -> tuple[TopicProgress, ...]:
    """How far every topic is, in order of the alphabet.

    Args:
        batch: The batch.
        votes: Its votes that stand, gold left out.
    """
    topics = {pair.prompt: pair.topic for pair in batch.pairs}
    pairs = Counter(pair.topic for pair in batch.pairs)
    given = Counter(topics[vote.prompt] for vote in votes)
    return tuple(
        TopicProgress(topic=topic, votes=given[topic], needed=pairs[topic] * batch.terms.overlap)
        for topic in sorted(pairs)
    )
