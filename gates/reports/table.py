"""Tables of the terminal as plain data; how they are drawn is the command line's matter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gates.decide.spoken import count_words
from gates.decide.verdict import CandidateDecision, Finding, RoundDecision, Verdict
from gates.reports.wording import (
    measured_words,
    progress_words,
    stage_words,
    verdict_words,
)
from policies.policy import Policy
from stages.evidence.records import StageName


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of text.

    Attributes:
        title: What it shows.
        headings: One per column.
        rows: One text per column and row.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.headings) for row in self.rows):
            raise ValueError("every row has a text for every heading")


def funnel_table(decision: RoundDecision, policy: Policy) -> Table:
    """How many candidates came into each demanded stage, and what became of them."""
    rows = []
    for name in policy.plan.stages():
        reached = [s for c in decision.candidates for s in c.stages if s.stage == name]
        counts = [
            sum(s.verdict is verdict for s in reached)
            for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.HOLD)
        ]
        rows.append((stage_words(StageName(name)), str(len(reached)), *map(str, counts)))
    return Table(
        title=f"policy {decision.policy}: {count_words(len(decision.candidates), 'candidates')}",
        headings=("stage", "in", "PASS", "FAIL", "HOLD"),
        rows=tuple(rows),
    )


def status_table(decision: RoundDecision, names: Mapping[str, str] | None = None) -> Table:
    """A row per candidate: where it stands, whose move it is, how far it is.

    Args:
        decision: A round.
        names: What to call a candidate, by its URI; those not named go by their URI.
    """
    return Table(
        title=f"policy {decision.policy}",
        headings=("candidate", "stage", "verdict", "whose move", "have/need", "expected", "why"),
        rows=tuple(
            _status(c, (names or {}).get(c.candidate, c.candidate)) for c in decision.candidates
        ),
    )


def findings_table(findings: Iterable[Finding]) -> Table:
    """Every criterion with what was measured, in the order given."""
    return Table(
        title="findings",
        headings=("verdict", "metric", "severity", "measured", "demand", "because"),
        rows=tuple(
            (
                f.verdict.value,
                f.metric,
                f.severity.value,
                measured_words(f),
                f.demand,
                f.because,
            )
            for f in findings
        ),
    )


def _status(decision: CandidateDecision, name: str) -> tuple[str, ...]:
    last = decision.stages[-1]
    wait = last.waits_for
    moves = ("", "", "") if wait is None else (wait.who, progress_words(wait), wait.expected or "?")
    return (name, stage_words(last.stage), verdict_words(last), *moves, decision.reason)
