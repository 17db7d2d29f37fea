"""The report of a candidate as Markdown: the verdict and the worst findings come first."""

from collections.abc import Iterable, Mapping, Sequence

from gates.decide.verdict import CandidateDecision, Finding, RoundDecision, StageDecision, Verdict
from gates.reports.escaping import inert
from gates.reports.table import Table, findings_table, funnel_table, status_table
from gates.reports.wording import (
    cost_words,
    findings_of,
    stage_words,
    total_cost,
    verdict_words,
    wait_words,
)
from policies.policy import Policy
from stages.evidence.records import Evidence, StageName

WORST = 3
"""Findings told before the table: MLflow shows a few lines of a description only."""


def markdown(
    decision: RoundDecision,
    candidate: CandidateDecision,
    evidence: Mapping[StageName, Evidence] | None = None,
) -> str:
    """The whole report of one candidate.

    Args:
        decision: The round it was decided in.
        candidate: Its decision.
        evidence: Its evidence by stage, for the digests; may lack stages.
    """
    lines = [
        *candidate_lines(candidate),
        "",
        *(line for stage in candidate.stages for line in _stage(stage)),
        *_provenance(decision, candidate, evidence or {}),
    ]
    return "\n".join(lines) + "\n"


def candidate_lines(candidate: CandidateDecision) -> Iterable[str]:
    """The verdict, the worst findings, and what is awaited."""
    reason = inert(candidate.reason)
    yield f"**{candidate.verdict}** {inert(candidate.candidate)}: {reason}"
    yield ""
    yield from _worst(findings_of(candidate))
    yield from _waiting(candidate.stages)


def stage_markdown(stage: StageDecision) -> str:
    """The report of one stage."""
    lines = [
        f"**{verdict_words(stage)}** {stage_words(stage.stage)}: {inert(stage.reason)}",
        *_waiting([stage]),
        "",
        *table_lines(findings_table(stage.findings)),
    ]
    return "\n".join(lines) + "\n"


def round_markdown(decision: RoundDecision, policy: Policy) -> str:
    """The funnel of a round, and where every candidate stands."""
    funnel, status = funnel_table(decision, policy), status_table(decision)
    lines = [
        "### " + inert(funnel.title),
        "",
        *table_lines(funnel),
        "",
        *table_lines(status),
    ]
    return "\n".join(lines) + "\n"


def table_lines(table: Table) -> Iterable[str]:
    """A table in Markdown; every cell is taken as foreign text."""
    yield _row(table.headings)
    yield _row(["---"] * len(table.headings))
    for row in table.rows:
        yield _row([inert(cell) for cell in row])


def _worst(findings: Sequence[Finding]) -> Iterable[str]:
    open_ = [f for f in findings if f.verdict is not Verdict.PASS]
    for finding in open_[:WORST]:
        yield f"- **{finding.verdict}** ({finding.severity}) {inert(finding.sentence)}"
    if len(open_) > WORST:
        yield f"- and {len(open_) - WORST} more"


def _waiting(stages: Iterable[StageDecision]) -> Iterable[str]:
    for stage in stages:
        if stage.waits_for is not None:
            yield ""
            yield f"Waits for {inert(wait_words(stage.waits_for))}"
            if stage.waits_for.command is not None:
                yield ""
                yield f"Next: {inert(stage.waits_for.command)}"


def _stage(stage: StageDecision) -> Iterable[str]:
    yield f"### {stage_words(stage.stage)}: {verdict_words(stage)}"
    yield ""
    yield inert(stage.reason)
    yield ""
    yield from table_lines(findings_table(stage.findings))
    yield ""


def _provenance(
    decision: RoundDecision,
    candidate: CandidateDecision,
    evidence: Mapping[StageName, Evidence],
) -> Iterable[str]:
    yield "### what it rests on"
    yield ""
    yield f"- policy {inert(decision.policy)}, sha256 {inert(decision.policy_sha256)}"
    yield f"- round {inert(decision.round_id)}"
    yield f"- baseline {inert(decision.baseline or 'none')}"
    yield f"- cost: {cost_words(total_cost(candidate))}"
    for stage in candidate.stages:
        yield f"- {stage_words(stage.stage)} evidence: {stage.evidence_sha256 or 'none'}"
        if (found := evidence.get(stage.stage)) is not None:
            yield from _digests(found)


def _digests(evidence: Evidence) -> Iterable[str]:
    origin = evidence.provenance
    yield f"  - candidate {inert(origin.candidate)}"
    yield f"  - baseline {inert(origin.baseline or 'none')}"
    yield f"  - plan {inert(origin.plan)}, code {inert(origin.code)}"
    for name, value in (*origin.data, *origin.seeds, *origin.tools):
        yield f"  - {inert(name)}: {inert(str(value))}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
