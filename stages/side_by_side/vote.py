"""One judgement of two answers, whoever wrote it down."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from policies.canonical import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One judgement: an annotator, or a judge in one order, compared two models on one prompt.

    Attributes:
        prompt: Id of the prompt.
        annotator: Who judged: a person or a judge.
        model_a: Name of one model.
        model_b: Name of the other; never the same.
        win_a: What model a won: 1, 0.5 for a tie or "both bad", 0, or a score between; None when
            the judgement is unresolved.
        graded_a: How strongly: 1, .75, .5, .25, 0, or the score; None when unresolved.
        both_bad: Whether both answers were called bad; None when unresolved, or when the format has
            no such verdict.
        first: Name of the model that was shown first.
        where: File and line it was read from, or the batch and the number of the vote in it.
        at: When it was given, ISO 8601; empty where it is not known.
        segment: What kind of user the annotator is; empty where it is not known.
        answer_a: The answer of model a that was judged; None where it is not known.
        answer_b: The answer of model b.
        judge: Whether a language model judged; a person, or unknown, when False.
        ruled: Whether nobody judged: the rule settled a pair that nobody was shown.
        record: Fields of the source that no result rests on (seed, comment, seconds, guidelines).
    """

    prompt: str
    annotator: str
    model_a: str
    model_b: str
    win_a: float | None
    graded_a: float | None
    both_bad: bool | None
    first: str
    where: str
    at: str = ""
    segment: str = ""
    answer_a: str | None = None
    answer_b: str | None = None
    judge: bool = False
    ruled: bool = False
    record: Mapping[str, Json] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if self.model_a == self.model_b:
            raise ValueError(f"`{self.model_a}` is compared with itself")
        if (self.win_a is None) != (self.graded_a is None):
            raise ValueError("a judgement is resolved or not, for every score alike")
        for score in (self.win_a, self.graded_a):
            if score is not None and not 0 <= score <= 1:
                raise ValueError(f"a score lies between 0 and 1, not {score}")

    @property
    def pair(self) -> frozenset[str]:
        """The two models, whichever is called a."""
        return frozenset((self.model_a, self.model_b))


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateVote:
    """A vote seen from the candidate; scores as in `Vote`.

    Attributes:
        prompt: Id of the prompt.
        annotator: Who judged.
        win: What the candidate won, or None when unresolved.
        graded: How strongly, or None when unresolved.
        both_bad: Whether both answers were called bad; None as in `Vote`.
        segment: As in `Vote`.
        answer: The candidate's answer; None where it is not known.
        rival: The baseline's answer; None where it is not known.
        judge: As in `Vote`.
    """

    prompt: str
    annotator: str
    win: float | None
    graded: float | None
    both_bad: bool | None
    segment: str = ""
    answer: str | None = None
    rival: str | None = None
    judge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """Somebody whose turn it was to compare two answers did not: they skipped, or had opted out.

    Attributes:
        prompt: Id of the prompt.
        model_a: Name of one model.
        model_b: Name of the other.
    """

    prompt: str
    model_a: str
    model_b: str

    @property
    def pair(self) -> frozenset[str]:
        """The two models."""
        return frozenset((self.model_a, self.model_b))


def all_seen_from(
    votes: Iterable[Vote], candidate: str, baseline: str
) -> tuple[CandidateVote, ...]:
    """Those of the votes that compare the two, from the candidate's side, in their order."""
    seen = (seen_from(vote, candidate, baseline) for vote in votes)
    return tuple(vote for vote in seen if vote is not None)


def seen_from(vote: Vote, candidate: str, baseline: str) -> CandidateVote | None:
    """The vote from the candidate's side, or None when it compares other models."""
    if vote.pair != {candidate, baseline}:
        return None
    turned = vote.model_b == candidate
    return CandidateVote(
        prompt=vote.prompt,
        annotator=vote.annotator,
        win=_turned(vote.win_a) if turned else vote.win_a,
        graded=_turned(vote.graded_a) if turned else vote.graded_a,
        both_bad=vote.both_bad,
        segment=vote.segment,
        answer=vote.answer_b if turned else vote.answer_a,
        rival=vote.answer_a if turned else vote.answer_b,
        judge=vote.judge,
    )


def _turned(score: float | None) -> float | None:
    return None if score is None else 1 - score
