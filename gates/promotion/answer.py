"""What a request to promote comes to."""

from dataclasses import dataclass
from enum import StrEnum

from gates.chain.record import Kept
from gates.decide.verdict import RoundDecision
from gates.ledger.ledger import Version
from gates.promotion.aftermath import Aftermath
from gates.promotion.refusal import Refusal
from gates.promotion.stranding import Stranded


class Answer(StrEnum):
    """What a request to promote comes to."""

    PROMOTED = "promoted"
    WOULD_PROMOTE = "would promote"
    NO = "no"
    CANNOT_TELL = "cannot tell yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """The answer to a request to promote.

    Attributes:
        answer: Whether the alias moved, would move, or why not.
        candidate: The version asked for.
        alias: The alias asked for.
        before: URI of the version behind the alias before; None when there was none.
        reason: One sentence.
        refusal: Which check refused; None for a yes.
        decided: The round decided now, with this candidate only; None when it was not decided
            again.
        signed: The signed decision it rests on; None when there is none.
        approved_by: People whose approvals counted.
        stranded: What the new baseline leaves behind.
        record: The record of the move; None when nothing moved.
        aftermath: What serves; None when nothing moved.
    """

    answer: Answer
    candidate: Version
    alias: str
    before: str | None
    reason: str
    refusal: Refusal | None = None
    decided: RoundDecision | None = None
    signed: Kept | None = None
    approved_by: tuple[str, ...] = ()
    stranded: tuple[Stranded, ...] = ()
    record: Kept | None = None
    aftermath: Aftermath | None = None
