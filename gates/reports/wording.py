"""Numbers and verdicts as tables and reports show them."""

from collections.abc import Iterable
from typing import assert_never

from gates.decide.spoken import amount_words, level_words, metric_words, plain_words
from gates.decide.verdict import CandidateDecision, Finding, StageDecision
from policies.metric import Unit
from stages.evidence.costs import total
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import Cost, Measurement, Quantity, StageName, Wait


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by their rank."""
    return tuple(sorted(findings, key=lambda finding: finding.rank))


def findings_of(decision: CandidateDecision) -> tuple[Finding, ...]:
    """The findings of every stage reached, worst first."""
    return worst_first(f for stage in decision.stages for f in stage.findings)


def measured_words(finding: Finding | Measurement) -> str:
    """A value with its interval, level, units and method; or why there is none.

    Shares are said in percent, their differences in points; a comparison carries its sign, and a
    ratio is said as the percent by which it differs from the baseline.
    """
    measured = finding.measured
    if isinstance(measured, Unmeasured):
        return f"not measured: {measured.reason}"
    return (
        f"{interval_words(finding)[:-1]}; {level_words(measured.level)} {measured.bounds}, "
        f"n = {measured.n:,}, {measured.method})"
    )


def interval_words(finding: Finding | Measurement) -> str:
    """As `measured_words`, for tables of many: without level, units and method."""
    measured = finding.measured
    if isinstance(measured, Unmeasured):
        return "not measured"
    low, high = (
        None if end is None else _number_words(end, measured.unit, finding.quantity)
        for end in (measured.low, measured.high)
    )
    if low is None:
        interval = f"at most {high}"
    else:
        interval = f"at least {low}" if high is None else f"{low} to {high}"
    return f"{_number_words(measured.value, measured.unit, finding.quantity)} ({interval})"


def _number_words(value: float, unit: str, quantity: Quantity) -> str:
    match quantity:
        case Quantity.VALUE:
            return f"{100 * value:.4g} %" if unit == Unit.SHARE else f"{value:,.5g}"
        case Quantity.DIFFERENCE:
            return f"{100 * value:+.4g} points" if unit == Unit.SHARE else f"{value:+,.5g}"
        case Quantity.RATIO:
            return f"{100 * (value - 1):+.4g} %"
        case _:
            assert_never(quantity)


def version_words(uri: str) -> str:
    """A checkpoint as people call it: `assistant/12` for `models:/assistant/12`."""
    return uri.removeprefix("models:/")


def stage_words(stage: StageName) -> str:
    """`side_by_side` as people say it."""
    return metric_words(stage.value)


def verdict_words(stage: StageDecision) -> str:
    """The verdict of a stage; of an A/B with that of its look."""
    return f"{stage.verdict} ({stage.online})" if stage.online is not None else str(stage.verdict)


def wait_words(wait: Wait) -> str:
    """What is awaited, whose move it is, and how far it is."""
    return f"{wait.what} ({wait.cause.value.replace('_', ' ')}; {wait.who}; {progress_words(wait)})"


def progress_words(wait: Wait) -> str:
    """How much there is of how much is needed: "400 of 600"."""
    need = "?" if wait.need is None else plain_words(wait.need)
    return f"{plain_words(wait.have)} of {need}"


def total_cost(decision: CandidateDecision) -> Cost:
    """What the stages of a candidate cost together; unpriced when one that cost anything is."""
    return total(stage.cost for stage in decision.stages)


def cost_words(cost: Cost) -> str:
    """Calls, votes and money; `?` where there is no price."""
    usd = "?" if cost.usd is None else amount_words(cost.usd)
    minutes = "" if cost.gpu_minutes is None else f", {cost.gpu_minutes:,.1f} GPU minutes"
    return f"{cost.calls:,} calls, {cost.votes:,} votes, {usd} USD{minutes}"
