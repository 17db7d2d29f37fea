"""How far a batch is; who wins is not told."""

from dataclasses import dataclass

from gates.side_by_side.agreeing import agreement_of_votes
from stages.evidence.estimate import Estimate, Unmeasured
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.person import PersonSummary
from stages.side_by_side.ballots.standing import Progress, Skip
from stages.side_by_side.ballots.topics import TopicProgress, by_topic


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
        skipped: What people left for others, and why; each with the id of its prompt.
        lonely: Who alone has voted; None where nobody or several people did.
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
    skipped: tuple["Skipped", ...]
    lonely: str | None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A skip, and the prompt that it was about."""

    prompt: str
    skip: Skip


def show(box: BallotBox, name: str) -> Shown:
    """Where a batch stands.

    Raises:
        InputError: When there is no such batch.
        Broken: When the ballot box cannot be used.
    """
    batch, votes = box.batches.get(name), box.standing_votes(name)
    voters = {vote.annotator for vote in votes}
    return Shown(
        batch=name,
        policy=batch.terms.policy,
        progress=box.progress(name),
        settled=len(batch.settled),
        topics=by_topic(batch, votes),
        people=box.summaries(name),
        agreement=agreement_of_votes(votes),
        disputes=sum(found.adjudication is None for found in box.disputes.all(name)),
        flags=len(box.flags(name)),
        skipped=tuple(Skipped(batch.shown[skip.pair].prompt, skip) for skip in box.skips(name)),
        lonely=voters.pop() if len(voters) == 1 else None,
    )
