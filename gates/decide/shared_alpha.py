"""Which measurement of a metric stands at which share of alpha, where hypotheses share it."""

import math

from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Evidence, Measurement, Quantity, Validity

_ROUNDING = 1e-6
"""How far levels may be from alpha / k, relatively: they were read from decimals."""


def measured_at(
    evidence: Evidence, metric: str, quantity: Quantity, *, share: int
) -> tuple[Measurement, ...] | Unmeasured:
    """The measurements of a quantity, the one at alpha / `share` standing for all of its look.

    Args:
        evidence: What was measured.
        metric: Full metric name.
        quantity: What of it.
        share: Number of hypotheses that share alpha, from 1. Counts for a primary only, where
            several hypotheses share it: its k-th LOOK measurement is at alpha / k.

    Returns:
        The measurements, none where there are none, or `Unmeasured` when levels are missing or are
        not those of alpha / 1, alpha / 2 and so on.

    Raises:
        ValueError: A share that no hypothesis of the look can have.
    """
    found, look = evidence.of(metric, quantity), evidence.look
    if look is None or look.hypotheses == 1 or metric not in look.all_primaries:
        return found
    if not 1 <= share <= look.hypotheses:
        raise ValueError(f"{look.hypotheses} hypotheses do not share alpha by {share}")
    at_look = tuple(m for m in found if m.validity is Validity.LOOK)
    others = tuple(m for m in found if m.validity is not Validity.LOOK)
    if all(isinstance(m.measured, Unmeasured) for m in at_look):
        return (*others, *at_look[:1])
    if not _graded(at_look, look.hypotheses):
        return Unmeasured(
            f"its {quantity} is not measured at alpha / k for every k up to {look.hypotheses}, the "
            "number of hypotheses that share alpha"
        )
    return (*others, at_look[share - 1])


def _graded(at_look: tuple[Measurement, ...], hypotheses: int) -> bool:
    """Whether the k-th is at alpha / k, as far as there are estimates to tell."""
    alphas = [
        k * (1 - m.measured.one_sided_level)
        for k, m in enumerate(at_look, start=1)
        if isinstance(m.measured, Estimate)
    ]
    same = all(math.isclose(alpha, alphas[0], rel_tol=_ROUNDING) for alpha in alphas)
    return len(at_look) == hypotheses and same
