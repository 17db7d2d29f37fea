"""Measured values as commands outside of a policy print them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stages.evidence.estimate import Estimate, Unmeasured


def share_words(measured: "Estimate | Unmeasured", *, digits: int = 3) -> str:
    """A value with its interval, or why there is none."""
    from stages.evidence.estimate import Unmeasured

    if isinstance(measured, Unmeasured):
        return f"not measured: {measured.reason}"
    low, high = (
        "" if end is None else f"{end:.{digits}f}" for end in (measured.low, measured.high)
    )
    return f"{measured.value:.{digits}f} ({low} to {high}, n = {measured.n:,})"
