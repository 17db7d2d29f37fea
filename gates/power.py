"""What a planned sample can do for one criterion of a policy."""

from dataclasses import dataclass

POWER = 0.8
"""Below this probability a plan is called too small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adequacy:
    """What the planned sample can do for one blocking criterion.

    Attributes:
        metric: Full metric name.
        n: Planned independent units.
        probability: That a candidate equal to the baseline passes; None when only history or the
            candidate itself could tell.
        enough: Whether that is at least 80 %; None when unknown.
        sentence: What it means and, when it is too small, what would do.
        assumption: What was assumed of the data; empty when nothing was.
    """

    metric: str
    n: int
    probability: float | None
    enough: bool | None
    sentence: str
    assumption: str


def unknown(metric: str, n: int, why: str) -> Adequacy:
    """What nobody can tell before it is measured, and why."""
    return Adequacy(
        metric=metric,
        n=n,
        probability=None,
        enough=None,
        sentence=f"cannot be told beforehand: {why}",
        assumption="",
    )


def or_none(needed: int | None) -> str:
    """A number needed, in words; None says that no number would do."""
    return "no number of" if needed is None else f"{needed:,}"
