"""How far a batch is; who wins is not told."""

from collections import Counter
from dataclasses import dataclass

from gates.side_by_side.agreeing import agreement_of_votes
from stages.evidence.estimate import Estimate, Unmeasured
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.person import PersonSummary
from stages.side_by_side.ballots.standing import Progress
from stages.side_by_side.batch import Batch
from stages.side_by_side.vote import Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicProgress:
    """How far a topic is.

    Attributes:
        topic: Its name; empty where the plan names none.
        votes: Votes that stand on its pairs.
        needed: Votes that its pairs take.
    """

    topic: str
    votes: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Where a batch stands.

    Attributes:
        batch: Its name.
        policy: Whose plan asked for it.
        progress: Votes and pairs.
        settled: Pairs that the rule decides.
        topics: By topic.
        people: By person.
        agreement: Krippendorff's alpha of the votes that stand.
        disputes: Disputed pairs of which no lead has spoken yet.
        flags: Remarks of annotators.
    """

    batch: str
    policy: str
    progress: Progress
    settled: int
    topics: tuple[TopicProgress, ...]
    people: tuple[PersonSummary, ...]
    agreement: Estimate | Unmeasured
    disputes: int
    flags: int


def show(box: BallotBox, name: str) -> Shown:
    """Where a batch stands.

    Raises:
        InputError: When there is no such batch.
        Broken: When the ballot box cannot be used.
    """
    batch, votes = box.batches.get(name), box.standing_votes(name)
    return Shown(
        batch=name,
        policy=batch.terms.policy,
        progress=box.progress(name),
        settled=len(batch.settled),
        topics=_topics(batch, votes),
        people=box.summaries(name),
        agreement=agreement_of_votes(votes),
        disputes=sum(found.adjudication is None for found in box.disputes.all(name)),
        flags=len(box.flags(name)),
    )


def _topics(batch: Batch, votes: tuple[Vote, ...]) -> tuple[TopicProgress, ...]:
    topic_of = {pair.prompt: pair.topic for pair in batch.pairs}
    needed = Counter(pair.topic for pair in batch.pairs)
    there = Counter(topic_of[vote.prompt] for vote in votes)
    return tuple(
        TopicProgress(topic=topic, votes=there[topic], needed=pairs * batch.terms.overlap)
        for topic, pairs in sorted(needed.items())
    )
