"""Numbers that the table of MLflow runs is sorted by: verdict, stage, room to the limit. Pure."""

from collections.abc import Sequence
from statistics import NormalDist

from gates.decide.verdict import Finding, StageDecision, Verdict
from policies.criteria import Severity
from stages.evidence.estimate import Estimate
from stages.evidence.records import StageName

VERDICT, STAGE, ROOM = "gate/verdict", "gate/stage", "gate/room"
"""Metrics of the MLflow runs of candidates and stages."""

_VERDICTS = (Verdict.FAIL, Verdict.HOLD, Verdict.PASS)
_STAGES = tuple(StageName)
_MOST = 99.0
"""Standard errors that nobody tells apart any more."""

_NOTHING = 1e-12
"""Stands for an interval without length."""


def column_metrics(verdict: Verdict, stages: Sequence[StageDecision]) -> dict[str, float]:
    """What a table sorts by.

    Args:
        verdict: The verdict on the candidate, or on its one stage.
        stages: The stages decided on, in order.

    Returns:
        `gate/verdict`: 0 FAIL, 1 HOLD, 2 PASS; `gate/stage`: 1 to 3, the last one reached;
        `gate/room`: see `worst_room`, absent where it is not known.
    """
    metrics = {VERDICT: float(_VERDICTS.index(verdict))}
    if stages:
        metrics[STAGE] = float(1 + _STAGES.index(stages[-1].stage))
    room = worst_room([finding for stage in stages for finding in stage.findings])
    return metrics | ({} if room is None else {ROOM: room})


def worst_room(findings: Sequence[Finding]) -> float | None:
    """How far the deciding end of the worst blocking criterion is inside its limit.

    Unit: standard errors, so that metrics of different units can be sorted together; where a method
    has none, half the interval over the normal quantile of its level stands for it. Negative when
    outside; cut at 99 either way.

    Returns:
        The least of all; None without a blocking criterion, and where one is unmeasured while none
        of the others is outside: what is not known is no room.
    """
    blocking = [finding for finding in findings if finding.severity is Severity.BLOCKING]
    rooms = [room for finding in blocking if (room := _room(finding)) is not None]
    worst = min(rooms, default=None)
    if worst is None or (worst >= 0 and len(rooms) < len(blocking)):
        return None
    return worst


def _room(finding: Finding) -> float | None:
    measured = finding.measured
    if not isinstance(measured, Estimate) or finding.distance is None:
        return None
    scale = 1.0 if measured.standard_error else _scale(measured) or _NOTHING
    return max(-_MOST, min(_MOST, finding.distance / scale))


def _scale(estimate: Estimate) -> float:
    """What stands for a standard error: the interval's length on one side, in normal quantiles."""
    ends = [abs(e - estimate.value) for e in (estimate.low, estimate.high) if e is not None]
    return sum(ends) / len(ends) / NormalDist().inv_cdf(max(estimate.one_sided_level, 0.51))
