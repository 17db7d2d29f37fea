"""Votes on a pair, gathered by prompt, and the shares they make."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import fmean

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.side_by_side.interleaving import interleaved
from stages.side_by_side.scores import Row, Rule, share_of_rows
from stages.side_by_side.vote import CandidateVote

Score = Callable[[CandidateVote], float | None]
"""What a vote says of a metric, 0 to 1; None when it is unresolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptVotes:
    """The votes that count on one prompt.

    Attributes:
        prompt: Its id.
        by_annotator: For each annotator in order of appearance, the votes in either order of the
            answers; as many annotators as the plan's overlap.
        settled: Whether a rule said it, and nobody was shown the pair.
    """

    prompt: str
    by_annotator: tuple[tuple[CandidateVote, ...], ...]
    settled: bool = False

    @property
    def votes(self) -> tuple[CandidateVote, ...]:
        """All of them."""
        return tuple(vote for votes in self.by_annotator for vote in votes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the votes on a pair amount to.

    Attributes:
        prompts: Planned prompts that have all their votes, in the order in which they got them,
            settled ones in their turn among them.
        begun: Planned prompts that have some but not all of them.
        beyond: Prompts after the planned number, left out.
        surplus: Votes beyond the overlap on planned prompts, left out.
        elsewhere: Votes on prompts that the plan does not know, left out.
        needless: Votes on settled prompts, left out.
    """

    prompts: tuple[PromptVotes, ...]
    begun: int
    beyond: int
    surplus: int
    elsewhere: int
    needless: int = 0

    @property
    def settled(self) -> int:
        """Number of prompts among `prompts` that nobody was shown."""
        return sum(prompt.settled for prompt in self.prompts)

    @property
    def votes(self) -> tuple[CandidateVote, ...]:
        """The votes that count, without the rule's."""
        return tuple(v for prompt in self.prompts if not prompt.settled for v in prompt.votes)

    @property
    def unresolved(self) -> int:
        """Number of them without a verdict."""
        return sum(vote.win is None for vote in self.votes)

    @property
    def left_out(self) -> str:
        """What was left out, for people; empty when nothing was."""
        parts = (
            (self.beyond, "prompts beyond the plan"),
            (self.surplus, "votes beyond the overlap"),
            (self.elsewhere, "votes on prompts outside the plan's data"),
            (self.needless, "votes on prompts that the rule settles"),
        )
        return ", ".join(f"{number} {what}" for number, what in parts if number)


def tally(
    votes: Sequence[CandidateVote],
    *,
    prompts: int,
    overlap: int,
    among: Collection[str] | None = None,
    settled: Sequence[CandidateVote] = (),
    seed: int = 0,
) -> Tally:
    """Votes gathered by prompt, as far as the plan goes.

    The planned prompts are the first that appear, and the votes on each those of its first
    `overlap` annotators, in both orders if they gave both: further prompts and people cannot change
    a result once it was looked at. A prompt counts when all its annotators have voted.

    Args:
        votes: Votes on one pair, in order of appearance.
        prompts: Planned number of prompts.
        overlap: Planned number of annotators per prompt.
        among: The prompts that the plan knows; None when it takes them from the votes.
        settled: What the rule says of planned prompts that nobody is shown; each counts as if all
            its annotators had said so, in a turn that the seed draws.
        seed: The plan's.
    """
    ruled = {vote.prompt: vote for vote in settled}
    unsettled = [vote for vote in votes if vote.prompt not in ruled]
    known = [vote for vote in unsettled if among is None or vote.prompt in among]
    found: dict[str, dict[str, list[CandidateVote]]] = {}
    completed: list[str] = []
    extra: list[str] = []
    for vote in known:
        annotators = found.setdefault(vote.prompt, {})
        if vote.annotator not in annotators and len(annotators) == overlap:
            extra.append(vote.prompt)
            continue
        if vote.annotator not in annotators and len(annotators) == overlap - 1:
            completed.append(vote.prompt)
        annotators.setdefault(vote.annotator, []).append(vote)
    planned = set(islice(found, prompts - len(ruled)))
    complete = [prompt for prompt in completed if prompt in planned]
    return Tally(
        prompts=interleaved(
            [_ruled(vote, overlap) for vote in ruled.values()],
            [_prompt_votes(name, found[name]) for name in complete],
            planned=prompts,
            seed=seed,
        ),
        begun=len(planned) - len(complete),
        beyond=len(found) - len(planned),
        surplus=sum(prompt in planned for prompt in extra),
        elsewhere=len(unsettled) - len(known),
        needless=len(votes) - len(unsettled),
    )


def win_rate(counted: Tally, rule: Rule) -> Estimate | Unmeasured:
    """Share of wins: a win 1, a tie or both bad 0.5, a loss 0; see `share_of`."""
    return share_of(counted, lambda vote: vote.win, rule)


def graded(counted: Tally, rule: Rule) -> Estimate | Unmeasured:
    """Mean strength of preference (1, .75, .5, .25, 0); see `share_of`."""
    return share_of(counted, lambda vote: vote.graded, rule)


def both_bad(counted: Tally, rule: Rule) -> Estimate | Unmeasured:
    """Share of votes that called both answers bad; see `share_of`.

    `Unmeasured` when a vote has a verdict but could not have said so: silence is no zero.
    """
    if any(vote.win is not None and vote.both_bad is None for vote in counted.votes):
        return Unmeasured('the votes come in a format that has no "both bad" verdict')
    return share_of(
        counted, lambda vote: None if vote.both_bad is None else float(vote.both_bad), rule
    )


def share_of(counted: Tally, score: Score, rule: Rule) -> Estimate | Unmeasured:
    """Mean over prompts of what their votes say.

    A prompt's score is the mean over its annotators, an annotator's the mean of both orders. An
    unresolved vote counts 0 at the lower end and 1 at the upper one; nothing is dropped, and the
    value lies half-way between.

    Args:
        counted: The votes.
        score: What a vote says of the metric.
        rule: When and how an interval is made of them.

    Returns:
        The share with n the number of complete prompts, or `Unmeasured` when there is none, or too
        few for an interval.
    """
    if not counted.prompts:
        return Unmeasured("no prompt has all its votes yet", Cause.WAITING)
    said = [f"{counted.settled} prompts settled by the rule"] if counted.settled else []
    if counted.unresolved:
        said.append(f"{counted.unresolved} unresolved votes count 0 below and 1 above")
    if counted.left_out:
        said.append(f"{counted.left_out} left out")
    return share_of_rows(rows_of(counted, score), rule, said=said)


def rows_of(counted: Tally, score: Score) -> tuple[Row, ...]:
    """What each annotator says of each prompt; as many rows on every prompt."""
    return tuple(
        _row(prompt, votes, score) for prompt in counted.prompts for votes in prompt.by_annotator
    )


def _row(prompt: PromptVotes, votes: Sequence[CandidateVote], score: Score) -> Row:
    said = [score(vote) for vote in votes]
    return Row(
        prompt=prompt.prompt,
        annotator=None if prompt.settled else votes[0].annotator,
        low=fmean(0.0 if each is None else each for each in said),
        high=fmean(1.0 if each is None else each for each in said),
    )


def _ruled(vote: CandidateVote, overlap: int) -> PromptVotes:
    """The rule's word, as often as annotators would have given theirs."""
    return PromptVotes(prompt=vote.prompt, by_annotator=((vote,),) * overlap, settled=True)


def _prompt_votes(name: str, annotators: Mapping[str, Sequence[CandidateVote]]) -> PromptVotes:
    return PromptVotes(prompt=name, by_annotator=tuple(map(tuple, annotators.values())))
