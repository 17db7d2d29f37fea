"""What a comparison tells people, beside its measurements: its votes and answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stages.side_by_side.pairs import Pair
from stages.side_by_side.scores import Row
from stages.side_by_side.vote import CandidateVote


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptScore:
    """What a prompt counts for.

    Attributes:
        prompt: Its id.
        topic: Its stratum; empty where the plan names none.
        low: What the candidate won on it when every unresolved vote is lost, 0 to 1.
        high: The same when every unresolved vote is won; `low` when all are resolved.
        at: When its last vote was given, ISO 8601; empty where it is not known.
        complete: Whether it has all its votes; one that was passed over counts without.
        rows: The same by annotator.
    """

    prompt: str
    topic: str
    low: float
    high: float
    at: str = ""
    complete: bool = True
    rows: tuple[Row, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 1:
            raise ValueError(f"a score lies between 0 and 1, not {self.low} to {self.high}")

    @property
    def win(self) -> float:
        """Half-way between both ends."""
        return (self.low + self.high) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A candidate against the baseline, vote by vote; nothing is decided on it.

    Attributes:
        candidate: URI of the candidate.
        baseline: URI of the baseline.
        prompts: What each prompt counts for, in the order in which they count.
        said: The votes on both as they were given, whatever they count for, in the order given.
        judged: The verdicts of the panel as they were given, `annotator` being the endpoint.
        pairs: The answers that were compared; empty where only votes are known.
        flagged: Why an answer of the candidate was written to win, by prompt: nothing that was said
            of it counts for the candidate.
    """

    candidate: str
    baseline: str
    prompts: tuple[PromptScore, ...] = ()
    said: tuple[CandidateVote, ...] = ()
    judged: tuple[CandidateVote, ...] = ()
    pairs: tuple[Pair, ...] = ()
    flagged: Mapping[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> tuple[PromptScore, ...]:
        """The prompts that have all their votes."""
        return tuple(score for score in self.prompts if score.complete)
