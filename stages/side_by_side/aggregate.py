"""Votes on a pair, gathered by prompt, and the shares they make."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from statistics import fmean

from stages.evidence.estimate import EITHER_WAY, SETTLED, Estimate, Unmeasured
from stages.side_by_side.interleaving import interleaved
from stages.side_by_side.scores import NONE_COMPLETE, Row, Rule, share_of_rows
from stages.side_by_side.vote import CandidateVote, PassedOver

Said = CandidateVote | PassedOver
"""What somebody said of a prompt, or that nothing was said when it was its turn."""

Score = Callable[[CandidateVote], float | None]
"""What a vote says of a metric, 0 to 1; None when it is unresolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptVotes:
    """The votes that count on one prompt.

    Attributes:
        prompt: Its id.
        by_annotator: For each annotator in order of appearance, the votes in either order of the
            answers.
        missing: How many annotators are missing to the plan's overlap, 0 or more.
        settled: Whether a rule said it, and nobody was shown the pair.
    """

    prompt: str
    by_annotator: tuple[tuple[CandidateVote, ...], ...]
    missing: int = 0
    settled: bool = False

    @property
    def votes(self) -> tuple[CandidateVote, ...]:
        """All of them."""
        return tuple(vote for votes in self.by_annotator for vote in votes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the votes on a pair amount to.

    Attributes:
        turns: Planned prompts in the order in which they got all their votes or were passed over,
            whichever came first, settled ones in their turn among them.
        begun: Planned prompts that have some but not all of their votes.
        beyond: Prompts after the planned number, left out.
        surplus: Votes beyond the overlap on planned prompts, left out.
        elsewhere: Votes on prompts that the plan does not know, left out.
        needless: Votes on settled prompts, left out.
    """

    turns: tuple[PromptVotes, ...]
    begun: int
    beyond: int
    surplus: int
    elsewhere: int
    needless: int = 0

    @property
    def prompts(self) -> tuple[PromptVotes, ...]:
        """Those that have all their votes."""
        return tuple(prompt for prompt in self.turns if not prompt.missing)

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
    said: Sequence[Said],
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

    One that was passed over takes its turn then, and counts as far as it was voted on: prompts that
    people would rather not read are worse or better than the others, and come in late or never. A
    turn, once taken, is kept, so that a sequence may be looked at at any time.

    Args:
        said: Votes on one pair and prompts that were passed over, in order of appearance.
        prompts: Planned number of prompts.
        overlap: Planned number of annotators per prompt.
        among: The prompts that the plan knows; None when it takes them from the votes.
        settled: What the rule says of planned prompts that nobody is shown; each counts as if all
            its annotators had said so, in a turn that the seed draws.
        seed: The plan's.
    """
    ruled = {vote.prompt: vote for vote in settled}
    unsettled = [each for each in said if each.prompt not in ruled]
    known = [each for each in unsettled if among is None or each.prompt in among]
    found = _found(known, overlap)
    planned = dict(islice(found.votes.items(), prompts - len(ruled)))
    turns = [
        _prompt_votes(prompt, planned[prompt], overlap)
        for prompt in found.turns
        if prompt in planned
    ]
    return Tally(
        turns=interleaved(
            [_ruled(vote, overlap) for vote in ruled.values()], turns, planned=prompts, seed=seed
        ),
        begun=sum(0 < len(annotators) < overlap for annotators in planned.values()),
        beyond=len(found.votes) - len(planned),
        surplus=sum(prompt in planned for prompt in found.surplus),
        elsewhere=_votes_in(unsettled) - _votes_in(known),
        needless=_votes_in(said) - _votes_in(unsettled),
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
    unresolved vote, and one that is missing on a prompt that was passed over, counts 0 at the lower
    end and 1 at the upper one; nothing is dropped, and the value lies half-way between.

    Args:
        counted: The votes.
        score: What a vote says of the metric.
        rule: When and how an interval is made of them.

    Returns:
        The share with n the number of prompts that had their turn, or `Unmeasured` when none is
        complete, or when they are too few for an interval.
    """
    if not counted.prompts:
        return NONE_COMPLETE
    said = []
    if counted.unresolved:
        said.append(f"{counted.unresolved} unresolved votes{EITHER_WAY}")
    passed_over = len(counted.turns) - len(counted.prompts)
    if passed_over:
        said.append(f"missing votes on {passed_over} prompts passed over{EITHER_WAY}")
    if counted.left_out:
        said.append(f"{counted.left_out} left out")
    found = share_of_rows(rows_of(counted.turns, score), rule, said=said)
    if isinstance(found, Unmeasured) or not counted.settled:
        return found
    settled = f"{SETTLED}{counted.settled} of {len(counted.turns)} prompts"
    return replace(found, method=f"{found.method}{settled}")


def rows_of(prompts: Iterable[PromptVotes], score: Score) -> tuple[Row, ...]:
    """What each annotator says of each prompt, missing ones included; as many on every prompt."""
    return tuple(row for prompt in prompts for row in _rows(prompt, score))


def _rows(prompt: PromptVotes, score: Score) -> Iterator[Row]:
    yield from (_row(prompt, votes, score) for votes in prompt.by_annotator)
    yield from [Row(prompt=prompt.prompt, annotator=None, low=0.0, high=1.0)] * prompt.missing


def _row(prompt: PromptVotes, votes: Sequence[CandidateVote], score: Score) -> Row:
    said = [score(vote) for vote in votes]
    return Row(
        prompt=prompt.prompt,
        annotator=None if prompt.settled else votes[0].annotator,
        low=fmean(0.0 if each is None else each for each in said),
        high=fmean(1.0 if each is None else each for each in said),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """Votes by prompt and annotator, in order of appearance.

    Attributes:
        votes: As many annotators as are planned at most; none where a prompt was passed over only.
        turns: Prompts that have all their votes or were passed over, in order.
        surplus: The prompt of each vote beyond these annotators.
    """

    votes: dict[str, dict[str, list[CandidateVote]]] = field(default_factory=dict)
    turns: dict[str, None] = field(default_factory=dict)
    surplus: list[str] = field(default_factory=list)


def _found(said: Sequence[Said], overlap: int) -> _Found:
    found = _Found()
    for each in said:
        annotators = found.votes.setdefault(each.prompt, {})
        if isinstance(each, PassedOver):
            found.turns.setdefault(each.prompt)
        elif each.annotator in annotators or len(annotators) < overlap:
            annotators.setdefault(each.annotator, []).append(each)
            if len(annotators) == overlap:
                found.turns.setdefault(each.prompt)
        else:
            found.surplus.append(each.prompt)
    return found


def _votes_in(said: Iterable[Said]) -> int:
    return sum(isinstance(each, CandidateVote) for each in said)


def _ruled(vote: CandidateVote, overlap: int) -> PromptVotes:
    """The rule's word, as often as annotators would have given theirs."""
    return PromptVotes(prompt=vote.prompt, by_annotator=((vote,),) * overlap, settled=True)


def _prompt_votes(
    name: str, annotators: Mapping[str, Sequence[CandidateVote]], overlap: int
) -> PromptVotes:
    return PromptVotes(
        prompt=name,
        by_annotator=tuple(map(tuple, annotators.values())),
        missing=overlap - len(annotators),
    )
