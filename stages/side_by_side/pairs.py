"""Two answers to one prompt, and what may be said of them without showing them to anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.canonical import Json, sha256_of
from stages.side_by_side.preference import Preference


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The answers of two checkpoints to one prompt.

    Attributes:
        prompt: Id of the prompt.
        messages: The conversation that both answered, as OpenAI chat messages.
        topic: The stratum that the prompt belongs to; empty where the plan names none.
        harms: Categories of harm that an annotator may have opted out of.
        model_a: Name of one checkpoint: the candidate, of a pair that is not gold.
        model_b: Name of the other: the baseline.
        answer_a: The answer of a; empty when it gave none.
        answer_b: The answer of b.
        gold: What a reader must say of a pair that is known; None for a pair that is not.
    """

    prompt: str
    messages: tuple[Mapping[str, Json], ...]
    topic: str = ""
    harms: tuple[str, ...] = ()
    model_a: str
    model_b: str
    answer_a: str
    answer_b: str
    gold: Preference | None = None

    def __post_init__(self) -> None:
        if self.model_a == self.model_b:
            raise ValueError(f"`{self.model_a}` is compared with itself")

    @property
    def asked(self) -> str:
        """The text that is to be answered; empty when it is no plain text."""
        return asked_in(self.messages)

    @property
    def id(self) -> str:
        """Digest of all that is shown and of whose it is: opaque, the same in every process."""
        return sha256_of(
            [
                self.prompt,
                [dict(message) for message in self.messages],
                [self.model_a, self.answer_a],
                [self.model_b, self.answer_b],
            ]
        )[:16]


def asked_in(messages: Sequence[Mapping[str, Json]]) -> str:
    """The text that a conversation ends with; empty when it is no plain text."""
    last = messages[-1].get("content") if messages else None
    return last if isinstance(last, str) else ""


def settled(pair: Pair) -> Preference | None:
    """What a pair is worth that need not be shown, or None when somebody must read it.

    A candidate's empty answer loses, also to another empty one; an empty answer of the baseline
    loses to one that is not; identical answers tie.
    """
    a, b = pair.answer_a.strip(), pair.answer_b.strip()
    if not a:
        return Preference.B_MUCH_BETTER
    if not b:
        return Preference.A_MUCH_BETTER
    return Preference.TIE if a == b else None
