"""What a person or a judge may say of two answers, and what it is worth."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Preference(StrEnum):
    """The five-way preference between answers A and B, and two ways to prefer neither."""

    A_MUCH_BETTER = "A>>B"
    A_BETTER = "A>B"
    TIE = "A=B"
    B_BETTER = "B>A"
    B_MUCH_BETTER = "B>>A"
    BOTH_BAD = "both_bad"
    UNRESOLVED = "unresolved"
    """Skipped, or a judge's reply that cannot be read: it is no tie."""

    @property
    def turned(self) -> "Preference":
        """The same preference with A and B exchanged."""
        return _TURNED.get(self, self)

    @property
    def worth(self) -> "Worth":
        """What it says of answer A."""
        return WORTH[self]


@dataclass(frozen=True, slots=True)
class Worth:
    """What a preference says of answer A.

    Attributes:
        win: 1, 0.5 for a tie or both bad, 0; None when unresolved.
        graded: How strongly: 1, .75, .5, .25, 0; None when unresolved.
        both_bad: Whether both answers were called bad; None when unresolved.
    """

    win: float | None
    graded: float | None
    both_bad: bool | None


WORTH: Mapping[Preference, Worth] = {
    Preference.A_MUCH_BETTER: Worth(1.0, 1.0, both_bad=False),
    Preference.A_BETTER: Worth(1.0, 0.75, both_bad=False),
    Preference.TIE: Worth(0.5, 0.5, both_bad=False),
    Preference.B_BETTER: Worth(0.0, 0.25, both_bad=False),
    Preference.B_MUCH_BETTER: Worth(0.0, 0.0, both_bad=False),
    Preference.BOTH_BAD: Worth(0.5, 0.5, both_bad=True),
    Preference.UNRESOLVED: Worth(None, None, both_bad=None),
}

_TURNED: Mapping[Preference, Preference] = {
    Preference.A_MUCH_BETTER: Preference.B_MUCH_BETTER,
    Preference.A_BETTER: Preference.B_BETTER,
    Preference.B_BETTER: Preference.A_BETTER,
    Preference.B_MUCH_BETTER: Preference.A_MUCH_BETTER,
}
